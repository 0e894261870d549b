/* local.c - robots in this process. The port's functions at the top, then claims and runs. See local.h. */
#include "local.h"
#include "../base/clock.h"
#include "../base/log.h"
#include "change.h"
#include "children.h"
#include "vault.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { RUNS_MAX = 32, KNOWN_MAX = 4, LOCK_MS = 2000 };

struct running {
  struct running *next;
  struct dh_claim claim;
};

struct bundle {
  struct bundle *next;
  char hash[DH_SHA256_HEX];
  struct dh_buf bytes;
};

struct dh_local {
  struct dh_port port; /* first: the host's calls come back with it */
  struct dh_local_options o;
  struct dh_loop loop;
  struct dh_store *store;
  struct dh_host *host;
  struct dh_children children;
  struct running *runs;
  struct bundle *bundles;
  int nruns;
  bool claiming, interrupted, watching;
  uv_signal_t signals[2];
  struct dh_op *timer;
  bool released;                                                  /* what a killed process left claimed */
  int (*first)(struct dh_db *db, void *self, struct dh_err *err); /* see dh_local_first */
  void *first_self;
  const char *queue, *period, *key; /* of dh_local_run */
  struct dh_err failed;             /* a claim that failed ends dh_local_run */
};

/* ---- the port */

struct record_job {
  struct dh_job job;
  struct dh_record record;
  int64_t fence, lease_end;
  void (*done)(void *self, int rc, const struct dh_err *err, int64_t lease_end);
  void *self;
  char data[];
};

static int record_work(struct dh_db *db, struct dh_job *job, struct dh_err *err)
{
  struct record_job *r = (struct record_job *)job;

  return db->ops->append(db, &r->record, r->fence, &r->lease_end, err);
}

static void record_done(struct dh_job *job, int rc, const struct dh_err *err)
{
  struct record_job *r = (struct record_job *)job;

  if (r->done)
    r->done(r->self, rc, err, r->lease_end);
  else if (rc)
    dh_log(DH_ERROR, r->record.run, "a %s could not be recorded: %s", dh_record_kind_name(r->record.kind),
           err->text);
  free(r);
}

static struct running *running_of(struct dh_local *l, const char *run)
{
  struct running *r = l->runs;

  while (r && strcmp(r->claim.run, run))
    r = r->next;
  return r;
}

static void port_record(struct dh_port *p, const struct dh_record *record,
                        void (*done)(void *self, int rc, const struct dh_err *err, int64_t lease_end),
                        void *self)
{
  struct dh_local *l = (struct dh_local *)p;
  struct running *run = running_of(l, record->run);
  struct record_job *r = malloc(sizeof *r + record->len);
  struct dh_err err;

  if (!r || !run) {
    free(r);
    dh_err_set(&err, run ? DH_ENOMEM : DH_EUSE,
               run ? "no memory for a record" : "a record of a run that is not here");
    if (done)
      done(self, err.code, &err, 0);
    return;
  }
  r->job =
      (struct dh_job){.work = record_work, .done = record_done, .urgent = dh_record_urgent(record->kind)};
  r->record = *record;
  r->record.data = memcpy(r->data, record->data ? record->data : "", record->len);
  r->fence = run->claim.fence;
  r->lease_end = INT64_MAX;
  r->done = done;
  r->self = self;
  dh_store_submit(l->store, &r->job);
}

static struct dh_op *port_secret(struct dh_port *p, const char *name)
{
  struct dh_local *l = (struct dh_local *)p;

  return dh_secret_new(&l->loop, l->store, name);
}

static struct dh_op *port_lend(struct dh_port *p, const char *run, const char *role, const char *needs,
                               size_t n)
{
  (void)needs; /* one pool a role: nothing to choose from yet */
  (void)n;
  return dh_children_lend(&((struct dh_local *)p)->children, run, role);
}

static void port_give_back(struct dh_port *p, struct dh_peer *peer, bool healthy)
{
  dh_children_give_back(&((struct dh_local *)p)->children, peer, healthy);
}

static struct dh_op *port_spawn(struct dh_port *p, const char *const argv[], const char *profile, int in)
{
  return dh_children_spawn(&((struct dh_local *)p)->children, argv, profile, in);
}

