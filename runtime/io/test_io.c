/* test_io.c - operations end once and leave nothing; frames carry bytes and descriptors and trust nobody. */
#include "../base/clock.h"
#include "../base/val.h"
#include "frame.h"
#include "op.h"
#include "peer.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct dh_loop loop;
static int notified, freed;

static void count(struct dh_op *op)
{
  (void)op;
  notified++;
}

struct slow_op {
  struct dh_op op;
  int go[2];
};

static int slow_work(struct dh_op *op, struct dh_err *err)
{
  char c;

  if (read(((struct slow_op *)op)->go[0], &c, 1) != 1)
    return dh_err_set(err, DH_EIO, "nobody said go");
  return c == 'f' ? dh_err_set(err, DH_EFORMAT, "told to fail") : 0;
}

static void slow_fini(struct dh_op *op)
{
  freed++;
  close(((struct slow_op *)op)->go[0]);
}

static const struct dh_op_class slow_class = {.name = "slow",
                                              .size = sizeof(struct slow_op),
                                              .lane = DH_LANE_POOL,
                                              .work = slow_work,
                                              .fini = slow_fini};

static struct slow_op *slow(void)
{
  struct slow_op *s = (struct slow_op *)dh_op_new(&loop, &slow_class);

  assert_int_equal(pipe2(s->go, O_CLOEXEC), 0);
  s->op.notify = count;
  return s;
}

static int setup(void **state)
{
  struct dh_err err;

  (void)state;
  notified = freed = 0;
  return dh_loop_open(&loop, &err);
}

static int teardown(void **state)
{
  (void)state;
  return dh_loop_close(&loop);
}

static void pool_jobs_end_once(void **state)
{
  struct slow_op *s = slow();
  int go = s->go[1];

  (void)state;
  assert_int_equal(dh_op_start(&s->op, NULL), 0);
  assert_int_equal(write(go, "f", 1), 1);
  dh_loop_run(&loop);
  assert_int_equal(notified, 1);
  assert_int_equal(s->op.rc, DH_EFORMAT);
  assert_string_equal(s->op.err->text, "told to fail");
  dh_op_release(&s->op);
  assert_int_equal(freed, 1);
  close(go);
}

/* The waiter goes away while the work goes on: it is told at once, the result is dropped when it comes. */
static void cancelled_work_is_dropped(void **state)
{
  struct slow_op *s = slow();
  int go = s->go[1];

  (void)state;
  assert_int_equal(dh_op_start(&s->op, NULL), 0);
  uv_run(&loop.uv, UV_RUN_NOWAIT);
  dh_op_cancel(&s->op);
  assert_int_equal(notified, 1);
  assert_int_equal(s->op.rc, DH_ECANCELED);
  dh_op_release(&s->op);
  assert_int_equal(write(go, "d", 1), 1);
  dh_loop_run(&loop);
  assert_int_equal(notified, 1);
  assert_int_equal(freed, 1);
  close(go);
}

static void deadlines_end_what_is_late(void **state)
{
  struct dh_op *t = dh_timer_new(&loop, 60000);
  int64_t began = dh_mono_ms();

  (void)state;
  t->notify = count;
  assert_int_equal(dh_op_start(t, NULL), 0);
  assert_int_equal(dh_op_deadline(t, 20), 0);
  dh_loop_run(&loop);
  assert_int_equal(notified, 1);
  assert_int_equal(t->rc, DH_ETIME);
  assert_true(dh_mono_ms() - began < 5000);
  dh_op_release(t);
}

static void frames_carry_bytes_and_descriptors(void **state)
{
  struct dh_frame out, in;
  struct dh_err err;
  int pair[2], fds[2];
  static const size_t sizes[] = {0, 5, 65536, 65537, 5 << 20};

  (void)state;
  assert_int_equal(dh_frame_pair(pair, &err), 0);
  dh_frame_init(&out);
  dh_frame_init(&in);
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    dh_buf_clear(&out.data);
    dh_buf_room(&out.data, sizes[i]);
    memset(out.data.data, 'a' + (int)i, sizes[i]);
    out.data.len = sizes[i];
    out.id = (uint32_t)i + 7;
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    out.fds[0] = fds[1];
    out.nfds = 1;
    assert_int_equal(dh_frame_send(pair[0], &out, &err), 0);
    close(fds[1]);
    out.nfds = 0;
    assert_int_equal(dh_frame_recv(pair[1], &in, &err), 0);
    assert_int_equal(in.id, i + 7);
    assert_int_equal(in.data.len, sizes[i]);
    assert_memory_equal(in.data.data, out.data.data, sizes[i]);
    assert_int_equal(in.nfds, 1);
    assert_int_equal(write(in.fds[0], "x", 1), 1);
    close(fds[0]);
  }
  close(pair[0]);
  assert_int_equal(dh_frame_recv(pair[1], &in, &err), DH_ECLOSED);
  close(pair[1]);
  dh_frame_fini(&out);
  dh_frame_fini(&in);
}

