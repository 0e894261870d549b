/* sql.h - the ops of the store written once, over statements that a driver gives: SQLite in the binary
 * (sqlite.h), PostgreSQL in a module (store_pg). The texts use what both understand; where they differ the
 * driver has the word. A connection is used by one thread at a time. */
#ifndef DH_SQL_H
#define DH_SQL_H

#include "store.h"

enum { SQ_PATH = 1024 };
enum { SQ_OUT_MAX = 256 << 20 /* bytes of one answer */ };
enum sq_end { SQ_END_NONE, SQ_END_CRASH, SQ_END_AWAY, SQ_END_ERROR };           /* cases.last_end */
enum sq_review { SQ_REVIEW_OPEN = 1, SQ_REVIEW_ANSWERED, SQ_REVIEW_WITHDRAWN }; /* reviews.state */

struct sq;

/* What the caller wants of a statement beside its being done. */
enum sq_want {
  SQ_NOTHING, /* a driver may send it and go on: its failure comes with the next statement that waits */
  SQ_COUNT,   /* rows touched */
  SQ_ID,      /* an INSERT: the id of the row, 0 when it stands already */
  SQ_ROWS,
};

/* A statement that was begun; the driver's own follow. */
struct sq_stmt {
  const struct sq_driver *driver;
};

struct sq_driver {
  /* SQL texts are literals: their addresses name them, each is prepared once. `?` and `?N` mark arguments.
   * NULL with err filled. */
  struct sq_stmt *(*begin)(struct sq *q, enum sq_want want, const char *sql, const char *types, va_list ap,
                           struct dh_err *err);
  int (*step)(struct sq *q, struct sq_stmt *st, struct dh_err *err); /* see sq_step */
  void (*end)(struct sq_stmt *st);
  int64_t (*result)(struct sq *q); /* of the last statement that ended: its count or id */

  bool (*null)(struct sq_stmt *st, int column);
  int64_t (*int64)(struct sq_stmt *st, int column);    /* 0 for NULL; 1 for true */
  const char *(*text)(struct sq_stmt *st, int column); /* NULL for NULL */
  const void *(*blob)(struct sq_stmt *st, int column);
  size_t (*bytes)(struct sq_stmt *st, int column); /* of the blob */

  /* Keeps other writers from this case until the transaction ends; NULL when there are none. */
  int (*lock)(struct sq *q, int64_t case_id, struct dh_err *err);

  /* For `check`: rows that tell damage or "ok" (NULL: the database looks after itself), the schema's number,
   * bytes on the disk. */
  const char *damage, *version, *size;
};

/* A connection; a driver's own follow. */
struct sq {
  struct dh_db db;
  const struct sq_driver *driver;
  char blobs[SQ_PATH]; /* folder of files by hash */
  size_t table_max;    /* bytes of journal data up to here lie in the database */
  int64_t ahead_ms;    /* the database's clock before ours */
  bool stirred;        /* something has become due in this transaction */
  char stirred_by[64]; /* the queue it was, "" for several or any */
  struct {
    char run[DH_RUN_ID]; /* "" for none */
    int64_t fence, case_id;
  } lease; /* looked up last in this transaction: most records come in rows of one run */
  struct {
    int64_t *v;
    size_t n, cap, marked;
  } touched; /* cases with records in this transaction; how many at `mark` */
  bool lost; /* a transaction went, nobody knows with whose records: every lease is torn in the next */
};

static inline struct sq *sq_of(struct dh_db *db)
{
  return (struct sq *)db;
}

/* ---- statements (sql.c). types: one letter an argument: i int64_t, t const char * (NULL is NULL), b const
 * void * and size_t. What is bound must live until the statement ends, or, without `changed`, is copied. */

/* Runs to the end. changed (may be NULL): rows touched. */
int sq_exec(struct sq *q, int *changed, struct dh_err *err, const char *sql, const char *types, ...);
/* An INSERT … ON CONFLICT DO NOTHING into a table with an id. *id: the row's, 0 when it stands already. */
int sq_insert(struct sq *q, int64_t *id, struct dh_err *err, const char *sql, const char *types, ...);
/* Begins a query; NULL with err filled. sq_step until it says 0 or less, or sq_end before. Not to be begun
 * again meanwhile. */
