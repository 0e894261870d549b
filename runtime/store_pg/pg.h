/* pg.h - inside of the PostgreSQL driver: the connection, its pipeline, transactions, leases of hosts. The
 * ops are those of store/sql.h but for the ones that pay to be written for many rows at once. A connection is
 * used by one thread; what `heart` holds is the heart's thread's, but for the atomics. */
#ifndef DH_PG_H
#define DH_PG_H

#include "../store/sql.h"

#include <libpq-fe.h>
#include <pthread.h>
#include <stdatomic.h>

enum { PG_CACHE_BITS = 9, PG_CACHE = 1 << PG_CACHE_BITS /* over twice the number of statements */ };
enum { PG_URL = 2048, PG_NAME = 64 };
enum { PG_ARGS = 16 /* of one statement */ };

extern const struct dh_store_ops pg_ops;
extern const struct sq_driver pg_driver;

struct pg_stmt {
  struct sq_stmt st;
  const char *text; /* NULL: free */
  unsigned session; /* of the connection that has it prepared */
  enum sq_want want;
  PGresult *rows;
  int row;
};

/* A statement on its way: its results come in this order. */
struct pg_sent {
  struct pg_stmt *keep;     /* gets the rows; NULL: only its success counts */
  struct pg_stmt *prepares; /* what is prepared once it has succeeded */
  bool must;                /* no row means that our lease is over */
};

/* What a URL says. */
struct pg_place {
  char url[PG_URL];   /* for libpq */
  char shown[PG_URL]; /* without password, for people */
  char schema[PG_NAME];
};

struct pg_heart;

struct pg {
  struct sq q;
  struct pg_place place;
  bool write;
  PGconn *conn;
  unsigned session;    /* counts connections */
  int64_t patience_ms; /* for a database that is away: a host's has no end, a command tells its user */
  struct pg_stmt cache[PG_CACHE];
  struct pg_sent *sent;
  size_t nsent, sent_cap;
  int64_t result; /* of the last statement that ended: rows touched, or an id */

  bool open;         /* a transaction was begun */
  bool broken;       /* a statement of it failed: it goes back to its mark, or ends */
  bool dead;         /* the one that failed came before the mark */
  struct dh_err why; /* it failed */
  bool marked;
  size_t before; /* the mark: statements on their way before it */
  bool guarded;  /* its first write under a lease has proved that the lease stands */

  /* a host's */
  int64_t host;     /* 0: holds no leases */
  char worker[160]; /* "NAME#ID/": in front of the names of its workers */
  bool joining;     /* in this transaction */
  int64_t join_end; /* of the leases then */
  struct pg_heart *heart;

  pthread_mutex_t mutex; /* of `hurry` */
  pthread_cond_t wake;
  bool hurry;
};

static inline struct pg *pg_of(struct sq *q)
{
  return (struct pg *)q;
}

/* ---- pg_url.c */
int pg_place_read(const char *url, struct pg_place *out, struct dh_err *err);

/* ---- pg_conn.c */

/* A connection with our settings; write: to a server that takes writes. */
int pg_connect(const struct pg_place *p, bool write, PGconn **out, struct dh_err *err);
/* Fills err from a result (or, NULL, from the connection). doing: "cannot write the store". */
int pg_fail(const struct pg_place *p, PGconn *conn, const PGresult *r, const char *doing, struct dh_err *err);
/* One statement without arguments, outside of a pipeline; its result or NULL with err. */
PGresult *pg_simple(const struct pg_place *p, PGconn *conn, const char *sql, struct dh_err *err);
/* The store's own connection, again if it was lost: waits for the database as long as nobody hurries. */
int pg_ready(struct pg *pg, struct dh_err *err);
void pg_drop(struct pg *pg); /* the connection and all that was on its way */
/* Waits up to ms, or until somebody hurries: then false. */
bool pg_pause(struct pg *pg, int64_t ms);

/* ---- pg_stmt.c */

/* All that was sent has answered. sync: a transaction ends here. Errors end the pipeline; the transaction is
 * broken then. */
int pg_settle(struct pg *pg, bool sync, struct dh_err *err);
/* Sends a statement without arguments that ends a transaction. tag: what the server says when it did. */
int pg_end(struct pg *pg, const char *sql, const char *tag, struct dh_err *err);
/* The next statement must touch a row, else the transaction ends with `our lease is over`. */
int pg_guard(struct pg *pg, struct dh_err *err);
/* Sends a statement whose arguments are bound already (arrays). NULL with err. */
struct sq_stmt *pg_send(struct pg *pg, enum sq_want want, const char *sql, int n, const Oid *types,
                        const char *const *values, const int *lengths, const int *formats,
                        struct dh_err *err);
void pg_forget_results(struct pg *pg);
/* A malloc'd copy that is UTF-8, NULL when the text is. */
char *pg_mend(const char *text);

/* ---- pg_tx.c */
int pg_gone(struct pg *pg, struct dh_err *err); /* why the transaction is of no use */
int pg_begin(struct dh_db *db, struct dh_err *err);
int pg_commit(struct dh_db *db, struct dh_err *err);
void pg_rollback(struct dh_db *db);
int pg_mark(struct dh_db *db, struct dh_err *err);
int pg_unmark(struct dh_db *db, bool undo, struct dh_err *err);
bool pg_sound(struct dh_db *db);

/* ---- pg_schema.c */
int pg_schema_check(struct pg *pg, struct dh_err *err);

/* ---- pg_claim.c, pg_append.c */
int pg_claim(struct dh_db *db, const struct dh_claim_ask *ask, struct dh_claim *claims, size_t *n,
             struct dh_err *err);
int pg_hand_over(struct dh_db *db, const char *run, int64_t fence, const char *worker, struct dh_err *err);
int pg_release(struct dh_db *db, const char *worker, const char *charged, const char *why, size_t *released,
               struct dh_err *err);
int pg_next_due(struct dh_db *db, const char *const *queues, size_t n, int64_t *at, struct dh_err *err);
int pg_append(struct dh_db *db, const struct dh_record *r, int64_t fence, int64_t *lease_end,
              struct dh_err *err);
int pg_append_all(struct dh_db *db, struct dh_append *v, size_t n, struct dh_err *err);

/* ---- pg_host.c: hosts and their leases */
int pg_join(struct dh_db *db, const struct dh_join *j, struct dh_err *err);
int64_t pg_lease_end(struct dh_db *db);
bool pg_leads(struct dh_db *db);
void pg_hurry(struct dh_db *db);
void pg_joined(struct pg *pg, bool committed); /* after each transaction */
void pg_heart_stop(struct pg *pg);

#endif