static struct dh_op *port_keep(struct dh_port *p, const void *bytes, size_t n)
{
  struct dh_local *l = (struct dh_local *)p;

  return dh_keep_new(&l->loop, dh_store_blobs(l->store), bytes, n);
}

static int port_path(struct dh_port *p, const char *hash, char *out, size_t size, struct dh_err *err)
{
  return dh_blob_path(dh_store_blobs(((struct dh_local *)p)->store), hash, out, size, err);
}

static const char *port_conf(struct dh_port *p, const char *key)
{
  return dh_conf_get(((struct dh_local *)p)->o.conf, key);
}

static const struct dh_port_ops port_ops = {port_record, port_secret, port_lend, port_give_back,
                                            port_spawn,  port_keep,   port_path, port_conf};

/* ---- waiting on the loop */

static void on_signal(uv_signal_t *h, int number)
{
  struct dh_local *l = h->data;

  (void)number;
  l->interrupted = true;
  dh_loop_stop(&l->loop);
}

static int interrupted(struct dh_err *err)
{
  return dh_err_set(err, DH_ECANCELED, "interrupted; what was done stands in the journal");
}

/* What a killed process of this store left claimed is due again. Done in the first transaction, whatever it
 * is. */
static int release_all(struct dh_db *db, struct dh_err *err)
{
  size_t released;

  return db->ops->release(db, NULL, NULL, NULL, &released, err);
}

static bool release_now(struct dh_local *l)
{
  bool now = !l->released;

  l->released = true;
  return now;
}

struct sync_job {
  struct dh_job job;
  struct dh_local *local;
  bool release;
  int (*work)(struct dh_db *db, void *self, struct dh_err *err);
  void *self;
  bool ended;
  int rc;
  struct dh_err err;
};

static int sync_work(struct dh_db *db, struct dh_job *job, struct dh_err *err)
{
  struct sync_job *s = (struct sync_job *)job;
  int rc = s->release ? release_all(db, err) : 0;

  return rc ? rc : s->work(db, s->self, err);
}

static void sync_done(struct dh_job *job, int rc, const struct dh_err *err)
{
  struct sync_job *s = (struct sync_job *)job;

  s->rc = rc;
  if (rc)
    s->err = *err;
  s->ended = true;
  dh_loop_stop(&s->local->loop);
}

int dh_local_do(struct dh_local *l, int (*work)(struct dh_db *db, void *self, struct dh_err *err), void *self,
                struct dh_err *err)
{
  struct sync_job s = {.job = {.work = sync_work, .done = sync_done, .urgent = true},
                       .local = l,
                       .release = release_now(l),
                       .work = work,
                       .self = self};

  dh_store_submit(l->store, &s.job);
  while (!s.ended)
    dh_loop_run(&l->loop);
  if (s.rc && err)
    *err = s.err;
  return s.rc;
}

static void stop_waiting(struct dh_op *op)
{
  dh_loop_stop(op->loop);
}

int dh_local_wait(struct dh_local *l, int64_t wall_ms, struct dh_err *err)
{
  struct dh_op *timer = dh_timer_new(&l->loop, wall_ms - dh_wall_ms());
  int rc = timer ? 0 : dh_err_set(err, DH_ENOMEM, "no memory for a timer");

  if (!rc) {
    timer->notify = stop_waiting;
    rc = dh_op_start(timer, err);
  }
  while (!rc && timer->state != DH_OP_DONE && !l->interrupted)
    dh_loop_run(&l->loop);
  if (timer) {
    dh_op_cancel(timer);
    dh_op_release(timer);
  }
  return !rc && l->interrupted ? interrupted(err) : rc;
}

/* ---- claims and runs */

struct claim_job {
  struct dh_job job;
  struct dh_local *local;
  bool release;
  int (*first)(struct dh_db *db, void *self, struct dh_err *err);
  void *first_self;
  const char *queue;
  char *period, *key;
  char known[KNOWN_MAX][DH_SHA256_HEX]; /* bundles that are here already */
  size_t n;
  struct dh_claim claims[RUNS_MAX];
  struct bundle *fetched;
};

