/* peer.c - one socket to another of our processes on the loop: a queue out, answers matched to questions in.
 */
#include "peer.h"
#include "../base/val.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct out {
  struct out *next;
  struct dh_frame f;
};

struct dh_peer {
  struct dh_loop *loop;
  int fd;
  uv_poll_t poll;
  struct dh_peer_events ev;
  void *self;
  uint32_t last_id;
  struct out *first, **last; /* waiting to be sent */
  struct ask *asks;          /* waiting for an answer */
  struct dh_frame in;
  bool dead, closing, busy;
};

struct ask {
  struct dh_op op;
  struct dh_peer *peer;
  struct ask *next;
  uint32_t id;
  struct dh_frame question, answer;
};

static void ready(uv_poll_t *h, int status, int events);

static void want(struct dh_peer *p)
{
  if (!p->dead && !p->closing)
    uv_poll_start(&p->poll, UV_READABLE | (p->first ? UV_WRITABLE : 0), ready);
}

static void free_out(struct out *o)
{
  dh_frame_fini(&o->f);
  free(o);
}

/* Everything that still waits learns that the other side is gone. */
static void die(struct dh_peer *p, const struct dh_err *why)
{
  struct dh_err err;

  if (p->dead)
    return;
  p->dead = true;
  uv_poll_stop(&p->poll);
  dh_err_set(&err, DH_ECLOSED, "the other process has ended before it answered");
  while (p->asks) {
    struct ask *a = p->asks;

    p->asks = a->next;
    a->peer = NULL;
    dh_op_done(&a->op, DH_ECLOSED, &err);
  }
  if (!p->closing && p->ev.closed)
    p->ev.closed(p, why, p->self);
}

static void flush(struct dh_peer *p)
{
  while (p->first && !p->dead) {
    struct out *o = p->first;
    int rc = dh_frame_send(p->fd, &o->f, NULL);

    if (rc == DH_EAGAIN)
      break;
    p->first = o->next;
    if (!p->first)
      p->last = &p->first;
    free_out(o); /* a message that cannot be sent: the reading side learns why and tells the owner */
  }
}

static void answered(struct dh_peer *p)
{
  struct dh_val *v = NULL;
  struct dh_err err;
  int rc;

  for (struct ask **at = &p->asks; *at; at = &(*at)->next) {
    struct ask *a = *at;
    struct dh_frame empty = a->answer;

    if (a->id != p->in.id)
      continue;
    *at = a->next;
    a->peer = NULL;
    a->answer = p->in;
    p->in = empty;
    rc = dh_val_parse_buf(&a->answer.data, &v, &err);
    if (!rc && v->tag == DH_TAG_ERROR) {
      dh_val_err(v, &err);
      rc = err.code;
    }
    free(v);
    dh_op_done(&a->op, rc, &err);
    return;
  }
}

static void ready(uv_poll_t *h, int status, int events)
{
  struct dh_peer *p = h->data;
  struct dh_err err;

  p->busy = true;
  if (status < 0) {
    dh_err_set(&err, DH_ECLOSED, "the other process has ended: %s", uv_strerror(status));
    die(p, &err);
  }
  if (events & UV_WRITABLE)
    flush(p);
  for (int n = 0; n < 64 && (events & UV_READABLE) && !p->dead && !p->closing; n++) {
    int rc = dh_frame_recv(p->fd, &p->in, &err);

    if (rc == DH_EAGAIN)
      break;
    if (rc)
      die(p, &err);
    else if (p->in.flags & DH_FRAME_REPLY)
      answered(p);
    else if (p->ev.message)
      p->ev.message(p, &p->in, p->self);
  }
  p->busy = false;
  want(p);
}

int dh_peer_open(struct dh_loop *loop, int fd, const struct dh_peer_events *ev, void *self,
                 struct dh_peer **out, struct dh_err *err)
{
  struct dh_peer *p = calloc(1, sizeof *p);
  int rc;

  if (!p)
    return dh_err_set(err, DH_ENOMEM, "no memory for a connection");
  p->loop = loop;
  p->fd = fd;
  if (ev)
    p->ev = *ev;
  p->self = self;
  p->last = &p->first;
  dh_frame_init(&p->in);
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  rc = uv_poll_init(&loop->uv, &p->poll, fd);
  if (rc) {
    free(p);
    return dh_err_set(err, DH_EIO, "cannot watch a connection: %s", uv_strerror(rc));
  }
  p->poll.data = p;
  want(p);
  *out = p;
  return 0;
}

