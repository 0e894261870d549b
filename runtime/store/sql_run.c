/* sql_run.c - runs for `runs` and `show`: reads only. */
#include "sql.h"

#include <stdio.h>
#include <string.h>

int sq_run_list(struct dh_db *db, const char *queue, int state, size_t limit, struct dh_buf *out,
                struct dh_err *err)
{
  struct sq *q = sq_of(db);
  struct sq_stmt *st = sq_query(
      q, err,
      "SELECT " SQ_CASE " FROM cases c LEFT JOIN journal j ON j.id = c.last_row WHERE c.run IS NOT NULL "
      "AND (?1 IS NULL OR c.queue = ?1) AND (?2 = 0 OR c.state = ?2) ORDER BY c.began DESC, c.id DESC "
      "LIMIT ?3",
      "tii", queue, (int64_t)state, limit ? (int64_t)limit : INT64_MAX);

  return sq_rows(q, st, sq_case_row, out, err);
}

static int put_record(struct sq *q, struct sq_stmt *st, struct dh_buf *data, struct dh_buf *out,
                      struct dh_err *err)
{
  const char *kind = dh_record_kind_name((enum dh_record_kind)sq_small(st, 0));
  int rc;

  if ((rc = sq_row_data(q, st, 10, data, err)) || (rc = dh_put_map(out, 11)) ||
      (rc = dh_put_kt(out, "kind", kind)) || (rc = dh_put_ki(out, "attempt", sq_int64(st, 1))) ||
      (rc = dh_put_kt(out, "scope", sq_text(st, 2))) || (rc = dh_put_ki(out, "position", sq_int64(st, 3))) ||
      (rc = dh_put_kt(out, "word", sq_text(st, 4))) || (rc = dh_put_kt(out, "name", sq_text(st, 5))) ||
      (rc = dh_put_kt(out, "hash", sq_text(st, 6))) || (rc = dh_put_kt(out, "where", sq_text(st, 7))) ||
      (rc = dh_put_ki(out, "at", sq_int64(st, 8))) || (rc = dh_put_kb(out, "stands", sq_small(st, 9))) ||
      (rc = sq_put_data(out, "data", data->data, data->len)))
    sq_nomem(rc, err);
  return rc;
}

static int put_records(struct sq *q, int64_t id, struct dh_buf *out, struct dh_err *err)
{
  struct sq_stmt *st = sq_query(
      q, err,
      "SELECT kind, attempt, scope, position, word, name, hash, place, at, stands, data, blob FROM journal "
      "WHERE case_id = ? ORDER BY id",
      "i", id);

  return sq_rows(q, st, put_record, out, err);
}

static int put_effect(struct sq *q, struct sq_stmt *st, struct dh_buf *shows, struct dh_buf *out,
                      struct dh_err *err)
{
  bool begun = !sq_null(st, 3), confirmed = !sq_null(st, 5);
  bool stands = sq_small(st, 4);
  int rc = confirmed ? sq_row_data(q, st, 6, shows, err) : 0;

  if (rc || (rc = dh_put_map(out, 7)) || (rc = dh_put_kt(out, "name", sq_text(st, 0))) ||
      (rc = dh_put_kt(out, "scope", sq_text(st, 1))) || (rc = dh_put_kt(out, "hash", sq_text(st, 2))) ||
      (rc = dh_put_ki(out, "intent", begun ? sq_int64(st, 3) : 0)) ||
      (rc = dh_put_ki(out, "confirm", sq_int64(st, 5))) ||
      (rc = sq_put_data(out, "shows", shows->data, shows->len)) ||
      (rc = dh_put_kt(out, "state",
                      begun && !stands ? "void"
                      : confirmed      ? "confirmed"
                                       : "open")))
    sq_nomem(rc, err);
  return rc;
}

/* Every intent with its confirm, and confirms without an intent (a person said that somebody else had done
 * it). */
