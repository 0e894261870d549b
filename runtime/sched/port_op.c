/* port_op.c - ops of the ports that are the same on either side. Owns nothing but the ops' own memory. */
#include "port_op.h"
#include "../store/store.h"

#include <stdlib.h>
#include <string.h>

const char *dh_port_text(struct dh_op *op, size_t *n)
{
  struct dh_port_op *p = (struct dh_port_op *)op;

  if (n)
    *n = p->text.len;
  return p->text.data;
}

struct dh_peer *dh_port_peer(struct dh_op *op)
{
  struct dh_port_op *p = (struct dh_port_op *)op;
  struct dh_peer *peer = p->peer;

  p->peer = NULL;
  return peer;
}

const struct dh_output *dh_port_output(struct dh_op *op)
{
  return &((struct dh_port_op *)op)->output;
}

struct dh_port_op *dh_port_op_new(struct dh_loop *loop, const struct dh_op_class *cls, size_t text_max)
{
  struct dh_port_op *p = (struct dh_port_op *)dh_op_new(loop, cls);

  if (p)
    dh_buf_init(&p->text, text_max);
  return p;
}

void dh_port_op_fini(struct dh_op *op)
{
  struct dh_port_op *p = (struct dh_port_op *)op;

  if (p->text.len)
    explicit_bzero(p->text.data, p->text.len);
  dh_buf_fini(&p->text);
  dh_peer_close(&p->peer);
}

/* ---- refused */

struct refused_op {
  struct dh_port_op port;
  struct dh_err err;
};

static int refused_start(struct dh_op *op, struct dh_err *err)
{
  struct refused_op *r = (struct refused_op *)op;

  if (err)
    *err = r->err;
  return r->err.code;
}

static const struct dh_op_class refused_class = {
    .name = "refused", .size = sizeof(struct refused_op), .start = refused_start, .fini = dh_port_op_fini};

struct dh_op *dh_port_op_refused(struct dh_loop *loop, const struct dh_err *err)
{
  struct refused_op *r = (struct refused_op *)dh_port_op_new(loop, &refused_class, 1);

  if (!r)
    return NULL;
  r->err = *err;
  return &r->port.op;
}

/* ---- keep */

struct keep_op {
  struct dh_port_op port;
  char *blobs;
  void *bytes;
  size_t n;
};

static int keep_work(struct dh_op *op, struct dh_err *err)
{
  struct keep_op *k = (struct keep_op *)op;
  char hash[DH_SHA256_HEX];
  int rc = dh_blob_put(k->blobs, k->bytes, k->n, hash, err);

  if (!rc && (rc = dh_buf_puts(&k->port.text, hash)))
    dh_err_set(err, rc, "no memory for the name of a file");
  return rc;
}

static void keep_fini(struct dh_op *op)
{
  struct keep_op *k = (struct keep_op *)op;

  free(k->blobs);
  free(k->bytes);
  dh_port_op_fini(op);
}

static const struct dh_op_class keep_class = {.name = "keep",
                                              .size = sizeof(struct keep_op),
                                              .lane = DH_LANE_POOL,
                                              .work = keep_work,
                                              .fini = keep_fini};

struct dh_op *dh_keep_new(struct dh_loop *loop, const char *blobs, const void *bytes, size_t n)
{
  struct keep_op *k = (struct keep_op *)dh_port_op_new(loop, &keep_class, 256);

  if (!k)
    return NULL;
  k->blobs = strdup(blobs);
  k->bytes = malloc(n ? n : 1);
  k->n = n;
  if (!k->blobs || !k->bytes) {
    dh_op_release(&k->port.op);
    return NULL;
  }
  memcpy(k->bytes, bytes, n);
  return &k->port.op;
}

/* ---- relay */

struct relay_op {
  struct dh_port_op port;
  struct dh_op *inner;
  int (*finish)(struct dh_port_op *op, struct dh_op *inner, void *self, struct dh_err *err);
  void *self;
};

static void relay_notify(struct dh_op *inner)
{
  struct relay_op *r = inner->waiter;
  struct dh_err err = {0};
  int rc = inner->rc;

  if (rc && inner->err)
    err = *inner->err;
  else if (rc)
    dh_err_set(&err, rc, "%s failed", inner->cls->name);
  else
    rc = r->finish(&r->port, inner, r->self, &err);
  dh_op_done(&r->port.op, rc, &err);
}

static int relay_start(struct dh_op *op, struct dh_err *err)
{
  struct relay_op *r = (struct relay_op *)op;

  r->inner->notify = relay_notify;
  r->inner->waiter = r;
  return dh_op_start(r->inner, err);
}

static void relay_cancel(struct dh_op *op)
{
  struct relay_op *r = (struct relay_op *)op;

  r->inner->notify = NULL; /* the reason is told by whoever cancels */
  dh_op_cancel(r->inner);
}

static void relay_fini(struct dh_op *op)
{
  struct relay_op *r = (struct relay_op *)op;

  r->inner->notify = NULL;
  dh_op_release(r->inner);
  dh_port_op_fini(op);
}

static const struct dh_op_class relay_class = {.name = "ask the supervisor",
                                               .size = sizeof(struct relay_op),
                                               .start = relay_start,
                                               .cancel = relay_cancel,
                                               .fini = relay_fini};

struct dh_op *dh_relay_new(struct dh_loop *loop, struct dh_op *inner,
                           int (*finish)(struct dh_port_op *op, struct dh_op *inner, void *self,
                                         struct dh_err *err),
                           void *self)
{
  struct relay_op *r;

  if (!inner)
    return NULL;
  r = (struct relay_op *)dh_port_op_new(loop, &relay_class, DH_DATA_ROW);
  if (!r) {
    dh_op_release(inner);
    return NULL;
  }
  r->inner = inner;
  r->finish = finish;
  r->self = self;
  return &r->port.op;
}
