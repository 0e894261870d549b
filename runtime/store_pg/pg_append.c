/* pg_append.c - many records in one statement. Only records that change nothing but the journal go this way,
 * and only while each of them is taken; else they go one by one, as everywhere. */
#include "pg.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

enum { OID_INT8 = 20, OID_TEXT = 25, OID_BYTEA = 17, OID_INT8S = 1016, OID_TEXTS = 1009, OID_BYTEAS = 1001 };
enum { COLUMNS = 13, BYTES_MAX = 256 << 20 };

/* LIMIT keeps the look at a case by its run, whatever the planner thinks of the number of leases. */
static const char insert_all[] =
    "WITH r AS MATERIALIZED (SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) "
    "WITH "
    "ORDINALITY AS r (run, fence, kind, attempt, scope, position, word, name, hash, place, at, stands, data, "
    "rank)) "
    "INSERT INTO journal (case_id, kind, attempt, scope, position, word, name, hash, place, at, stands, "
    "data) "
    "SELECT c.id, r.kind, r.attempt, r.scope, r.position, r.word, r.name, r.hash, r.place, r.at, r.stands, "
    "r.data "
    "FROM r CROSS JOIN LATERAL (SELECT id, fence, state, torn FROM cases WHERE run = r.run LIMIT 1) c "
    "WHERE c.fence = r.fence AND c.state = 2 AND c.torn = 0 ORDER BY r.rank "
    "ON CONFLICT DO NOTHING RETURNING case_id, id";

/* ---- arrays as the server reads them: dimensions, flags, type, length, lower bound; then length and bytes
 * of each */

static int put32(struct dh_buf *b, uint32_t v)
{
  v = htobe32(v);
  return dh_buf_put(b, &v, sizeof v);
}

static int begin_array(struct dh_buf *b, Oid element, size_t n)
{
  return put32(b, 1) || put32(b, 0) || put32(b, element) || put32(b, (uint32_t)n) || put32(b, 1) ? DH_ENOMEM
                                                                                                 : 0;
}

static int put_bytes(struct dh_buf *b, const void *p, size_t n)
{
  int rc = put32(b, (uint32_t)n);

  return rc || !n ? rc : dh_buf_put(b, p, n);
}

static int put_int(struct dh_buf *b, int64_t v)
{
  uint64_t wide = htobe64((uint64_t)v);

  return put_bytes(b, &wide, sizeof wide);
}

static int put_text(struct dh_buf *b, const char *s)
{
  char *mended = pg_mend(s);
  int rc;

  s = mended ? mended : s;
  rc = put_bytes(b, s, strlen(s));
  free(mended);
  return rc;
}

static int put_record(struct dh_buf columns[COLUMNS], const struct dh_append *a, int64_t now)
{
  const struct dh_record *r = a->record;

  return put_text(&columns[0], r->run) || put_int(&columns[1], a->fence) || put_int(&columns[2], r->kind) ||
                 put_int(&columns[3], r->attempt) || put_text(&columns[4], r->scope) ||
                 put_int(&columns[5], r->position) || put_text(&columns[6], r->word) ||
                 put_text(&columns[7], r->name) || put_text(&columns[8], r->hash) ||
                 put_text(&columns[9], r->where) || put_int(&columns[10], r->at ? r->at : now) ||
                 put_int(&columns[11], 1) || put_bytes(&columns[12], r->data, r->len)
             ? DH_ENOMEM
             : 0;
}

/* ---- the batch */

static bool plain(const struct dh_append *a)
{
  switch (a->record->kind) {
  case DH_REC_READ:
  case DH_REC_STEP:
  case DH_REC_LOG:
  case DH_REC_INTENT:
  case DH_REC_CONFIRM:
  case DH_REC_PICTURE:
  case DH_REC_BEGIN:
    return a->record->len <= DH_DATA_ROW;
  default:
    return false;
  }
}

static struct sq_stmt *send_all(struct pg *pg, const struct dh_append *v, size_t n, struct dh_err *err)
{
  static const Oid types[COLUMNS] = {OID_TEXTS, OID_INT8S, OID_INT8S, OID_INT8S, OID_TEXTS,
                                     OID_INT8S, OID_TEXTS, OID_TEXTS, OID_TEXTS, OID_TEXTS,
                                     OID_INT8S, OID_INT8S, OID_BYTEAS};
  struct dh_buf columns[COLUMNS];
  const char *values[COLUMNS];
  int lengths[COLUMNS], formats[COLUMNS], rc = 0;
  struct sq_stmt *st = NULL;

