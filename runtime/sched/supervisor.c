/* supervisor.c - the life of `deskhand serve`: opens everything in order, looks for work whenever something
 * has changed, ends. The parts are in sup_*.c. */
#include "sup.h"
#include "../base/clock.h"
#include "../base/log.h"
#include "takeover.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { WATCH_MS = 250, DRAW_MS = 250 };

void dh_sup_fail(struct dh_supervisor *s, const struct dh_err *err)
{
  if (s->stopping)
    return;
  s->failed = *err;
  s->stopping = true;
  dh_loop_stop(&s->loop);
}

void dh_sup_submit(struct dh_supervisor *s, struct dh_job *job)
{
  s->jobs++;
  dh_store_submit(s->store, job);
}

void dh_sup_job_done(struct dh_supervisor *s)
{
  s->jobs--;
  if (s->stopping)
    dh_loop_stop(&s->loop);
  else if (s->draining)
    dh_sup_drain_look(s);
  else
    dh_sup_look(s);
}

static void launcher_gone(void *self, const struct dh_err *err)
{
  dh_sup_fail(self, err);
}

struct dh_launcher *dh_sup_launcher(void *self, struct dh_err *err)
{
  struct dh_supervisor *s = self;

  if (!s->launcher)
    dh_err_set(err, DH_ECLOSED, "there is no launcher");
  return s->launcher;
}

/* ---- looking for work */

struct due_job {
  struct dh_job job;
  struct dh_supervisor *s;
  int64_t at;
  struct dh_sup_names *names;
};

static int due_work(struct dh_db *db, struct dh_job *job, struct dh_err *err)
{
  struct due_job *j = (struct due_job *)job;

  return j->names->n ? db->ops->next_due(db, j->names->v, j->names->n, &j->at, err) : 0;
}

bool dh_sup_dry(const struct dh_supervisor *s)
{
  for (const struct dh_sup_queue *q = s->queues; q; q = q->next)
    if (!q->dry || q->claiming)
      return false;
  return true;
}

static bool nothing_runs(const struct dh_supervisor *s)
{
  return !s->runs && !s->fenced && !dh_sup_intake_busy(s) && s->jobs == 0 && dh_sup_dry(s) &&
         !dh_sup_finish_busy(s);
}

static void due_now(uv_timer_t *t)
{
  struct dh_supervisor *s = t->data;

  dh_sup_wake(s);
  dh_sup_look(s);
}

static void due_done(struct dh_job *job, int rc, const struct dh_err *err)
{
  struct due_job *j = (struct due_job *)job;
  struct dh_supervisor *s = j->s;
  int64_t at = j->at, now = dh_wall_ms();

  s->asked_due = false;
  s->jobs--;
  free(j->names);
  free(j);
  if (rc && dh_sup_passing(s, err)) {
    dh_sup_look(s);
  } else if (rc) {
    dh_sup_fail(s, err);
  } else if (s->stopping) {
    dh_loop_stop(&s->loop);
  } else if (at) {
    uv_update_time(&s->loop.uv);
    uv_timer_start(&s->due, due_now, at > now ? (uint64_t)(at - now) + 1 : 1, 0);
  } else if (s->o.until_idle && nothing_runs(s)) {
    s->stopping = true;
    dh_loop_stop(&s->loop);
  }
}

/* When nothing is due in any queue: when will something be? Asked once for each time that something has
 * changed. */
static void ask_due(struct dh_supervisor *s)
{
  struct due_job *j;

  if (s->asked_due || !dh_sup_dry(s) || uv_is_active((uv_handle_t *)&s->due))
    return;
  j = calloc(1, sizeof *j);
  if (!j || !(j->names = dh_sup_names(s))) {
    free(j);
    return;
  }
  j->job = (struct dh_job){.work = due_work, .done = due_done, .urgent = true};
  j->s = s;
  s->asked_due = true;
  dh_sup_submit(s, &j->job);
}

void dh_sup_look(struct dh_supervisor *s)
{
  if (s->draining)
    dh_sup_drain_look(s);
  if (s->stopping || s->draining)
    return;
  uv_timer_stop(&s->due);
  dh_sup_schedule_look(s);
  dh_sup_dispatch(s);
  dh_sup_finish_look(s);
  ask_due(s);
}

static void look_again(uv_timer_t *t)
{
  struct dh_supervisor *s = t->data;

  dh_sup_wake(s);
  dh_sup_look(s);
}

void dh_sup_look_later(struct dh_supervisor *s, int64_t ms)
{
  uv_update_time(&s->loop.uv);
  uv_timer_start(&s->again, look_again, (uint64_t)ms, 0);
}

static void watch(uv_timer_t *t)
{
  dh_sup_fence(t->data);
  dh_sup_workers_watch(t->data);
}

static void redraw(uv_timer_t *t)
{
  dh_sup_tell_draw(t->data);
}

static void on_signal(uv_signal_t *h, int number)
{
  struct dh_supervisor *s = h->data;

  s->signal = number;
  s->stopping = true;
  dh_loop_stop(&s->loop);
}

/* ---- beginning */

static int release_all(struct dh_db *db, struct dh_job *job, struct dh_err *err)
{
  size_t released;

  (void)job;
  return db->ops->release(db, NULL, NULL, NULL, &released, err);
}

struct first_job {
  struct dh_job job;
  struct dh_supervisor *s;
};