struct sq_stmt *sq_query(struct sq *q, struct dh_err *err, const char *sql, const char *types, ...);
/* 1: a row; 0: no more (ended); DH_E* (ended) */
int sq_step(struct sq *q, struct sq_stmt *st, struct dh_err *err);
void sq_end(struct sq_stmt *st);
/* One integer of the first row; `otherwise` when there is none. */
int sq_int(struct sq *q, int64_t *out, int64_t otherwise, struct dh_err *err, const char *sql,
           const char *types, ...);

bool sq_null(struct sq_stmt *st, int column);
int64_t sq_int64(struct sq_stmt *st, int column); /* 0 for NULL */
int sq_small(struct sq_stmt *st, int column);
const char *sq_text(struct sq_stmt *st, int column); /* never NULL */
const void *sq_blob(struct sq_stmt *st, int column);
size_t sq_bytes(struct sq_stmt *st, int column); /* of the blob */
char *sq_dup(struct sq_stmt *st, int column);    /* malloc'd; NULL when out of memory */

int64_t sq_now(const struct sq *q); /* wall ms by the database's clock */
int sq_lock(struct sq *q, int64_t case_id, struct dh_err *err);
/* Something of this queue (NULL: of several) is due now: whoever serves it should know. */
void sq_stir(struct sq *q, const char *queue);
/* Notes that the transaction holds records of this case. */
int sq_touch(struct sq *q, int64_t case_id, struct dh_err *err);
void sq_forget(struct sq *q); /* what was noted of this transaction */

/* A list of unknown length: items are collected in a buffer, then put with their number in front. Frees
 * items. rc: of the collecting; passed through when it is not 0. */
int sq_list(struct dh_buf *out, struct dh_buf *items, size_t n, int rc, struct dh_err *err);
/* The list of what put makes of each row; ends st (NULL: its query has failed, err says why). data is empty
 * at each row, for what put has to read aside. */
int sq_rows(struct sq *q, struct sq_stmt *st,
            int (*put)(struct sq *q, struct sq_stmt *st, struct dh_buf *data, struct dh_buf *out,
                       struct dh_err *err),
            struct dh_buf *out, struct dh_err *err);
/* Key and data that a worker sent: as it is when it is CBOR, else as bytes, so that one bad record spoils no
 * answer. */
int sq_put_data(struct dh_buf *out, const char *key, const void *p, size_t n);
int sq_nomem(int rc,
             struct dh_err *err); /* fills err for the DH_ENOMEM or DH_ELIMIT of a buffer; returns rc */

/* ---- rows of the journal (sql_journal.c) */

/* Adds a row. *id: its id, 0 when such a one stands already. */
int sq_row_add(struct sq *q, int64_t case_id, const struct dh_record *r, bool stands, int64_t *id,
               struct dh_err *err);
/* Appends the data of a row, wherever it lies. column: of journal.data, the next being journal.blob. */
int sq_row_data(struct sq *q, struct sq_stmt *st, int column, struct dh_buf *out, struct dh_err *err);
/* CBOR list of what stands. */
int sq_row_list(struct sq *q, int64_t case_id, struct dh_buf *out, struct dh_err *err);
/* Withdraws all open reviews and ends all waits of a case that is over. */
int sq_case_close(struct sq *q, int64_t case_id, struct dh_err *err);
/* Fails a case that is not leased, for good; row: its FAILED record. */
int sq_case_fail(struct sq *q, int64_t case_id, int64_t row, struct dh_err *err);
/* Parks a case with {error} as its last row. */
int sq_case_park(struct sq *q, int64_t case_id, const struct dh_err *why, struct dh_err *err);

/* ---- claims (sql_lease.c) */

#define SQ_CLAIM                                                                                     \
  "run, fence, attempt, tries, crashes, charges, last_end, queue, period, key, priority, deadline, " \
  "bundle, input"
enum { SQ_CLAIM_COLUMNS = 14 };
/* A row of these columns, just claimed. Freed by dh_claim_fini, also after an error. */
int sq_claim_read(struct sq_stmt *st, struct dh_claim *c, struct dh_err *err);
/* Answers waits that are over; its journal. DH_ELIMIT: it is longer than any worker can be given … */
int sq_claim_fill(struct sq *q, int64_t id, struct dh_claim *c, struct dh_err *err);
int sq_claim_park(struct sq *q, int64_t id, struct dh_claim *c, struct dh_err *err); /* … so it is parked */

