/* sup_breaker.c - circuit breakers: a queue whose cases fail one after the other because a service or a
 * screen does not answer is held, so that it is left in peace and others go on. The hold stands in the store
 * like a person's, its reason in the name of who did it; after a pause one case is tried. Owns what of the
 * queues is counted here. */
#include "sup.h"
#include "../base/clock.h"
#include "../base/log.h"
#include "../host/run.h"

#include <stdlib.h>
#include <string.h>

enum { PAUSE_MS = 300000 };

struct breaker_job {
  struct dh_job job;
  struct dh_supervisor *s;
  char queue[64], who[400];
  int64_t pause_ms, next; /* of those that are still held: when the first is tried */
  size_t n;
  char (*lifted)[64];
};

static int64_t pause_ms(const struct dh_supervisor *s)
{
  return dh_conf_time_ms(s->o.conf, "breaker.pause", PAUSE_MS);
}

static struct breaker_job *new_job(struct dh_supervisor *s)
{
  struct breaker_job *j = calloc(1, sizeof *j);

  if (!j)
    return NULL;
  j->job.urgent = true;
  j->s = s;
  j->pause_ms = pause_ms(s);
  return j;
}

static void arm(struct dh_supervisor *s, int64_t at)
{
  int64_t now = dh_wall_ms();

  uv_update_time(&s->loop.uv);
  uv_timer_start(&s->breaker, dh_sup_breaker_try, at > now ? (uint64_t)(at - now) : 0, 0);
}

/* ---- held */

static int trip_work(struct dh_db *db, struct dh_job *job, struct dh_err *err)
{
  struct breaker_job *j = (struct breaker_job *)job;
  struct dh_buf out;
  struct dh_val *holds = NULL;
  int rc;

  dh_buf_init(&out, 16 << 20);
  rc = db->ops->hold_list(db, &out, err);
  if (!rc)
    rc = dh_val_parse_buf(&out, &holds, err);
  if (!rc && !dh_hold_of(holds, j->queue)) /* a person's stays as it is */
    rc = db->ops->queue_hold(db, j->queue, DH_HOLD_PAUSED, j->who, err);
  free(holds);
  dh_buf_fini(&out);
  return rc;
}

static void trip_done(struct dh_job *job, int rc, const struct dh_err *err)
{
  struct breaker_job *j = (struct breaker_job *)job;
  struct dh_supervisor *s = j->s;

  if (rc)
    dh_log(DH_ERROR, NULL, "the queue %s should be held, and is not: %s", j->queue, err->text);
  else
    dh_log(DH_ERROR, NULL, "the queue %s is held by %s; a person should look (deskhand queue list %s)",
           j->queue, j->who, j->queue);
  if (!rc && !uv_is_active((uv_handle_t *)&s->breaker) && !s->stopping)
    arm(s, dh_wall_ms() + j->pause_ms);
  free(j);
  dh_sup_job_done(s);
}

static void trip(struct dh_supervisor *s, struct dh_sup_queue *q, const struct dh_err *err)
{
  struct breaker_job *j = new_job(s);
  char seconds[32];

  if (!j)
    return; /* the next failure asks again */
  snprintf(seconds, sizeof seconds, "%lld s", (long long)(j->pause_ms / 1000));
  snprintf(j->queue, sizeof j->queue, "%s", q->name);
  snprintf(j->who, sizeof j->who, DH_BREAKER "%d cases in a row failed: %.200s; one is tried after %s)",
           q->nfailed, err->text, seconds);
  j->job.work = trip_work;
  j->job.done = trip_done;
  q->nfailed = 0;
  q->trial = false;
  dh_sup_submit(s, &j->job);
}

/* ---- tried again */

static int lift(struct breaker_job *j, struct dh_db *db, const struct dh_val *h, struct dh_err *err)
{
  char *name = j->lifted[j->n++];

  return db->ops->queue_hold(db, dh_val_text(h, "queue", name, sizeof *j->lifted), DH_HOLD_NONE,
                             DH_BREAKER "one case is tried)", err);
}

