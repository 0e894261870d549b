/* sup_death.c - what becomes of runs whose worker has died, or that a worker gave back. A death is charged to
 * the run that was on the CPU, and only if the worker died of its own doing: a signal of its own, its memory,
 * its deadline. */
#include "sup.h"
#include "../base/clock.h"
#include "../base/log.h"
#include "../host/run.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUICK_MS = 1000, LOST_MS = 1000, BACK_OFF_MS = 100, BACK_OFF_MAX_MS = 5000, QUICK_MOST = 10 };

struct release_job {
  struct dh_job job;
  struct dh_supervisor *s;
  size_t n;
  char (*runs)[DH_RUN_ID];
  int64_t *fences;
  char charged[DH_RUN_ID], why[200];
  bool fail; /* the charged run has failed, rather than crashed */
  struct dh_err error;
  int attempt;
};

static int append_failed(struct dh_db *db, const struct release_job *j, int64_t fence, struct dh_err *err)
{
  struct dh_record r = {.kind = DH_REC_FAILED, .attempt = j->attempt, .at = dh_wall_ms()};
  struct dh_buf data;
  int rc;

  dh_buf_init(&data, 16 << 10);
  rc = dh_put_map(&data, 1);
  if (!rc)
    rc = dh_put_text(&data, "error");
  if (!rc)
    rc = dh_put_err(&data, &j->error);
  memcpy(r.run, j->charged, sizeof r.run);
  snprintf(r.where, sizeof r.where, "%s", j->error.where);
  r.data = data.data;
  r.len = data.len;
  rc = rc ? dh_err_set(err, rc, "no memory for a record") : db->ops->append(db, &r, fence, NULL, err);
  dh_buf_fini(&data);
  return rc == DH_EREFUSED ? 0 : rc;
}

static int release_work(struct dh_db *db, struct dh_job *job, struct dh_err *err)
{
  struct release_job *j = (struct release_job *)job;
  int rc = 0;

  for (size_t i = 0; !rc && i < j->n; i++) {
    bool charged = strcmp(j->runs[i], j->charged) == 0;
    size_t released;

    if (charged && j->fail) {
      rc = append_failed(db, j, j->fences[i], err);
    } else if (charged) {
      /* a lease of its own name, so that the charge meets this run alone */
      rc = db->ops->hand_over(db, j->runs[i], j->fences[i], j->charged, err);
      if (!rc)
        rc = db->ops->release(db, j->charged, j->charged, j->why, &released, err);
      rc = rc == DH_EREFUSED ? 0 : rc;
    } else {
      rc = db->ops->release_run(db, j->runs[i], j->fences[i], err);
    }
  }
  return rc;
}

static void release_done(struct dh_job *job, int rc, const struct dh_err *err)
{
  struct release_job *j = (struct release_job *)job;
  struct dh_supervisor *s = j->s;

  if (rc && dh_sup_passing(s, err)) {
    dh_sup_job_done(s);
    dh_sup_submit(s, &j->job); /* it waits for the database */
    return;
  }
  if (rc)
    dh_sup_fail(s, err);
  free(j->runs);
  free(j->fences);
  free(j);
  dh_sup_wake(s);
  dh_sup_job_done(s);
}

static struct release_job *release_new(struct dh_supervisor *s, size_t room)
{
  struct release_job *j = calloc(1, sizeof *j);

  if (j) {
    j->job = (struct dh_job){.work = release_work, .done = release_done, .urgent = true};
    j->s = s;
    j->runs = calloc(room + 1, sizeof *j->runs);
    j->fences = calloc(room + 1, sizeof *j->fences);
  }
  if (!j || !j->runs || !j->fences) {
    struct dh_err err;

    dh_err_set(&err, DH_ENOMEM, "no memory to release runs");
    dh_sup_fail(s, &err); /* the next supervisor releases what is claimed */
    return NULL;
  }
  return j;
}

static void add(struct release_job *j, const struct dh_sup_run *r)
{
  memcpy(j->runs[j->n], r->claim.run, DH_RUN_ID);
  j->fences[j->n++] = r->claim.fence;
}