static int put_effects(struct sq *q, int64_t id, struct dh_buf *out, struct dh_err *err)
{
  struct sq_stmt *st = sq_query(
      q, err,
      "SELECT i.name, i.scope, i.hash, i.at, i.stands, c.at, c.data, c.blob, i.id AS rank FROM journal i "
      "LEFT JOIN journal c ON i.stands = 1 AND c.case_id = i.case_id AND c.kind = 5 AND c.stands = 1 AND "
      "c.scope = i.scope "
      "AND c.name = i.name WHERE i.case_id = ?1 AND i.kind = 4 UNION ALL "
      "SELECT c.name, c.scope, c.hash, NULL, 1, c.at, c.data, c.blob, c.id FROM journal c WHERE c.case_id = "
      "?1 AND "
      "c.kind = 5 AND c.stands = 1 AND NOT EXISTS (SELECT 1 FROM journal i WHERE i.case_id = ?1 AND i.kind = "
      "4 AND "
      "i.stands = 1 AND i.scope = c.scope AND i.name = c.name) ORDER BY rank",
      "i", id);

  return sq_rows(q, st, put_effect, out, err);
}

/* The run that begins so; the ids are hex digits, so everything that begins with p sorts from p to p || 'g'.
 */
static int find_run(struct sq *q, const char *prefix, int64_t *id, struct dh_err *err)
{
  struct sq_stmt *st = sq_query(
      q, err,
      "SELECT id, run, queue, key FROM cases WHERE run >= ?1 AND run < ?1 || 'g' ORDER BY run LIMIT 5", "t",
      prefix);
  char list[512] = "";
  int rc, n = 0;

  if (!st)
    return err->code;
  while ((rc = sq_step(q, st, err)) > 0) {
    size_t at = strlen(list);

    *id = sq_int64(st, 0);
    snprintf(list + at, sizeof list - at, "%s%.12s (%s, %s)", n++ ? ", " : "", sq_text(st, 1), sq_text(st, 2),
             sq_text(st, 3));
  }
  if (rc || n == 1)
    return rc;
  if (!n) {
    dh_err_set(err, DH_ENOENT, "there is no run %s", prefix);
    dh_err_advice(err, "deskhand runs lists them");
    return DH_ENOENT;
  }
  dh_err_set(err, DH_EAMBIGUOUS, "more than one run begins with %s", *prefix ? prefix : "\"\"");
  dh_err_seen(err, "%s%s", list, n == 5 ? ", …" : "");
  return DH_EAMBIGUOUS;
}

static int put_lease(struct sq *q, int64_t id, struct dh_buf *out, struct dh_err *err)
{
  struct sq_stmt *st = sq_query(q, err, "SELECT worker, attempt, charges FROM cases WHERE id = ?", "i", id);
  int rc = st ? sq_step(q, st, err) : err->code;

  if (rc <= 0)
    return rc;
  if ((rc = dh_put_kt(out, "worker", sq_text(st, 0))) || (rc = dh_put_ki(out, "attempt", sq_int64(st, 1))) ||
      (rc = dh_put_ki(out, "charges", sq_int64(st, 2))))
    sq_nomem(rc, err);
  sq_end(st);
  return rc;
}

int sq_run_show(struct dh_db *db, const char *prefix, struct dh_buf *out, struct dh_err *err)
{
  struct sq *q = sq_of(db);
  int64_t id = 0;
  int rc = find_run(q, prefix, &id, err);

  if (!rc)
    rc = sq_case_whole(q, id, 5, out, err);
  if (!rc)
    rc = put_lease(q, id, out, err);
  if (!rc && !(rc = sq_nomem(dh_put_text(out, "effects"), err)))
    rc = put_effects(q, id, out, err);
  if (!rc && !(rc = sq_nomem(dh_put_text(out, "records"), err)))
    rc = put_records(q, id, out, err);
  return rc;
}
