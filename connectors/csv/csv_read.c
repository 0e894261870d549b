/* csv_read.c - CSV text to rows. One pass; each row is written as soon as it is complete. */
#include "csv_text.h"

#include <stdlib.h>
#include <string.h>

struct field {
  const char *s; /* inside the input, quotes around it left out */
  size_t n;
  bool quoted; /* doubled quotes stand for one */
};

struct reader {
  const char *p, *end;
  char separator;
  size_t line;     /* of p */
  size_t row_line; /* where the row at hand begins */
  struct field *fields;
  size_t n;
  struct dh_buf *out, scratch;
  struct dh_err *err;
};

static int wrong(struct reader *r, size_t line, const char *what)
{
  return dh_err_set(r->err, DH_EFORMAT, "the CSV text is wrong in line %zu: %s", line, what);
}

static int out_of(struct reader *r, int rc)
{
  if (rc == DH_ELIMIT)
    return dh_err_set(r->err, rc, "the CSV text is too large: plain data may have %zu bytes", r->out->max);
  return rc ? dh_err_set(r->err, rc, "no memory for the CSV text") : 0;
}

static bool at_line_end(const struct reader *r)
{
  return r->p < r->end && (*r->p == '\n' || *r->p == '\r');
}

static void skip_line_end(struct reader *r)
{
  if (r->p < r->end && *r->p == '\r')
    r->p++;
  if (r->p < r->end && *r->p == '\n')
    r->p++;
  r->line++;
}

static int read_quoted(struct reader *r, struct field *f)
{
  size_t line = r->line;

  f->quoted = true;
  f->s = ++r->p;
  for (; r->p < r->end; r->p++) {
    if (*r->p == '\n')
      r->line++;
    if (*r->p != '"')
      continue;
    if (r->p + 1 < r->end && r->p[1] == '"') {
      r->p++;
      continue;
    }
    f->n = (size_t)(r->p++ - f->s);
    if (r->p < r->end && *r->p != r->separator && !at_line_end(r))
      return wrong(r, r->line, "something stands between a closing quote and the next separator");
    return 0;
  }
  return wrong(r, line, "a quote is opened here and never closed");
}

static int read_field(struct reader *r, struct field *f)
{
  *f = (struct field){.s = r->p};
  if (r->p < r->end && *r->p == '"')
    return read_quoted(r, f);
  while (r->p < r->end && *r->p != r->separator && !at_line_end(r)) {
    if (*r->p == '"')
      return wrong(r, r->line, "a quote stands inside a field that is not quoted");
    r->p++;
  }
  f->n = (size_t)(r->p - f->s);
  return 0;
}

/* Reads the fields of the next row that is no empty line; r->n is 0 at the end. */
static int read_row(struct reader *r)
{
  int rc;

  while (at_line_end(r))
    skip_line_end(r);
  r->n = 0;
  r->row_line = r->line;
  if (r->p == r->end)
    return 0;
  for (;;) {
    if (r->n == DH_CSV_COLUMNS)
      return dh_err_set(r->err, DH_ELIMIT, "line %zu of the CSV text has more than %d fields", r->line,
                        DH_CSV_COLUMNS);
    rc = read_field(r, &r->fields[r->n]);
    if (rc)
      return rc;
    r->n++;
    if (r->p == r->end || *r->p != r->separator)
      break;
    r->p++;
  }
  if (r->p < r->end)
    skip_line_end(r);
  return 0;
}

/* The field without doubled quotes: in the input itself, or in scratch. */
static int plain(struct reader *r, const struct field *f, const char **s, size_t *n)
{
  int rc = 0;

  *s = f->s;
  *n = f->n;
  if (!f->quoted || !memchr(f->s, '"', f->n))
    return 0;
  dh_buf_clear(&r->scratch);
  for (size_t i = 0; !rc && i < f->n; i++) {
    rc = dh_buf_putc(&r->scratch, f->s[i]);
    i += f->s[i] == '"';
  }
  *s = r->scratch.data;
  *n = r->scratch.len;
  return rc;
}

static int put_field(struct reader *r, const struct field *f)
{
  const char *s;
  size_t n;
  int rc = plain(r, f, &s, &n);

  return out_of(r, rc ? rc : dh_put_textn(r->out, s, n));
}

static char find_separator(const char *p, const char *end)
{
  size_t comma = 0, semicolon = 0, tab = 0;
  bool quoted = false;

  for (; p < end && (quoted || (*p != '\n' && *p != '\r')); p++) {
    quoted ^= *p == '"';
    comma += !quoted && *p == ',';
    semicolon += !quoted && *p == ';';
    tab += !quoted && *p == '\t';
  }
  return tab > comma && tab > semicolon ? '\t' : semicolon > comma ? ';' : ',';
}

