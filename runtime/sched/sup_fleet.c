/* sup_fleet.c - the supervisor as one of several hosts that share a store. Its leases hold while the database
 * hears of it. When they are about to end, everything that acts under them is ended first, so that whoever
 * takes the runs up is alone; then it joins again and goes on. */
#include "sup.h"
#include "../base/clock.h"
#include "../base/log.h"

#include <stdlib.h>

enum { AGAIN_MS = 1000 };

void dh_sup_stirred(void *self, const char *queue)
{
  struct dh_supervisor *s = self;

  if (s->stopping)
    return;
  if (*queue) /* a robot that was not named to serve is served as soon as somebody gives it a case */
    dh_sup_queue_add(s, queue);
  else /* the last case of a period may have been a dead host's */
    s->unsettled = true;
  s->stirred = true; /* what waits for another case may wait no more */
  dh_sup_wake(s);
  dh_sup_look(s);
}

bool dh_sup_passing(const struct dh_supervisor *s, const struct dh_err *err)
{
  return dh_store_join(s->store) && !s->stopping && (err->code == DH_EUNAVAILABLE || err->code == DH_EAGAIN);
}

struct join_job {
  struct dh_job job;
  struct dh_supervisor *s;
  const struct dh_join *join;
};

static int join_work(struct dh_db *db, struct dh_job *job, struct dh_err *err)
{
  return db->ops->join(db, ((struct join_job *)job)->join, err);
}

static void joined(struct dh_job *job, int rc, const struct dh_err *err)
{
  struct join_job *j = (struct join_job *)job;
  struct dh_supervisor *s = j->s;

  free(j);
  s->joining = false;
  if (rc && dh_sup_passing(s, err)) {
    dh_log(DH_WARN, NULL, "this host cannot join its fleet yet: %s", err->text);
  } else if (rc) {
    dh_sup_fail(s, err);
  } else {
    s->fenced = false;
    dh_log(DH_WARN, NULL, "this host has joined the fleet again");
    dh_sup_wake(s);
  }
  dh_sup_job_done(s);
}

/* Everything that could still touch a bank's screen dies with its worker, or with the pool. */
static int end_all(struct dh_supervisor *s, struct dh_err *err)
{
  struct dh_pool_options o = {
      .loop = &s->loop, .conf = s->o.conf, .launcher = dh_sup_launcher, .self = s, .warm = true};

  while (s->workers)
    dh_sup_worker_close(s->workers);
  while (s->runs)
    dh_sup_run_remove(s, s->runs);
  dh_pool_close(&s->pool);
  return dh_pool_open(&o, &s->pool, err);
}

static void submit_join(struct dh_supervisor *s, const struct dh_join *join)
{
  struct join_job *j = calloc(1, sizeof *j);

  if (!j)
    return; /* the next look asks again */
  s->joining = true;
  j->job = (struct dh_job){.work = join_work, .done = joined, .urgent = true};
  j->s = s;
  j->join = join;
  dh_sup_submit(s, &j->job);
}

void dh_sup_fence(struct dh_supervisor *s)
{
  const struct dh_join *join = dh_store_join(s->store);
  struct dh_err err;

  if (!join || s->stopping)
    return;
  /* a quarter of the time is left for the children to be gone */
  if (!s->fenced && dh_mono_ms() >= dh_store_lease_end(s->store) - join->lease_ms / 4) {
    s->fenced = true;
    dh_log(DH_ERROR, NULL,
           "the leases of this host end: its workers are ended before others take their runs");
    if (end_all(s, &err))
      dh_sup_fail(s, &err);
  }
  if (s->fenced && !s->joining)
    submit_join(s, join);
}
