/* port_worker.c - the port of a worker: everything by messages to the supervisor. Records are buffered here:
 * they go with the next one that somebody waits for, or after 20 ms, or at 64 KB (see README, "who waits for
 * the disk"). */
#include "worker.h"
#include "../base/log.h"
#include "../store/store.h"
#include "port_op.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FLUSH_MS = 20, FLUSH_BYTES = 64 << 10, RECORDS_MAX = 24 << 20 };

struct dh_waiter {
  struct dh_waiter *next;
  size_t index;
  bool answered;
  void (*done)(void *self, int rc, const struct dh_err *err, int64_t lease_end);
  void *self;
};

struct dh_worker_lent {
  struct dh_worker_lent *next;
  struct dh_peer *peer;
  int64_t number;
};

/* ---- records */

static void tell_waiters(struct dh_waiter *w, int rc, const struct dh_err *err)
{
  while (w) {
    struct dh_waiter *next = w->next;

    if (!w->answered)
      w->done(w->self, rc, err, 0);
    free(w);
    w = next;
  }
}

/* One result: [index, lease_end] or [index, error]. */
static void tell_one(struct dh_waiter *w, const struct dh_val *result)
{
  struct dh_err err;

  if (result->type != DH_LIST || result->n != 2 || result->items[0].type != DH_INT)
    return;
  for (; w; w = w->next) {
    if ((int64_t)w->index != result->items[0].i || w->answered)
      continue;
    w->answered = true;
    if (result->items[1].type == DH_INT) {
      w->done(w->self, 0, NULL, result->items[1].i);
    } else {
      dh_val_err(&result->items[1], &err);
      w->done(w->self, err.code, &err, 0);
    }
    return;
  }
}

static void committed(struct dh_op *op)
{
  struct dh_waiter *waiters = op->waiter;
  const struct dh_val *results;
  struct dh_val *v = NULL;
  struct dh_err err;

  dh_err_set(&err, DH_ECLOSED, "the supervisor is gone");
  if (op->rc && op->err)
    err = *op->err;
  if (!op->rc && !dh_val_parse_buf(&dh_ask_answer(op)->data, &v, &err)) {
    results = dh_val_get(v, "results");
    for (size_t i = 0; results && results->type == DH_LIST && i < results->n; i++)
      tell_one(waiters, &results->items[i]);
    dh_err_set(&err, DH_EFORMAT, "the supervisor did not say whether a record is durable");
  }
  tell_waiters(waiters, err.code, &err);
  free(v);
  dh_op_release(op);
}

void dh_worker_port_flush(struct dh_worker_port *p)
{
  struct dh_waiter *waiters = p->waiters;
  struct dh_buf message;
  struct dh_op *op = NULL;
  struct dh_err err;
  int rc;

  uv_timer_stop(&p->flush);
  if (!p->nrecords)
    return;
  dh_buf_init(&message, DH_FRAME_MAX);
  rc = dh_put_map(&message, 1);
  if (!rc)
    rc = dh_put_text(&message, "records");
  if (!rc)
    rc = dh_put_list(&message, p->nrecords);
  if (!rc)
    rc = dh_buf_put(&message, p->records.data, p->records.len);
  dh_buf_clear(&p->records);
  p->nrecords = 0;
  p->waiters = NULL;
  p->last_waiter = &p->waiters;
  if (rc) {
    dh_err_set(&err, rc, "no memory for records");
  } else if (!waiters) {
    rc = dh_peer_send(p->peer, 0, false, &message, NULL, 0, &err);
  } else {
    op = dh_ask_new(p->peer, &message, NULL, 0);
    if (!op) {
      rc = dh_err_set(&err, DH_ENOMEM, "no memory for records");
    } else {
      op->notify = committed;
      op->waiter = waiters;
      rc = dh_op_start(op, &err);
      if (rc)
        dh_op_release(op);
    }
  }
  dh_buf_fini(&message);
  if (rc) /* what is lost here has no durable word after it: the supervisor's end ends this process too */
    tell_waiters(waiters, err.code, &err);
}

static void flush_due(uv_timer_t *t)
{
  dh_worker_port_flush(t->data);
}

