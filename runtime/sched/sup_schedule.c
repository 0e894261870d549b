/* sup_schedule.c - schedules under serve: one timer by the wall clock for the next slot of all, a job of the
 * store for each decision (base/schedule.h says which), one for what waits: held cases, rules that wait for a
 * queue. */
#include "sup.h"
#include "../base/clock.h"
#include "../base/log.h"
#include "../io/wall.h"
#include "period.h"

#include <stdlib.h>
#include <string.h>

struct rule {
  struct rule *next;
  struct dh_sup_schedules *all;
  struct dh_sup_queue *q;
  struct dh_schedule s;
  char name[DH_RULE_TEXT];
  char bundle[DH_SHA256_HEX];
  int wants;
  struct dh_buf input; /* of each of its cases */
  char robot[DH_PATH]; /* not "": a slot takes in its cases.from instead */
  struct dh_schedule_step taking;
  int64_t since_ms, decided_ms;
  int64_t told_ms; /* the next slot, as the store has it */
  int64_t wake_ms; /* INT64_MAX: never */
  bool open, busy;
};

struct dh_sup_schedules {
  struct dh_supervisor *s;
  struct dh_wall *timer;
  struct rule *rules;
  bool waiting; /* the job for what waits is on its way */
};

static void decide(struct rule *r);

static void failed(struct rule *r, const struct dh_err *err)
{
  dh_log(DH_ERROR, NULL, "%s, \"%s\": %s", r->q->name, r->name, err->text);
  dh_sup_fail(r->all->s, err);
}

/* ---- the timer */

static void arm(struct dh_sup_schedules *a)
{
  int64_t at = INT64_MAX;
  struct dh_err err;

  for (struct rule *r = a->rules; r; r = r->next)
    if (r->wake_ms < at)
      at = r->wake_ms;
  if (a->timer && dh_wall_set(a->timer, at, &err))
    dh_sup_fail(a->s, &err);
}

static void fired(void *self)
{
  struct dh_sup_schedules *a = self;

  for (struct rule *r = a->rules; r; r = r->next)
    decide(r);
  arm(a); /* also when nothing was due: the clock was set, and that has stopped the timer */
}

/* ---- one decision */

struct slot_job {
  struct dh_job job;
  struct rule *rule;
  bool opens; /* only reads the mark */
  int64_t since, decided;
  struct dh_slot_new slot;
  struct dh_case_new c;
  char key[DH_SLOT_TEXT], period[16];
  enum dh_slot_fate fate;
};

static int slot_work(struct dh_db *db, struct dh_job *job, struct dh_err *err)
{
  struct slot_job *j = (struct slot_job *)job;
  struct rule *r = j->rule;
  const char *newest = r->s.trigger ? r->s.watched : NULL;
  int rc = 0;

  if (!j->opens)
    rc = db->ops->slot_take(db, &j->slot, &j->fate, err);
  if (!rc && (j->opens || j->fate == DH_SLOT_OTHER))
    rc = db->ops->schedule_open(db, r->q->name, r->name, newest, &j->since, &j->decided, err);
  return rc;
}

static void tell(const struct slot_job *j)
{
  const struct rule *r = j->rule;

  switch (j->fate) {
  case DH_SLOT_ADDED:
  case DH_SLOT_HELD:
    dh_log(DH_INFO, NULL, "%s: %s by \"%s\"%s", r->q->name, j->key, r->s.text,
           j->fate == DH_SLOT_HELD ? "; it begins when the one before has ended" : "");
    break;
  case DH_SLOT_SKIPPED:
    dh_log(DH_WARN, NULL, "%s: %s by \"%s\" is left out: the one before is under way", r->q->name, j->key,
           r->s.text);
    break;
  case DH_SLOT_TAKEN:
    dh_log(DH_INFO, NULL, "%s: cases taken in at %s by \"%s\"", r->q->name, j->key, r->s.text);
    break;
  case DH_SLOT_MISSED:
    dh_log(DH_WARN, NULL, "%s: %s by \"%s\" was missed", r->q->name, j->key, r->s.text);
    break;
  default:
    break;
  }
}

static void slot_done(struct dh_job *job, int rc, const struct dh_err *err)
{
  struct slot_job *j = (struct slot_job *)job;
  struct rule *r = j->rule;
  struct dh_supervisor *s = r->all->s;

  if (rc && dh_sup_passing(s, err)) {
    dh_sup_job_done(s);
    dh_sup_submit(s, &j->job); /* it waits for the database; what was decided meanwhile stands */
    return;
  }
  r->busy = false;
  if (rc) {
    failed(r, err);
  } else if (j->opens || j->fate == DH_SLOT_OTHER) {
    r->since_ms = j->since;
    r->decided_ms = j->decided;
    r->open = true;
  } else {
    r->decided_ms = j->slot.decided;
    r->told_ms = j->slot.next;
    if (j->slot.slot)
      tell(j);
    if (j->fate == DH_SLOT_ADDED)
      dh_sup_wake(s);
  }
  free(j);
  if (!rc && !s->stopping) {
    s->stirred |= r->s.trigger != DH_TRIGGER_TIME || r->open;
    decide(r);
    arm(r->all);
  }
  dh_sup_job_done(s);
}

