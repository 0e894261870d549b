/* sup_dispatch.c - which cases are claimed and which worker gets them. Claims are made queue by queue, as
 * many as the queue may have running; a young robot version gets few, in workers of its own. */
#include "sup.h"
#include "../base/clock.h"
#include "../base/log.h"

#include <stdlib.h>
#include <string.h>

enum { YOUNG_RUNS = 8, AGAIN_MS = 1000 };

struct claim_job {
  struct dh_job job;
  struct dh_supervisor *s;
  struct dh_sup_queue *q;
  char queue[64];
  size_t wanted;
  struct dh_claiming claiming;
};

struct dh_sup_queue *dh_sup_queue_find(struct dh_supervisor *s, const char *name)
{
  struct dh_sup_queue *q = s->queues;

  while (q && strcmp(q->name, name))
    q = q->next;
  return q;
}

struct dh_sup_queue *dh_sup_queue_add(struct dh_supervisor *s, const char *name)
{
  struct dh_sup_queue *q = dh_sup_queue_find(s, name), **at = &s->queues;

  if (q || !(q = calloc(1, sizeof *q)))
    return q;
  snprintf(q->name, sizeof q->name, "%s", name);
  while (*at)
    at = &(*at)->next;
  return *at = q;
}

struct dh_sup_names *dh_sup_names(const struct dh_supervisor *s)
{
  struct dh_sup_names *names;
  size_t n = 0;
  char *text;

  for (const struct dh_sup_queue *q = s->queues; q; q = q->next)
    n++;
  names = calloc(1, sizeof *names + n * (sizeof *names->v + sizeof s->queues->name));
  if (!names)
    return NULL;
  text = (char *)(names->v + n);
  for (const struct dh_sup_queue *q = s->queues; q; q = q->next, text += sizeof q->name) {
    memcpy(text, q->name, sizeof q->name);
    names->v[names->n++] = text;
  }
  return names;
}

struct dh_sup_run *dh_sup_run_find(struct dh_supervisor *s, const char *run)
{
  struct dh_sup_run *r = s->runs;

  while (r && strcmp(r->claim.run, run))
    r = r->next;
  return r;
}

void dh_sup_run_finishing(struct dh_sup_run *r)
{
  if (r->finishing)
    return;
  r->finishing = true;
  r->queue->running--;
  r->queue->dry = false;
}

void dh_sup_run_remove(struct dh_supervisor *s, struct dh_sup_run *r)
{
  for (struct dh_sup_run **at = &s->runs; *at; at = &(*at)->next)
    if (*at == r) {
      *at = r->next;
      break;
    }
  dh_sup_run_finishing(r);
  if (r->worker)
    r->worker->nruns--;
  dh_claim_fini(&r->claim);
  free(r);
}

void dh_sup_wake(struct dh_supervisor *s)
{
  s->unsettled = s->stirred = true;
  for (struct dh_sup_queue *q = s->queues; q; q = q->next)
    q->dry = false;
}

/* ---- placing */

static void label_of(const struct dh_sup_run *r, char out[80])
{
  if (r->claim.charges)
    snprintf(out, 80, "r %s", r->claim.run);
  else if (r->queue->apart || r->claim.bundle_finished < SUP_YOUNG)
    snprintf(out, 80, "b %s", r->claim.bundle);
  else
    *out = '\0';
}

/* The least busy worker of this label; one without runs may take any. */
static struct dh_sup_worker *choose(struct dh_supervisor *s, const char *label, int *count)
{
  int most = (int)dh_conf_int(s->o.conf, "limit.runs", 256);
  struct dh_sup_worker *best = NULL;

  *count = 0;
  for (struct dh_sup_worker *w = s->workers; w; w = w->next) {
    ++*count;
    if (!w->peer || *w->killed_run || w->nruns >= most || (w->nruns && strcmp(w->label, label)))
      continue;
    if (!best || w->nruns < best->nruns)
      best = w;
  }
  return best;
}

static bool place(struct dh_supervisor *s, struct dh_sup_run *r)
{
  struct dh_sup_worker *w;
  struct dh_err err;
  char label[80];
  int count;

  label_of(r, label);
  w = choose(s, label, &count);
  /* young and dangerous ones may have workers beyond the cores: they must not keep others waiting */
  if (!w && count < (*label ? 2 * s->most_workers + 2 : s->most_workers) &&
      !uv_is_active((uv_handle_t *)&s->again)) {
    w = dh_sup_worker_start(s, &err);
    if (!w)
      dh_sup_look_later(s, AGAIN_MS); /* else nothing would look again, when this is the only run */
  }
  if (!w)
    return false;
  snprintf(w->label, sizeof w->label, "%s", label);
  r->worker = w;
  w->nruns++;
  r->began_ms = dh_mono_ms();
  if (dh_sup_worker_give(w, r)) {
    dh_err_set(&err, DH_ENOMEM, "no memory to send a run to a worker");
    dh_sup_fail(s, &err);
  }
  return true;
}

