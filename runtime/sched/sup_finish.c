/* sup_finish.c - the end of periods under serve: one at a time, its steps (finish.h) as jobs of the store
 * thread and of the pool. Looked for whenever a case may have become final; what is found again after a kill
 * is done again. */
#include "sup.h"
#include "../base/clock.h"
#include "../base/log.h"
#include "finish.h"
#include "period.h"

#include <stdlib.h>
#include <string.h>

enum {
  AGAIN_MS = 60000, /* a table that could not be written */
  GRACE_MS = 5000,  /* after a watched period: what appeared in its last moment is on its way */
  BUSY_MS = 10000,  /* periods are looked at as often while cases stand in line: that look costs most then */
  TURN_MS = 60 * 60000, /* the clock is looked at as often: it may be set */
  SHARE = 20            /* of the time, at most one part goes into tables of periods that last */
};

/* The end that is being dealt with. */
struct dh_sup_finish {
  struct dh_job job;
  struct dh_supervisor *s;
  struct dh_sup_names *names;
  struct dh_buf over;
  struct dh_sup_queue *q;
  struct dh_op *op;
  struct dh_ending e;
  bool added;
  bool held; /* only its table */
  int64_t began_ms;
};

struct work_op {
  struct dh_op op;
  struct dh_ending e; /* the pool's own while it works */
};

static int op_work(struct dh_op *op, struct dh_err *err)
{
  return dh_ending_work(&((struct work_op *)op)->e, err);
}

static void op_fini(struct dh_op *op)
{
  dh_ending_fini(&((struct work_op *)op)->e);
}

static const struct dh_op_class op_class = {.name = "end of a period",
                                            .size = sizeof(struct work_op),
                                            .lane = DH_LANE_POOL,
                                            .work = op_work,
                                            .fini = op_fini};

static void drop(struct dh_sup_finish *f)
{
  f->s->finish = NULL;
  if (f->op) {
    f->op->notify = NULL;
    dh_op_cancel(f->op);
    dh_op_release(f->op);
  }
  dh_ending_fini(&f->e);
  dh_buf_fini(&f->over);
  free(f->names);
  free(f);
}

/* again: there may be more. */
static void done(struct dh_sup_finish *f, bool again)
{
  struct dh_supervisor *s = f->s;

  s->unsettled |= again;
  drop(f);
}

/* The table cannot be written: the period stays open, finish does not run before its table. */
static void blocked(struct dh_sup_finish *f, const struct dh_err *err)
{
  struct dh_supervisor *s = f->s;

  dh_log(DH_ERROR, NULL, "the results of %s %s cannot be written: %s%s%s", f->e.queue, f->e.period, err->text,
         *err->advice ? "; " : "", err->advice);
  f->q->blocked = true;
  if (s->o.until_idle)
    s->failed = *err;
  else
    uv_timer_start(&s->unblock, dh_sup_finish_unblock, AGAIN_MS, 0);
  done(f, true);
}

void dh_sup_finish_unblock(uv_timer_t *t)
{
  struct dh_supervisor *s = t->data;

  for (struct dh_sup_queue *q = s->queues; q; q = q->next)
    q->blocked = false;
  s->unsettled = true;
  dh_sup_look(s);
}

/* ---- the steps, last one first */

static int commit_work(struct dh_db *db, struct dh_job *job, struct dh_err *err)
{
  struct dh_sup_finish *f = (struct dh_sup_finish *)job;

  return dh_ending_commit(&f->e, db, &f->added, err);
}

static void commit_done(struct dh_job *job, int rc, const struct dh_err *err)
{
  struct dh_sup_finish *f = (struct dh_sup_finish *)job;
  struct dh_supervisor *s = f->s;

  if (rc && rc != DH_EREFUSED && !dh_sup_passing(s, err)) {
    dh_sup_fail(s, err);
  } else if (!rc) {
    dh_ending_say(&f->e, f->added);
    if (f->added)
      f->q->dry = false;
  }
  done(f, true);
  dh_sup_job_done(s);
}

static void submit(struct dh_sup_finish *f, int (*work)(struct dh_db *, struct dh_job *, struct dh_err *),
                   void (*done)(struct dh_job *, int, const struct dh_err *))
{
  f->job = (struct dh_job){.work = work, .done = done, .urgent = true};
  dh_sup_submit(f->s, &f->job);
}

static void worked(struct dh_op *op)
{
  struct dh_sup_finish *f = op->waiter;
  struct dh_supervisor *s = f->s;

  f->e = ((struct work_op *)op)->e;
  memset(&((struct work_op *)op)->e, 0, sizeof f->e);
  if (!op->rc && f->held) {
    f->q->held_open = f->e.open;
    f->q->held_until_ms = dh_mono_ms() + (dh_mono_ms() - f->began_ms) * SHARE;
    memcpy(f->q->held_period, f->e.period, sizeof f->q->held_period);
    done(f, true);
    dh_sup_look(s);
    return;
  }
  if (op->rc == DH_ELIMIT) { /* it would be too large the next time, too */
    dh_log(DH_ERROR, NULL, "%s; %s", op->err ? op->err->text : "finish(batch) is too large",
           op->err ? op->err->advice : "");
    s->refused++;
  } else if (op->rc) {
    struct dh_err err = {0};

    if (op->err)
      err = *op->err;
    else
      dh_err_set(&err, op->rc, "no memory");
    blocked(f, &err);
    dh_sup_look(s);
    return;
  }
  submit(f, commit_work, commit_done);
}

