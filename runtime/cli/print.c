/* print.c - how commands tell people and programs what happened. Owns no state. */
#include "cli.h"
#include "../base/log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int dh_exit_code(int code)
{
  switch (code) {
  case DH_OK:
    return DH_EXIT_DONE;
  case DH_EUSE:
    return DH_EXIT_USE;
  case DH_EREJECT:
    return DH_EXIT_REJECTED;
  case DH_EWAIT:
    return DH_EXIT_WAITING;
  case DH_EUNKNOWN:
    return DH_EXIT_UNKNOWN;
  case DH_ECANCELED:
    return DH_EXIT_INTERRUPTED;
  default:
    return DH_EXIT_FAILED;
  }
}

int dh_say_error(const struct dh_err *err, const char *done)
{
  size_t n = strlen(err->text);
  char text[sizeof err->text + 2 * sizeof err->seen + sizeof err->advice + sizeof err->where];

  snprintf(text, sizeof text, "%s%s%s%s", err->where, *err->where ? ": " : "", err->text,
           n && strchr(".!?", err->text[n - 1]) ? "" : ".");
  n = strlen(text);
  if (*err->seen)
    n += (size_t)snprintf(text + n, sizeof text - n, "\n  seen: %s", err->seen);
  if (done && *done)
    n += (size_t)snprintf(text + n, sizeof text - n, "\n  done so far: %s", done);
  if (*err->advice)
    n += (size_t)snprintf(text + n, sizeof text - n, "\n  do: %s", err->advice);
  dh_mask_text(text, n);
  fprintf(stderr, "%s\n", text);
  return dh_exit_code(err->code);
}

int dh_say_json(const struct dh_val *v)
{
  struct dh_buf b;
  int rc;

  dh_buf_init(&b, 256 << 20);
  rc = dh_val_json(&b, v, true);
  if (!rc)
    printf("%s\n", b.data);
  dh_buf_fini(&b);
  return rc ? DH_EXIT_FAILED : DH_EXIT_DONE;
}

int dh_say_json_cbor(const struct dh_buf *b)
{
  struct dh_val *v = NULL;
  struct dh_err err;
  int rc = dh_val_parse_buf(b, &v, &err);

  if (rc)
    return dh_say_error(&err, NULL);
  rc = dh_say_json(v);
  free(v);
  return rc;
}

/* A scalar, money, a date or a file, as a person writes it. */
static bool put_scalar(struct dh_buf *b, const struct dh_val *v)
{
  struct dh_buf json;
  const struct dh_val *name = dh_val_get(v, "name");

  if (!v || v->type == DH_NIL)
    return dh_buf_puts(b, "-") == 0;
  if (v->type == DH_TEXT)
    return dh_buf_put(b, v->s, v->n) == 0;
  if (v->type == DH_BOOL)
    return dh_buf_puts(b, v->b ? "yes" : "no") == 0;
  if (v->tag == DH_TAG_FILE && name && name->type == DH_TEXT)
    return dh_buf_put(b, name->s, name->n) == 0;
  if (v->type != DH_INT && v->type != DH_NUM && v->tag != DH_TAG_MONEY)
    return false;
  dh_buf_init(&json, 4096);
  dh_val_json(&json, v, false);
  if (json.len > 1 && json.data[0] == '"') /* money, quoted */
    dh_buf_put(b, json.data + 1, json.len - 2);
  else
    dh_buf_put(b, json.data, json.len);
  dh_buf_fini(&json);
  return true;
}

/* A short list of numbers, such as a place on a page, in one line: "221, 534, 497, 30". */
static bool put_numbers(struct dh_buf *b, const struct dh_val *v)
{
  if (v->type != DH_LIST || v->tag || v->n == 0 || v->n > 8)
    return false;
  for (size_t i = 0; i < v->n; i++)
    if (v->items[i].type != DH_INT && v->items[i].type != DH_NUM)
      return false;
  for (size_t i = 0; i < v->n; i++) {
    dh_buf_puts(b, i ? ", " : "");
    put_scalar(b, &v->items[i]);
  }
  return true;
}

void dh_say_value(FILE *f, const struct dh_val *v, int indent)
{
  struct dh_buf b;

  dh_buf_init(&b, 16 << 20);
  if (put_scalar(&b, v)) {
    fprintf(f, "%*s%s\n", indent, "", b.data);
    dh_buf_fini(&b);
    return;
  }
  for (size_t i = 0; (v->type == DH_MAP || v->type == DH_LIST) && i < v->n; i++) {
    const struct dh_val *item = v->type == DH_MAP ? &v->items[2 * i + 1] : &v->items[i];

    dh_buf_clear(&b);
    if (v->type == DH_MAP)
      put_scalar(&b, &v->items[2 * i]);
    if (v->type == DH_MAP)
      dh_buf_puts(&b, ":");
    else
      dh_buf_puts(&b, "-");
    fprintf(f, "%*s%s", indent, "", b.data);
    dh_buf_clear(&b);
    if (put_scalar(&b, item) || put_numbers(&b, item)) {
      fprintf(f, " %s\n", b.data);
    } else {
      fprintf(f, "\n");
      dh_say_value(f, item, indent + 2);
    }
  }
  dh_buf_fini(&b);
}

void dh_put_line(struct dh_buf *b, const struct dh_val *v, size_t width)
{
  struct dh_buf whole;
  size_t cells = 0, at = 0;

  dh_buf_init(&whole, 1 << 20);
  if (!put_scalar(&whole, v))
    for (size_t i = 0; i < v->n; i++) {
      if (i)
        dh_buf_puts(&whole, ", ");
      if (v->type == DH_MAP) {
        put_scalar(&whole, &v->items[2 * i]);
        dh_buf_puts(&whole, " ");
      }
      if (!put_scalar(&whole, v->type == DH_MAP ? &v->items[2 * i + 1] : &v->items[i]))
        dh_buf_puts(&whole, "…");
    }
  for (; at < whole.len && (!width || cells < width); cells++) {
    at++;
    while (at < whole.len && ((unsigned char)whole.data[at] & 0xc0) == 0x80)
      at++;
  }
  for (size_t i = 0; i < at; i++)
    if (whole.data[i] == '\n' || whole.data[i] == '\t')
      whole.data[i] = ' ';
  dh_buf_put(b, whole.data, at);
  if (at < whole.len)
    dh_buf_puts(b, "…");
  dh_buf_fini(&whole);
}

char *dh_span_text(int64_t ms, char out[24])
{
  if (ms < 10000)
    snprintf(out, 24, "%" PRId64 ".%" PRId64 " s", ms / 1000, ms / 100 % 10);
  else if (ms < 120000)
    snprintf(out, 24, "%" PRId64 " s", ms / 1000);
  else if (ms < 7200000)
    snprintf(out, 24, "%" PRId64 " min", ms / 60000);
  else
    snprintf(out, 24, "%" PRId64 " h", ms / 3600000);
  return out;
}

char *dh_local_text(int64_t wall_ms, char out[24])
{
  time_t t = (time_t)(wall_ms / 1000);
  struct tm tm;

  *out = '\0';
  if (wall_ms)
    strftime(out, 24, "%Y-%m-%d %H:%M:%S", localtime_r(&t, &tm));
  return out;
}

size_t dh_text_cells(const char *s)
{
  size_t n = 0;

  for (; *s; s++)
    n += ((unsigned char)*s & 0xc0) != 0x80;
  return n;
}