void dh_sup_place(struct dh_supervisor *s)
{
  for (struct dh_sup_run *r = s->runs; r && !s->stopping && !s->draining; r = r->next)
    if (!r->worker && !r->finishing && !place(s, r))
      break; /* in order: whoever was claimed first gets the next worker */
}

/* ---- claiming */

static int claim_work(struct dh_db *db, struct dh_job *job, struct dh_err *err)
{
  struct claim_job *c = (struct claim_job *)job;
  const char *queue = c->queue;
  struct dh_claim_ask ask = {.worker = "supervisor", .queues = &queue, .nqueues = 1};

  return dh_claiming_work(&c->claiming, db, &ask, err);
}

static int count_open_effects(const struct dh_buf *journal)
{
  struct dh_val *v = NULL;
  struct dh_err err;
  int open = 0;

  if (dh_val_parse_buf(journal, &v, &err))
    return 0; /* the worker says what is wrong with it */
  for (size_t i = 0; v->type == DH_LIST && i < v->n; i++) {
    int64_t kind = dh_val_int(&v->items[i], "kind", 0);

    open += kind == DH_REC_INTENT;
    open -= kind == DH_REC_CONFIRM;
  }
  free(v);
  return open > 0 ? open : 0;
}

static struct dh_sup_run *add_run(struct dh_supervisor *s, struct dh_sup_queue *q,
                                  const struct dh_claim *claim)
{
  struct dh_sup_run *r = calloc(1, sizeof *r), **at = &s->runs;

  if (!r)
    return NULL;
  r->claim = *claim;
  r->queue = q;
  r->open_effects = count_open_effects(&claim->journal);
  q->running++;
  q->unfinished = claim->bundle_finished;
  while (*at)
    at = &(*at)->next;
  return *at = r;
}

static void claim_done(struct dh_job *job, int rc, const struct dh_err *err)
{
  struct claim_job *c = (struct claim_job *)job;
  struct dh_supervisor *s = c->s;
  struct dh_err why;

  c->q->claiming = false;
  dh_claiming_end(&c->claiming, &s->versions);
  if (c->claiming.n < c->wanted)
    c->q->dry = true;
  for (size_t i = 0; i < c->claiming.n; i++)
    if (rc || s->fenced || !add_run(s, c->q, &c->claiming.claims[i])) {
      dh_claim_fini(&c->claiming.claims[i]);
      if (!rc && !s->fenced)
        rc = dh_err_set(&why, DH_ENOMEM, "no memory for a run"), err = &why;
    }
  if (rc && dh_sup_passing(s, err)) {
    c->q->dry = false;
  } else if (rc) {
    dh_log(DH_ERROR, NULL, "no case can be claimed: %s", err->text);
    dh_sup_fail(s, err);
  }
  free(c);
  dh_sup_place(s);
  dh_sup_job_done(s);
}

/* How many more runs of this queue may begin. Runs that stand in line for a desk are enough of a line. */
static int room(struct dh_supervisor *s, const struct dh_sup_queue *q)
{
  int most = q->unfinished < SUP_YOUNG ? YOUNG_RUNS
                                       : s->most_workers * (int)dh_conf_int(s->o.conf, "limit.runs", 256);

  if (q->trial)
    return q->running ? 0 : 1;
  if (dh_pool_waiting(s->pool, "desk") >= s->most_workers)
    return 0;
  return most - q->running;
}

static void claim(struct dh_supervisor *s, struct dh_sup_queue *q, int n)
{
  struct claim_job *c = calloc(1, sizeof *c);

  if (!c)
    return; /* the next end or timer asks again */
  c->job = (struct dh_job){.work = claim_work, .done = claim_done, .urgent = true};
  c->s = s;
  c->q = q;
  memcpy(c->queue, q->name, sizeof c->queue);
  dh_claiming_begin(&c->claiming, s->versions, (size_t)n);
  c->wanted = c->claiming.n;
  q->claiming = true;
  dh_sup_submit(s, &c->job);
}

void dh_sup_dispatch(struct dh_supervisor *s)
{
  if (s->stopping || s->draining || s->fenced)
    return;
  dh_sup_place(s);
  for (struct dh_sup_queue *q = s->queues; q; q = q->next) {
    int n = q->dry || q->claiming ? 0 : room(s, q);

    if (n > 0)
      claim(s, q, n);
  }
}
