/* sqlite.c - the SQLite backend: opening, the schema's versions, transactions, the op table. Owns the
 * connection. What the ops do stands in sql_<subject>.c. The lock and the folder are the front's
 * (store.c). */
#include "sqlite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { APPLICATION_ID = 0x44534b48 /* "DSKH" */, BUSY_MS = 10000 };

extern const char *const dh_schema[]; /* from schema/ in order of names, made by the build */

static int schema_known(void)
{
  int n = 0;

  while (dh_schema[n])
    n++;
  return n;
}

/* Statements that are used once, before the cache is of use. */
static int run(struct sq_lite *l, const char *sql, struct dh_err *err)
{
  return sqlite3_exec(l->sql, sql, NULL, NULL, NULL) == SQLITE_OK ? 0
                                                                  : sq_fail(l, "cannot open the store", err);
}

static int pragma_int(struct sq_lite *l, const char *sql, int *out, struct dh_err *err)
{
  sqlite3_stmt *st = NULL;
  int rc = sqlite3_prepare_v2(l->sql, sql, -1, &st, NULL);

  if (rc == SQLITE_OK)
    rc = sqlite3_step(st);
  *out = rc == SQLITE_ROW ? sqlite3_column_int(st, 0) : 0;
  sqlite3_finalize(st);
  return rc == SQLITE_ROW ? 0 : sq_fail(l, "cannot open the store", err);
}

/* All steps that are missing, in one transaction. */
static int migrate(struct sq_lite *l, int from, struct dh_err *err)
{
  char set[96];
  int rc = run(l, "BEGIN IMMEDIATE", err);

  for (int i = from; !rc && dh_schema[i]; i++)
    rc = run(l, dh_schema[i], err);
  snprintf(set, sizeof set, "PRAGMA application_id = %d; PRAGMA user_version = %d", APPLICATION_ID,
           schema_known());
  if (!rc)
    rc = run(l, set, err);
  if (!rc)
    rc = run(l, "COMMIT", err);
  if (rc)
    sqlite3_exec(l->sql, "ROLLBACK", NULL, NULL, NULL);
  return rc;
}

static int check_version(struct sq_lite *l, bool write, struct dh_err *err)
{
  int version = 0, id = 0, known = schema_known(), tables = 0;
  int rc = pragma_int(l, "PRAGMA user_version", &version, err);

  if (!rc)
    rc = pragma_int(l, "PRAGMA application_id", &id, err);
  if (!rc)
    rc = pragma_int(l, "SELECT count(*) FROM sqlite_schema", &tables, err);
  if (rc)
    return rc;
  if (id != APPLICATION_ID && (id || version || tables)) {
    dh_err_set(err, DH_EFORMAT, "%s is a SQLite database, but no store of Deskhand", l->path);
    dh_err_advice(err, "name another file with --store");
    return DH_EFORMAT;
  }
  if (version > known) {
    dh_err_set(err, DH_EFORMAT, "the store %s has schema %d, this Deskhand knows schema %d", l->path, version,
               known);
    dh_err_advice(err, "use the Deskhand that wrote it, or a newer one");
    return DH_EFORMAT;
  }
  if (version == known)
    return 0;
  if (write)
    return migrate(l, version, err);
  if (!version)
    return dh_err_set(err, DH_ENOENT, "there is no store yet in %s", l->path);
  dh_err_set(err, DH_EFORMAT, "the store %s has schema %d, this Deskhand writes schema %d", l->path, version,
             known);
  dh_err_advice(err, "deskhand serve (or any command that changes something) brings it up to date");
  return DH_EFORMAT;
}

static int set_up(struct sq_lite *l, bool write, struct dh_err *err)
{
  int rc;

  sqlite3_extended_result_codes(l->sql, 1);
  sqlite3_busy_timeout(l->sql, BUSY_MS);
  rc = run(l, "PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16000", err);
  if (!rc && write)
    rc = run(l,
             "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; "
             "PRAGMA journal_size_limit = 67108864",
             err);
  if (!rc)
    rc = check_version(l, write, err);
  if (!rc && write)
    sq_checkpoint_hook(l);
  return rc;
}

static void sq_close(struct dh_db **db)
{
  struct sq_lite *l = *db ? sq_lite_of(sq_of(*db)) : NULL;

  if (!l)
    return;
  sq_checkpoint_stop(l);
  sq_finalize(l);
  sqlite3_close(l->sql);
  free(l->q.touched.v);
  free(l);
  *db = NULL;
}

static int sq_open(const char *place, enum dh_store_mode mode, struct dh_db **out, struct dh_err *err)
{
  bool write = mode == DH_STORE_WRITE;
  struct sq_lite *l = calloc(1, sizeof *l);
  int rc;

  *out = NULL;
  if (!l)
    return dh_err_set(err, DH_ENOMEM, "no memory to open the store %s", place);
  l->q.db.ops = &dh_sqlite_ops;
  l->q.driver = &sq_sqlite_driver;
  l->q.table_max = DH_DATA_TABLE;
  *out = &l->q.db;
  if (snprintf(l->path, sizeof l->path, "%s", place) >= SQ_PATH - 16)
    rc = dh_err_set(err, DH_ELIMIT, "the path of the store is too long: %s", place);
  else if (!write && access(place, F_OK))
    rc = dh_err_errno(err, "there is no store in %s", place);
  else {
    snprintf(l->q.blobs, sizeof l->q.blobs, "%.*s.blobs", SQ_PATH - 16, place);
    rc = sqlite3_open_v2(place, &l->sql,
                         SQLITE_OPEN_NOMUTEX |
                             (write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY),
                         NULL);
    rc = rc == SQLITE_OK ? set_up(l, write, err) : sq_fail(l, "cannot open the store", err);
  }
  if (rc)
    sq_close(out);
  return rc;
}

