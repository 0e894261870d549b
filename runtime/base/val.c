/* val.c - deterministic CBOR, writing and reading. Owns no state. */
#include "val.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAJOR_UINT, MAJOR_NEG, MAJOR_BYTES, MAJOR_TEXT, MAJOR_LIST, MAJOR_MAP, MAJOR_TAG, MAJOR_SIMPLE };
enum { MAX_DEPTH = 64 };

static int put_head(struct dh_buf *b, int major, uint64_t v)
{
  unsigned char h[9];
  int n;

  if (v < 24) {
    h[0] = (unsigned char)(major << 5 | (int)v);
    return dh_buf_put(b, h, 1);
  }
  n = v <= 0xff ? 1 : v <= 0xffff ? 2 : v <= 0xffffffff ? 4 : 8;
  h[0] = (unsigned char)(major << 5 | (n == 1 ? 24 : n == 2 ? 25 : n == 4 ? 26 : 27));
  for (int i = 0; i < n; i++)
    h[1 + i] = (unsigned char)(v >> (8 * (n - 1 - i)));
  return dh_buf_put(b, h, (size_t)n + 1);
}

int dh_put_nil(struct dh_buf *b)
{
  return dh_buf_putc(b, (char)0xf6);
}

int dh_put_bool(struct dh_buf *b, bool v)
{
  return dh_buf_putc(b, (char)(v ? 0xf5 : 0xf4));
}

int dh_put_int(struct dh_buf *b, int64_t v)
{
  return v >= 0 ? put_head(b, MAJOR_UINT, (uint64_t)v) : put_head(b, MAJOR_NEG, (uint64_t)(-1 - v));
}

int dh_put_num(struct dh_buf *b, double v)
{
  unsigned char h[9] = {0xfb};
  uint64_t bits;

  if (v != v)
    v = NAN; /* one NaN, so that equal values have equal bytes */
  memcpy(&bits, &v, 8);
  for (int i = 0; i < 8; i++)
    h[1 + i] = (unsigned char)(bits >> (56 - 8 * i));
  return dh_buf_put(b, h, sizeof h);
}

static int put_string(struct dh_buf *b, int major, const void *p, size_t n)
{
  size_t before = b->len;
  int rc = put_head(b, major, n);

  if (!rc && (rc = dh_buf_put(b, p, n)))
    b->len = before;
  return rc;
}

int dh_put_textn(struct dh_buf *b, const char *s, size_t n)
{
  return put_string(b, MAJOR_TEXT, s, n);
}

int dh_put_text(struct dh_buf *b, const char *s)
{
  return s ? put_string(b, MAJOR_TEXT, s, strlen(s)) : dh_put_nil(b);
}

int dh_put_bytes(struct dh_buf *b, const void *p, size_t n)
{
  return put_string(b, MAJOR_BYTES, p, n);
}

int dh_put_list(struct dh_buf *b, size_t n)
{
  return put_head(b, MAJOR_LIST, n);
}

int dh_put_map(struct dh_buf *b, size_t n)
{
  return put_head(b, MAJOR_MAP, n);
}

int dh_put_tag(struct dh_buf *b, uint32_t tag)
{
  return put_head(b, MAJOR_TAG, tag);
}

int dh_put_val(struct dh_buf *b, const struct dh_val *v)
{
  int rc = 0;

  if (!v)
    return dh_put_nil(b);
  if (v->tag && (rc = dh_put_tag(b, v->tag)))
    return rc;
  switch (v->type) {
  case DH_NIL:
    return dh_put_nil(b);
  case DH_BOOL:
    return dh_put_bool(b, v->b);
  case DH_INT:
    return dh_put_int(b, v->i);
  case DH_NUM:
    return dh_put_num(b, v->d);
  case DH_TEXT:
    return dh_put_textn(b, v->s, v->n);
  case DH_BYTES:
    return dh_put_bytes(b, v->s, v->n);
  case DH_LIST:
  case DH_MAP: {
    size_t n = v->type == DH_MAP ? 2 * v->n : v->n;

    rc = v->type == DH_MAP ? dh_put_map(b, v->n) : dh_put_list(b, v->n);
    for (size_t i = 0; !rc && i < n; i++)
      rc = dh_put_val(b, &v->items[i]);
    return rc;
  }
  }
  return DH_EUSE;
}

int dh_put_kt(struct dh_buf *b, const char *key, const char *text)
{
  int rc = dh_put_text(b, key);

  return rc ? rc : dh_put_text(b, text);
}

