/* test_proc.c - the launcher: what a child is allowed, what it sees, when it ends. The test program is its
 * own launcher and its own child (see main). */
#include "loop.h"
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
  struct dh_loop loop;
  struct dh_launcher *launcher;
  int lock;
};

static void stop(struct dh_op *op)
{
  dh_loop_stop(op->loop);
}

static int set_up(void **state)
{
  struct fixture *f = calloc(1, sizeof *f);
  struct dh_err err;

  assert_int_equal(dh_loop_open(&f->loop, &err), 0);
  f->lock = open("/dev/null", O_RDWR);
  assert_int_equal(dh_launcher_open(&f->loop, f->lock, NULL, NULL, &f->launcher, &err), 0);
  *state = f;
  return 0;
}

static int tear_down(void **state)
{
  struct fixture *f = *state;

  dh_launcher_close(&f->launcher);
  assert_int_equal(dh_loop_close(&f->loop), 0);
  close(f->lock);
  free(f);
  return 0;
}

/* Runs a shell command as a child of the launcher; its output goes to text. Returns its status. */
static int shell(struct fixture *f, const char *profile, const char *command, char *text, size_t size)
{
  const char *argv[] = {"sh", "-c", command, NULL};
  int pipe_fds[2], status;
  struct dh_child_spec spec = {.argv = argv, .profile = profile, .fds = {-1, -1, -1, -1}};
  struct dh_op *op;
  struct dh_err err;
  ssize_t n;

  assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
  spec.fds[1] = pipe_fds[1];
  op = dh_child_new(f->launcher, &spec);
  assert_non_null(op);
  op->notify = stop;
  assert_int_equal(dh_op_start(op, &err), 0);
  close(pipe_fds[1]);
  dh_loop_run(&f->loop);
  assert_int_equal(op->state, DH_OP_DONE);
  assert_int_equal(op->rc, 0);
  status = dh_child_status(op);
  dh_op_release(op);
  n = read(pipe_fds[0], text, size - 1);
  text[n > 0 ? n : 0] = '\0';
  close(pipe_fds[0]);
  return status;
}

static void test_status(void **state)
{
  char text[256];

  assert_int_equal(shell(*state, "plain", "echo hello; exit 7", text, sizeof text), 7);
  assert_string_equal(text, "hello\n");
  assert_int_equal(shell(*state, "plain", "kill -SEGV $$", text, sizeof text), 128 + SIGSEGV);
}

static void test_environment_is_clean(void **state)
{
  char text[4096];

  setenv("SECRET_OF_THE_PARENT", "1", 1);
  setenv("DESKHAND_SOURCE_X_KEY", "1", 1);
  assert_int_equal(shell(*state, "reader", "env", text, sizeof text), 0);
  assert_null(strstr(text, "SECRET_OF_THE_PARENT"));
  assert_null(strstr(text, "DESKHAND"));
  assert_non_null(strstr(text, "OMP_THREAD_LIMIT=1\n"));
  assert_non_null(strstr(text, "LC_ALL=C.UTF-8\n"));
  assert_non_null(strstr(text, "PATH="));
}

static void test_limits(void **state)
{
  char text[256];

  assert_int_equal(
      shell(*state, "pdftoppm",
            "ulimit -c; ulimit -t; ulimit -n; umask; pwd; grep -c NoNewPrivs:.1 /proc/self/status", text,
            sizeof text),
      0);
  assert_string_equal(text, "0\n20\n64\n0077\n/\n1\n");
}

static void test_descriptors(void **state)
{
  int extra =
      open("/dev/null", O_RDONLY); /* not close-on-exec: the launcher must not hand it on all the same */
  char text[256];

  assert_int_equal(shell(*state, "plain", "ls /proc/$$/fd | tr '\\n' ' '", text, sizeof text), 0);
  assert_string_equal(text, "0 1 2 9 ");
  close(extra);
}

static void test_session(void **state)
{
  char text[256], *sid;

  assert_int_equal(shell(*state, "plain", "echo $$ $(cut -d' ' -f6 /proc/$$/stat)", text, sizeof text), 0);
  sid = strchr(text, ' ');
  assert_non_null(sid);
  assert_int_equal(atoi(text), atoi(sid));
  assert_int_not_equal(atoi(text), getsid(0));
}

static void test_no_sockets_for_readers(void **state)
{
  char text[256];

  assert_int_not_equal(
      shell(*state, "reader", "python3 -c 'import socket; socket.socket()' 2>/dev/null", text, sizeof text),
      0);
  assert_int_equal(shell(*state, "plain", "python3 -c 'import socket; socket.socket()'", text, sizeof text),
                   0);
}