static bool is_known(const struct claim_job *c, const char *hash)
{
  for (int i = 0; i < KNOWN_MAX; i++)
    if (strcmp(c->known[i], hash) == 0)
      return true;
  for (const struct bundle *b = c->fetched; b; b = b->next)
    if (strcmp(b->hash, hash) == 0)
      return true;
  return false;
}

static int claim_work(struct dh_db *db, struct dh_job *job, struct dh_err *err)
{
  struct claim_job *c = (struct claim_job *)job;
  struct dh_claim_ask ask = {
      .worker = "run", .queues = &c->queue, .nqueues = 1, .n = c->n, .period = c->period, .key = c->key};
  int rc = c->release ? release_all(db, err) : 0;

  if (!rc && c->first)
    rc = c->first(db, c->first_self, err);
  if (!rc)
    rc = db->ops->claim(db, &ask, c->claims, &c->n, err);

  if (rc)
    c->n = 0;
  for (size_t i = 0; !rc && i < c->n; i++) {
    struct bundle *b;

    if (is_known(c, c->claims[i].bundle))
      continue;
    b = calloc(1, sizeof *b);
    if (!b)
      return dh_err_set(err, DH_ENOMEM, "no memory for a robot");
    memcpy(b->hash, c->claims[i].bundle, sizeof b->hash);
    dh_buf_init(&b->bytes, DH_DATA_MAX);
    b->next = c->fetched;
    c->fetched = b;
    rc = db->ops->bundle_get(db, b->hash, &b->bytes, err);
  }
  return rc;
}

static void claim_more(struct dh_local *l);

static const struct dh_buf *bundle_of(struct dh_local *l, const char *hash)
{
  for (struct bundle *b = l->bundles; b; b = b->next)
    if (strcmp(b->hash, hash) == 0)
      return &b->bytes;
  return NULL;
}

static void maybe_stop(struct dh_local *l)
{
  if (!l->nruns && !l->claiming)
    dh_loop_stop(&l->loop);
}

static void remove_run(struct dh_local *l, struct running *r)
{
  for (struct running **at = &l->runs; *at; at = &(*at)->next)
    if (*at == r) {
      *at = r->next;
      break;
    }
  l->nruns--;
  dh_claim_fini(&r->claim);
  free(r);
}

static void run_ended(void *self, const struct dh_run_end *end)
{
  struct dh_local *l = self;
  struct running *r = running_of(l, end->run);

  if (!r)
    return;
  if (l->o.event)
    l->o.event(l->o.self, &r->claim, end);
  remove_run(l, r);
  if (!l->key)
    claim_more(l);
  maybe_stop(l);
}

/* A run that could not even begin (its text is no Lua, its journal is damaged) has failed. */
static void begin_failed(struct dh_local *l, struct running *r, const struct dh_err *err)
{
  struct dh_run_end end = {.run = r->claim.run, .outcome = DH_RUN_FAILED, .err = err};
  struct dh_record record = {.kind = DH_REC_FAILED, .attempt = r->claim.attempt, .at = dh_wall_ms()};
  struct dh_buf data;

  dh_buf_init(&data, 16 << 10);
  if (!dh_put_map(&data, 1) && !dh_put_text(&data, "error") && !dh_put_err(&data, err)) {
    memcpy(record.run, r->claim.run, sizeof record.run);
    record.data = data.data;
    record.len = data.len;
    port_record(&l->port, &record, NULL, NULL);
  }
  dh_buf_fini(&data);
  run_ended(l, &end);
}