/* Did it die of its own doing? why gets a text for the case. */
static bool own_doing(int status, char *why, size_t size)
{
  static const int own[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGSYS, SIGTRAP, SIGXCPU, SIGXFSZ};

  snprintf(why, size, "its worker ended with exit code %d", status);
  for (size_t i = 0; i < sizeof own / sizeof *own; i++)
    if (status == 128 + own[i]) {
      snprintf(why, size, "its worker died of %s", strsignal(own[i]));
      return true;
    }
  return status > 0 && status < 128;
}

static void time_error(const struct dh_sup_worker *w, struct dh_err *err)
{
  int64_t slice = dh_conf_time_ms(w->s->o.conf, "limit.slice", 10000);

  dh_err_set(err, DH_ETIME, "time: the robot kept its worker for more than %lld s without a wait",
             (long long)(slice / 1000));
  dh_err_advice(err, "look for a loop that does not end, or a text pattern that cannot");
  err->retryable = false;
}

/* Who is to blame: the run that was on the CPU, or nobody. */
static void blame(struct release_job *j, struct dh_sup_worker *w, int status)
{
  struct dh_sup_run *r;
  char run[DH_RUN_ID];

  memcpy(run, (const void *)w->page->run, sizeof run);
  run[sizeof run - 1] = '\0';
  if (*w->killed_run)
    memcpy(run, w->killed_run, sizeof run);
  r = *run ? dh_sup_run_find(w->s, run) : NULL;
  if (!r || r->worker != w || (!*w->killed_run && !own_doing(status, j->why, sizeof j->why)))
    return;
  memcpy(j->charged, run, sizeof run);
  j->attempt = r->claim.attempt;
  if (*w->killed_run) {
    time_error(w, &j->error);
    snprintf(j->why, sizeof j->why, "%s", j->error.text);
    j->fail = !r->open_effects; /* with an effect begun its proof must be asked: that is a crash */
  }
}

void dh_sup_death(struct dh_sup_worker *w, int status)
{
  struct dh_supervisor *s = w->s;
  struct release_job *j = release_new(s, (size_t)w->nruns);

  if (!j)
    return;
  blame(j, w, status);
  dh_log(w->nruns ? DH_WARN : DH_INFO, *j->charged ? j->charged : NULL,
         "worker %s has ended (%s %d) with %d runs%s", w->name, status >= 128 ? "signal" : "exit code",
         status >= 128 ? status - 128 : status, w->nruns, *j->charged ? "; this one was on the CPU" : "");
  if (!w->useful && dh_mono_ms() - w->started_ms < QUICK_MS)
    s->quick_deaths++;
  for (struct dh_sup_run *r = s->runs, *next; r; r = next) {
    next = r->next;
    if (r->worker != w)
      continue;
    add(j, r);
    if (j->fail && strcmp(r->claim.run, j->charged) == 0)
      dh_sup_tell_end(s, r, DH_RUN_FAILED, &j->error);
    dh_sup_run_remove(s, r);
  }
  dh_pool_forget(s->pool, w->name);
  dh_sup_worker_close(w);
  dh_sup_submit(s, &j->job);
  if (s->quick_deaths >= QUICK_MOST) {
    struct dh_err err;

    dh_err_set(&err, DH_EIO, "workers end as soon as they begin (%d times)", s->quick_deaths);
    dh_err_advice(&err, "their last words are in the log above; see: deskhand doctor");
    dh_sup_fail(s, &err);
  } else if (s->quick_deaths) {
    int64_t ms = (int64_t)BACK_OFF_MS << (s->quick_deaths < 6 ? s->quick_deaths : 6);

    dh_sup_look_later(s, ms < BACK_OFF_MAX_MS ? ms : BACK_OFF_MAX_MS);
  }
}

void dh_sup_lost(struct dh_supervisor *s, struct dh_sup_run *r, const struct dh_err *failed)
{
  struct release_job *j = release_new(s, 1);

  if (!j)
    return;
  add(j, r);
  if (failed) {
    memcpy(j->charged, r->claim.run, DH_RUN_ID);
    j->attempt = r->claim.attempt;
    j->fail = true;
    j->error = *failed;
  }
  dh_sup_run_remove(s, r);
  dh_sup_submit(s, &j->job);
  if (!failed)
    dh_sup_look_later(s, LOST_MS); /* what made it lose the run may last: a full disk */
}