static void memory_that_can_change_is_refused(void **state)
{
  int fd = memfd_create("evil", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  struct dh_err err;
  const void *p;
  size_t n;

  (void)state;
  assert_int_equal(write(fd, "hello", 5), 5);
  assert_int_equal(dh_memfd_map(fd, 100, &p, &n, &err), DH_EFORMAT);
  close(fd);
  fd = dh_memfd_sealed("good", "hello", 5, &err);
  assert_true(fd >= 0);
  assert_int_equal(ftruncate(fd, 0), -1);
  assert_int_equal(dh_memfd_map(fd, 4, &p, &n, &err), DH_ELIMIT);
  assert_int_equal(dh_memfd_map(fd, 5, &p, &n, &err), 0);
  assert_memory_equal(p, "hello", 5);
  munmap((void *)p, n);
  close(fd);
}

static void damaged_packets_are_refused(void **state)
{
  struct dh_frame in;
  struct dh_err err;
  int pair[2];

  (void)state;
  assert_int_equal(dh_frame_pair(pair, &err), 0);
  dh_frame_init(&in);
  assert_int_equal(send(pair[0], "nonsense", 8, 0), 8);
  assert_int_equal(dh_frame_recv(pair[1], &in, &err), DH_EFORMAT);
  assert_int_equal(send(pair[0], "1FHD....................too long", 32, 0), 32);
  assert_int_equal(dh_frame_recv(pair[1], &in, &err), DH_EFORMAT);
  dh_frame_fini(&in);
  close(pair[0]);
  close(pair[1]);
}

static void message(struct dh_peer *p, struct dh_frame *f, void *self)
{
  struct dh_val *v;
  struct dh_err err;
  struct dh_buf answer;

  assert_int_equal(dh_val_parse_buf(&f->data, &v, &err), 0);
  if (dh_val_get(v, "cancel"))
    ++*(int *)self;
  dh_buf_init(&answer, 1000);
  if (dh_val_is(dh_val_get(v, "q"), "hello")) {
    dh_put_map(&answer, 1);
    dh_put_kt(&answer, "a", "world");
    dh_peer_send(p, f->id, true, &answer, NULL, 0, NULL);
  } else if (dh_val_is(dh_val_get(v, "q"), "fail")) {
    dh_err_set(&err, DH_EAMBIGUOUS, "two of them");
    dh_put_err(&answer, &err);
    dh_peer_send(p, f->id, true, &answer, NULL, 0, NULL);
  }
  dh_buf_fini(&answer);
  free(v);
}

static struct dh_op *ask(struct dh_peer *p, const char *q)
{
  struct dh_buf b;
  struct dh_op *op;

  dh_buf_init(&b, 100);
  dh_put_map(&b, 1);
  dh_put_kt(&b, "q", q);
  op = dh_ask_new(p, &b, NULL, 0);
  op->notify = count;
  assert_int_equal(dh_op_start(op, NULL), 0);
  dh_buf_fini(&b);
  return op;
}

static void stop(struct dh_op *op)
{
  notified++;
  dh_loop_stop(op->loop);
}

static void peers_ask_and_answer(void **state)
{
  const struct dh_peer_events events = {.message = message};
  struct dh_peer *a, *b;
  struct dh_err err;
  struct dh_op *good, *bad, *late;
  int pair[2], cancels = 0;

  (void)state;
  assert_int_equal(dh_frame_pair(pair, &err), 0);
  assert_int_equal(dh_peer_open(&loop, pair[0], NULL, NULL, &a, &err), 0);
  assert_int_equal(dh_peer_open(&loop, pair[1], &events, &cancels, &b, &err), 0);
  good = ask(a, "hello");
  bad = ask(a, "fail");
  late = ask(a, "nothing");
  late->notify = stop;
  dh_op_deadline(late, 50);
  dh_loop_run(&loop);
  assert_int_equal(notified, 3);
  assert_int_equal(good->rc, 0);
  assert_non_null(memmem(dh_ask_answer(good)->data.data, dh_ask_answer(good)->data.len, "world", 5));
  assert_int_equal(bad->rc, DH_EAMBIGUOUS);
  assert_int_equal(late->rc, DH_ETIME);
  uv_run(&loop.uv, UV_RUN_NOWAIT);
  assert_int_equal(cancels, 1);
  dh_op_release(good);
  dh_op_release(bad);
  dh_op_release(late);
  late = ask(a, "nothing");
  dh_peer_close(&b);
  late->notify = stop;
  dh_loop_run(&loop);
  assert_int_equal(late->rc, DH_ECLOSED);
  dh_op_release(late);
  dh_peer_close(&a);
  assert_null(a);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(pool_jobs_end_once, setup, teardown),
      cmocka_unit_test_setup_teardown(cancelled_work_is_dropped, setup, teardown),
      cmocka_unit_test_setup_teardown(deadlines_end_what_is_late, setup, teardown),
      cmocka_unit_test(frames_carry_bytes_and_descriptors),
      cmocka_unit_test(memory_that_can_change_is_refused),
      cmocka_unit_test(damaged_packets_are_refused),
      cmocka_unit_test_setup_teardown(peers_ask_and_answer, setup, teardown),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
