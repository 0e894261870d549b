/* sqlite_stmt.c - statements: prepared once, bound by types, errors in our words. Owns the statement cache.
 */
#include "sqlite.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int sq_fail(struct sq_lite *l, const char *doing, struct dh_err *err)
{
  int code = l->sql ? sqlite3_extended_errcode(l->sql) : SQLITE_NOMEM,
      of_system = l->sql ? sqlite3_system_errno(l->sql) : 0;
  const char *text = l->sql ? sqlite3_errmsg(l->sql) : "no memory";

  if ((code & 0xff) == SQLITE_IOERR &&
      of_system == ENOSPC) /* it is full for a file that SQLite needs beside */
    code = SQLITE_FULL;
  switch (code & 0xff) {
  case SQLITE_NOMEM:
    return dh_err_set(err, DH_ENOMEM, "%s %s: no memory", doing, l->path);
  case SQLITE_FULL:
    dh_err_set(err, DH_EIO, "%s %s: no space is left on its disk", doing, l->path);
    dh_err_advice(
        err, "make room; nothing that was confirmed is lost, and no effect begins until the store can be "
             "written again");
    return DH_EIO;
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB:
    dh_err_set(err, DH_EFORMAT, "%s %s: the file is damaged or no store", doing, l->path);
    dh_err_seen(err, "%s (SQLite %d)", text, code);
    dh_err_advice(err, "deskhand doctor says what is damaged; restore it from a backup");
    return DH_EFORMAT;
  case SQLITE_BUSY:
    return dh_err_set(err, DH_EAGAIN, "%s %s: another process is writing it", doing, l->path);
  case SQLITE_READONLY:
    return dh_err_set(err, DH_EACCES, "%s %s: it is open for reading only", doing, l->path);
  case SQLITE_CANTOPEN: /* also to read it needs a file beside it */
    dh_err_set(err, DH_EIO, "%s %s: %s", doing, l->path, text);
    dh_err_advice(err, "its folder must be there, and may be written by whoever reads it too");
    return DH_EIO;
  default:
    dh_err_set(err, DH_EIO, "%s %s: %s", doing, l->path, text);
    dh_err_seen(err, "SQLite %d, errno %d", code, of_system);
    return DH_EIO;
  }
}

/* The texts are literals, so their addresses name them; a text that two files spell alike is merely prepared
 * twice. */
static struct sq_lite_stmt *prepare(struct sq_lite *l, const char *sql, struct dh_err *err)
{
  size_t i = ((uintptr_t)sql >> 3) * 0x9E3779B97F4A7C15u >> (64 - SQ_CACHE_BITS);

  for (size_t tried = 0; tried < SQ_CACHE; tried++, i = (i + 1) % SQ_CACHE) {
    struct sq_lite_stmt *s = &l->cache[i];

    if (s->text == sql)
      return s;
    if (!s->text) {
      if (sqlite3_prepare_v3(l->sql, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->lite, NULL) != SQLITE_OK) {
        sq_fail(l, "cannot use the store", err);
        return NULL;
      }
      s->st.driver = &sq_sqlite_driver;
      s->text = sql;
      return s;
    }
  }
  dh_err_set(err, DH_ELIMIT, "more statements than the cache of %d holds", SQ_CACHE);
  return NULL;
}

void sq_finalize(struct sq_lite *l)
{
  for (size_t i = 0; i < SQ_CACHE; i++) {
    sqlite3_finalize(l->cache[i].lite);
    l->cache[i].lite = NULL;
    l->cache[i].text = NULL;
  }
}

static sqlite3_stmt *lite(struct sq_stmt *st)
{
  return ((struct sq_lite_stmt *)st)->lite;
}

static void lite_end(struct sq_stmt *st)
{
  sqlite3_reset(lite(st));
  sqlite3_clear_bindings(lite(st));
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

static struct sq_stmt *lite_begin(struct sq *q, enum sq_want want, const char *sql, const char *types,
                                  va_list ap, struct dh_err *err)
{
  struct sq_lite *l = sq_lite_of(q);
  struct sq_lite_stmt *s = prepare(l, sql, err);

  if (s && bind_all(s->lite, types, ap) != SQLITE_OK) {
    sq_fail(l, "cannot use the store", err);
    lite_end(&s->st);
    return NULL;
  }
  l->want = want;
  return s ? &s->st : NULL;
}

static int lite_step(struct sq *q, struct sq_stmt *st, struct dh_err *err)
{
  struct sq_lite *l = sq_lite_of(q);
  int rc = sqlite3_step(lite(st));

  if (rc == SQLITE_ROW)
    return 1;
  if (rc != SQLITE_DONE) {
    rc =
        sq_fail(l, sqlite3_stmt_readonly(lite(st)) ? "cannot read the store" : "cannot write the store", err);
    lite_end(st);
    return rc;
  }
  lite_end(st);
  return 0;
}

static int64_t lite_result(struct sq *q)
{
  struct sq_lite *l = sq_lite_of(q);
  int n = sqlite3_changes(l->sql);

  return l->want == SQ_ID && n ? sqlite3_last_insert_rowid(l->sql) : n;
}

static bool lite_null(struct sq_stmt *st, int column)
{
  return sqlite3_column_type(lite(st), column) == SQLITE_NULL;
}

static int64_t lite_int64(struct sq_stmt *st, int column)
{
  return sqlite3_column_int64(lite(st), column);
}

static const char *lite_text(struct sq_stmt *st, int column)
{
  return (const char *)sqlite3_column_text(lite(st), column);
}

static const void *lite_blob(struct sq_stmt *st, int column)
{
  return sqlite3_column_blob(lite(st), column);
}

static size_t lite_bytes(struct sq_stmt *st, int column)
{
  return (size_t)sqlite3_column_bytes(lite(st), column);
}

const struct sq_driver sq_sqlite_driver = {
    .begin = lite_begin,
    .step = lite_step,
    .end = lite_end,
    .result = lite_result,
    .null = lite_null,
    .int64 = lite_int64,
    .text = lite_text,
    .blob = lite_blob,
    .bytes = lite_bytes,
    .damage = "PRAGMA integrity_check",
    .version = "PRAGMA user_version",
    .size = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
};
