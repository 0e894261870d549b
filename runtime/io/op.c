/* op.c - begins operations, ends each once, keeps their memory as long as somebody needs it. */
#include "op.h"

#include <stdlib.h>
#include <string.h>

struct dh_op *dh_op_new(struct dh_loop *loop, const struct dh_op_class *cls)
{
  struct dh_op *op = calloc(1, cls->size);

  if (!op)
    return NULL;
  op->cls = cls;
  op->loop = loop;
  op->refs = 1;
  return op;
}

void dh_op_ref(struct dh_op *op)
{
  op->refs++;
}

void dh_op_release(struct dh_op *op)
{
  if (--op->refs > 0)
    return;
  if (op->cls->fini)
    op->cls->fini(op);
  free(op->err);
  free(op);
}

static void timer_closed(uv_handle_t *h)
{
  free(h);
}

static void stop_deadline(struct dh_op *op)
{
  if (!op->deadline)
    return;
  op->deadline->data = NULL;
  uv_close((uv_handle_t *)op->deadline, timer_closed);
  op->deadline = NULL;
}

static void finish(struct dh_op *op, int rc, const struct dh_err *err)
{
  op->state = DH_OP_DONE;
  op->rc = rc;
  if (rc && err && !op->err && (op->err = malloc(sizeof *err)))
    *op->err = *err;
  stop_deadline(op);
}

void dh_op_done(struct dh_op *op, int rc, const struct dh_err *err)
{
  if (op->state != DH_OP_BEGUN)
    return;
  finish(op, rc, err);
  op->loop->ops--;
  if (op->notify)
    op->notify(op);
  dh_op_release(op);
}

/* The rest of an operation whose waiter was told already: work that nobody can stop. */
static void abandon(struct dh_op *op, int rc, const struct dh_err *err)
{
  op->abandoned = true;
  finish(op, rc, err);
  op->loop->ops--;
  if (op->notify)
    op->notify(op);
}

static void pool_work(uv_work_t *w)
{
  struct dh_op *op = w->data;
  struct dh_err *err = calloc(1, sizeof *err);

  op->work_rc = op->cls->work(op, err);
  w->data = op->work_rc ? (void *)err : NULL;
  if (!op->work_rc)
    free(err);
}

static void pool_done(uv_work_t *w, int status)
{
  struct dh_op *op = (struct dh_op *)((char *)w - offsetof(struct dh_op, work));
  struct dh_err *err = status == UV_ECANCELED ? NULL : w->data;

  if (op->abandoned)
    dh_op_release(op);
  else
    dh_op_done(op, status == UV_ECANCELED ? DH_ECANCELED : op->work_rc, err);
  free(err);
}

static int start_pool(struct dh_op *op, struct dh_err *err)
{
  int rc;

  op->work.data = op;
  rc = uv_queue_work(&op->loop->uv, &op->work, pool_work, pool_done);
  return rc ? dh_err_set(err, DH_EIO, "%s: no worker thread: %s", op->cls->name, uv_strerror(rc)) : 0;
}

int dh_op_start(struct dh_op *op, struct dh_err *err)
{
  int rc;

  op->state = DH_OP_BEGUN;
  op->loop->ops++;
  dh_op_ref(op);
  rc = op->cls->lane == DH_LANE_POOL ? start_pool(op, err) : op->cls->start(op, err);
  if (!rc)
    return 0;
  finish(op, rc, err);
  op->loop->ops--;
  dh_op_release(op);
  return rc;
}

static void end_early(struct dh_op *op, int code, const char *what)
{
  struct dh_err err;

  if (op->state == DH_OP_DONE)
    return;
  dh_err_set(&err, code, "%s %s", op->cls->name, what);
  if (op->state == DH_OP_NEW) {
    finish(op, code, &err);
    return;
  }
  dh_op_ref(op);
  if (op->cls->lane == DH_LANE_POOL) {
    abandon(op, code, &err);
    uv_cancel((uv_req_t *)&op->work);
  } else {
    /* the class ends the op in its own way; the reason stays ours */
    if (!op->err && (op->err = malloc(sizeof err)))
      *op->err = err;
    if (op->cls->cancel)
      op->cls->cancel(op);
    dh_op_done(op, code, &err);
  }
  dh_op_release(op);
}

void dh_op_cancel(struct dh_op *op)
{
  end_early(op, DH_ECANCELED, "was called off");
}

static void deadline_hit(uv_timer_t *t)
{
  struct dh_op *op = t->data;

  if (op)
    end_early(op, DH_ETIME, "took too long");
}

int dh_op_deadline(struct dh_op *op, int64_t ms)
{
  if (op->state == DH_OP_DONE)
    return 0;
  if (!op->deadline) {
    op->deadline = malloc(sizeof *op->deadline);
    if (!op->deadline)
      return DH_ENOMEM;
    uv_timer_init(&op->loop->uv, op->deadline);
    op->deadline->data = op;
  }
  uv_update_time(&op->loop->uv);
  uv_timer_start(op->deadline, deadline_hit, ms > 0 ? (uint64_t)ms : 0, 0);
  return 0;
}

struct timer_op {
  struct dh_op op;
  int64_t ms;
  uv_timer_t *timer;
};

static void timer_fired(uv_timer_t *t)
{
  dh_op_done(t->data, 0, NULL);
}

static int timer_start(struct dh_op *op, struct dh_err *err)
{
  struct timer_op *t = (struct timer_op *)op;

  t->timer = malloc(sizeof *t->timer);
  if (!t->timer)
    return dh_err_set(err, DH_ENOMEM, "no memory for a timer");
  uv_timer_init(&op->loop->uv, t->timer);
  t->timer->data = t;
  uv_update_time(&op->loop->uv);
  uv_timer_start(t->timer, timer_fired, t->ms > 0 ? (uint64_t)t->ms : 0, 0);
  return 0;
}

static void timer_fini(struct dh_op *op)
{
  struct timer_op *t = (struct timer_op *)op;

  if (t->timer)
    uv_close((uv_handle_t *)t->timer, timer_closed);
}

static void timer_cancel(struct dh_op *op)
{
  struct timer_op *t = (struct timer_op *)op;

  uv_timer_stop(t->timer);
}

static const struct dh_op_class timer_class = {.name = "wait",
                                               .size = sizeof(struct timer_op),
                                               .start = timer_start,
                                               .cancel = timer_cancel,
                                               .fini = timer_fini};

struct dh_op *dh_timer_new(struct dh_loop *loop, int64_t ms)
{
  struct timer_op *t = (struct timer_op *)dh_op_new(loop, &timer_class);

  if (t)
    t->ms = ms;
  return (struct dh_op *)t;
}