static struct slot_job *job_for(struct rule *r)
{
  struct slot_job *j = calloc(1, sizeof *j);
  struct dh_err err;

  if (!j) {
    dh_err_set(&err, DH_ENOMEM, "no memory for a slot");
    failed(r, &err);
    return NULL;
  }
  j->job = (struct dh_job){.work = slot_work, .done = slot_done, .urgent = true};
  j->rule = r;
  j->slot = (struct dh_slot_new){.queue = r->q->name, .rule = r->name, .overlap = r->s.overlap};
  j->c = (struct dh_case_new){.queue = r->q->name,
                              .period = j->period,
                              .key = j->key,
                              .input = r->input.data,
                              .input_len = r->input.len,
                              .bundle = r->bundle,
                              .wants = r->wants};
  return j;
}

static int64_t next_ms(const struct rule *r, int64_t after)
{
  struct dh_slot slot;

  return dh_schedule_next(&r->s, after, &slot) ? slot.at * 1000 : 0;
}

static void submit_slot(struct rule *r, const struct dh_schedule_step *step, enum dh_slot_fate fate,
                        int64_t now);

/* Its cases are on their way to the store, before the mark: killed in between, they are taken in again, and
 * stand. */
static void taken(void *self, const struct dh_err *err)
{
  struct rule *r = self;

  r->busy = false;
  if (err)
    dh_log(DH_ERROR, NULL, "%s, \"%s\": its cases cannot be taken in: %s%s%s", r->q->name, r->s.text,
           err->text, *err->advice ? "; " : "", err->advice);
  if (!r->all->s->stopping)
    submit_slot(r, &r->taking, err ? DH_SLOT_MISSED : DH_SLOT_TAKEN, dh_wall_ms() / 1000);
}

static void take_in(struct rule *r, const struct dh_schedule_step *step)
{
  struct dh_err err;

  r->taking = *step;
  r->taking.fire = false; /* the slot itself is no case */
  r->busy = true;
  if (dh_sup_intake_take(r->all->s, r->robot, taken, r, &err))
    taken(r, &err);
}

/* The slot, or (without one that is fired) the mark that has moved. */
static void submit_slot(struct rule *r, const struct dh_schedule_step *step, enum dh_slot_fate fate,
                        int64_t now)
{
  struct slot_job *j = job_for(r);
  const char *zone = *r->q->zone ? r->q->zone : r->s.zone_name;

  if (!j)
    return;
  if (step->slot.at) {
    dh_slot_text(&r->s, step->slot.at, j->key);
    dh_period_at(r->q->once_a, zone, step->slot.at * 1000, j->period);
  }
  j->slot.slot = step->slot.at * 1000;
  j->slot.from = r->decided_ms;
  j->slot.decided = step->decided * 1000;
  j->slot.next = next_ms(r, now);
  j->slot.fate = fate;
  if (step->fire)
    j->slot.c = &j->c;
  r->busy = true;
  dh_sup_submit(r->all->s, &j->job);
}

static void decide(struct rule *r)
{
  int64_t wall = dh_wall_ms(), now = wall / 1000;
  struct dh_schedule_mark mark = {r->since_ms / 1000, r->decided_ms / 1000};
  struct dh_schedule_step step;

  if (!r->open || r->busy || r->s.trigger || r->all->s->stopping)
    return;
  dh_schedule_step(&r->s, &mark, now, &step);
  r->wake_ms = step.fire ? INT64_MAX : step.wake == INT64_MAX ? INT64_MAX : step.wake * 1000;
  /* told to the store: what is fired or missed, a mark that was set back, the next slot. A mark that moves
   * over nothing is not worth a commit. */
  if (step.fire && *r->robot)
    take_in(r, &step);
  else if (step.fire || step.slot.at || mark.decided > now || r->told_ms != next_ms(r, now))
    submit_slot(r, &step, DH_SLOT_MISSED, now);
}

/* ---- what waits */

struct wait_job {
  struct dh_job job;
  struct dh_sup_schedules *all;
  size_t released, held;
  int added;
};

static int take_from_queue(struct dh_db *db, const struct rule *r, int *added, struct dh_err *err)
{
  struct dh_case_new c = {.queue = r->q->name,
                          .input = r->input.data,
                          .input_len = r->input.len,
                          .bundle = r->bundle,
                          .wants = r->wants};
  struct dh_slot_new s = {.queue = r->q->name, .rule = r->name, .overlap = r->s.overlap, .c = &c};
  enum dh_slot_fate fate;
  char period[16];
  int rc;

  dh_period_text(r->q->once_a, r->q->zone, period);
  c.period = period;
  rc = db->ops->queue_take(db, &s, r->s.watched, r->s.trigger == DH_TRIGGER_FINISHED, &fate, err);
  *added += fate == DH_SLOT_ADDED;
  return rc;
}

