/* sup_stop.c - the end that a command asks for. At once: as by SIGTERM. Draining: no case is claimed, no run
 * begins an effect, effects that have begun are waited for; a worker without such a run is ended, and what is
 * then left is put back: it goes on from its journal at the next start. */
#include "sup.h"
#include "../base/log.h"

#include <stdlib.h>
#include <string.h>

/* The last record of a run that is finishing is on its way to the disk. */
static bool waited_for(const struct dh_sup_run *r)
{
  return r->worker && !r->put_back && (r->finishing || r->open_effects);
}

int dh_sup_open_effects(const struct dh_supervisor *s)
{
  int n = 0;

  for (const struct dh_sup_run *r = s->runs; r; r = r->next)
    n += waited_for(r);
  return n;
}

bool dh_sup_drain_takes(struct dh_sup_run *r, int64_t kind)
{
  /* An effect beside another that has begun is let through: to refuse it would end the run, and with it the
   * one that has begun. Behind a refused record nothing is taken: its stream must not have holes. */
  if (kind == DH_REC_INTENT && !r->open_effects)
    r->put_back = true;
  return !r->put_back;
}

/* ---- putting back */

struct put_back_job {
  struct dh_job job;
  struct dh_supervisor *s;
  size_t n;
  struct {
    char run[DH_RUN_ID];
    int64_t fence;
  } runs[];
};

static int put_back_work(struct dh_db *db, struct dh_job *job, struct dh_err *err)
{
  struct put_back_job *j = (struct put_back_job *)job;
  int rc = 0;

  for (size_t i = 0; !rc && i < j->n; i++)
    rc = db->ops->release_run(db, j->runs[i].run, j->runs[i].fence, err);
  return rc;
}

static void put_back_done(struct dh_job *job, int rc, const struct dh_err *err)
{
  struct dh_supervisor *s = ((struct put_back_job *)job)->s;

  free(job);
  if (rc) /* they are leased still; the next supervisor releases them */
    dh_log(DH_ERROR, NULL, "runs cannot be put back: %s", err->text);
  dh_sup_job_done(s);
}

/* False: there is nothing to put back. */
static bool put_back(struct dh_supervisor *s)
{
  struct put_back_job *j;
  size_t n = 0;

  for (const struct dh_sup_run *r = s->runs; r; r = r->next)
    n++;
  if (!n || !(j = calloc(1, sizeof *j + n * sizeof *j->runs)))
    return false;
  j->job = (struct dh_job){.work = put_back_work, .done = put_back_done, .urgent = true};
  j->s = s;
  while (s->runs) {
    memcpy(j->runs[j->n].run, s->runs->claim.run, DH_RUN_ID);
    j->runs[j->n++].fence = s->runs->claim.fence;
    dh_sup_run_remove(s, s->runs);
  }
  dh_sup_submit(s, &j->job);
  return true;
}

/* ---- draining */

static bool wanted(const struct dh_supervisor *s, const struct dh_sup_worker *w)
{
  for (const struct dh_sup_run *r = s->runs; r; r = r->next)
    if (r->worker == w && waited_for(r))
      return true;
  return false;
}

static void drain(uv_timer_t *t)
{
  struct dh_supervisor *s = t->data;

  if (s->stopping)
    return;
  for (struct dh_sup_worker *w = s->workers, *next; w; w = next) {
    next = w->next;
    if (!wanted(s, w))
      dh_sup_worker_close(w);
  }
  if (s->workers || s->jobs || put_back(s))
    return;
  s->stopping = true;
  dh_loop_stop(&s->loop);
}

void dh_sup_drain_look(struct dh_supervisor *s)
{
  /* in a turn of its own: whoever says that something has changed may be the worker that is to be closed */
  uv_timer_start(&s->again, drain, 0, 0);
}

void dh_sup_stop(struct dh_supervisor *s, bool draining)
{
  if (!draining) {
    s->draining = false;
    s->stopping = true;
    dh_loop_stop(&s->loop);
    return;
  }
  if (!s->draining)
    dh_log(DH_INFO, NULL, "it is told to end: nothing new begins, %d effects are waited for",
           dh_sup_open_effects(s));
  s->draining = true;
  uv_timer_stop(&s->due);
  dh_sup_drain_look(s);
}
