/* sqlite.h - inside of the SQLite driver: the connection, its statements, its checkpoints. The ops are those
 * of sql.h. */
#ifndef DH_SQLITE_H
#define DH_SQLITE_H

#include "sql.h"

#include <sqlite3.h>

enum { SQ_CACHE_BITS = 9, SQ_CACHE = 1 << SQ_CACHE_BITS /* over twice the number of statements */ };

extern const struct dh_store_ops dh_sqlite_ops;
extern const struct sq_driver sq_sqlite_driver;

struct sq_checkpointer;

struct sq_lite {
  struct sq q;
  sqlite3 *sql;
  char path[SQ_PATH];
  struct sq_lite_stmt {
    struct sq_stmt st;
    const char *text;
    sqlite3_stmt *lite;
  } cache[SQ_CACHE]; /* by the address of the text */
  enum sq_want want; /* of the statement that runs */
  struct sq_checkpointer *checkpointer;
};

static inline struct sq_lite *sq_lite_of(struct sq *q)
{
  return (struct sq_lite *)q;
}

/* ---- sqlite_stmt.c */

/* What SQLite said last, as an error; doing: "cannot write the store". */
int sq_fail(struct sq_lite *l, const char *doing, struct dh_err *err);
void sq_finalize(struct sq_lite *l);

/* ---- checkpoints (sqlite_checkpoint.c): a thread with a connection of its own, begun when there is
 * something to do. */
void sq_checkpoint_hook(struct sq_lite *l);
void sq_checkpoint_stop(struct sq_lite *l);

/* ---- sqlite_keep.c */
int sq_backup(struct dh_db *db, const char *path, struct dh_err *err);

#endif
