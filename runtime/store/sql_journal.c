/* sql_journal.c - rows of the journal: adding one, its data wherever that lies, the list that a new
 * attempt gets, and which rows stop standing. What a kind means for its case is in sql_append.c. */
#include "sql.h"

#include "../base/clock.h"

#include <string.h>

/* The kinds that answer a word in the next attempt. */
#define REPLAYED "(1, 2, 4, 5, 7, 9, 10)"
_Static_assert(DH_REC_READ == 1 && DH_REC_STEP == 2 && DH_REC_INTENT == 4 && DH_REC_CONFIRM == 5 &&
                   DH_REC_REVIEW == 7 && DH_REC_WAIT == 9 && DH_REC_ANSWER == 10,
               "the statements name kinds by number");

/* Data too large for the row: its name, and the bytes in the table or in a file. */
static int put_aside(struct sq *q, const struct dh_record *r, char hash[DH_SHA256_HEX], struct dh_err *err)
{
  if (r->len > q->table_max)
    return dh_blob_put(q->blobs, r->data, r->len, hash, err);
  dh_sha256_hex(r->data, r->len, hash);
  return sq_exec(q, NULL, err, "INSERT INTO blobs (hash, bytes) VALUES (?, ?) ON CONFLICT DO NOTHING", "tb",
                 hash, r->data, r->len);
}

#define INSERT_ROW(data)                                                                                     \
  "INSERT INTO journal (case_id, kind, attempt, scope, position, word, name, hash, place, at, stands, " data \
  ") "                                                                                                       \
  "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"

int sq_row_add(struct sq *q, int64_t case_id, const struct dh_record *r, bool stands, int64_t *id,
               struct dh_err *err)
{
  int64_t at = r->at ? r->at : sq_now(q);
  char hash[DH_SHA256_HEX];
  int rc;

  *id = 0;
  if (r->len <= DH_DATA_ROW)
    return sq_insert(q, id, err, INSERT_ROW("data"),
                     "iiititttti"
                     "ib",
                     case_id, (int64_t)r->kind, (int64_t)r->attempt, r->scope, r->position, r->word, r->name,
                     r->hash, r->where, at, (int64_t)stands, r->data, r->len);
  if ((rc = put_aside(q, r, hash, err)))
    return rc;
  return sq_insert(q, id, err, INSERT_ROW("blob"),
                   "iiititttti"
                   "it",
                   case_id, (int64_t)r->kind, (int64_t)r->attempt, r->scope, r->position, r->word, r->name,
                   r->hash, r->where, at, (int64_t)stands, hash);
}

int sq_row_data(struct sq *q, struct sq_stmt *st, int column, struct dh_buf *out, struct dh_err *err)
{
  struct sq_stmt *blob;
  const char *hash;
  int rc;

  if (!sq_null(st, column)) {
    const void *p = sq_blob(st, column);

    return sq_nomem(dh_buf_put(out, p, sq_bytes(st, column)), err);
  }
  hash = sq_text(st, column + 1);
  if (!*hash)
    return 0; /* no row was joined */
  blob = sq_query(q, err, "SELECT bytes FROM blobs WHERE hash = ?", "t", hash);
  if (!blob)
    return err->code;
  rc = sq_step(q, blob, err);
  if (rc == 0)
    return dh_blob_get(q->blobs, hash, out, err);
  if (rc < 0)
    return rc;
  rc = sq_nomem(dh_buf_put(out, sq_blob(blob, 0), sq_bytes(blob, 0)), err);
  sq_end(blob);
  return rc;
}

static void copy(char *to, size_t size, struct sq_stmt *st, int column)
{
  size_t n = strnlen(sq_text(st, column), size - 1);

  memcpy(to, sq_text(st, column), n);
  to[n] = '\0';
}

static int put_row(struct sq *q, struct sq_stmt *st, struct dh_buf *data, struct dh_buf *out,
                   struct dh_err *err)
{
  struct dh_record r = {.kind = (enum dh_record_kind)sq_small(st, 0)};
  int rc;

  copy(r.run, sizeof r.run, st, 1);
  r.attempt = sq_small(st, 2);
  copy(r.scope, sizeof r.scope, st, 3);
  r.position = sq_int64(st, 4);
  copy(r.word, sizeof r.word, st, 5);
  copy(r.name, sizeof r.name, st, 6);
  copy(r.hash, sizeof r.hash, st, 7);
  copy(r.where, sizeof r.where, st, 8);
  r.at = sq_int64(st, 9);
  if ((rc = sq_row_data(q, st, 10, data, err)))
    return rc;
  r.data = data->data;
  r.len = data->len;
  return sq_nomem(dh_record_put(out, &r), err);
}

int sq_row_list(struct sq *q, int64_t case_id, struct dh_buf *out, struct dh_err *err)
{
  struct sq_stmt *st =
      sq_query(q, err,
               "SELECT j.kind, c.run, j.attempt, j.scope, j.position, j.word, j.name, j.hash, j.place, j.at, "
               "j.data, j.blob FROM journal j JOIN cases c ON c.id = j.case_id WHERE j.case_id = ? AND "
               "j.stands = 1 AND j.kind IN " REPLAYED " ORDER BY j.id",
               "i", case_id);

  return sq_rows(q, st, put_row, out, err);
}
