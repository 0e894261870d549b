/* pg_tx.c - transactions. A commit whose reply was lost is read back, never assumed. What undoes records of
 * runs tears their leases, as in sqlite.c. */
#include "pg.h"

#include "../base/log.h"

#include <string.h>

enum { AGAIN = 2, ASK_MS = 50, ASK_MAX_MS = 2000, ASK_LEAST_MS = 30000 };

bool pg_sound(struct dh_db *db)
{
  struct pg *pg = pg_of(sq_of(db));

  if (!pg->open || !pg->conn || PQstatus(pg->conn) != CONNECTION_OK)
    return false;
  return !pg->broken || (pg->marked && !pg->dead); /* it can go back to its mark */
}

int pg_gone(struct pg *pg, struct dh_err *err)
{
  if (pg->broken && pg->why.code) {
    *err = pg->why;
    return err->code;
  }
  if (!pg->conn || PQstatus(pg->conn) == CONNECTION_BAD)
    return dh_err_set(err, DH_EUNAVAILABLE, "the connection to the store %s was lost", pg->place.shown);
  return dh_err_set(err, DH_EIO, "cannot write the store %s: its transaction is gone", pg->place.shown);
}

static void over(struct pg *pg)
{
  pg->open = pg->broken = pg->dead = pg->marked = pg->guarded = false;
  sq_forget(&pg->q);
}

void pg_rollback(struct dh_db *db)
{
  struct pg *pg = pg_of(sq_of(db));
  struct dh_err err;

  if (pg->open && pg->conn && PQstatus(pg->conn) == CONNECTION_OK) {
    pg_settle(pg, false, &err); /* whatever it says, it is undone */
    if (PQstatus(pg->conn) != CONNECTION_OK || pg_end(pg, "ROLLBACK", "ROLLBACK", &err))
      pg_drop(pg);
  }
  pg_joined(pg, false);
  pg->q.lost = pg->host != 0;
  over(pg);
}

static int tear_all(struct pg *pg, struct dh_err *err)
{
  return sq_exec(&pg->q, NULL, err,
                 "UPDATE cases SET torn = 3 WHERE state = 2 AND worker >= ?1 AND worker < ?1 || '~'", "t",
                 pg->worker);
}

int pg_begin(struct dh_db *db, struct dh_err *err)
{
  struct pg *pg = pg_of(sq_of(db));
  int rc;

  over(pg);
  do { /* a connection that died while nobody used it is found out here, before any work */
    if ((rc = pg_ready(pg, err)))
      return rc;
    pg->open = true;
    if (!(rc = sq_exec(&pg->q, NULL, err, pg->write ? "BEGIN" : "BEGIN READ ONLY", "")))
      rc = pg_settle(pg, false, err);
  } while (rc == DH_EUNAVAILABLE && PQstatus(pg->conn) == CONNECTION_BAD && pg_pause(pg, 1));
  if (!rc && pg->q.lost)
    rc = tear_all(pg, err);
  if (rc)
    pg_rollback(db);
  return rc;
}

/* 1: it is in the database, 0: it is not, DH_E*: nobody can tell. */
static int ask_outcome(struct pg *pg, const char *xid, struct dh_err *err)
{
  const char *sql = "SELECT pg_xact_status($1::text::xid8)";
  int64_t wait = ASK_MS, patience = pg->patience_ms;
  int rc = AGAIN;

  if (pg->patience_ms < ASK_LEAST_MS)
    pg->patience_ms = ASK_LEAST_MS;
  while (rc == AGAIN) {
    PGresult *r;
    const char *status;

    if ((rc = pg_ready(pg, err)))
      break;
    PQexitPipelineMode(pg->conn);
    r = PQexecParams(pg->conn, sql, 1, NULL, &xid, NULL, NULL, 0);
    status = PQresultStatus(r) == PGRES_TUPLES_OK ? PQgetvalue(r, 0, 0) : "";
    if (!strcmp(status, "committed"))
      rc = 1;
    else if (!strcmp(status, "aborted"))
      rc = 0;
    else if (PQresultStatus(r) == PGRES_TUPLES_OK || PQstatus(pg->conn) == CONNECTION_BAD)
      rc = AGAIN; /* its backend has not noticed yet that we are gone, or we have lost it again */
    else
      rc = 0; /* a number that this database has not given out: the server before it took the commit along */
    PQclear(r);
    if (PQstatus(pg->conn) == CONNECTION_OK && !PQenterPipelineMode(pg->conn))
      pg_drop(pg);
    if (rc == AGAIN && !pg_pause(pg, wait))
      rc = dh_err_set(err, DH_EUNAVAILABLE, "the store %s went away during a commit", pg->place.shown);
    wait = wait * 2 > ASK_MAX_MS ? ASK_MAX_MS : wait * 2;
  }
  pg->patience_ms = patience;
  return rc;
}