static void record(struct dh_port *port, const struct dh_record *r,
                   void (*done)(void *self, int rc, const struct dh_err *err, int64_t lease_end), void *self)
{
  struct dh_worker_port *p = (struct dh_worker_port *)port;
  struct dh_waiter *w = done ? calloc(1, sizeof *w) : NULL;
  size_t before = p->records.len;
  struct dh_err err;

  if (before && before + r->len > RECORDS_MAX)
    dh_worker_port_flush(p);
  if ((done && !w) || dh_record_put(&p->records, r)) {
    p->records.len = before < p->records.len ? before : p->records.len;
    free(w);
    dh_err_set(&err, DH_ENOMEM, "no memory for a record");
    if (done)
      done(self, DH_ENOMEM, &err, 0);
    return;
  }
  if (w) {
    w->index = p->nrecords;
    w->done = done;
    w->self = self;
    *p->last_waiter = w;
    p->last_waiter = &w->next;
  }
  p->nrecords++;
  if (done || dh_record_urgent(r->kind) || p->records.len >= FLUSH_BYTES)
    dh_worker_port_flush(p);
  else if (!uv_is_active((uv_handle_t *)&p->flush))
    uv_timer_start(&p->flush, flush_due, FLUSH_MS, 0);
}

/* ---- questions */

static int take_secret(struct dh_port_op *op, struct dh_op *inner, void *self, struct dh_err *err)
{
  struct dh_frame *f = dh_ask_answer(inner);
  const struct dh_val *value;
  struct dh_val *v = NULL;
  int rc = dh_val_parse_buf(&f->data, &v, err);

  (void)self;
  value = dh_val_get(v, "value");
  if (!rc && (!value || value->type != DH_BYTES))
    rc = dh_err_set(err, DH_EFORMAT, "the supervisor sent no secret");
  if (!rc && (rc = dh_buf_put(&op->text, value->s, value->n)))
    dh_err_set(err, rc, "no memory for a secret");
  if (!rc)
    dh_log_mask(op->text.data, op->text.len);
  free(v);
  explicit_bzero(f->data.data, f->data.len);
  return rc;
}

static struct dh_op *secret(struct dh_port *port, const char *name)
{
  struct dh_worker_port *p = (struct dh_worker_port *)port;
  struct dh_op *op = NULL;
  struct dh_buf b;

  dh_buf_init(&b, 64 << 10);
  if (!dh_put_map(&b, 1) && !dh_put_kt(&b, "secret", name))
    op = dh_ask_new(p->peer, &b, NULL, 0);
  dh_buf_fini(&b);
  return dh_relay_new(p->loop, op, take_secret, p);
}

static int take_lent(struct dh_port_op *op, struct dh_op *inner, void *self, struct dh_err *err)
{
  struct dh_worker_port *p = self;
  struct dh_frame *f = dh_ask_answer(inner);
  struct dh_worker_lent *l = calloc(1, sizeof *l);
  struct dh_val *v = NULL;
  int rc = l ? dh_val_parse_buf(&f->data, &v, err) : dh_err_set(err, DH_ENOMEM, "no memory for a connection");

  if (!rc && f->nfds != 1)
    rc = dh_err_set(err, DH_EFORMAT, "the supervisor lent nothing");
  if (!rc)
    rc = dh_peer_open(p->loop, f->fds[0], NULL, NULL, &op->peer, err);
  if (rc) {
    free(l);
  } else {
    f->fds[0] = -1;
    l->peer = op->peer;
    l->number = dh_val_int(v, "lent", 0);
    l->next = p->lent;
    p->lent = l;
  }
  free(v);
  return rc;
}

static struct dh_op *lend(struct dh_port *port, const char *run, const char *role, const char *needs,
                          size_t n)
{
  struct dh_worker_port *p = (struct dh_worker_port *)port;
  struct dh_op *op = NULL;
  struct dh_buf b;

  dh_buf_init(&b, 128 << 10);
  if (!dh_put_map(&b, 3) && !dh_put_kt(&b, "lend", role) && !dh_put_kt(&b, "run", run) &&
      !dh_put_text(&b, "needs") && !dh_put_bytes(&b, needs, n))
    op = dh_ask_new(p->peer, &b, NULL, 0);
  dh_buf_fini(&b);
  return dh_relay_new(p->loop, op, take_lent, p);
}