static void released(struct dh_job *job, int rc, const struct dh_err *err)
{
  struct dh_supervisor *s = ((struct first_job *)job)->s;
  struct dh_err why;

  free(job);
  if (rc)
    dh_sup_fail(s, err);
  else
    dh_sup_breaker_try(&s->breaker); /* what an earlier supervisor held */
  for (int i = 0; !rc && i < s->o.nrobots; i++)
    if ((rc = dh_sup_intake_start(s, s->o.robots[i], &why)))
      dh_sup_fail(s, &why);
  dh_sup_job_done(s);
}

static int submit_first(struct dh_supervisor *s, struct dh_err *err)
{
  struct first_job *j = calloc(1, sizeof *j);

  if (!j)
    return dh_err_set(err, DH_ENOMEM, "no memory for a supervisor");
  j->job = (struct dh_job){.work = release_all, .done = released, .urgent = true};
  j->s = s;
  dh_sup_submit(s, &j->job);
  return 0;
}

static void open_timers(struct dh_supervisor *s)
{
  static const int numbers[] = {SIGTERM, SIGINT};
  uv_timer_t *timers[] = {&s->due,     &s->watch, &s->again,  &s->redraw,
                          &s->unblock, &s->turn,  &s->reread, &s->breaker};

  for (size_t i = 0; i < sizeof timers / sizeof *timers; i++) {
    uv_timer_init(&s->loop.uv, timers[i]);
    timers[i]->data = s;
  }
  for (int i = 0; i < 2; i++) {
    uv_signal_init(&s->loop.uv, &s->signals[i]);
    s->signals[i].data = s;
    uv_signal_start(&s->signals[i], on_signal, numbers[i]);
  }
  uv_timer_start(&s->watch, watch, WATCH_MS, WATCH_MS);
  dh_sup_tell_open(s);
  if (s->tty)
    uv_timer_start(&s->redraw, redraw, DRAW_MS, DRAW_MS);
}

static int open_all(struct dh_supervisor *s, const char *url, struct dh_err *err)
{
  struct dh_store_options so = {.url = url,
                                .mode = DH_STORE_WRITE,
                                .loop = &s->loop,
                                .who = "deskhand serve",
                                .stir = dh_sup_stirred,
                                .self = s};
  struct dh_pool_options po = {
      .loop = &s->loop, .conf = s->o.conf, .launcher = dh_sup_launcher, .self = s, .warm = true};
  int rc;

  dh_store_conf(s->o.conf, &so);
  rc = dh_takeover_open(&so, &s->store, err);

  prctl(PR_SET_CHILD_SUBREAPER, 1);
  if (!rc)
    rc = dh_launcher_open(&s->loop, dh_store_lock_fd(s->store), launcher_gone, s, &s->launcher, err);
  if (!rc)
    rc = dh_pool_open(&po, &s->pool, err);
  if (!rc && !dh_store_join(s->store)) /* commands write into a shared store by themselves */
    rc = dh_sup_control_open(s, url, err);
  if (!rc)
    rc = submit_first(s, err);
  return rc;
}

/* ---- ending */

/* Runs are left as they are: their journal stands, and the next supervisor takes them up again. */
static void close_all(struct dh_supervisor *s)
{
  dh_sup_intake_close(s);
  dh_sup_finish_close(s);
  while (s->workers)
    dh_sup_worker_close(s->workers);
  dh_pool_close(&s->pool);
  dh_launcher_close(&s->launcher);
  while (s->jobs && s->store)
    dh_loop_run(&s->loop);
  dh_sup_control_close(s);
  dh_sup_schedule_close(s);
  while (s->runs)
    dh_sup_run_remove(s, s->runs);
}

static void free_all(struct dh_supervisor *s)
{
  dh_store_close(&s->store);
  for (int i = 0; i < 2; i++)
    uv_close((uv_handle_t *)&s->signals[i], NULL);
  uv_close((uv_handle_t *)&s->due, NULL);
  uv_close((uv_handle_t *)&s->watch, NULL);
  uv_close((uv_handle_t *)&s->again, NULL);
  uv_close((uv_handle_t *)&s->redraw, NULL);
  uv_close((uv_handle_t *)&s->unblock, NULL);
  uv_close((uv_handle_t *)&s->turn, NULL);
  uv_close((uv_handle_t *)&s->reread, NULL);
  uv_close((uv_handle_t *)&s->breaker, NULL);
  dh_loop_close(&s->loop);
  while (s->queues) {
    struct dh_sup_queue *q = s->queues;

    s->queues = q->next;
    free(q);
  }
  dh_versions_free(&s->versions);
  free(s);
}

int dh_serve(const struct dh_serve_options *o, int *status, struct dh_err *err)
{
  struct dh_supervisor *s = calloc(1, sizeof *s);
  char url[DH_PATH * 2];
  int rc;

  if (!s)
    return dh_err_set(err, DH_ENOMEM, "no memory for a supervisor");
  s->o = *o;
  s->most_workers = (int)dh_conf_int(o->conf, "workers", sysconf(_SC_NPROCESSORS_ONLN));
  if (s->most_workers < 1)
    s->most_workers = 1;
  rc = dh_loop_open(&s->loop, err);
  if (rc) {
    free(s);
    return rc;
  }
  open_timers(s);
  rc = open_all(s, dh_store_url(o->conf, url, sizeof url), err);
  while (!rc && !s->stopping)
    dh_loop_run(&s->loop);
  s->stopping = true;
  close_all(s);
  if (!rc)
    dh_sup_tell_last(s);
  *status = s->draining && !s->signal                             ? 0
            : s->signal == SIGINT || (s->signal && o->until_idle) ? 130
                                                                  : dh_sup_status(s);
  if (!rc && s->failed.code) {
    *err = s->failed;
    rc = err->code;
  }
  free_all(s);
  return rc;
}