static void begin(struct dh_local *l, struct running *r)
{
  const struct dh_claim *c = &r->claim;
  const struct dh_buf *bundle = bundle_of(l, c->bundle);
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
  struct running *fresh = NULL;

  l->claiming = false;
  while (c->fetched) {
    struct bundle *b = c->fetched;

    c->fetched = b->next;
    b->next = l->bundles;
    l->bundles = b;
  }
  if (rc)
    l->failed = *err;
  for (size_t i = 0; i < c->n; i++) {
    struct running *r = rc ? NULL : malloc(sizeof *r);

    if (!r) {
      dh_claim_fini(&c->claims[i]); /* its lease ends with this process */
      continue;
    }
    r->claim = c->claims[i];
    r->next = l->runs;
    l->runs = r;
    l->nruns++;
    fresh = r;
  }
  for (struct running *r = fresh, *next; r && c->n; r = next, c->n--) {
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
  int known = 0;

  if (l->claiming || l->nruns >= RUNS_MAX || l->interrupted || l->failed.code)
    return;
  c = calloc(1, sizeof *c);
  if (!c) {
    dh_err_set(&l->failed, DH_ENOMEM, "no memory to claim a case");
    return;
  }
  c->job = (struct dh_job){.work = claim_work, .done = claim_done, .urgent = true};
  c->local = l;
  c->release = release_now(l);
  c->first = l->first;
  c->first_self = l->first_self;
  l->first = NULL;
  c->queue = l->queue;
  c->period = l->key ? strdup(l->period) : NULL;
  c->key = l->key ? strdup(l->key) : NULL;
  c->n = l->key ? 1 : (size_t)(RUNS_MAX - l->nruns);
  for (struct bundle *b = l->bundles; b && known < KNOWN_MAX; b = b->next)
    memcpy(c->known[known++], b->hash, DH_SHA256_HEX);
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
    return interrupted(err);
  if (l->failed.code && err)
    *err = l->failed;
  return l->failed.code;
}

/* ---- the whole */

static void watch_signals(struct dh_local *l)
{
  static const int numbers[] = {SIGINT, SIGTERM};

  for (int i = 0; i < 2; i++) {
    uv_signal_init(&l->loop.uv, &l->signals[i]);
    l->signals[i].data = l;
    uv_signal_start(&l->signals[i], on_signal, numbers[i]);
    uv_unref((uv_handle_t *)&l->signals[i]);
  }
  l->watching = true;
}

int dh_local_open(const struct dh_local_options *o, struct dh_local **out, struct dh_err *err)
{
  struct dh_local *l = calloc(1, sizeof *l);
  char url[DH_PATH * 2];
  struct dh_store_options so = {.url = dh_store_url(o->conf, url, sizeof url),
                                .mode = DH_STORE_WRITE,
                                .who = "deskhand run",
                                .wait_ms = LOCK_MS};
  struct dh_host_options ho = {.ended = run_ended,
                               .self = l,
                               .exit_on_hang = true,
                               .record_dir = o->record_dir,
                               .replay_dir = o->replay_dir,
                               .test_dir = o->test_dir,
                               .test_conf = o->test_conf};
  int rc;

  if (!l)
    return dh_err_set(err, DH_ENOMEM, "no memory to run a robot");
  l->port.ops = &port_ops;
  l->o = *o;
  rc = dh_loop_open(&l->loop, err);
  if (rc) {
    free(l);
    return rc;
  }
  watch_signals(l);
  so.loop = &l->loop;
  rc = dh_store_open(&so, &l->store, err);
  dh_children_init(&l->children, &l->loop, o->conf, rc ? -1 : dh_store_lock_fd(l->store));
  if (!rc)
    rc = dh_host_open(&l->loop, &l->port, &ho, &l->host, err);
  if (rc)
    dh_local_close(&l);
  *out = l;
  return rc;
}

static int give_up_work(struct dh_db *db, void *self, struct dh_err *err)
{
  int rc = 0;

  for (struct running *r = self; !rc && r; r = r->next)
    rc = db->ops->release_run(db, r->claim.run, r->claim.fence, err);
  return rc;
}

void dh_local_close(struct dh_local **pl)
{
  struct dh_local *l = *pl;
  int left;

  *pl = NULL;
  if (!l)
    return;
  dh_host_close(&l->host);
  if (l->runs && l->store)
    dh_local_do(l, give_up_work, l->runs, NULL);
  while (l->runs)
    remove_run(l, l->runs);
  dh_children_close(&l->children);
  dh_store_close(&l->store);
  for (int i = 0; i < 2 && l->watching; i++)
    uv_close((uv_handle_t *)&l->signals[i], NULL);
  left = dh_loop_close(&l->loop);
  if (left)
    dh_log(DH_DEBUG, NULL, "%d handles were left open", left);
  while (l->bundles) {
    struct bundle *b = l->bundles;

    l->bundles = b->next;
    dh_buf_fini(&b->bytes);
    free(b);
  }
  free(l);
}

struct dh_store *dh_local_store(struct dh_local *l)
{
  return l->store;
}