int dh_put_ki(struct dh_buf *b, const char *key, int64_t v)
{
  int rc = dh_put_text(b, key);

  return rc ? rc : dh_put_int(b, v);
}

int dh_put_kb(struct dh_buf *b, const char *key, bool v)
{
  int rc = dh_put_text(b, key);

  return rc ? rc : dh_put_bool(b, v);
}

int dh_put_kd(struct dh_buf *b, const char *key, double v)
{
  int rc = dh_put_text(b, key);

  return rc ? rc : dh_put_num(b, v);
}

int dh_put_kx(struct dh_buf *b, const char *key, const void *cbor, size_t n)
{
  int rc = dh_put_text(b, key);

  return rc ? rc : n ? dh_buf_put(b, cbor, n) : dh_put_nil(b);
}

int dh_put_err(struct dh_buf *b, const struct dh_err *err)
{
  int rc = dh_put_tag(b, DH_TAG_ERROR);

  if (!rc)
    rc = dh_put_map(b, 6);
  if (!rc)
    rc = dh_put_kt(b, "advice", err->advice);
  if (!rc)
    rc = dh_put_kt(b, "code", dh_err_name(err->code));
  if (!rc)
    rc = dh_put_kb(b, "retryable", err->retryable);
  if (!rc)
    rc = dh_put_kt(b, "seen", err->seen);
  if (!rc)
    rc = dh_put_kt(b, "text", err->text);
  if (!rc)
    rc = dh_put_kt(b, "where", err->where);
  return rc;
}

void dh_val_err(const struct dh_val *v, struct dh_err *err)
{
  char name[32];

  memset(err, 0, sizeof *err);
  dh_val_text(v, "code", name, sizeof name);
  err->code = dh_err_code(name);
  if (!err->code)
    err->code = DH_EIO;
  err->retryable = dh_val_bool(v, "retryable", dh_err_retryable(err->code));
  dh_val_text(v, "text", err->text, sizeof err->text);
  dh_val_text(v, "seen", err->seen, sizeof err->seen);
  dh_val_text(v, "advice", err->advice, sizeof err->advice);
  dh_val_text(v, "where", err->where, sizeof err->where);
}

/* ---- reading: two passes over the same bytes. The first counts the values and proves the shape, so that the
 * second can fill one block without checks. */

struct reader {
  const unsigned char *p, *end;
  struct dh_val *next; /* second pass: where the next children go */
};

static int read_head(struct reader *r, int *major, int *info, uint64_t *v)
{
  int n;

  if (r->p >= r->end)
    return DH_EFORMAT;
  *major = *r->p >> 5;
  *info = *r->p & 31;
  r->p++;
  if (*info < 24) {
    *v = (uint64_t)*info;
    return 0;
  }
  if (*info > 27)
    return DH_EFORMAT; /* reserved, or an indefinite length */
  n = 1 << (*info - 24);
  if (r->end - r->p < n)
    return DH_EFORMAT;
  *v = 0;
  for (int i = 0; i < n; i++)
    *v = *v << 8 | *r->p++;
  return 0;
}

static int count(struct reader *r, size_t *values, int depth)
{
  int major, info, rc;
  uint64_t v;

  if (depth > MAX_DEPTH || (rc = read_head(r, &major, &info, &v)))
    return DH_EFORMAT;
  if (major == MAJOR_TAG)
    return r->p < r->end && *r->p >> 5 != MAJOR_TAG ? count(r, values, depth + 1) : DH_EFORMAT;
  ++*values;
  switch (major) {
  case MAJOR_UINT:
  case MAJOR_NEG:
    return v <= INT64_MAX ? 0 : DH_EFORMAT;
  case MAJOR_BYTES:
  case MAJOR_TEXT:
    if (v > (uint64_t)(r->end - r->p))
      return DH_EFORMAT;
    r->p += v;
    return 0;
  case MAJOR_LIST:
  case MAJOR_MAP:
    if (v > (uint64_t)(r->end - r->p)) /* each item takes a byte at least */
      return DH_EFORMAT;
    for (uint64_t i = 0, n = major == MAJOR_MAP ? 2 * v : v; i < n; i++) {
      if (major == MAJOR_MAP && i % 2 == 0 &&
          (r->p >= r->end || (*r->p >> 5 != MAJOR_TEXT && *r->p >> 5 > MAJOR_NEG)))
        return DH_EFORMAT; /* keys are text or integers */
      if ((rc = count(r, values, depth + 1)))
        return rc;
    }
    return 0;
  default:
    return info == 27 || (info >= 20 && info <= 22) ? 0 : DH_EFORMAT;
  }
}