/* The transaction's number, "" when it has written nothing. */
static int read_xid(struct pg *pg, char xid[32], struct dh_err *err)
{
  struct sq_stmt *st = sq_query(&pg->q, err, "SELECT pg_current_xact_id_if_assigned()::text", "");
  int rc = st ? sq_step(&pg->q, st, err) : err->code;

  if (rc <= 0)
    return rc;
  snprintf(xid, 32, "%s", sq_text(st, 0));
  sq_end(st);
  return 0;
}

static int lost_reply(struct pg *pg, const char *xid, struct dh_err *err)
{
  struct dh_err why = *err;
  int rc;

  dh_log(DH_WARN, NULL, "the reply to a commit was lost (%s): it is read back", why.text);
  pg_drop(pg);
  rc = ask_outcome(pg, xid, err);
  if (rc < 0)
    return rc;
  dh_log(DH_WARN, NULL, "the commit is %s the database", rc ? "in" : "not in");
  if (rc)
    return 0;
  *err = why;
  return why.code;
}

int pg_commit(struct dh_db *db, struct dh_err *err)
{
  struct pg *pg = pg_of(sq_of(db));
  char xid[32] = "";
  int rc = 0;

  if (!pg_sound(db) || pg->broken)
    rc = pg_gone(pg, err);
  if (!rc && pg->q.stirred && pg->write)
    rc = sq_exec(&pg->q, NULL, err, "SELECT pg_notify(?, ?)", "tt", pg->place.schema, pg->q.stirred_by);
  if (!rc)
    rc = read_xid(pg, xid, err);
  if (!rc) {
    rc = pg_end(pg, "COMMIT", "COMMIT", err);
    if (rc && *xid && (!pg->conn || PQstatus(pg->conn) == CONNECTION_BAD))
      rc = lost_reply(pg, xid, err);
    else if (rc && !*xid && (!pg->conn || PQstatus(pg->conn) == CONNECTION_BAD))
      rc = 0; /* it had written nothing */
    if (!rc)
      pg->open = false;
  }
  if (rc) {
    pg_rollback(db);
    return rc;
  }
  pg_joined(pg, true);
  pg->q.lost = false;
  over(pg);
  return 0;
}

int pg_mark(struct dh_db *db, struct dh_err *err)
{
  struct pg *pg = pg_of(sq_of(db));
  int rc;

  pg->q.touched.marked = pg->q.touched.n;
  pg->q.lease.run[0] = '\0'; /* so that this job's cases are noted again, behind the mark */
  pg->before = pg->nsent;
  if (!(rc = sq_exec(&pg->q, NULL, err, "SAVEPOINT job", "")))
    pg->marked = true;
  return rc;
}

/* Back to the mark: what of this job is still on its way comes first. */
static int go_back(struct pg *pg, struct dh_err *err)
{
  int rc;

  if (pg->nsent && !pg->broken)
    pg_settle(pg, false, err); /* undone either way */
  if (!pg_sound(&pg->q.db))
    return pg_gone(pg, err);
  pg->broken = pg->guarded = false;
  if (!(rc = sq_exec(&pg->q, NULL, err, "ROLLBACK TO job", "")))
    rc = pg_settle(pg, false, err);
  return rc;
}

int pg_unmark(struct dh_db *db, bool undo, struct dh_err *err)
{
  struct pg *pg = pg_of(sq_of(db));
  struct sq *q = &pg->q;
  int rc = undo ? go_back(pg, err) : 0;

  if (!rc && pg->broken)
    rc = pg_gone(pg, err);
  if (!rc)
    rc = sq_exec(q, NULL, err, "RELEASE job", "");
  pg->marked = false;
  for (; undo && !rc && q->touched.n > q->touched.marked; q->touched.n--)
    rc = sq_exec(q, NULL, err, "UPDATE cases SET torn = 1 WHERE id = ?", "i", q->touched.v[q->touched.n - 1]);
  q->lease.run[0] = '\0';
  if (rc) /* the transaction is of no use any more */
    pg_rollback(db);
  return rc;
}
