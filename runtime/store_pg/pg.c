/* pg.c - the module `store_pg`: opens a store on PostgreSQL; the op table. */
#include "pg.h"

#include "../host/module.h"

#include <stdlib.h>

static void pg_close(struct dh_db **db)
{
  struct pg *pg = *db ? pg_of(sq_of(*db)) : NULL;

  if (!pg)
    return;
  pg_heart_stop(pg);
  pg_drop(pg);
  pthread_cond_destroy(&pg->wake);
  pthread_mutex_destroy(&pg->mutex);
  free(pg->sent);
  free(pg->q.touched.v);
  free(pg);
  *db = NULL;
}

/* A database that is away is an error here: who begins is told. */
static int pg_open(const char *place, enum dh_store_mode mode, struct dh_db **out, struct dh_err *err)
{
  struct pg *pg = calloc(1, sizeof *pg);
  pthread_condattr_t attr;
  int rc;

  *out = NULL;
  if (!pg)
    return dh_err_set(err, DH_ENOMEM, "no memory to open a store");
  pg->q.db.ops = &pg_ops;
  pg->q.driver = &pg_driver;
  pg->q.table_max = DH_DATA_MAX;
  pg->write = mode == DH_STORE_WRITE;
  pthread_mutex_init(&pg->mutex, NULL);
  pthread_condattr_init(&attr);
  pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  pthread_cond_init(&pg->wake, &attr);
  pthread_condattr_destroy(&attr);
  *out = &pg->q.db;
  if (!(rc = pg_place_read(place, &pg->place, err)) && !(rc = pg_schema_check(pg, err)))
    rc = pg_ready(pg, err);
  if (rc)
    pg_close(out);
  return rc;
}

/* The server needs a transaction, the caller may have none. */
static int pg_check(struct dh_db *db, struct dh_buf *out, struct dh_err *err)
{
  int rc;

  if (pg_of(sq_of(db))->open)
    return sq_check(db, out, err);
  if ((rc = pg_begin(db, err)))
    return rc;
  if (!(rc = sq_check(db, out, err)))
    return pg_commit(db, err);
  pg_rollback(db);
  return rc;
}

/* Data that is about to be named must not go: whoever writes to the journal waits until this ends. */
static int pg_prune(struct dh_db *db, int64_t before, const char *who, struct dh_prune *p, struct dh_err *err)
{
  int rc = who ? sq_exec(sq_of(db), NULL, err, "LOCK TABLE journal, blobs IN EXCLUSIVE MODE", "") : 0;

  return rc ? rc : sq_prune(db, before, who, p, err);
}

const struct dh_store_ops pg_ops = {
    .scheme = "postgresql",
    .open = pg_open,
    .close = pg_close,
    .begin = pg_begin,
    .commit = pg_commit,
    .rollback = pg_rollback,
    .mark = pg_mark,
    .unmark = pg_unmark,
    .sound = pg_sound,
    .join = pg_join,
    .lease_end = pg_lease_end,
    .leads = pg_leads,
    .hurry = pg_hurry,
    .check = pg_check,
    .bundle_put = sq_bundle_put,
    .bundle_get = sq_bundle_get,
    .bundle_finished = sq_bundle_finished,
    .case_add = sq_case_add,
    .case_list = sq_case_list,
    .case_show = sq_case_show,
    .case_rebundle = sq_case_rebundle,
    .case_retry = sq_case_retry,
    .counts = sq_counts,
    .restored = sq_restored,
    .prune = pg_prune,
    .data_each = sq_data_each,
    .queue_hold = sq_queue_hold,
    .hold_list = sq_hold_list,
    .period_over = sq_period_over,
    .period_end = sq_period_end,
    .period_list = sq_period_list,
    .period_finishes = sq_period_finishes,
    .claim = pg_claim,
    .hand_over = pg_hand_over,
    .release = pg_release,
    .release_run = sq_release_run,
    .next_due = pg_next_due,
    .schedule_open = sq_schedule_open,
    .slot_take = sq_slot_take,
    .slot_release = sq_slot_release,
    .queue_take = sq_queue_take,
    .schedule_list = sq_schedule_list,
    .append = pg_append,
    .append_all = pg_append_all,
    .review_list = sq_review_list,
    .review_show = sq_review_show,
    .review_answer = sq_review_answer,
    .review_makers = sq_review_makers,
    .run_list = sq_run_list,
    .run_show = sq_run_show,
    .secret_set = sq_secret_set,
    .secret_get = sq_secret_get,
    .secret_remove = sq_secret_remove,
    .secret_list = sq_secret_list,
    .audit = sq_audit,
    .audit_list = sq_audit_list,
};

DH_EXPORT const struct dh_module dh_module = {.abi = DH_MODULE_ABI, .name = "store_pg", .store = &pg_ops};