static int begin_work(struct dh_sup_finish *f, struct dh_err *err)
{
  f->op = dh_op_new(&f->s->loop, &op_class);
  if (!f->op)
    return dh_err_set(err, DH_ENOMEM, "no memory for the end of a period");
  ((struct work_op *)f->op)->e = f->e;
  memset(&f->e.cases, 0, sizeof f->e.cases);
  memset(&f->e.input, 0, sizeof f->e.input);
  f->op->notify = worked;
  f->op->waiter = f;
  return dh_op_start(f->op, err);
}

static int read_work(struct dh_db *db, struct dh_job *job, struct dh_err *err)
{
  return dh_ending_read(&((struct dh_sup_finish *)job)->e, db, err);
}

static void read_done(struct dh_job *job, int rc, const struct dh_err *err)
{
  struct dh_sup_finish *f = (struct dh_sup_finish *)job;
  struct dh_supervisor *s = f->s;
  struct dh_err why;

  if (rc)
    why = *err;
  else
    rc = dh_ending_table(&f->e, f->q->folder, f->q->to, f->q->key_column, &why);
  if (!rc && !s->stopping)
    rc = begin_work(f, &why);
  if (s->stopping)
    done(f, false);
  else if (rc && dh_sup_passing(s, &why))
    done(f, true);
  else if (rc)
    blocked(f, &why);
  dh_sup_job_done(s);
}

/* Files may still appear in a folder that is watched, as long as the period lasts: until then only its table
 * is kept up to date. */
static bool is_held(const struct dh_sup_queue *q, const char *period)
{
  char now[16];

  if (!q->watched)
    return false;
  dh_period_at(q->once_a, q->zone, dh_wall_ms() - GRACE_MS, now);
  return strcmp(now, period) <= 0;
}

static void look_in(struct dh_supervisor *s, int64_t ms)
{
  if (!uv_is_active((uv_handle_t *)&s->turn) || (int64_t)uv_timer_get_due_in(&s->turn) > ms)
    uv_timer_start(&s->turn, dh_sup_finish_unblock, (uint64_t)(ms < TURN_MS ? ms + 1 : TURN_MS), 0);
}

static void look_at_its_end(struct dh_supervisor *s, const struct dh_sup_queue *q)
{
  int64_t now = dh_wall_ms(), turn = dh_period_turn(q->once_a, q->zone, now - GRACE_MS);

  if (turn)
    look_in(s, turn + GRACE_MS - now);
}

/* Has its table to be written? */
static bool is_news(struct dh_supervisor *s, const struct dh_sup_queue *q, int64_t open, const char *period)
{
  int64_t wait = q->held_until_ms - dh_mono_ms();

  if (!*q->to || (open == q->held_open && strcmp(period, q->held_period) == 0))
    return false;
  if (wait > 0)
    look_in(s, wait);
  return wait <= 0;
}

/* A period that can be dealt with now; NULL: none. */
static const struct dh_val *choose(struct dh_sup_finish *f, const struct dh_val *list)
{
  char queue[64], period[16];

  for (size_t i = 0; i < list->n; i++) {
    const struct dh_val *over = &list->items[i];

    f->q = dh_sup_queue_find(f->s, dh_val_text(over, "queue", queue, sizeof queue));
    if (!f->q || f->q->blocked)
      continue;
    f->held = is_held(f->q, dh_val_text(over, "period", period, sizeof period));
    if (!f->held)
      return over;
    look_at_its_end(f->s, f->q);
    if (is_news(f->s, f->q, dh_val_int(over, "open", 0), period))
      return over;
  }
  return NULL;
}

static int over_work(struct dh_db *db, struct dh_job *job, struct dh_err *err)
{
  struct dh_sup_finish *f = (struct dh_sup_finish *)job;

  return db->ops->period_over(db, f->names->v, f->names->n, &f->over, err);
}

static void over_done(struct dh_job *job, int rc, const struct dh_err *err)
{
  struct dh_sup_finish *f = (struct dh_sup_finish *)job;
  struct dh_supervisor *s = f->s;
  const struct dh_val *over = NULL;
  struct dh_val *list = NULL;
  struct dh_err why;

  if (rc)
    why = *err;
  else
    rc = dh_val_parse_buf(&f->over, &list, &why);
  if (rc && dh_sup_passing(s, &why))
    s->unsettled = true;
  else if (rc)
    dh_sup_fail(s, &why);
  else
    over = choose(f, list);
  if (over && !s->stopping) {
    dh_ending_init(&f->e, over, dh_store_blobs(s->store));
    if (f->held)
      f->e.wants &= DH_WANTS_TABLE;
    f->began_ms = dh_mono_ms();
    submit(f, read_work, read_done);
  } else {
    done(f, false);
  }
  free(list);
  dh_sup_job_done(s);
}

void dh_sup_finish_look(struct dh_supervisor *s)
{
  struct dh_sup_finish *f;

  /* not while cases are being read: what is not taken in yet is not final */
  if (s->stopping || s->finish || !s->unsettled || dh_sup_intake_busy(s))
    return;
  if (!dh_sup_dry(s) && dh_mono_ms() - s->settled_ms < BUSY_MS)
    return;
  f = calloc(1, sizeof *f);
  if (!f || !(f->names = dh_sup_names(s))) {
    free(f);
    return; /* the next end of a case looks again */
  }
  f->s = s;
  dh_buf_init(&f->over, 16 << 20);
  s->finish = f;
  s->unsettled = false;
  s->settled_ms = dh_mono_ms();
  submit(f, over_work, over_done);
}

bool dh_sup_finish_busy(const struct dh_supervisor *s)
{
  return s->finish || s->unsettled;
}

void dh_sup_finish_close(struct dh_supervisor *s)
{
  if (s->finish && s->finish->op)
    drop(s->finish); /* its table may be half done: it is done again */
}
