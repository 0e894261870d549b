/* sqlite_stmt.c - statements: prepared once, bound by types, errors in our words. Owns the statement cache.
 */
#include "sqlite.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int sq_fail(struct sq *q, const char *doing, struct dh_err *err)
{
  int code = q->sql ? sqlite3_extended_errcode(q->sql) : SQLITE_NOMEM,
      of_system = q->sql ? sqlite3_system_errno(q->sql) : 0;
  const char *text = q->sql ? sqlite3_errmsg(q->sql) : "no memory";

  if ((code & 0xff) == SQLITE_IOERR &&
      of_system == ENOSPC) /* it is full for a file that SQLite needs beside */
    code = SQLITE_FULL;
  switch (code & 0xff) {
  case SQLITE_NOMEM:
    return dh_err_set(err, DH_ENOMEM, "%s %s: no memory", doing, q->path);
  case SQLITE_FULL:
    dh_err_set(err, DH_EIO, "%s %s: no space is left on its disk", doing, q->path);
    dh_err_advice(
        err, "make room; nothing that was confirmed is lost, and no effect begins until the store can be "
             "written again");
    return DH_EIO;
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB:
    dh_err_set(err, DH_EFORMAT, "%s %s: the file is damaged or no store", doing, q->path);
    dh_err_seen(err, "%s (SQLite %d)", text, code);
    dh_err_advice(err, "deskhand doctor says what is damaged; restore it from a backup");
    return DH_EFORMAT;
  case SQLITE_BUSY:
    return dh_err_set(err, DH_EAGAIN, "%s %s: another process is writing it", doing, q->path);
  case SQLITE_READONLY:
    return dh_err_set(err, DH_EACCES, "%s %s: it is open for reading only", doing, q->path);
  case SQLITE_CANTOPEN: /* also to read it needs a file beside it */
    dh_err_set(err, DH_EIO, "%s %s: %s", doing, q->path, text);
    dh_err_advice(err, "its folder must be there, and may be written by whoever reads it too");
    return DH_EIO;
  default:
    dh_err_set(err, DH_EIO, "%s %s: %s", doing, q->path, text);
    dh_err_seen(err, "SQLite %d, errno %d", code, of_system);
    return DH_EIO;
  }
}

/* The texts are literals, so their addresses name them; a text that two files spell alike is merely prepared
 * twice. */
static sqlite3_stmt *prepare(struct sq *q, const char *sql, struct dh_err *err)
{
  size_t i = ((uintptr_t)sql >> 3) * 0x9E3779B97F4A7C15u >> 57;

  for (size_t tried = 0; tried < SQ_CACHE; tried++, i = (i + 1) % SQ_CACHE) {
    if (q->cache[i].text == sql)
      return q->cache[i].st;
    if (!q->cache[i].text) {
      if (sqlite3_prepare_v3(q->sql, sql, -1, SQLITE_PREPARE_PERSISTENT, &q->cache[i].st, NULL) !=
          SQLITE_OK) {
        sq_fail(q, "cannot use the store", err);
        return NULL;
      }
      q->cache[i].text = sql;
      return q->cache[i].st;
    }
  }
  dh_err_set(err, DH_ELIMIT, "more statements than the cache of %d holds", SQ_CACHE);
  return NULL;
}

void sq_finalize(struct sq *q)
{
  for (size_t i = 0; i < SQ_CACHE; i++) {
    sqlite3_finalize(q->cache[i].st);
    q->cache[i].st = NULL;
    q->cache[i].text = NULL;
  }
}

void sq_end(sqlite3_stmt *st)
{
  sqlite3_reset(st);
  sqlite3_clear_bindings(st);
}

static int bind_all(sqlite3_stmt *st, const char *types, va_list ap)
{
  int rc = SQLITE_OK;

  for (int i = 1; types[i - 1] && rc == SQLITE_OK; i++) {
    const void *p;

    switch (types[i - 1]) {
    case 'i':
      rc = sqlite3_bind_int64(st, i, va_arg(ap, int64_t));
      break;
    case 't':
      rc = sqlite3_bind_text(st, i, va_arg(ap, const char *), -1, SQLITE_STATIC);
      break;
    default: /* b: an empty piece is an empty blob, not NULL */
      p = va_arg(ap, const void *);
      rc = sqlite3_bind_blob64(st, i, p ? p : "", va_arg(ap, size_t), SQLITE_STATIC);
    }
  }
  return rc;
}

