/* json.c - plain data as JSON text, for programs and people. Writing only: reading JSON is a module's work.
 */
#include "val.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of the UTF-8 sequence at s, 0 if it is not one (overlong, surrogate, above U+10FFFF, cut). */
static size_t utf8_len(const unsigned char *s, size_t n)
{
  size_t len = s[0] < 0x80                   ? 1
               : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
               : (s[0] & 0xf0) == 0xe0       ? 3
               : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
                                             : 0;

  if (!len || len > n)
    return 0;
  for (size_t i = 1; i < len; i++)
    if ((s[i] & 0xc0) != 0x80)
      return 0;
  if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
      (s[0] == 0xf4 && s[1] > 0x8f))
    return 0;
  return len;
}

const char *dh_text_bad(const char *s, size_t n)
{
  const unsigned char *p = (const unsigned char *)s;

  for (size_t i = 0, len; i < n; i += len) {
    len = utf8_len(p + i, n - i);
    if (!len || p[i] < 0x20 || p[i] == 0x7f || (p[i] == 0xc2 && p[i + 1] < 0xa0))
      return s + i;
  }
  return NULL;
}

int dh_json_text(struct dh_buf *b, const char *s, size_t n)
{
  const unsigned char *p = (const unsigned char *)s;
  int rc = dh_buf_putc(b, '"');

  for (size_t i = 0; !rc && i < n;) {
    size_t len = utf8_len(p + i, n - i);

    if (!len) {
      rc = dh_buf_puts(b, "\xef\xbf\xbd");
      len = 1;
    } else if (p[i] == '"' || p[i] == '\\') {
      rc = dh_buf_printf(b, "\\%c", p[i]);
    } else if (p[i] == '\n') {
      rc = dh_buf_puts(b, "\\n");
    } else if (p[i] == '\t') {
      rc = dh_buf_puts(b, "\\t");
    } else if (p[i] < 0x20 || p[i] == 0x7f) {
      rc = dh_buf_printf(b, "\\u%04x", p[i]);
    } else {
      rc = dh_buf_put(b, p + i, len);
    }
    i += len;
  }
  return rc ? rc : dh_buf_putc(b, '"');
}

static int put_base64(struct dh_buf *b, const char *s, size_t n)
{
  static const char abc[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const unsigned char *p = (const unsigned char *)s;
  int rc = dh_buf_putc(b, '"');

  for (size_t i = 0; !rc && i < n; i += 3) {
    unsigned v =
        (unsigned)p[i] << 16 | (i + 1 < n ? (unsigned)p[i + 1] << 8 : 0) | (i + 2 < n ? p[i + 2] : 0);
    char q[4] = {abc[v >> 18], abc[v >> 12 & 63], i + 1 < n ? abc[v >> 6 & 63] : '=',
                 i + 2 < n ? abc[v & 63] : '='};

    rc = dh_buf_put(b, q, 4);
  }
  return rc ? rc : dh_buf_putc(b, '"');
}

int dh_money_text(struct dh_buf *b, int64_t minor, const char *currency, int digits)
{
  uint64_t u = minor < 0 ? 0 - (uint64_t)minor : (uint64_t)minor;
  uint64_t scale = 1;

  for (int i = 0; i < digits; i++)
    scale *= 10;
  if (digits == 0)
    return dh_buf_printf(b, "%s%" PRIu64 " %s", minor < 0 ? "-" : "", u, currency);
  return dh_buf_printf(b, "%s%" PRIu64 ".%0*" PRIu64 " %s", minor < 0 ? "-" : "", u / scale, digits,
                       u % scale, currency);
}

static bool is_money(const struct dh_val *v)
{
  return v->tag == DH_TAG_MONEY && v->type == DH_LIST && v->n == 3 && v->items[0].type == DH_INT &&
         v->items[1].type == DH_TEXT && v->items[1].n < 8 && v->items[2].type == DH_INT &&
         v->items[2].i >= 0 && v->items[2].i < 8;
}

static int put_money(struct dh_buf *b, const struct dh_val *v)
{
  char currency[8] = "";
  int rc = dh_buf_putc(b, '"');

  memcpy(currency, v->items[1].s, v->items[1].n);
  if (!rc)
    rc = dh_money_text(b, v->items[0].i, currency, (int)v->items[2].i);
  return rc ? rc : dh_buf_putc(b, '"');
}

static int put_num(struct dh_buf *b, double d)
{
  char t[32];

  if (!isfinite(d))
    return dh_buf_puts(b, "null");
  snprintf(t, sizeof t, "%.15g", d);
  if (strtod(t, NULL) != d)
    snprintf(t, sizeof t, "%.17g", d);
  return dh_buf_printf(b, "%s%s", t, strpbrk(t, ".eEn") ? "" : ".0");
}

static int newline(struct dh_buf *b, int depth)
{
  int rc = dh_buf_putc(b, '\n');

  for (int i = 0; !rc && i < depth; i++)
    rc = dh_buf_puts(b, "  ");
  return rc;
}

static int put_json(struct dh_buf *b, const struct dh_val *v, int depth, bool pretty);

static int put_items(struct dh_buf *b, const struct dh_val *v, int depth, bool pretty)
{
  bool map = v->type == DH_MAP;
  int rc = dh_buf_putc(b, map ? '{' : '[');

  for (size_t i = 0; !rc && i < v->n; i++) {
    const struct dh_val *item = map ? &v->items[2 * i + 1] : &v->items[i];

    if (i)
      rc = dh_buf_putc(b, ',');
    if (!rc && pretty)
      rc = newline(b, depth + 1);
    if (!rc && map && v->items[2 * i].type == DH_INT)
      rc = dh_buf_printf(b, "\"%" PRId64 "\"", v->items[2 * i].i);
    else if (!rc && map)
      rc = dh_json_text(b, v->items[2 * i].s, v->items[2 * i].n);
    if (!rc && map)
      rc = dh_buf_puts(b, pretty ? ": " : ":");
    if (!rc)
      rc = put_json(b, item, depth + 1, pretty);
  }
  if (!rc && pretty && v->n)
    rc = newline(b, depth);
  return rc ? rc : dh_buf_putc(b, map ? '}' : ']');
}

static int put_json(struct dh_buf *b, const struct dh_val *v, int depth, bool pretty)
{
  if (is_money(v))
    return put_money(b, v);
  if (v->tag == DH_TAG_DECIMAL && v->type == DH_TEXT)
    return dh_buf_put(b, v->s, v->n);
  switch (v->type) {
  case DH_NIL:
    return dh_buf_puts(b, "null");
  case DH_BOOL:
    return dh_buf_puts(b, v->b ? "true" : "false");
  case DH_INT:
    return dh_buf_printf(b, "%" PRId64, v->i);
  case DH_NUM:
    return put_num(b, v->d);
  case DH_TEXT:
    return dh_json_text(b, v->s, v->n);
  case DH_BYTES:
    return put_base64(b, v->s, v->n);
  default:
    return put_items(b, v, depth, pretty);
  }
}

int dh_val_json(struct dh_buf *b, const struct dh_val *v, bool pretty)
{
  return v ? put_json(b, v, 0, pretty) : dh_buf_puts(b, "null");
}
