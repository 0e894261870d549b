/* sql.c - statements as the ops use them, over whatever driver; answers as CBOR. Owns nothing. */
#include "sql.h"

#include "../base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sq_stmt *begin(struct sq *q, enum sq_want want, const char *sql, const char *types, va_list ap,
                             struct dh_err *err)
{
  struct dh_err ignored;

  return q->driver->begin(q, want, sql, types, ap, err ? err : &ignored);
}

struct sq_stmt *sq_query(struct sq *q, struct dh_err *err, const char *sql, const char *types, ...)
{
  struct sq_stmt *st;
  va_list ap;

  va_start(ap, types);
  st = begin(q, SQ_ROWS, sql, types, ap, err);
  va_end(ap);
  return st;
}

int sq_step(struct sq *q, struct sq_stmt *st, struct dh_err *err)
{
  return st->driver->step(q, st, err);
}

void sq_end(struct sq_stmt *st)
{
  st->driver->end(st);
}

static int run(struct sq *q, struct sq_stmt *st, struct dh_err *err)
{
  int rc;

  if (!st)
    return err ? err->code : DH_EIO;
  do
    rc = sq_step(q, st, err);
  while (rc > 0);
  return rc;
}

int sq_exec(struct sq *q, int *changed, struct dh_err *err, const char *sql, const char *types, ...)
{
  va_list ap;
  int rc;

  va_start(ap, types);
  rc = run(q, begin(q, changed ? SQ_COUNT : SQ_NOTHING, sql, types, ap, err), err);
  va_end(ap);
  if (!rc && changed)
    *changed = (int)q->driver->result(q);
  return rc;
}

int sq_insert(struct sq *q, int64_t *id, struct dh_err *err, const char *sql, const char *types, ...)
{
  va_list ap;
  int rc;

  va_start(ap, types);
  rc = run(q, begin(q, SQ_ID, sql, types, ap, err), err);
  va_end(ap);
  *id = rc ? 0 : q->driver->result(q);
  return rc;
}

int sq_int(struct sq *q, int64_t *out, int64_t otherwise, struct dh_err *err, const char *sql,
           const char *types, ...)
{
  struct sq_stmt *st;
  va_list ap;
  int rc;

  va_start(ap, types);
  st = begin(q, SQ_ROWS, sql, types, ap, err);
  va_end(ap);
  *out = otherwise;
  if (!st)
    return err ? err->code : DH_EIO;
  rc = sq_step(q, st, err);
  if (rc <= 0)
    return rc;
  if (!sq_null(st, 0))
    *out = sq_int64(st, 0);
  sq_end(st);
  return 0;
}

bool sq_null(struct sq_stmt *st, int column)
{
  return st->driver->null(st, column);
}

int64_t sq_int64(struct sq_stmt *st, int column)
{
  return st->driver->int64(st, column);
}

int sq_small(struct sq_stmt *st, int column)
{
  return (int)st->driver->int64(st, column);
}

const char *sq_text(struct sq_stmt *st, int column)
{
  const char *s = st->driver->text(st, column);

  return s ? s : "";
}

const void *sq_blob(struct sq_stmt *st, int column)
{
  return st->driver->blob(st, column);
}

size_t sq_bytes(struct sq_stmt *st, int column)
{
  return st->driver->bytes(st, column);
}

char *sq_dup(struct sq_stmt *st, int column)
{
  return strdup(sq_text(st, column));
}

int64_t sq_now(const struct sq *q)
{
  return dh_wall_ms() + q->ahead_ms;
}

int sq_lock(struct sq *q, int64_t case_id, struct dh_err *err)
{
  return q->driver->lock ? q->driver->lock(q, case_id, err) : 0;
}

void sq_stir(struct sq *q, const char *queue)
{
  if (!queue || (q->stirred && strcmp(q->stirred_by, queue)))
    queue = "";
  snprintf(q->stirred_by, sizeof q->stirred_by, "%s", queue);
  q->stirred = true;
}

/* ---- what a transaction holds */

int sq_touch(struct sq *q, int64_t case_id, struct dh_err *err)
{
  if (q->touched.n == q->touched.cap) {
    size_t cap = q->touched.cap ? q->touched.cap * 2 : 64;
    int64_t *v = realloc(q->touched.v, cap * sizeof *v);

    if (!v)
      return dh_err_set(err, DH_ENOMEM, "no memory to note a run");
    q->touched.v = v;
    q->touched.cap = cap;
  }
  q->touched.v[q->touched.n++] = case_id;
  return 0;
}

void sq_forget(struct sq *q)
{
  q->lease.run[0] = '\0';
  q->touched.n = q->touched.marked = 0;
  q->stirred = false;
}

/* ---- answers */

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

int sq_rows(struct sq *q, struct sq_stmt *st,
            int (*put)(struct sq *q, struct sq_stmt *st, struct dh_buf *data, struct dh_buf *out,
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