static int check_header(struct reader *r, const struct field *header, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    if (header[i].n == 0)
      return dh_err_set(r->err, DH_EFORMAT, "column %zu of the CSV text has no name (line %zu)", i + 1,
                        r->row_line);
    for (size_t k = 0; k < i; k++)
      if (header[k].n == header[i].n && memcmp(header[k].s, header[i].s, header[i].n) == 0)
        return dh_err_set(r->err, DH_EFORMAT, "the column \"%.*s\" stands twice in line %zu of the CSV text",
                          header[i].n < 80 ? (int)header[i].n : 80, header[i].s, r->row_line);
  }
  return 0;
}

static int put_row(struct reader *r, const struct field *header, size_t columns)
{
  int rc;

  if (r->n != columns) {
    dh_err_set(r->err, DH_EFORMAT, "line %zu of the CSV text has %zu fields, the header has %zu", r->row_line,
               r->n, columns);
    dh_err_advice(r->err, "put a field that holds the separator or a line end in quotes");
    return DH_EFORMAT;
  }
  rc = out_of(r, dh_put_map(r->out, columns));
  for (size_t i = 0; !rc && i < columns; i++) {
    rc = put_field(r, &header[i]);
    if (!rc)
      rc = put_field(r, &r->fields[i]);
  }
  return rc;
}

static int check_text(struct reader *r)
{
  const unsigned char *s = (const unsigned char *)r->p, *end = (const unsigned char *)r->end;
  size_t line = 1;

  for (; s < end; s++) {
    int more = *s < 0x80                 ? 0
               : *s >= 0xc2 && *s < 0xe0 ? 1
               : (*s & 0xf0) == 0xe0     ? 2
               : *s >= 0xf0 && *s < 0xf5 ? 3
                                         : -1;

    line += *s == '\n';
    if (more < 0 || end - s <= more || *s == 0 || (*s == 0xe0 && s[1] < 0xa0) ||
        (*s == 0xed && s[1] > 0x9f) || (*s == 0xf0 && s[1] < 0x90) || (*s == 0xf4 && s[1] > 0x8f))
      break;
    for (; more && (s[1] & 0xc0) == 0x80; more--)
      s++;
    if (more)
      break;
  }
  if (s == end)
    return 0;
  wrong(r, line, "bytes that are no UTF-8 text");
  dh_err_advice(r->err, "save the file again as \"CSV UTF-8\"");
  return DH_EFORMAT;
}

static int read_rows(struct reader *r, const struct field *header, size_t columns, size_t *rows)
{
  int rc = 0;

  for (*rows = 0; !rc; (*rows)++) {
    rc = read_row(r);
    if (rc || r->n == 0)
      break;
    rc = put_row(r, header, columns);
  }
  return rc;
}

static int decode(struct reader *r, struct field *header)
{
  struct dh_buf rows; /* apart, because a list begins with their number */
  struct dh_buf *out = r->out;
  size_t columns, n = 0;
  int rc = read_row(r);

  if (!rc && r->n == 0) {
    dh_err_set(r->err, DH_EFORMAT, "the CSV text has no header line");
    rc = DH_EFORMAT;
  }
  if (!rc)
    rc = check_header(r, r->fields, r->n);
  if (rc)
    return rc;
  columns = r->n;
  memcpy(header, r->fields, columns * sizeof *header);
  dh_buf_init(&rows, out->max);
  r->out = &rows;
  rc = read_rows(r, header, columns, &n);
  r->out = out;
  if (!rc)
    rc = out_of(r, dh_put_list(out, n) ?: dh_buf_put(out, rows.data, rows.len));
  dh_buf_fini(&rows);
  return rc;
}

int dh_csv_decode(const char *p, size_t n, char separator, struct dh_buf *cbor, struct dh_err *err)
{
  struct reader r = {.p = p, .end = p + n, .line = 1, .out = cbor, .err = err};
  struct field *header = malloc(2 * DH_CSV_COLUMNS * sizeof *header);
  size_t before = cbor->len;
  int rc;

  dh_buf_init(&r.scratch, DH_CSV_MAX);
  if (n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
    r.p += 3;
  r.separator = separator ? separator : find_separator(r.p, r.end);
  r.fields = header ? header + DH_CSV_COLUMNS : NULL;
  rc = !header          ? out_of(&r, DH_ENOMEM)
       : n > DH_CSV_MAX ? dh_err_set(err, DH_ELIMIT, "the CSV text has more than %d bytes", DH_CSV_MAX)
                        : check_text(&r);
  if (!rc)
    rc = decode(&r, header);
  if (rc)
    cbor->len = before;
  free(header);
  dh_buf_fini(&r.scratch);
  return rc;
}
