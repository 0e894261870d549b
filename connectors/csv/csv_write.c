/* csv_write.c - rows to CSV text. */
#include "csv_text.h"

#include <stdlib.h>
#include <string.h>

struct writer {
  const struct dh_csv_style *style;
  const struct dh_val **columns; /* texts; owned, what they point to is not */
  size_t n;
  struct dh_buf *out, scratch;
};

static bool same(const struct dh_val *a, const struct dh_val *b)
{
  return a->n == b->n && memcmp(a->s, b->s, a->n) == 0;
}

static bool is_column(const struct writer *w, const struct dh_val *key)
{
  for (size_t i = 0; i < w->n; i++)
    if (same(w->columns[i], key))
      return true;
  return false;
}

static int add_column(struct writer *w, const struct dh_val *key, struct dh_err *err)
{
  if (key->type != DH_TEXT)
    return dh_err_set(err, DH_EUSE, "a CSV row is a map of texts to values; one has a key that is no text");
  if (is_column(w, key))
    return 0;
  if (w->style->columns)
    return dh_err_set(err, DH_EUSE, "a row has \"%.*s\", which is none of the columns", (int)key->n, key->s);
  if (w->n == DH_CSV_COLUMNS)
    return dh_err_set(err, DH_ELIMIT, "the rows have more than %d columns", DH_CSV_COLUMNS);
  w->columns[w->n++] = key;
  return 0;
}

static int find_columns(struct writer *w, const struct dh_val *rows, struct dh_err *err)
{
  const struct dh_val *given = w->style->columns;
  int rc = 0;

  if (given && given->n > DH_CSV_COLUMNS)
    return dh_err_set(err, DH_ELIMIT, "more than %d columns are asked for", DH_CSV_COLUMNS);
  for (size_t i = 0; given && i < given->n; i++) {
    if (given->items[i].type != DH_TEXT)
      return dh_err_set(err, DH_EUSE, "columns is a list of texts");
    w->columns[w->n++] = &given->items[i];
  }
  for (size_t i = 0; i < rows->n; i++) {
    if (rows->items[i].type != DH_MAP)
      return dh_err_set(err, DH_EUSE, "CSV holds a list of maps; item %zu is none", i + 1);
    for (size_t k = 0; !rc && k < rows->items[i].n; k++)
      rc = add_column(w, &rows->items[i].items[2 * k], err);
    if (rc)
      return rc;
  }
  return 0;
}

static int value_text(struct writer *w, const struct dh_val *v)
{
  size_t n;
  int rc;

  dh_buf_clear(&w->scratch);
  if (!v || v->type == DH_NIL)
    return 0;
  if (v->type == DH_TEXT)
    return dh_buf_put(&w->scratch, v->s, v->n);
  if (v->tag == DH_TAG_FILE && dh_val_get(v, "name"))
    return value_text(w, dh_val_get(v, "name"));
  rc = dh_val_json(&w->scratch, v, false);
  n = w->scratch.len;
  if (!rc && v->tag == DH_TAG_MONEY && n >= 2) { /* JSON writes it in quotes */
    memmove(w->scratch.data, w->scratch.data + 1, n - 2);
    w->scratch.len = n - 2;
  }
  return rc;
}

static bool is_number(const char *s, size_t n)
{
  size_t i = n && (*s == '-' || *s == '+'), digits = 0, points = 0;

  for (; i < n; i++) {
    digits += s[i] >= '0' && s[i] <= '9';
    points += s[i] == '.' || s[i] == ',';
    if (!strchr("0123456789.,", s[i]) || !s[i])
      return false;
  }
  return digits > 0 && points < digits;
}

static int put_text(struct writer *w, const struct dh_val *v)
{
  const char *s = w->scratch.data;
  size_t n = w->scratch.len;
  bool formula =
      w->style->guard && v && v->type == DH_TEXT && n && strchr("=+-@\t\r", *s) && !is_number(s, n);
  bool quote = n && (memchr(s, '"', n) || memchr(s, '\n', n) || memchr(s, '\r', n) ||
                     memchr(s, w->style->separator, n) || *s == ' ' || s[n - 1] == ' ');
  int rc = 0;

  quote |= n == 0 && w->n == 1; /* a row must not look like an empty line */
  if (quote)
    rc = dh_buf_putc(w->out, '"');
  if (!rc && formula)
    rc = dh_buf_putc(w->out, '\'');
  for (size_t i = 0; !rc && i < n; i++)
    rc = s[i] == '"' ? dh_buf_puts(w->out, "\"\"") : dh_buf_putc(w->out, s[i]);
  if (!rc && quote)
    rc = dh_buf_putc(w->out, '"');
  return rc;
}

/* row NULL writes the header. */
static int put_row(struct writer *w, const struct dh_val *row)
{
  int rc = 0;

  for (size_t i = 0; !rc && i < w->n; i++) {
    const struct dh_val *column = w->columns[i], *v = row ? NULL : column;

    for (size_t k = 0; row && !v && k < row->n; k++)
      if (same(&row->items[2 * k], column))
        v = &row->items[2 * k + 1];
    if (i)
      rc = dh_buf_putc(w->out, w->style->separator);
    if (!rc)
      rc = value_text(w, v);
    if (!rc)
      rc = put_text(w, v);
  }
  return rc ? rc : dh_buf_puts(w->out, "\r\n");
}

static int put_rows(struct writer *w, const struct dh_val *rows, struct dh_err *err)
{
  int rc = w->n ? put_row(w, NULL) : 0;

  for (size_t i = 0; !rc && i < rows->n; i++)
    rc = put_row(w, &rows->items[i]);
  if (rc == DH_ELIMIT)
    return dh_err_set(err, rc, "the CSV text would be larger than %zu bytes", w->out->max);
  return rc ? dh_err_set(err, rc, "no memory for the CSV text") : 0;
}

int dh_csv_encode(const struct dh_val *v, const struct dh_csv_style *style, struct dh_buf *text,
                  struct dh_err *err)
{
  struct writer w = {.style = style, .out = text};
  int rc;

  if (!v || v->type != DH_LIST)
    return dh_err_set(err, DH_EUSE, "CSV holds a list of maps");
  w.columns = calloc(DH_CSV_COLUMNS, sizeof *w.columns);
  if (!w.columns)
    return dh_err_set(err, DH_ENOMEM, "no memory for the CSV text");
  dh_buf_init(&w.scratch, DH_CSV_MAX);
  rc = find_columns(&w, v, err);
  if (!rc)
    rc = put_rows(&w, v, err);
  free(w.columns);
  dh_buf_fini(&w.scratch);
  return rc;
}