static sqlite3_stmt *begin(struct sq *q, struct dh_err *err, const char *sql, const char *types, va_list ap)
{
  sqlite3_stmt *st = prepare(q, sql, err);

  if (st && bind_all(st, types, ap) != SQLITE_OK) {
    sq_fail(q, "cannot use the store", err);
    sq_end(st);
    return NULL;
  }
  return st;
}

sqlite3_stmt *sq_query(struct sq *q, struct dh_err *err, const char *sql, const char *types, ...)
{
  sqlite3_stmt *st;
  va_list ap;

  va_start(ap, types);
  st = begin(q, err, sql, types, ap);
  va_end(ap);
  return st;
}

int sq_step(struct sq *q, sqlite3_stmt *st, struct dh_err *err)
{
  int rc = sqlite3_step(st);

  if (rc == SQLITE_ROW)
    return 1;
  if (rc != SQLITE_DONE) {
    rc = sq_fail(q, sqlite3_stmt_readonly(st) ? "cannot read the store" : "cannot write the store", err);
    sq_end(st);
    return rc;
  }
  sq_end(st);
  return 0;
}

int sq_exec(struct sq *q, int *changed, struct dh_err *err, const char *sql, const char *types, ...)
{
  sqlite3_stmt *st;
  va_list ap;
  int rc;

  va_start(ap, types);
  st = begin(q, err, sql, types, ap);
  va_end(ap);
  if (!st)
    return err ? err->code : DH_EIO;
  do
    rc = sq_step(q, st, err);
  while (rc > 0);
  if (!rc && changed)
    *changed = sqlite3_changes(q->sql);
  return rc;
}

int sq_int(struct sq *q, int64_t *out, int64_t otherwise, struct dh_err *err, const char *sql,
           const char *types, ...)
{
  sqlite3_stmt *st;
  va_list ap;
  int rc;

  va_start(ap, types);
  st = begin(q, err, sql, types, ap);
  va_end(ap);
  *out = otherwise;
  if (!st)
    return err ? err->code : DH_EIO;
  rc = sq_step(q, st, err);
  if (rc <= 0)
    return rc;
  if (sqlite3_column_type(st, 0) != SQLITE_NULL)
    *out = sqlite3_column_int64(st, 0);
  sq_end(st);
  return 0;
}

const char *sq_text(sqlite3_stmt *st, int column)
{
  const unsigned char *s = sqlite3_column_text(st, column);

  return s ? (const char *)s : "";
}

char *sq_dup(sqlite3_stmt *st, int column)
{
  return strdup(sq_text(st, column));
}

int sq_nomem(int rc, struct dh_err *err)
{
  if (rc == DH_ENOMEM || rc == DH_ELIMIT)
    dh_err_set(err, rc,
               rc == DH_ENOMEM ? "no memory for an answer of the store"
                               : "an answer of the store is too large");
  return rc;
}

int sq_list(struct dh_buf *out, struct dh_buf *items, size_t n, int rc, struct dh_err *err)
{
  if (!rc && ((rc = dh_put_list(out, n)) || (rc = dh_buf_put(out, items->data, items->len))))
    sq_nomem(rc, err);
  dh_buf_fini(items);
  return rc;
}

int sq_rows(struct sq *q, sqlite3_stmt *st,
            int (*put)(struct sq *q, sqlite3_stmt *st, struct dh_buf *data, struct dh_buf *out,
                       struct dh_err *err),
            struct dh_buf *out, struct dh_err *err)
{
  struct dh_buf items, data;
  size_t n = 0;
  int rc = st ? 0 : err->code;

  dh_buf_init(&items, SQ_OUT_MAX);
  dh_buf_init(&data, DH_DATA_MAX);
  while (!rc && (rc = sq_step(q, st, err)) > 0) {
    dh_buf_clear(&data);
    rc = sq_nomem(put(q, st, &data, &items, err), err);
    if (rc)
      sq_end(st);
    n++;
  }
  dh_buf_fini(&data);
  return sq_list(out, &items, n, rc, err);
}

int sq_put_data(struct dh_buf *out, const char *key, const void *p, size_t n)
{
  struct dh_val *v = NULL;
  int rc = n ? dh_val_parse(p, n, &v, NULL) : 0;

  free(v);
  if (rc != DH_EFORMAT)
    return rc ? rc : dh_put_kx(out, key, p, n);
  rc = dh_put_text(out, key);
  return rc ? rc : dh_put_bytes(out, p, n);
}