static void give_back(struct dh_port *port, struct dh_peer *peer, bool healthy)
{
  struct dh_worker_port *p = (struct dh_worker_port *)port;
  struct dh_worker_lent **at = &p->lent, *l;
  struct dh_buf b;

  while (*at && (*at)->peer != peer)
    at = &(*at)->next;
  dh_peer_close(&peer);
  l = *at;
  if (!l)
    return;
  *at = l->next;
  dh_buf_init(&b, 256);
  if (!dh_put_map(&b, 2) && !dh_put_ki(&b, "back", l->number) && !dh_put_kb(&b, "healthy", healthy))
    dh_peer_send(p->peer, 0, false, &b, NULL, 0, NULL);
  dh_buf_fini(&b);
  free(l);
}

static struct dh_op *begin_child(void *self, const char *const argv[], const char *profile, const int fds[3])
{
  struct dh_worker_port *p = self;
  int given[3], targets[3], n = 0, rc;
  size_t argc = 0;
  struct dh_op *op = NULL;
  struct dh_buf b;

  while (argv[argc])
    argc++;
  for (int i = 0; i < 3; i++)
    if (fds[i] >= 0) {
      targets[n] = i;
      given[n++] = fds[i];
    }
  dh_buf_init(&b, 1 << 20);
  rc = dh_put_map(&b, 3);
  if (!rc)
    rc = dh_put_text(&b, "spawn");
  if (!rc)
    rc = dh_put_list(&b, argc);
  for (size_t i = 0; !rc && i < argc; i++)
    rc = dh_put_text(&b, argv[i]);
  if (!rc)
    rc = dh_put_kt(&b, "profile", profile);
  if (!rc)
    rc = dh_put_text(&b, "fds");
  if (!rc)
    rc = dh_put_list(&b, (size_t)n);
  for (int i = 0; !rc && i < n; i++)
    rc = dh_put_int(&b, targets[i]);
  if (!rc)
    op = dh_ask_new(p->peer, &b, given, n);
  dh_buf_fini(&b);
  return op;
}

static int child_status(struct dh_op *op)
{
  struct dh_val *v = NULL;
  int status = 1;

  if (!dh_val_parse_buf(&dh_ask_answer(op)->data, &v, NULL))
    status = (int)dh_val_int(v, "status", 1);
  free(v);
  return status;
}

static struct dh_op *spawn(struct dh_port *port, const char *const argv[], const char *profile, int in)
{
  static const struct dh_spawn_way way = {begin_child, child_status};
  struct dh_worker_port *p = (struct dh_worker_port *)port;

  return dh_spawn_new(p->loop, &way, p, argv, profile, in);
}

static struct dh_op *keep(struct dh_port *port, const void *bytes, size_t n)
{
  struct dh_worker_port *p = (struct dh_worker_port *)port;

  return dh_keep_new(p->loop, p->blobs, bytes, n);
}

static int path(struct dh_port *port, const char *hash, char *out, size_t size, struct dh_err *err)
{
  return dh_blob_path(((struct dh_worker_port *)port)->blobs, hash, out, size, err);
}

static const char *conf(struct dh_port *port, const char *key)
{
  return dh_conf_get(((struct dh_worker_port *)port)->conf, key);
}

static const struct dh_port_ops ops = {record, secret, lend, give_back, spawn, keep, path, conf};

void dh_worker_port_init(struct dh_worker_port *p, struct dh_loop *loop, struct dh_peer *peer,
                         struct dh_conf *c)
{
  memset(p, 0, sizeof *p);
  p->port.ops = &ops;
  p->loop = loop;
  p->peer = peer;
  p->conf = c;
  dh_buf_init(&p->records, DH_FRAME_MAX - (1 << 10));
  p->last_waiter = &p->waiters;
  uv_timer_init(&loop->uv, &p->flush);
  p->flush.data = p;
}
