/* sqlite.h - inside of the SQLite backend: the connection, statements, and the ops, one file a subject.
 * A connection is used by one thread at a time. */
#ifndef DH_SQLITE_H
#define DH_SQLITE_H

#include "store.h"

#include <sqlite3.h>

enum { SQ_CACHE = 128 /* a power of two over twice the number of statements */, SQ_PATH = 1024 };
enum { SQ_OUT_MAX = 256 << 20 /* bytes of one answer */ };
enum sq_end { SQ_END_NONE, SQ_END_CRASH, SQ_END_AWAY, SQ_END_ERROR };           /* cases.last_end */
enum sq_review { SQ_REVIEW_OPEN = 1, SQ_REVIEW_ANSWERED, SQ_REVIEW_WITHDRAWN }; /* reviews.state */

extern const struct dh_store_ops dh_sqlite_ops;

struct sq_checkpointer;

struct sq {
  struct dh_db db;
  sqlite3 *sql;
  char path[SQ_PATH];
  char blobs[SQ_PATH];
  struct {
    const char *text;
    sqlite3_stmt *st;
  } cache[SQ_CACHE]; /* by the address of the text */
  struct {
    char run[DH_RUN_ID]; /* "" for none */
    int64_t fence, case_id;
  } lease; /* looked up last in this transaction: most records come in rows of one run */
  struct {
    int64_t *v;
    size_t n, cap, marked;
  } touched; /* cases with records in this transaction; how many at `mark` */
  bool lost; /* a transaction went, nobody knows with whose records: every lease is torn in the next */
  struct sq_checkpointer *checkpointer;
};

static inline struct sq *sq_of(struct dh_db *db)
{
  return (struct sq *)db;
}

/* ---- statements (sqlite_stmt.c). SQL texts are literals; each is prepared once. types: one letter an
 * argument: i int64_t, t const char * (NULL is NULL), b const void * and size_t. What is bound must live
 * until the statement ends. */

/* Runs to the end. changed (may be NULL): rows touched. */
int sq_exec(struct sq *q, int *changed, struct dh_err *err, const char *sql, const char *types, ...);
/* Begins a query; NULL with err filled. sq_step until it says 0 or less, or sq_end before. Not to be begun
 * again meanwhile. */
sqlite3_stmt *sq_query(struct sq *q, struct dh_err *err, const char *sql, const char *types, ...);
int sq_step(struct sq *q, sqlite3_stmt *st,
            struct dh_err *err); /* 1: a row; 0: no more (ended); DH_E* (ended) */
void sq_end(sqlite3_stmt *st);
/* One integer of the first row; `otherwise` when there is none. */
int sq_int(struct sq *q, int64_t *out, int64_t otherwise, struct dh_err *err, const char *sql,
           const char *types, ...);
/* What SQLite said last, as an error; doing: "cannot write the store". */
int sq_fail(struct sq *q, const char *doing, struct dh_err *err);
void sq_finalize(struct sq *q);

const char *sq_text(sqlite3_stmt *st, int column); /* never NULL */
char *sq_dup(sqlite3_stmt *st, int column);        /* malloc'd; NULL when out of memory */
/* A list of unknown length: items are collected in a buffer, then put with their number in front. Frees
 * items. rc: of the collecting; passed through when it is not 0. */
int sq_list(struct dh_buf *out, struct dh_buf *items, size_t n, int rc, struct dh_err *err);
/* The list of what put makes of each row; ends st (NULL: its query has failed, err says why). data is empty
 * at each row, for what put has to read aside. */
int sq_rows(struct sq *q, sqlite3_stmt *st,
            int (*put)(struct sq *q, sqlite3_stmt *st, struct dh_buf *data, struct dh_buf *out,
                       struct dh_err *err),
            struct dh_buf *out, struct dh_err *err);
/* Key and data that a worker sent: as it is when it is CBOR, else as bytes, so that one bad record spoils no
 * answer. */
int sq_put_data(struct dh_buf *out, const char *key, const void *p, size_t n);
int sq_nomem(int rc,
             struct dh_err *err); /* fills err for the DH_ENOMEM or DH_ELIMIT of a buffer; returns rc */

