/* local_claim.c - cases claimed and run in this process, until nothing is due and nothing runs. */
#include "local_state.h"
#include "../base/clock.h"

#include <stdlib.h>
#include <string.h>

enum { RUNS_MAX = 32 };

struct claim_job {
  struct dh_job job;
  struct dh_local *local;
  bool release;
  int (*first)(struct dh_db *db, void *self, struct dh_err *err);
  void *first_self;
  const char *queue;
  char *period, *key;
  struct dh_claiming claiming;
};

static int claim_work(struct dh_db *db, struct dh_job *job, struct dh_err *err)
{
  struct claim_job *c = (struct claim_job *)job;
  struct dh_claim_ask ask = {
      .worker = "run", .queues = &c->queue, .nqueues = 1, .period = c->period, .key = c->key};
  int rc = c->release ? dh_local_release_all(db, err) : 0;

  if (!rc && c->first)
    rc = c->first(db, c->first_self, err);
  return rc ? rc : dh_claiming_work(&c->claiming, db, &ask, err);
}

static void claim_more(struct dh_local *l);

static void maybe_stop(struct dh_local *l)
{
  if (!l->nruns && !l->claiming)
    dh_loop_stop(&l->loop);
}

void dh_local_run_remove(struct dh_local *l, struct dh_local_run *r)
{
  for (struct dh_local_run **at = &l->runs; *at; at = &(*at)->next)
    if (*at == r) {
      *at = r->next;
      break;
    }
  l->nruns--;
  dh_claim_fini(&r->claim);
  free(r);
}

void dh_local_run_ended(void *self, const struct dh_run_end *end)
{
  struct dh_local *l = self;
  struct dh_local_run *r = dh_local_run_find(l, end->run);
  struct dh_run_end told = *end;

  if (!r)
    return;
  if (end->outcome == DH_RUN_LOST && r->refused.code)
    told.err = &r->refused;
  if (l->o.event)
    l->o.event(l->o.self, &r->claim, &told);
  dh_local_run_remove(l, r);
  if (!l->key)
    claim_more(l);
  maybe_stop(l);
}

/* A run that could not even begin (its text is no Lua, its journal is damaged) has failed. */
static void begin_failed(struct dh_local *l, struct dh_local_run *r, const struct dh_err *err)
{
  struct dh_run_end end = {.run = r->claim.run, .outcome = DH_RUN_FAILED, .err = err};
  struct dh_record record = {.kind = DH_REC_FAILED, .attempt = r->claim.attempt, .at = dh_wall_ms()};
  struct dh_buf data;

  dh_buf_init(&data, 16 << 10);
  if (!dh_put_map(&data, 1) && !dh_put_text(&data, "error") && !dh_put_err(&data, err)) {
    memcpy(record.run, r->claim.run, sizeof record.run);
    record.data = data.data;
    record.len = data.len;
    l->port.ops->record(&l->port, &record, NULL, NULL);
  }
  dh_buf_fini(&data);
  dh_local_run_ended(l, &end);
}

static void begin(struct dh_local *l, struct dh_local_run *r)
{
  const struct dh_claim *c = &r->claim;
  const struct dh_buf *bundle = &dh_version_find(l->versions, c->bundle)->bytes;
  struct dh_run_spec spec = {.run = c->run,
                             .attempt = c->attempt,
                             .resumed = c->resumed,
                             .robot = c->queue,
                             .key = c->key,
                             .period = c->period,
                             .bundle = bundle->data,
                             .bundle_len = bundle->len,
                             .bundle_hash = c->bundle,
                             .input = c->input.data,
                             .input_len = c->input.len,
                             .journal = c->journal.data,
                             .journal_len = c->journal.len,
                             .time_ms = dh_conf_time_ms(l->o.conf, "limit.time", 0),
                             .memory = (size_t)dh_conf_size(l->o.conf, "limit.memory", 0)};
  struct dh_err err;

  if (l->o.event)
    l->o.event(l->o.self, c, NULL);
  if (dh_run_start(l->host, &spec, &err))
    begin_failed(l, r, &err);
}

static void claim_done(struct dh_job *job, int rc, const struct dh_err *err)
{
  struct claim_job *c = (struct claim_job *)job;
  struct dh_local *l = c->local;
  size_t n = c->claiming.n;
  struct dh_local_run *fresh = NULL;

  l->claiming = false;
  dh_claiming_end(&c->claiming, &l->versions);
  if (rc)
    l->failed = *err;
  for (size_t i = 0; i < n; i++) {
    struct dh_local_run *r = rc ? NULL : malloc(sizeof *r);

    if (!r) {
      dh_claim_fini(&c->claiming.claims[i]); /* its lease ends with this process */
      continue;
    }
    r->claim = c->claiming.claims[i];
    r->next = l->runs;
    l->runs = r;
    l->nruns++;
    fresh = r;
  }
  for (struct dh_local_run *r = fresh, *next; r && n; r = next, n--) {
    next = r->next;
    begin(l, r);
  }
  free(c->period);
  free(c->key);
  free(c);
  maybe_stop(l);
}

static void claim_more(struct dh_local *l)
{
  struct claim_job *c;

  if (l->claiming || l->nruns >= RUNS_MAX || l->interrupted || l->failed.code)
    return;
  c = calloc(1, sizeof *c);
  if (!c) {
    dh_err_set(&l->failed, DH_ENOMEM, "no memory to claim a case");
    return;
  }
  c->job = (struct dh_job){.work = claim_work, .done = claim_done, .urgent = true};
  c->local = l;
  c->release = dh_local_release_now(l);
  c->first = l->first;
  c->first_self = l->first_self;
  l->first = NULL;
  c->queue = l->queue;
  c->period = l->key ? strdup(l->period) : NULL;
  c->key = l->key ? strdup(l->key) : NULL;
  dh_claiming_begin(&c->claiming, l->versions, l->key ? 1 : (size_t)(RUNS_MAX - l->nruns));
  l->claiming = true;
  dh_store_submit(l->store, &c->job);
}

void dh_local_first(struct dh_local *l, int (*work)(struct dh_db *db, void *self, struct dh_err *err),
                    void *self)
{
  l->first = work;
  l->first_self = self;
}

int dh_local_run(struct dh_local *l, const char *queue, const char *period, const char *key,
                 struct dh_err *err)
{
  l->queue = queue;
  l->period = period ? period : "";
  l->key = key;
  l->failed.code = 0;
  claim_more(l);
  while (!l->interrupted && (l->claiming || l->nruns))
    dh_loop_run(&l->loop);
  if (l->interrupted)
    return dh_err_set(err, DH_ECANCELED, "interrupted; what was done stands in the journal");
  if (l->failed.code && err)
    *err = l->failed;
  return l->failed.code;
}