/* ---- transactions. A run's records must never be written behind a gap. Whatever undoes records tears the
 * leases they belong to: those noted in `touched` when one job is undone, all when a whole transaction is
 * lost (the jobs behind the one that failed have not even named their runs). Torn runs begin again from their
 * journal. */

static bool sq_sound(struct dh_db *db)
{
  return !sqlite3_get_autocommit(sq_lite_of(sq_of(db))->sql);
}

static void sq_rollback(struct dh_db *db)
{
  struct sq *q = sq_of(db);

  if (sq_sound(db))
    sqlite3_exec(sq_lite_of(q)->sql, "ROLLBACK", NULL, NULL, NULL);
  q->lost = true;
  sq_forget(q);
}

static int sq_begin(struct dh_db *db, struct dh_err *err)
{
  struct sq *q = sq_of(db);
  int rc;

  sq_forget(q);
  if (sqlite3_db_readonly(sq_lite_of(q)->sql, "main") == 1)
    return sq_exec(q, NULL, err, "BEGIN", "");
  rc = sq_exec(q, NULL, err, "BEGIN IMMEDIATE", "");
  if (!rc && q->lost)
    rc = sq_exec(q, NULL, err, "UPDATE cases SET torn = 3 WHERE state = 2", "");
  if (rc)
    sq_rollback(db);
  return rc;
}

static int sq_commit(struct dh_db *db, struct dh_err *err)
{
  struct sq *q = sq_of(db);
  int rc = sq_sound(db) ? sq_exec(q, NULL, err, "COMMIT", "")
                        : dh_err_set(err, DH_EIO, "cannot write the store %s: its transaction is gone",
                                     sq_lite_of(q)->path);

  if (rc)
    sq_rollback(db);
  else
    q->lost = false;
  return rc;
}

static int sq_mark(struct dh_db *db, struct dh_err *err)
{
  struct sq *q = sq_of(db);

  q->touched.marked = q->touched.n;
  q->lease.run[0] = '\0'; /* so that this job's cases are noted again, behind the mark */
  return sq_exec(q, NULL, err, "SAVEPOINT job", "");
}

static int sq_unmark(struct dh_db *db, bool undo, struct dh_err *err)
{
  struct sq *q = sq_of(db);
  int rc = undo ? sq_exec(q, NULL, err, "ROLLBACK TO job", "") : 0;

  if (!rc)
    rc = sq_exec(q, NULL, err, "RELEASE job", "");
  for (; undo && !rc && q->touched.n > q->touched.marked; q->touched.n--)
    rc = sq_exec(q, NULL, err, "UPDATE cases SET torn = 1 WHERE id = ?", "i", q->touched.v[q->touched.n - 1]);
  q->lease.run[0] = '\0';
  if (rc) /* the transaction is of no use any more */
    sq_rollback(db);
  return rc;
}

const struct dh_store_ops dh_sqlite_ops = {
    .scheme = "sqlite",
    .local = true,
    .open = sq_open,
    .close = sq_close,
    .begin = sq_begin,
    .commit = sq_commit,
    .rollback = sq_rollback,
    .mark = sq_mark,
    .unmark = sq_unmark,
    .sound = sq_sound,
    .check = sq_check,
    .bundle_put = sq_bundle_put,
    .bundle_get = sq_bundle_get,
    .bundle_finished = sq_bundle_finished,
    .case_add = sq_case_add,
    .case_list = sq_case_list,
    .case_show = sq_case_show,
    .case_rebundle = sq_case_rebundle,
    .case_retry = sq_case_retry,
    .counts = sq_counts,
    .queue_hold = sq_queue_hold,
    .hold_list = sq_hold_list,
    .period_over = sq_period_over,
    .period_end = sq_period_end,
    .period_list = sq_period_list,
    .period_finishes = sq_period_finishes,
    .claim = sq_claim,
    .hand_over = sq_hand_over,
    .release = sq_release,
    .release_run = sq_release_run,
    .next_due = sq_next_due,
    .schedule_open = sq_schedule_open,
    .slot_take = sq_slot_take,
    .slot_release = sq_slot_release,
    .queue_take = sq_queue_take,
    .schedule_list = sq_schedule_list,
    .append = sq_append,
    .append_all = sq_append_all,
    .review_list = sq_review_list,
    .review_show = sq_review_show,
    .review_answer = sq_review_answer,
    .review_makers = sq_review_makers,
    .run_list = sq_run_list,
    .run_show = sq_run_show,
    .backup = sq_backup,
    .restored = sq_restored,
    .prune = sq_prune,
    .data_each = sq_data_each,
    .secret_set = sq_secret_set,
    .secret_get = sq_secret_get,
    .secret_remove = sq_secret_remove,
    .secret_list = sq_secret_list,
    .audit = sq_audit,
    .audit_list = sq_audit_list,
};