static int wait_work(struct dh_db *db, struct dh_job *job, struct dh_err *err)
{
  struct wait_job *j = (struct wait_job *)job;
  int rc = 0;

  for (struct rule *r = j->all->rules; !rc && r; r = r->next) {
    size_t released = 0, held = 0;

    if (r->s.trigger && r->open)
      rc = take_from_queue(db, r, &j->added, err);
    if (!rc)
      rc = db->ops->slot_release(db, r->q->name, &released, &held, err);
    j->released += released;
  }
  return rc;
}

static void wait_done(struct dh_job *job, int rc, const struct dh_err *err)
{
  struct wait_job *j = (struct wait_job *)job;
  struct dh_sup_schedules *a = j->all;

  if (rc && dh_sup_passing(a->s, err)) {
    dh_sup_job_done(a->s);
    j->released = 0;
    j->added = 0;
    dh_sup_submit(a->s, &j->job);
    return;
  }
  a->waiting = false;
  if (rc)
    dh_sup_fail(a->s, err);
  else if (j->released || j->added)
    dh_sup_wake(a->s);
  free(j);
  dh_sup_job_done(a->s);
}

void dh_sup_schedule_look(struct dh_supervisor *s)
{
  struct dh_sup_schedules *a = s->schedules;
  struct wait_job *j;

  if (!a || !a->rules || !s->stirred || a->waiting || s->stopping)
    return;
  j = calloc(1, sizeof *j);
  if (!j)
    return; /* the next end of a case looks again */
  j->job = (struct dh_job){.work = wait_work, .done = wait_done, .urgent = true};
  j->all = a;
  s->stirred = false;
  a->waiting = true;
  dh_sup_submit(s, &j->job);
}

/* ---- beginning and end */

static int take_rule(struct dh_sup_schedules *a, struct dh_sup_queue *q, const struct dh_val *v,
                     const char *bundle, int wants, const char *robot, struct dh_err *err)
{
  const struct dh_val *input = dh_val_get(v, "input");
  struct rule *r = calloc(1, sizeof *r), **at = &a->rules;
  int rc = r ? dh_schedule_take(v, NULL, &r->s, err) : dh_err_set(err, DH_ENOMEM, "no memory for a schedule");

  if (rc) {
    free(r);
    return rc;
  }
  dh_schedule_rule(&r->s, r->name);
  dh_buf_init(&r->input, DH_DATA_MAX);
  if (input && input->type == DH_BYTES)
    dh_buf_put(&r->input, input->s, input->n);
  snprintf(r->bundle, sizeof r->bundle, "%s", bundle);
  snprintf(r->robot, sizeof r->robot, "%s", robot);
  r->all = a;
  r->q = q;
  r->wants = wants;
  r->told_ms = -1;
  r->wake_ms = INT64_MAX;
  while (*at)
    at = &(*at)->next;
  *at = r;
  return 0;
}

static bool known(const struct dh_sup_schedules *a, const struct dh_sup_queue *q)
{
  for (const struct rule *r = a->rules; r; r = r->next)
    if (r->q == q)
      return true;
  return false;
}

int dh_sup_schedule_take(struct dh_supervisor *s, struct dh_sup_queue *q, const char *robot,
                         const struct dh_val *v, struct dh_err *err)
{
  const struct dh_val *rules = dh_val_get(v, "schedules");
  struct dh_sup_schedules *a = s->schedules;
  char hash[DH_SHA256_HEX];
  int rc = 0;

  if (!rules || rules->type != DH_LIST || !rules->n || (a && known(a, q)))
    return 0; /* none, or the robot is only read again */
  if (!a && !(a = s->schedules = calloc(1, sizeof *a)))
    return dh_err_set(err, DH_ENOMEM, "no memory for schedules");
  a->s = s;
  if (!a->timer)
    rc = dh_wall_open(&s->loop, fired, a, &a->timer, err);
  dh_val_text(v, "hash", hash, sizeof hash);
  for (size_t i = 0; !rc && i < rules->n; i++)
    rc = take_rule(a, q, &rules->items[i], hash, (int)dh_val_int(v, "wants", 0),
                   dh_val_bool(v, "from", false) ? robot : "", err);
  return rc;
}

/* Not before its version is in the store, where the cases want it. */
void dh_sup_schedule_begin(struct dh_supervisor *s)
{
  for (struct rule *r = s->schedules ? s->schedules->rules : NULL; r; r = r->next) {
    struct slot_job *j = r->open || r->busy ? NULL : job_for(r);

    if (!j)
      continue;
    j->opens = true;
    r->busy = true;
    dh_sup_submit(s, &j->job);
  }
}

void dh_sup_schedule_close(struct dh_supervisor *s)
{
  struct dh_sup_schedules *a = s->schedules;

  if (!a)
    return;
  dh_wall_close(&a->timer);
  while (a->rules) {
    struct rule *r = a->rules;

    a->rules = r->next;
    dh_schedule_fini(&r->s);
    dh_buf_fini(&r->input);
    free(r);
  }
  free(a);
  s->schedules = NULL;
}