static void fill_simple(struct dh_val *o, int info, uint64_t v)
{
  if (info == 27) {
    o->type = DH_NUM;
    memcpy(&o->d, &v, 8);
  } else if (info == 22) {
    o->type = DH_NIL;
  } else {
    o->type = DH_BOOL;
    o->b = info == 21;
  }
}

static void fill(struct reader *r, struct dh_val *o)
{
  int major = MAJOR_UINT, info = 0;
  uint64_t v = 0;

  read_head(r, &major, &info, &v);
  o->tag = DH_TAG_NONE;
  if (major == MAJOR_TAG) {
    fill(r, o);
    o->tag = (uint32_t)v;
    return;
  }
  switch (major) {
  case MAJOR_UINT:
  case MAJOR_NEG:
    o->type = DH_INT;
    o->n = 0;
    o->i = major == MAJOR_UINT ? (int64_t)v : -1 - (int64_t)v;
    return;
  case MAJOR_BYTES:
  case MAJOR_TEXT:
    o->type = major == MAJOR_TEXT ? DH_TEXT : DH_BYTES;
    o->n = v;
    o->s = (const char *)r->p;
    r->p += v;
    return;
  case MAJOR_LIST:
  case MAJOR_MAP: {
    size_t n = major == MAJOR_MAP ? 2 * v : v;

    o->type = major == MAJOR_MAP ? DH_MAP : DH_LIST;
    o->n = v;
    o->items = r->next;
    r->next += n;
    for (size_t i = 0; i < n; i++)
      fill(r, &o->items[i]);
    return;
  }
  default:
    o->n = 0;
    fill_simple(o, info, v);
  }
}

int dh_val_parse(const void *p, size_t n, struct dh_val **out, struct dh_err *err)
{
  struct reader r = {p, (const unsigned char *)p + n, NULL};
  size_t values = 0;
  struct dh_val *tree;

  *out = NULL;
  if (count(&r, &values, 0) || r.p != r.end)
    return dh_err_set(err, DH_EFORMAT, "the data is damaged (at byte %zu of %zu)",
                      (size_t)(r.p - (const unsigned char *)p), n);
  tree = calloc(values, sizeof *tree);
  if (!tree)
    return dh_err_set(err, DH_ENOMEM, "no memory for %zu values", values);
  r.p = p;
  r.next = tree + 1;
  fill(&r, tree);
  *out = tree;
  return 0;
}

int dh_val_parse_buf(const struct dh_buf *b, struct dh_val **out, struct dh_err *err)
{
  return dh_val_parse(b->data, b->len, out, err);
}

bool dh_val_is(const struct dh_val *v, const char *text)
{
  return v && v->type == DH_TEXT && v->n == strlen(text) && memcmp(v->s, text, v->n) == 0;
}

const struct dh_val *dh_val_get(const struct dh_val *v, const char *key)
{
  if (!v || v->type != DH_MAP)
    return NULL;
  for (size_t i = 0; i < v->n; i++)
    if (dh_val_is(&v->items[2 * i], key))
      return &v->items[2 * i + 1];
  return NULL;
}

int64_t dh_val_int(const struct dh_val *v, const char *key, int64_t otherwise)
{
  const struct dh_val *f = dh_val_get(v, key);

  return f && f->type == DH_INT ? f->i : otherwise;
}

double dh_val_num(const struct dh_val *v, const char *key, double otherwise)
{
  const struct dh_val *f = dh_val_get(v, key);

  return f && f->type == DH_NUM ? f->d : f && f->type == DH_INT ? (double)f->i : otherwise;
}

bool dh_val_bool(const struct dh_val *v, const char *key, bool otherwise)
{
  const struct dh_val *f = dh_val_get(v, key);

  return f && f->type == DH_BOOL ? f->b : otherwise;
}

char *dh_val_text(const struct dh_val *v, const char *key, char *out, size_t size)
{
  const struct dh_val *f = dh_val_get(v, key);
  size_t n = f && f->type == DH_TEXT ? f->n : 0;

  if (n >= size)
    n = size - 1;
  if (n)
    memcpy(out, f->s, n);
  out[n] = '\0';
  return out;
}

char *dh_val_dup(const struct dh_val *v, const char *key)
{
  const struct dh_val *f = dh_val_get(v, key);

  return f && f->type == DH_TEXT ? strndup(f->s, f->n) : NULL;
}
