/* spawn.c - a child run to its end: owns the pipes of its output and waits for three ends, the child's and
 * those of both pipes. Who starts the child is the way's business (see port_op.h). */
#include "port_op.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a child says becomes a text of a run, whose memory is capped. */
enum { OUT_MAX = 32 << 20, ERR_MAX = 1 << 20, CHUNK = 1 << 16 };

struct stream {
  uv_pipe_t pipe;
  struct spawn_op *owner; /* NULL once the op has ended: only the closing is left */
  struct dh_buf bytes;
  bool open;
};

struct spawn_op {
  struct dh_port_op port;
  const struct dh_spawn_way *way;
  void *self;
  char **argv, *profile;
  int in;
  struct dh_op *child;
  bool child_done;
  struct stream *streams[2]; /* output, errors; they outlive the op until the loop has closed them */
  struct dh_err err;
};

static void maybe_done(struct spawn_op *s)
{
  if (!s->child_done || s->streams[0]->open || s->streams[1]->open)
    return;
  s->port.output.out = s->streams[0]->bytes.data;
  s->port.output.out_len = s->streams[0]->bytes.len;
  s->port.output.err = s->streams[1]->bytes.data;
  s->port.output.err_len = s->streams[1]->bytes.len;
  dh_op_done(&s->port.op, s->err.code, &s->err);
}

static void child_notify(struct dh_op *child)
{
  struct spawn_op *s = child->waiter;

  s->child_done = true;
  if (child->rc && !s->err.code) {
    if (child->err)
      s->err = *child->err;
    else
      dh_err_set(&s->err, child->rc, "%s cannot be run", s->argv[0]);
  } else if (!child->rc) {
    s->port.output.status = s->way->status(child);
  }
  maybe_done(s);
}

static void room(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
  (void)h;
  (void)suggested;
  buf->base = malloc(CHUNK);
  buf->len = buf->base ? CHUNK : 0;
}

static void got(uv_stream_t *h, ssize_t n, const uv_buf_t *buf)
{
  struct stream *t = h->data;
  struct spawn_op *s = t->owner;

  if (s && n > 0 && dh_buf_put(&t->bytes, buf->base, (size_t)n) && !s->err.code) {
    dh_err_set(&s->err, DH_ELIMIT, "%s wrote more than %zu MB", s->argv[0], t->bytes.max >> 20);
    dh_op_cancel(s->child);
  }
  free(buf->base);
  if (n >= 0)
    return;
  t->open = false;
  uv_read_stop(h);
  if (s)
    maybe_done(s);
}

static void stream_closed(uv_handle_t *h)
{
  struct stream *t = h->data;

  dh_buf_fini(&t->bytes);
  free(t);
}

/* Both ends of a pipe; ours is watched by the loop, theirs is returned. */
static int open_stream(struct spawn_op *s, int which, int *theirs, struct dh_err *err)
{
  struct stream *t = calloc(1, sizeof *t);
  int fds[2];

  if (!t)
    return dh_err_set(err, DH_ENOMEM, "no memory for the output of %s", s->argv[0]);
  if (pipe2(fds, O_CLOEXEC)) {
    free(t);
    return dh_err_errno(err, "no pipe for the output of %s", s->argv[0]);
  }
  t->owner = s;
  dh_buf_init(&t->bytes, which ? ERR_MAX : OUT_MAX);
  uv_pipe_init(&s->port.op.loop->uv, &t->pipe, 0);
  t->pipe.data = t;
  s->streams[which] = t;
  uv_pipe_open(&t->pipe, fds[0]);
  t->open = uv_read_start((uv_stream_t *)&t->pipe, room, got) == 0;
  *theirs = fds[1];
  return 0;
}

static int spawn_start(struct dh_op *op, struct dh_err *err)
{
  struct spawn_op *s = (struct spawn_op *)op;
  int fds[3] = {s->in, -1, -1}, rc = open_stream(s, 0, &fds[1], err);

  if (!rc)
    rc = open_stream(s, 1, &fds[2], err);
  if (!rc) {
    s->child = s->way->begin(s->self, (const char *const *)s->argv, s->profile, fds);
    if (!s->child)
      rc = dh_err_set(err, DH_EUNAVAILABLE, "%s cannot be run: no launcher", s->argv[0]);
  }
  if (!rc) {
    s->child->notify = child_notify;
    s->child->waiter = s;
    rc = dh_op_start(s->child, err);
  }
  for (int i = 1; i < 3; i++)
    if (fds[i] >= 0)
      close(fds[i]);
  return rc;
}

static void spawn_cancel(struct dh_op *op)
{
  struct spawn_op *s = (struct spawn_op *)op;

  s->child->notify = NULL;
  dh_op_cancel(s->child);
}

static void spawn_fini(struct dh_op *op)
{
  struct spawn_op *s = (struct spawn_op *)op;

  for (int i = 0; i < 2; i++)
    if (s->streams[i]) {
      s->streams[i]->owner = NULL;
      uv_close((uv_handle_t *)&s->streams[i]->pipe, stream_closed);
    }
  if (s->child) {
    s->child->notify = NULL;
    dh_op_release(s->child);
  }
  for (char **a = s->argv; a && *a; a++)
    free(*a);
  free(s->argv);
  free(s->profile);
  if (s->in >= 0)
    close(s->in);
  dh_port_op_fini(op);
}

static const struct dh_op_class spawn_class = {.name = "run a program",
                                               .size = sizeof(struct spawn_op),
                                               .start = spawn_start,
                                               .cancel = spawn_cancel,
                                               .fini = spawn_fini};

struct dh_op *dh_spawn_new(struct dh_loop *loop, const struct dh_spawn_way *way, void *self,
                           const char *const argv[], const char *profile, int in)
{
  struct spawn_op *s = (struct spawn_op *)dh_port_op_new(loop, &spawn_class, 1);
  size_t n = 0;

  if (!s)
    return NULL;
  s->way = way;
  s->self = self;
  s->in = in >= 0 ? fcntl(in, F_DUPFD_CLOEXEC, 3) : -1;
  while (argv[n])
    n++;
  s->profile = strdup(profile);
  s->argv = calloc(n + 1, sizeof *s->argv);
  for (size_t i = 0; s->argv && i < n; i++)
    if (!(s->argv[i] = strdup(argv[i])))
      break;
  if (!s->profile || !s->argv || (n && !s->argv[n - 1])) {
    dh_op_release(&s->port.op);
    return NULL;
  }
  return &s->port.op;
}
