/* sql_admin.c - secrets (sealed), the audit of commands, and the integrity check. */
#include "sql.h"

#include "../base/clock.h"

#include <stdio.h>
#include <string.h>

/* ---- secrets */

int sq_secret_set(struct dh_db *db, const char *name, const void *box, size_t n, const char *who,
                  struct dh_err *err)
{
  int rc = sq_exec(sq_of(db), NULL, err,
                   "INSERT INTO secrets (name, box, who, changed) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (name) "
                   "DO UPDATE SET box = "
                   "?2, who = ?3, changed = ?4",
                   "tbti", name, box, n, who, sq_now(sq_of(db)));

  return rc ? rc : sq_audit(db, who, "set secret", name, NULL, 0, err);
}

static int no_secret(const char *name, struct dh_err *err)
{
  dh_err_set(err, DH_ENOENT, "the store has no secret %s", name);
  dh_err_advice(err, "deskhand secret set %s", name);
  return DH_ENOENT;
}

int sq_secret_get(struct dh_db *db, const char *name, struct dh_buf *box, struct dh_err *err)
{
  struct sq *q = sq_of(db);
  struct sq_stmt *st = sq_query(q, err, "SELECT box FROM secrets WHERE name = ?", "t", name);
  int rc = st ? sq_step(q, st, err) : err->code;

  if (rc <= 0)
    return rc ? rc : no_secret(name, err);
  rc = sq_nomem(dh_buf_put(box, sq_blob(st, 0), sq_bytes(st, 0)), err);
  sq_end(st);
  return rc;
}

int sq_secret_remove(struct dh_db *db, const char *name, const char *who, struct dh_err *err)
{
  int n = 0, rc = sq_exec(sq_of(db), &n, err, "DELETE FROM secrets WHERE name = ?", "t", name);

  if (rc)
    return rc;
  return n ? sq_audit(db, who, "remove secret", name, NULL, 0, err) : no_secret(name, err);
}

static int put_secret(struct sq *q, struct sq_stmt *st, struct dh_buf *data, struct dh_buf *out,
                      struct dh_err *err)
{
  int rc = dh_put_map(out, 3);

  (void)q;
  (void)data;
  (void)err;
  if (!rc)
    rc = dh_put_kt(out, "name", sq_text(st, 0));
  if (!rc)
    rc = dh_put_ki(out, "changed", sq_int64(st, 1));
  return rc ? rc : dh_put_kt(out, "who", sq_text(st, 2));
}

int sq_secret_list(struct dh_db *db, struct dh_buf *out, struct dh_err *err)
{
  struct sq *q = sq_of(db);
  struct sq_stmt *st = sq_query(q, err, "SELECT name, changed, who FROM secrets ORDER BY name", "");

  return sq_rows(q, st, put_secret, out, err);
}

/* ---- audit */

int sq_audit(struct dh_db *db, const char *who, const char *what, const char *object, const void *detail,
             size_t n, struct dh_err *err)
{
  return sq_exec(sq_of(db), NULL, err,
                 "INSERT INTO audit (at, who, what, object, detail) VALUES (?, ?, ?, ?, ?)", "itttb",
                 sq_now(sq_of(db)), who ? who : "", what, object, detail, n);
}

static int put_audit(struct sq *q, struct sq_stmt *st, struct dh_buf *data, struct dh_buf *out,
                     struct dh_err *err)
{
  int rc = dh_put_map(out, 5);

  (void)q;
  (void)data;
  (void)err;
  if (!rc)
    rc = dh_put_ki(out, "at", sq_int64(st, 0));
  if (!rc)
    rc = dh_put_kt(out, "who", sq_text(st, 1));
  if (!rc)
    rc = dh_put_kt(out, "what", sq_text(st, 2));
  if (!rc)
    rc = dh_put_kt(out, "object", sq_text(st, 3));
  return rc ? rc : sq_put_data(out, "detail", sq_blob(st, 4), sq_bytes(st, 4));
}

int sq_audit_list(struct dh_db *db, size_t limit, struct dh_buf *out, struct dh_err *err)
{
  struct sq *q = sq_of(db);
  struct sq_stmt *st =
      sq_query(q, err, "SELECT at, who, what, object, detail FROM audit ORDER BY id DESC LIMIT ?", "i",
               limit ? (int64_t)limit : INT64_MAX);

  return sq_rows(q, st, put_audit, out, err);
}