/* Columns of one case for sq_case_put, from cases c left join journal j on j.id = c.last_row. */
#define SQ_CASE                                                                                          \
  "c.queue, c.period, c.key, c.state, c.tries, c.crashes, c.priority, c.deadline, c.not_before, c.due, " \
  "c.run, c.added, "                                                                                     \
  "c.began, c.ended, j.data, j.blob"
enum { SQ_CASE_COLUMNS = 16, SQ_CASE_PAIRS = 16 };
/* A row as a map; for sq_rows. */
int sq_case_row(struct sq *q, struct sq_stmt *st, struct dh_buf *data, struct dh_buf *out,
                struct dh_err *err);
/* SQ_CASE_PAIRS pairs, without the map's head: the caller adds its own. */
int sq_case_put(struct sq *q, struct sq_stmt *st, struct dh_buf *out, struct dh_err *err);

/* The map of case_show with room for `more` pairs of the caller. */
int sq_case_whole(struct sq *q, int64_t id, size_t more, struct dh_buf *out, struct dh_err *err);

/* ---- periods (sql_period.c) */
int sq_period_open(struct sq *q, const struct dh_case_new *c, struct dh_err *err); /* a case of it is new */
int sq_period_reopen(struct sq *q, int64_t case_id, struct dh_err *err);           /* … or is tried again */

/* ---- holds (sql_hold.c) */
int sq_hold_of(struct sq *q, const char *queue, enum dh_hold *hold, struct dh_err *err);
/* DH_EREFUSED, in words. */
int sq_hold_refuse(const char *queue, enum dh_hold hold, struct dh_err *err);

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
int sq_period_over(struct dh_db *db, const char *const *queues, size_t n, struct dh_buf *out,
                   struct dh_err *err);
int sq_period_end(struct dh_db *db, const struct dh_period_end *e, bool *added, struct dh_err *err);
int sq_period_list(struct dh_db *db, const char *queue, const char *period, struct dh_buf *out,
                   struct dh_err *err);
int sq_period_finishes(struct dh_db *db, const char *const *queues, size_t n, int64_t counts[DH_CASE_STATES],
                       struct dh_err *err);
int sq_queue_hold(struct dh_db *db, const char *queue, enum dh_hold hold, const char *who,
                  struct dh_err *err);
int sq_hold_list(struct dh_db *db, struct dh_buf *out, struct dh_err *err);
int sq_restored(struct dh_db *db, const char *who, const char *from, struct dh_buf *out, struct dh_err *err);
int sq_prune(struct dh_db *db, int64_t before, const char *who, struct dh_prune *p, struct dh_err *err);
int sq_data_each(struct dh_db *db, int64_t before,
                 int (*take)(void *self, const void *p, size_t n, bool named, struct dh_err *err), void *self,
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
int sq_append_all(struct dh_db *db, struct dh_append *v, size_t n, struct dh_err *err);
int sq_review_list(struct dh_db *db, const char *queue, struct dh_buf *out, struct dh_err *err);
int sq_review_show(struct dh_db *db, int64_t id, struct dh_buf *out, struct dh_err *err);
int sq_review_makers(struct dh_db *db, int64_t id, struct dh_buf *out, struct dh_err *err);
int sq_review_answer(struct dh_db *db, int64_t id, const void *answer, size_t n, const char *who,
                     struct dh_buf *out, struct dh_err *err);
int sq_run_list(struct dh_db *db, const char *queue, int state, size_t limit, struct dh_buf *out,
                struct dh_err *err);
int sq_run_show(struct dh_db *db, const char *prefix, struct dh_buf *out, struct dh_err *err);
int sq_secret_set(struct dh_db *db, const char *name, const void *box, size_t n, const char *who,
                  struct dh_err *err);
int sq_secret_get(struct dh_db *db, const char *name, struct dh_buf *box, struct dh_err *err);
int sq_secret_remove(struct dh_db *db, const char *name, const char *who, struct dh_err *err);
int sq_secret_list(struct dh_db *db, struct dh_buf *out, struct dh_err *err);
int sq_audit(struct dh_db *db, const char *who, const char *what, const char *object, const void *detail,
             size_t n, struct dh_err *err);
int sq_audit_list(struct dh_db *db, size_t limit, struct dh_buf *out, struct dh_err *err);

#endif