static int try_work(struct dh_db *db, struct dh_job *job, struct dh_err *err)
{
  struct breaker_job *j = (struct breaker_job *)job;
  struct dh_buf out;
  struct dh_val *holds = NULL;
  int64_t now = dh_wall_ms();
  int rc;

  dh_buf_init(&out, 16 << 20);
  rc = db->ops->hold_list(db, &out, err);
  if (!rc)
    rc = dh_val_parse_buf(&out, &holds, err);
  if (!rc && !(j->lifted = calloc(holds->n + 1, sizeof *j->lifted)))
    rc = dh_err_set(err, DH_ENOMEM, "no memory to look at queues that are held");
  for (size_t i = 0; !rc && i < holds->n; i++) {
    const struct dh_val *h = &holds->items[i];
    int64_t at = dh_val_int(h, "since", 0) + j->pause_ms;

    if (!dh_hold_is_breaker(h))
      continue;
    if (at <= now)
      rc = lift(j, db, h, err);
    else if (!j->next || at < j->next)
      j->next = at;
  }
  free(holds);
  dh_buf_fini(&out);
  return rc;
}

static void try_done(struct dh_job *job, int rc, const struct dh_err *err)
{
  struct breaker_job *j = (struct breaker_job *)job;
  struct dh_supervisor *s = j->s;

  if (rc)
    dh_log(DH_ERROR, NULL, "queues that are held cannot be looked at: %s", err->text);
  for (size_t i = 0; !rc && i < j->n; i++) {
    struct dh_sup_queue *q = dh_sup_queue_find(s, j->lifted[i]);

    dh_log(DH_INFO, NULL, "the queue %s was held long enough: one case is tried", j->lifted[i]);
    if (q)
      q->trial = true;
  }
  if (!s->stopping && (rc || j->next))
    arm(s, rc ? dh_wall_ms() + j->pause_ms : j->next);
  free(j->lifted);
  free(j);
  dh_sup_wake(s);
  dh_sup_job_done(s);
}

void dh_sup_breaker_try(uv_timer_t *t)
{
  struct dh_supervisor *s = t->data;
  struct breaker_job *j = s->stopping ? NULL : new_job(s);

  if (!j)
    return;
  j->job.work = try_work;
  j->job.done = try_done;
  dh_sup_submit(s, &j->job);
}

/* ---- counting */

/* The fault of something outside, which the next case meets as well. */
static bool is_outside(int code)
{
  return code == DH_EUNAVAILABLE || code == DH_ETIME || code == DH_EAUTH || code == DH_ERATE ||
         code == DH_ECLOSED || code == DH_ESCHEMA;
}

/* One case that fails at every try is its own trouble. */
static bool is_counted(const struct dh_sup_queue *q, const char *run)
{
  for (int i = 0; i < q->nfailed; i++)
    if (strcmp(q->failed[i], run) == 0)
      return true;
  return false;
}

void dh_sup_breaker_ended(struct dh_supervisor *s, const struct dh_sup_run *r, int outcome,
                          const struct dh_err *err)
{
  struct dh_sup_queue *q = r->queue;
  int64_t most = dh_conf_int(s->o.conf, "breaker.failures", 5);

  if (outcome == DH_RUN_DONE || outcome == DH_RUN_REJECTED) {
    q->nfailed = 0;
    q->trial = false;
  }
  if (outcome != DH_RUN_FAILED || !err || !is_outside(err->code) || most < 1 || is_counted(q, r->claim.run))
    return;
  if (q->nfailed < SUP_FAILED_MAX)
    memcpy(q->failed[q->nfailed++], r->claim.run, sizeof *q->failed);
  if (q->trial || q->nfailed >= most || q->nfailed == SUP_FAILED_MAX)
    trip(s, q, err);
}