static void closed(uv_handle_t *h)
{
  struct dh_peer *p = h->data;

  while (p->first) {
    struct out *o = p->first;

    p->first = o->next;
    free_out(o);
  }
  dh_frame_fini(&p->in);
  close(p->fd);
  free(p);
}

void dh_peer_close(struct dh_peer **pp)
{
  struct dh_peer *p = *pp;

  *pp = NULL;
  if (!p || p->closing)
    return;
  if (!p->dead)
    flush(p);
  p->closing = true;
  die(p, NULL);
  uv_close((uv_handle_t *)&p->poll, closed);
}

int dh_peer_fd(const struct dh_peer *p)
{
  return p->fd;
}

static int copy_fds(struct dh_frame *f, const int *fds, int nfds, struct dh_err *err)
{
  for (int i = 0; i < nfds; i++) {
    f->fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 3);
    if (f->fds[i] < 0)
      return dh_err_errno(err, "cannot duplicate a descriptor");
    f->nfds = i + 1;
  }
  return 0;
}

int dh_peer_send(struct dh_peer *p, uint32_t id, bool reply, const struct dh_buf *data, const int *fds,
                 int nfds, struct dh_err *err)
{
  struct out *o;
  int rc;

  if (p->dead)
    return dh_err_set(err, DH_ECLOSED, "the other process has ended");
  o = calloc(1, sizeof *o);
  if (!o)
    return dh_err_set(err, DH_ENOMEM, "no memory for a message");
  dh_frame_init(&o->f);
  o->f.id = id;
  o->f.flags = reply ? DH_FRAME_REPLY : 0;
  rc = dh_buf_put(&o->f.data, data->data, data->len);
  if (rc)
    dh_err_set(err, rc, "no memory for a message of %zu bytes", data->len);
  else
    rc = copy_fds(&o->f, fds, nfds, err);
  if (rc) {
    free_out(o);
    return rc;
  }
  *p->last = o;
  p->last = &o->next;
  if (!p->busy) {
    flush(p);
    want(p);
  }
  return 0;
}

static int ask_start(struct dh_op *op, struct dh_err *err)
{
  struct ask *a = (struct ask *)op;
  struct dh_peer *p = a->peer;
  int rc;

  if (!p || p->dead)
    return dh_err_set(err, DH_ECLOSED, "the other process has ended");
  a->id = ++p->last_id ? p->last_id : ++p->last_id;
  rc = dh_peer_send(p, a->id, false, &a->question.data, a->question.fds, a->question.nfds, err);
  dh_frame_clear(&a->question);
  if (rc || p->dead)
    return rc ? rc : dh_err_set(err, DH_ECLOSED, "the other process has ended");
  a->next = p->asks;
  p->asks = a;
  return 0;
}

static void unlink_ask(struct ask *a)
{
  if (!a->peer)
    return;
  for (struct ask **at = &a->peer->asks; *at; at = &(*at)->next)
    if (*at == a) {
      *at = a->next;
      break;
    }
}

static void ask_cancel(struct dh_op *op)
{
  struct ask *a = (struct ask *)op;
  struct dh_buf b;

  unlink_ask(a);
  if (a->peer) {
    dh_buf_init(&b, 64);
    if (!dh_put_map(&b, 1) && !dh_put_ki(&b, "cancel", a->id))
      dh_peer_send(a->peer, 0, false, &b, NULL, 0, NULL);
    dh_buf_fini(&b);
  }
  a->peer = NULL;
}

static void ask_fini(struct dh_op *op)
{
  struct ask *a = (struct ask *)op;

  dh_frame_fini(&a->question);
  dh_frame_fini(&a->answer);
}

static const struct dh_op_class ask_class = {
    .name = "ask", .size = sizeof(struct ask), .start = ask_start, .cancel = ask_cancel, .fini = ask_fini};

struct dh_op *dh_ask_new(struct dh_peer *p, const struct dh_buf *data, const int *fds, int nfds)
{
  struct ask *a = (struct ask *)dh_op_new(p->loop, &ask_class);

  if (!a)
    return NULL;
  dh_frame_init(&a->question);
  dh_frame_init(&a->answer);
  a->peer = p;
  if (dh_buf_put(&a->question.data, data->data, data->len) || copy_fds(&a->question, fds, nfds, NULL)) {
    dh_op_release(&a->op);
    return NULL;
  }
  return &a->op;
}

struct dh_frame *dh_ask_answer(struct dh_op *op)
{
  return &((struct ask *)op)->answer;
}