/* ---- integrity */

struct problems {
  struct dh_buf items;
  size_t n;
};

/* Every row of the query is a problem, told in its first column. */
static int collect(struct sq *q, struct problems *p, const char *sql, struct dh_err *err)
{
  struct sq_stmt *st = sq_query(q, err, sql, "");
  int rc = st ? 0 : err->code;

  while (!rc && (rc = sq_step(q, st, err)) > 0) {
    if (!strcmp(sq_text(st, 0), "ok"))
      rc = 0;
    else if ((rc = sq_nomem(dh_put_text(&p->items, sq_text(st, 0)), err)))
      sq_end(st);
    else
      p->n++;
  }
  return rc;
}

/* Files that the journal names: there, and with the bytes that their name says. */
static int collect_files(struct sq *q, struct problems *p, struct dh_err *err)
{
  struct sq_stmt *st = sq_query(
      q, err,
      "SELECT DISTINCT blob FROM journal WHERE blob IS NOT NULL AND blob NOT IN (SELECT hash FROM blobs)",
      "");
  int rc = st ? 0 : err->code;

  while (!rc && (rc = sq_step(q, st, err)) > 0) {
    struct dh_buf bytes;
    struct dh_err seen;

    dh_buf_init(&bytes, SQ_OUT_MAX);
    rc = 0;
    if (dh_blob_get(q->blobs, sq_text(st, 0), &bytes, &seen)) {
      p->n++;
      rc = sq_nomem(dh_put_text(&p->items, seen.text), err);
    }
    dh_buf_fini(&bytes);
    if (rc)
      sq_end(st);
  }
  return rc;
}

int sq_check(struct dh_db *db, struct dh_buf *out, struct dh_err *err)
{
  static const char *const rules[] = {
      "SELECT 'journal row ' || id || ' belongs to no case' FROM journal WHERE case_id NOT IN (SELECT id "
      "FROM cases)",
      "SELECT 'review ' || id || ' has no question' FROM reviews WHERE row NOT IN (SELECT id FROM journal)",
      "SELECT 'case ' || queue || '/' || key || ' names robot version ' || substr(bundle, 1, 12) || ', which "
      "is not there' FROM "
      "cases WHERE bundle NOT IN (SELECT hash FROM bundles)",
      "SELECT 'run ' || run || ' is leased to nobody' FROM cases WHERE state = 2 AND (worker IS NULL OR run "
      "IS NULL)",
      "SELECT 'run ' || run || ' has ended and is still due' FROM cases WHERE state IN (2, 5, 6, 7, 8) AND "
      "due IS NOT NULL",
  };
  struct sq *q = sq_of(db);
  struct problems p = {.n = 0};
  int64_t version = 0, cases = 0, rows = 0, bytes = 0;
  int rc = 0;

  dh_buf_init(&p.items, SQ_OUT_MAX);
  if (q->driver->damage)
    rc = collect(q, &p, q->driver->damage, err);
  for (size_t i = 0; !rc && i < sizeof rules / sizeof *rules; i++)
    rc = collect(q, &p, rules[i], err);
  if (!rc)
    rc = collect_files(q, &p, err);
  if (!rc)
    rc = sq_int(q, &version, 0, err, q->driver->version, "");
  if (!rc)
    rc = sq_int(q, &cases, 0, err, "SELECT count(*) FROM cases", "");
  if (!rc)
    rc = sq_int(q, &rows, 0, err, "SELECT count(*) FROM journal", "");
  if (!rc)
    rc = sq_int(q, &bytes, 0, err, q->driver->size, "");
  if (!rc && ((rc = dh_put_map(out, 5)) || (rc = dh_put_ki(out, "version", version)) ||
              (rc = dh_put_ki(out, "cases", cases)) || (rc = dh_put_ki(out, "rows", rows)) ||
              (rc = dh_put_ki(out, "bytes", bytes)) || (rc = dh_put_text(out, "problems"))))
    sq_nomem(rc, err);
  return sq_list(out, &p.items, p.n, rc, err);
}