static void test_unknown_program(void **state)
{
  struct fixture *f = *state;
  const char *argv[] = {"no-such-program-anywhere", NULL};
  struct dh_child_spec spec = {.argv = argv, .profile = "plain", .fds = {-1, -1, -1, -1}};
  struct dh_op *op = dh_child_new(f->launcher, &spec);
  struct dh_err err;

  op->notify = stop;
  assert_int_equal(dh_op_start(op, &err), 0);
  dh_loop_run(&f->loop);
  assert_int_equal(dh_child_status(op), 127);
  dh_op_release(op);
  spec.profile = "no such profile";
  op = dh_child_new(f->launcher, &spec);
  op->notify = stop;
  assert_int_equal(dh_op_start(op, &err), 0);
  dh_loop_run(&f->loop);
  assert_int_equal(op->rc, DH_EUSE);
  dh_op_release(op);
}

/* Reads until all writers of the pipe are gone: that is how the end of children is seen without asking. */
static void expect_end(int fd)
{
  char c;

  alarm(20);
  while (read(fd, &c, 1) > 0 || errno == EINTR)
    errno = 0;
  alarm(0);
}

static void test_cancel_kills_the_group(void **state)
{
  struct fixture *f = *state;
  const char *argv[] = {"sh", "-c", "sleep 1000 & echo; wait", NULL};
  int pipe_fds[2];
  struct dh_child_spec spec = {.argv = argv, .profile = "plain", .fds = {-1, -1, -1, -1}};
  struct dh_op *op;
  struct dh_err err;
  char c;

  assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
  spec.fds[1] = pipe_fds[1];
  op = dh_child_new(f->launcher, &spec);
  op->notify = stop;
  assert_int_equal(dh_op_start(op, &err), 0);
  close(pipe_fds[1]);
  assert_int_equal(read(pipe_fds[0], &c, 1), 1);
  dh_op_cancel(op);
  assert_int_equal(op->rc, DH_ECANCELED);
  dh_op_release(op);
  expect_end(pipe_fds[0]);
  close(pipe_fds[0]);
}

/* A parent that is killed by SIGKILL: its launcher sees EOF and ends everything, grandchildren that left
 * their group included. */
static void test_all_end_with_the_parent(void **state)
{
  int pipe_fds[2];
  pid_t parent;
  char c;

  (void)state;
  assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
  parent = fork();
  if (parent == 0) {
    const char *argv[] = {"sh", "-c", "setsid sleep 1000 & (trap '' TERM HUP; echo; sleep 1000) & wait",
                          NULL};
    struct dh_child_spec spec = {.argv = argv, .profile = "plain", .fds = {-1, pipe_fds[1], -1, -1}};
    struct dh_launcher *launcher;
    struct dh_loop loop;
    struct dh_op *op;

    dh_loop_open(&loop, NULL);
    dh_launcher_open(&loop, -1, NULL, NULL, &launcher, NULL);
    op = dh_child_new(launcher, &spec);
    dh_op_start(op, NULL);
    close(pipe_fds[1]);
    dh_loop_run(&loop);
    _exit(0);
  }
  close(pipe_fds[1]);
  assert_int_equal(read(pipe_fds[0], &c, 1), 1);
  kill(parent, SIGKILL);
  waitpid(parent, NULL, 0);
  expect_end(pipe_fds[0]);
  close(pipe_fds[0]);
}

/* The launcher itself is killed: the death signal ends its children. */
static void test_children_end_with_the_launcher(void **state)
{
  struct fixture *f = *state;
  const char *argv[] = {"sh", "-c", "echo; exec sleep 1000", NULL};
  int pipe_fds[2];
  struct dh_child_spec spec = {.argv = argv, .profile = "plain", .fds = {-1, -1, -1, -1}};
  struct dh_op *op;
  char c;

  assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
  spec.fds[1] = pipe_fds[1];
  op = dh_child_new(f->launcher, &spec);
  op->notify = stop;
  assert_int_equal(dh_op_start(op, NULL), 0);
  close(pipe_fds[1]);
  assert_int_equal(read(pipe_fds[0], &c, 1), 1);
  kill(dh_launcher_pid(f->launcher), SIGKILL);
  dh_loop_run(&f->loop);
  assert_int_equal(op->rc, DH_ECLOSED);
  dh_op_release(op);
  expect_end(pipe_fds[0]);
  close(pipe_fds[0]);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_status, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_environment_is_clean, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_limits, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_descriptors, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_session, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_no_sockets_for_readers, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_unknown_program, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_cancel_kills_the_group, set_up, tear_down),
      cmocka_unit_test(test_all_end_with_the_parent),
      cmocka_unit_test_setup_teardown(test_children_end_with_the_launcher, set_up, tear_down),
  };
  struct dh_err err;

  if (argc > 1 && strcmp(argv[1], "launcher") == 0)
    return dh_launcher_main(3);
  if (argc > 5 && strcmp(argv[1], "exec") == 0) {
    if (dh_exec_setup(argv[2], atoi(argv[3]), &err))
      return 126;
    execvp(argv[5], argv + 5);
    return 127;
  }
  return cmocka_run_group_tests(tests, NULL, NULL);
}