/* ---- rows of the journal (sqlite_journal.c) */

/* Adds a row. *id: its id, 0 when such a one stands already. */
int sq_row_add(struct sq *q, int64_t case_id, const struct dh_record *r, bool stands, int64_t *id,
               struct dh_err *err);
/* Appends the data of a row, wherever it lies. column: of journal.data, the next being journal.blob. */
int sq_row_data(struct sq *q, sqlite3_stmt *st, int column, struct dh_buf *out, struct dh_err *err);
/* CBOR list of what stands. */
int sq_row_list(struct sq *q, int64_t case_id, struct dh_buf *out, struct dh_err *err);
/* Withdraws all open reviews and ends all waits of a case that is over. */
int sq_case_close(struct sq *q, int64_t case_id, struct dh_err *err);
/* Fails a case that is not leased, for good; row: its FAILED record. */
int sq_case_fail(struct sq *q, int64_t case_id, int64_t row, struct dh_err *err);
/* Parks a case with {error} as its last row. */
int sq_case_park(struct sq *q, int64_t case_id, const struct dh_err *why, struct dh_err *err);

/* Columns of one case for sq_case_put, from cases c left join journal j on j.id = c.last_row. */
#define SQ_CASE                                                                                          \
  "c.queue, c.period, c.key, c.state, c.tries, c.crashes, c.priority, c.deadline, c.not_before, c.due, " \
  "c.run, c.added, "                                                                                     \
  "c.began, c.ended, j.data, j.blob"
enum { SQ_CASE_COLUMNS = 16, SQ_CASE_PAIRS = 16 };
/* A row as a map; for sq_rows. */
int sq_case_row(struct sq *q, sqlite3_stmt *st, struct dh_buf *data, struct dh_buf *out, struct dh_err *err);
/* SQ_CASE_PAIRS pairs, without the map's head: the caller adds its own. */
int sq_case_put(struct sq *q, sqlite3_stmt *st, struct dh_buf *out, struct dh_err *err);

/* The map of case_show with room for `more` pairs of the caller. */
int sq_case_whole(struct sq *q, int64_t id, size_t more, struct dh_buf *out, struct dh_err *err);

/* ---- periods (sqlite_period.c) */
int sq_period_open(struct sq *q, const struct dh_case_new *c, struct dh_err *err); /* a case of it is new */
int sq_period_reopen(struct sq *q, int64_t case_id, struct dh_err *err);           /* … or is tried again */

/* ---- holds (sqlite_hold.c) */
int sq_hold_of(struct sq *q, const char *queue, enum dh_hold *hold, struct dh_err *err);

/* ---- checkpoints (sqlite_checkpoint.c): a thread with a connection of its own, begun when there is
 * something to do. */
void sq_checkpoint_hook(struct sq *q);
void sq_checkpoint_stop(struct sq *q);

/* ---- ops, by file */
int sq_check(struct dh_db *db, struct dh_buf *out, struct dh_err *err);
int sq_bundle_put(struct dh_db *db, const char *hash, const char *name, const void *p, size_t n,
                  struct dh_err *err);
int sq_bundle_get(struct dh_db *db, const char *hash, struct dh_buf *out, struct dh_err *err);
int sq_bundle_finished(struct dh_db *db, const char *hash, int *cases, struct dh_err *err);
int sq_case_add(struct dh_db *db, const struct dh_case_new *c, struct dh_err *err);
int sq_case_list(struct dh_db *db, const char *queue, int state, size_t limit, struct dh_buf *out,
                 struct dh_err *err);
int sq_case_show(struct dh_db *db, const char *queue, const char *period, const char *key, struct dh_buf *out,
                 struct dh_err *err);
int sq_case_rebundle(struct dh_db *db, const char *queue, const char *period, const char *key,
                     const char *bundle, struct dh_err *err);
int sq_case_retry(struct dh_db *db, const char *queue, const char *period, const char *key, const char *who,
                  struct dh_err *err);