  for (int i = 0; i < COLUMNS; i++) {
    Oid element = types[i] == OID_TEXTS ? OID_TEXT : types[i] == OID_INT8S ? OID_INT8 : OID_BYTEA;

    dh_buf_init(&columns[i], BYTES_MAX);
    rc = rc ? rc : begin_array(&columns[i], element, n);
  }
  for (size_t i = 0; i < n && !rc; i++)
    rc = put_record(columns, &v[i], sq_now(&pg->q));
  for (int i = 0; i < COLUMNS; i++) {
    values[i] = columns[i].data;
    lengths[i] = (int)columns[i].len;
    formats[i] = 1;
  }
  if (rc)
    dh_err_set(err, rc, "no memory for %zu records", n);
  else
    st = pg_send(pg, SQ_ROWS, insert_all, COLUMNS, types, values, lengths, formats, err);
  for (int i = 0; i < COLUMNS; i++)
    dh_buf_fini(&columns[i]);
  return st;
}

/* *whole: all of them are in. Else none is: those that were taken are taken out again. */
static int add_all(struct pg *pg, const struct dh_append *v, size_t n, bool *whole, struct dh_err *err)
{
  struct sq_stmt *st = send_all(pg, v, n, err);
  int64_t before = 0;
  struct dh_buf ids;
  int rc = st ? 0 : err->code;

  dh_buf_init(&ids, BYTES_MAX);
  *whole = st && (size_t)PQntuples(((struct pg_stmt *)st)->rows) == n;
  while (!rc && (rc = sq_step(&pg->q, st, err)) > 0) {
    int64_t case_id = sq_int64(st, 0);

    rc = case_id != before ? sq_touch(&pg->q, case_id, err) : 0;
    before = case_id;
    if (!rc && !*whole)
      rc = sq_nomem(dh_buf_printf(&ids, "%s%lld", ids.len ? "," : "{", (long long)sq_int64(st, 1)), err);
    if (rc)
      sq_end(st);
  }
  if (!rc && ids.len && !(rc = sq_nomem(dh_buf_putc(&ids, '}'), err)))
    rc = sq_exec(&pg->q, NULL, err, "DELETE FROM journal WHERE id = ANY(?::text::bigint[])", "t", ids.data);
  dh_buf_fini(&ids);
  return rc;
}

/* Of a case that ends here: a host whose schedules wait for it hears of that. Few cases are waited for. */
static int tell_end(struct pg *pg, const struct dh_record *r, struct dh_err *err)
{
  if (r->kind < DH_REC_RESULT)
    return 0;
  return sq_exec(
      &pg->q, NULL, err,
      "SELECT pg_notify(?, c.queue) FROM cases c WHERE c.run = ? AND (EXISTS (SELECT 1 FROM slots s "
      "WHERE s.case_id = c.id) OR EXISTS (SELECT 1 FROM schedules w WHERE w.next = 0))",
      "tt", pg->place.schema, r->run);
}

int pg_append(struct dh_db *db, const struct dh_record *r, int64_t fence, int64_t *lease_end,
              struct dh_err *err)
{
  int rc = pg_guard(pg_of(sq_of(db)), err);

  if (!rc)
    rc = sq_append(db, r, fence, NULL, err);
  if (!rc)
    rc = tell_end(pg_of(sq_of(db)), r, err);
  if (lease_end)
    *lease_end = pg_lease_end(db);
  return rc;
}

int pg_append_all(struct dh_db *db, struct dh_append *v, size_t n, struct dh_err *err)
{
  struct pg *pg = pg_of(sq_of(db));
  int rc = pg_guard(pg, err);

  for (size_t at = 0, m; at < n && !rc; at += m) {
    bool whole = false;

    for (m = 0; at + m < n && plain(&v[at + m]); m++)
      ;
    if (m)
      rc = add_all(pg, v + at, m, &whole, err);
    if (!m)
      m = 1;
    if (!rc && !whole)
      rc = sq_append_all(db, v + at, m, err);
  }
  for (size_t i = 0; i < n && !rc; i++)
    v[i].lease_end = pg_lease_end(db);
  return rc;
}
