/* bench_store.c - records a second through the store, against raw SQLite (same pragmas, same row, one
 * prepared INSERT) on the same disk in turn, because a disk's speed changes within a minute. Prints lines
 * "name value unit"; medians of ROUNDS. usage: bench_store [FOLDER] */
#include "base/clock.h"
#include "store/store.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 5, ONES = 150, GROUP = 100, GROUPS = 40, CASES = 1000 };

static char folder[128];
static const char data[200] = {(char)0x58, (char)198}; /* CBOR: 198 bytes */

static void fail(const char *what)
{
  fprintf(stderr, "bench_store: %s\n", what);
  exit(1);
}

static double seconds(void)
{
  struct timespec t;

  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- raw SQLite */

static sqlite3 *raw;
static sqlite3_stmt *raw_begin, *raw_insert, *raw_commit;
static int64_t raw_position, raw_case; /* the first of GROUP cases of this round */

static void raw_open(void)
{
  char path[160];
  const char *insert = "INSERT INTO journal (case_id, kind, attempt, scope, position, word, name, hash, "
                       "place, at, stands, data) "
                       "VALUES (?, 1, 1, '', ?, 'http.get', '', ?, 'robot.lua:7', ?, 1, ?)";

  snprintf(path, sizeof path, "%s/raw.db", folder);
  if (sqlite3_open(path, &raw) ||
      sqlite3_exec(raw,
                   "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;"
                   "CREATE TABLE journal (id INTEGER PRIMARY KEY, case_id INTEGER, kind INTEGER, attempt "
                   "INTEGER, scope "
                   "TEXT, position INTEGER, word TEXT, name TEXT, hash TEXT, place TEXT, at INTEGER, stands "
                   "INTEGER, data "
                   "BLOB, blob TEXT); CREATE INDEX journal_case ON journal (case_id)",
                   NULL, NULL, NULL) ||
      sqlite3_prepare_v2(raw, "BEGIN IMMEDIATE", -1, &raw_begin, NULL) ||
      sqlite3_prepare_v2(raw, insert, -1, &raw_insert, NULL) ||
      sqlite3_prepare_v2(raw, "COMMIT", -1, &raw_commit, NULL))
    fail(sqlite3_errmsg(raw));
}

static void raw_step(sqlite3_stmt *st)
{
  if (sqlite3_step(st) != SQLITE_DONE)
    fail(sqlite3_errmsg(raw));
  sqlite3_reset(st);
}

static double raw_rate(int transactions, int rows)
{
  static const char hash[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
  double began = seconds();

  for (int i = 0; i < transactions; i++) {
    raw_step(raw_begin);
    for (int j = 0; j < rows; j++) {
      sqlite3_bind_int64(raw_insert, 1, raw_case + j);
      sqlite3_bind_int64(raw_insert, 2, ++raw_position);
      sqlite3_bind_text(raw_insert, 3, hash, -1, SQLITE_STATIC);
      sqlite3_bind_int64(raw_insert, 4, dh_wall_ms());
      sqlite3_bind_blob(raw_insert, 5, data, sizeof data, SQLITE_STATIC);
      raw_step(raw_insert);
    }
    raw_step(raw_commit);
  }
  return transactions * rows / (seconds() - began);
}

/* ---- the store, as a supervisor uses it: jobs to its thread, results on the loop */

static struct dh_loop loop;
static struct dh_store *store;
static struct dh_claim claims[GROUP];

struct append {
  struct dh_job job;
  int first, n; /* records: one for each of these claims */
  int64_t position;
  int *left; /* submissions still to come */
};
static int64_t position;

static int append_work(struct dh_db *db, struct dh_job *job, struct dh_err *err)
{
  struct append *a = (struct append *)job;
  struct dh_append appends[GROUP] = {{.record = NULL}};
  struct dh_record records[GROUP];
  int rc;

  for (int i = 0; i < a->n; i++) {
    struct dh_claim *c = &claims[a->first + i];
    struct dh_record *r = &records[i];

    *r = (struct dh_record){.kind = DH_REC_READ,
                            .attempt = 1,
                            .position = a->position,
                            .word = "http.get",
                            .where = "robot.lua:7",
                            .at = dh_wall_ms(),
                            .data = data,
                            .len = sizeof data};

    memcpy(r->run, c->run, sizeof r->run);
    memset(r->hash, 'a', sizeof r->hash - 1);
    appends[i].record = r;
    appends[i].fence = c->fence;
  }
  rc = db->ops->append_all(db, appends, (size_t)a->n, err);
  for (int i = 0; i < a->n && !rc; i++)
    if (appends[i].rc)
      rc = dh_err_set(err, appends[i].rc, "a record of the bench was refused");
  return rc;
}

static void append_done(struct dh_job *job, int rc, const struct dh_err *err)
{
  struct append *a = (struct append *)job;

  if (rc)
    fail(err->text);
  if (--*a->left > 0) {
    a->position = ++position;
    dh_store_submit(store, job);
  }
}

/* One record at a time, each waited for. */
static double store_ones(void)
{
  int left = ONES;
  struct append a = {.job = {.work = append_work, .done = append_done, .urgent = true},
                     .n = 1,
                     .position = position + 1,
                     .left = &left};
  double began = seconds();

  position++;
  dh_store_submit(store, &a.job);
  dh_loop_run(&loop);
  return ONES / (seconds() - began);
}

/* GROUP runs at once, each with one record on its way: `jobs` submissions carry them. */
static double store_groups(int jobs)
{
  struct append a[GROUP];
  double began = seconds();

  for (int g = 0; g < GROUPS; g++) {
    position++;
    for (int i = 0; i < jobs; i++) {
      static int done;

      done = 0;
      a[i] = (struct append){.job = {.work = append_work, .done = append_done, .urgent = i == jobs - 1},
                             .first = i * (GROUP / jobs),
                             .n = GROUP / jobs,
                             .position = position,
                             .left = &done};
      dh_store_submit(store, &a[i].job);
    }
    dh_loop_run(&loop);
  }
  return GROUPS * GROUP / (seconds() - began);
}

/* ---- whole cases: taken in, claimed, finished with the next claim in one commit */

struct cases {
  struct dh_job job;
  int phase; /* 0 take in, 1 claim, 2 finish and claim */
  size_t held, done;
};

static int cases_work(struct dh_db *db, struct dh_job *job, struct dh_err *err)
{
  static const char *const queue = "bench";
  struct cases *c = (struct cases *)job;
  struct dh_claim_ask ask = {.worker = "1", .queues = &queue, .nqueues = 1, .n = GROUP};
  int rc = 0;

  if (c->phase == 0) {
    rc = db->ops->bundle_put(db, "bench", "bench", "", 0, err);
    for (int i = 0; i < CASES + GROUP && !rc; i++) {
      char key[32];
      struct dh_case_new n = {.queue = queue, .key = key, .input = "\xa0", .input_len = 1, .bundle = "bench"};

      snprintf(key, sizeof key, "%lld-%d", (long long)position, i);
      rc = db->ops->case_add(db, &n, err);
    }
    return rc;
  }
  for (size_t i = 0; i < c->held && !rc; i++) {
    struct dh_record r = {.kind = DH_REC_RESULT,
                          .attempt = 1,
                          .position = 1,
                          .word = "return",
                          .data = data,
                          .len = sizeof data};

    memcpy(r.run, claims[i].run, sizeof r.run);
    rc = db->ops->append(db, &r, claims[i].fence, NULL, err);
    dh_claim_fini(&claims[i]);
  }
  c->done += c->held;
  return rc ? rc : db->ops->claim(db, &ask, claims, &c->held, err);
}

static void cases_done(struct dh_job *job, int rc, const struct dh_err *err)
{
  struct cases *c = (struct cases *)job;

  if (rc)
    fail(err->text);
  if (c->phase && c->done < CASES)
    dh_store_submit(store, job);
}

static void run_phase(struct cases *c, int phase)
{
  c->phase = phase;
  dh_store_submit(store, &c->job);
  dh_loop_run(&loop);
}

static double store_cases(void)
{
  struct cases c = {.job = {.work = cases_work, .done = cases_done, .urgent = true}};
  double began;

  position++;
  run_phase(&c, 0);
  began = seconds();
  run_phase(&c, 1);
  for (size_t i = 0; i < c.held; i++)
    dh_claim_fini(&claims[i]);
  return (double)c.done / (seconds() - began);
}

/* GROUP fresh runs for a measurement: a run has tens of records, not thousands. */
static void take_leases(void)
{
  struct cases c = {.job = {.work = cases_work, .done = cases_done, .urgent = true}, .done = CASES};

  position++;
  run_phase(&c, 0);
  run_phase(&c, 1);
  if (c.held != GROUP)
    fail("the cases of the bench were not claimed");
  raw_case += GROUP;
}

static void drop_leases(void)
{
  for (size_t i = 0; i < GROUP; i++)
    dh_claim_fini(&claims[i]);
}

/* ---- medians */

static int by_value(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;

  return x < y ? -1 : x > y;
}

static double median(double *v)
{
  qsort(v, ROUNDS, sizeof *v, by_value);
  return v[ROUNDS / 2];
}

/* The same work in another store (DH_TEST_STORE); postgres.py has the raw peer's numbers. */
static int elsewhere(const char *url)
{
  struct dh_store_options o = {.url = url, .mode = DH_STORE_WRITE, .loop = &loop, .who = "bench"};
  double one[ROUNDS], many[ROUNDS], batch[ROUNDS], cases[ROUNDS];
  struct dh_err err;

  if (dh_loop_open(&loop, &err) || dh_store_open(&o, &store, &err))
    fail(err.text);
  for (int i = 0; i < ROUNDS; i++) {
    take_leases();
    one[i] = store_ones();
    many[i] = store_groups(GROUP);
    batch[i] = store_groups(10);
    drop_leases();
    cases[i] = store_cases();
  }
  printf("store_one_by_one %.0f records/s\nstore_100_jobs_a_group %.0f records/s\n", median(one),
         median(many));
  printf("store_10_jobs_a_group %.0f records/s\nstore_cases %.0f cases/s\n", median(batch), median(cases));
  dh_store_close(&store);
  dh_loop_close(&loop);
  return 0;
}

int main(int argc, char **argv)
{
  double raw_one[ROUNDS], one[ROUNDS], raw_many[ROUNDS], many[ROUNDS], batch[ROUNDS], cases[ROUNDS];
  double ratio_one[ROUNDS], ratio_many[ROUNDS], ratio_batch[ROUNDS];
  char url[160], cmd[160];
  struct dh_store_options o = {.url = url, .mode = DH_STORE_WRITE, .loop = &loop, .who = "bench"};
  struct dh_err err;

  if (getenv("DH_TEST_STORE"))
    return elsewhere(getenv("DH_TEST_STORE"));
  snprintf(folder, sizeof folder, "%.100s/bench-store-XXXXXX", argc > 1 ? argv[1] : "/tmp");
  if (!mkdtemp(folder))
    fail("cannot make a folder");
  snprintf(url, sizeof url, "%s/store.db", folder);
  if (dh_loop_open(&loop, &err) || dh_store_open(&o, &store, &err))
    fail(err.text);
  raw_open();
  for (int i = 0; i < ROUNDS; i++) {
    take_leases();
    raw_one[i] = raw_rate(ONES, 1);
    one[i] = store_ones();
    raw_many[i] = raw_rate(GROUPS, GROUP);
    many[i] = store_groups(GROUP);
    drop_leases();
    take_leases();
    batch[i] = store_groups(4);
    drop_leases();
    ratio_one[i] = one[i] / raw_one[i];
    ratio_many[i] = many[i] / raw_many[i];
    ratio_batch[i] = batch[i] / raw_many[i];
  }
  for (int i = 0; i < ROUNDS; i++)
    cases[i] = store_cases();
  printf("store_raw_one_by_one %.0f records/s\nstore_one_by_one %.0f records/s\nstore_one_by_one_ratio %.2f "
         "of raw\n",
         median(raw_one), median(one), median(ratio_one));
  printf("store_raw_groups_of_100 %.0f records/s\nstore_100_jobs_a_group %.0f "
         "records/s\nstore_100_jobs_ratio %.2f of raw\n",
         median(raw_many), median(many), median(ratio_many));
  printf("store_4_jobs_a_group %.0f records/s\nstore_4_jobs_ratio %.2f of raw\n", median(batch),
         median(ratio_batch));
  printf("store_cases %.0f cases/s claimed and finished, 100 a commit\n", median(cases));
  dh_store_close(&store);
  dh_loop_close(&loop);
  sqlite3_finalize(raw_begin);
  sqlite3_finalize(raw_insert);
  sqlite3_finalize(raw_commit);
  sqlite3_close(raw);
  snprintf(cmd, sizeof cmd, "rm -rf '%s'", folder);
  return system(cmd) != 0;
}