int sq_counts(struct dh_db *db, const char *const *queues, size_t n, int64_t counts[DH_CASE_STATES],
              struct dh_err *err);
int sq_queue_hold(struct dh_db *db, const char *queue, enum dh_hold hold, const char *who,
                  struct dh_err *err);
int sq_hold_list(struct dh_db *db, struct dh_buf *out, struct dh_err *err);
int sq_period_over(struct dh_db *db, const char *const *queues, size_t n, struct dh_buf *out,
                   struct dh_err *err);
int sq_period_end(struct dh_db *db, const struct dh_period_end *e, bool *added, struct dh_err *err);
int sq_period_list(struct dh_db *db, const char *queue, const char *period, struct dh_buf *out,
                   struct dh_err *err);
int sq_period_finishes(struct dh_db *db, const char *const *queues, size_t n, int64_t counts[DH_CASE_STATES],
                       struct dh_err *err);
int sq_claim(struct dh_db *db, const struct dh_claim_ask *ask, struct dh_claim *claims, size_t *n,
             struct dh_err *err);
int sq_hand_over(struct dh_db *db, const char *run, int64_t fence, const char *worker, struct dh_err *err);
int sq_release(struct dh_db *db, const char *worker, const char *charged, const char *why, size_t *released,
               struct dh_err *err);
int sq_release_run(struct dh_db *db, const char *run, int64_t fence, struct dh_err *err);
int sq_next_due(struct dh_db *db, const char *const *queues, size_t n, int64_t *at, struct dh_err *err);
int sq_schedule_open(struct dh_db *db, const char *queue, const char *rule, const char *newest,
                     int64_t *since, int64_t *decided, struct dh_err *err);
int sq_slot_take(struct dh_db *db, const struct dh_slot_new *s, enum dh_slot_fate *fate, struct dh_err *err);
int sq_slot_release(struct dh_db *db, const char *queue, size_t *released, size_t *held, struct dh_err *err);
int sq_queue_take(struct dh_db *db, const struct dh_slot_new *s, const char *watched, bool finished,
                  enum dh_slot_fate *fate, struct dh_err *err);
int sq_schedule_list(struct dh_db *db, struct dh_buf *out, struct dh_err *err);
int sq_append(struct dh_db *db, const struct dh_record *r, int64_t fence, int64_t *lease_end,
              struct dh_err *err);
int sq_review_list(struct dh_db *db, const char *queue, struct dh_buf *out, struct dh_err *err);
int sq_review_show(struct dh_db *db, int64_t id, struct dh_buf *out, struct dh_err *err);
int sq_review_answer(struct dh_db *db, int64_t id, const void *answer, size_t n, const char *who,
                     struct dh_buf *out, struct dh_err *err);
int sq_run_list(struct dh_db *db, const char *queue, int state, size_t limit, struct dh_buf *out,
                struct dh_err *err);
int sq_run_show(struct dh_db *db, const char *prefix, struct dh_buf *out, struct dh_err *err);
int sq_backup(struct dh_db *db, const char *path, struct dh_err *err);
int sq_restored(struct dh_db *db, const char *who, const char *from, struct dh_buf *out, struct dh_err *err);
int sq_prune(struct dh_db *db, int64_t before, const char *who, struct dh_prune *p, struct dh_err *err);
int sq_data_each(struct dh_db *db, int64_t before,
                 int (*take)(void *self, const void *p, size_t n, bool named, struct dh_err *err), void *self,
                 struct dh_err *err);
int sq_secret_set(struct dh_db *db, const char *name, const void *box, size_t n, const char *who,
                  struct dh_err *err);
int sq_secret_get(struct dh_db *db, const char *name, struct dh_buf *box, struct dh_err *err);
int sq_secret_remove(struct dh_db *db, const char *name, const char *who, struct dh_err *err);
int sq_secret_list(struct dh_db *db, struct dh_buf *out, struct dh_err *err);
int sq_audit(struct dh_db *db, const char *who, const char *what, const char *object, const void *detail,
             size_t n, struct dh_err *err);
int sq_audit_list(struct dh_db *db, size_t limit, struct dh_buf *out, struct dh_err *err);

#endif
