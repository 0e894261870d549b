/* json_read.c - one pass over JSON text that writes CBOR. Ours, because the libraries at hand lose what money
 * needs: json-c clamps long integers and takes a key that stands twice, jansson rounds decimals, and neither
 * says where. */
#include "json_read.h"
#include "json_number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct key {
  size_t at, n; /* its text in the output */
  size_t src;   /* where it stands in the input */
};

struct reader {
  const char *base, *p, *end;
  struct dh_buf *out;
  struct dh_buf scratch; /* a string without its escapes */
  struct key *keys;      /* of all maps that are open, innermost last */
  size_t nkeys, keys_cap;
  size_t first_line; /* number of the line at base */
  int depth;
  struct dh_err *err;
};

static int fail_at(struct reader *r, const char *at, const char *what)
{
  size_t line = r->first_line, column = 1, shown = 0;

  for (const char *s = r->base; s < at; s++) {
    if (*s == '\n') {
      line++;
      column = 1;
    } else if (((unsigned char)*s & 0xc0) != 0x80) {
      column++;
    }
  }
  dh_err_set(r->err, DH_EFORMAT, "this is no JSON at line %zu, column %zu: %s", line, column, what);
  while (at + shown < r->end && shown < 40 && at[shown] != '\n' && at[shown] != '\r')
    shown++;
  while (shown && at + shown < r->end && ((unsigned char)at[shown] & 0xc0) == 0x80)
    shown--; /* never half a character */
  if (shown)
    dh_err_seen(r->err, "%.*s", (int)shown, at);
  else
    dh_err_seen(r->err, "%s", at < r->end ? "the end of the line" : "the end of the text");
  return DH_EFORMAT;
}

static int out_of(struct reader *r, int rc)
{
  if (rc == DH_ELIMIT)
    return dh_err_set(r->err, rc, "the JSON text is too large: plain data may have %zu bytes", r->out->max);
  return rc ? dh_err_set(r->err, rc, "no memory for a JSON text of %zu bytes", (size_t)(r->end - r->base))
            : 0;
}

static void skip_space(struct reader *r)
{
  while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\n' || *r->p == '\r'))
    r->p++;
}

/* Bytes of the UTF-8 character at s, 0 if it is none. */
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

static int hex4(const char *p, const char *end, unsigned *out)
{
  *out = 0;
  if (end - p < 4)
    return -1;
  for (int i = 0; i < 4; i++) {
    char c = p[i];
    int digit = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;

    if (digit < 0)
      return -1;
    *out = *out << 4 | (unsigned)digit;
  }
  return 0;
}

static int put_utf8(struct dh_buf *b, unsigned c)
{
  char s[4];
  size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};

  for (size_t i = n; i-- > 1; c >>= 6)
    s[i] = (char)(0x80 | (c & 0x3f));
  s[0] = (char)(lead[n] | c);
  return dh_buf_put(b, s, n);
}

/* r->p stands behind "\u". */
static int read_unicode(struct reader *r)
{
  const char *at = r->p - 2;
  unsigned c, low;

  if (hex4(r->p, r->end, &c))
    return fail_at(r, at, "\\u wants four hexadecimal digits");
  r->p += 4;
  if (c >= 0xdc00 && c < 0xe000)
    return fail_at(r, at, "the second half of a character without its first");
  if (c >= 0xd800 && c < 0xdc00) {
    if (r->end - r->p < 6 || r->p[0] != '\\' || r->p[1] != 'u' || hex4(r->p + 2, r->end, &low) ||
        low < 0xdc00 || low > 0xdfff)
      return fail_at(r, at, "the first half of a character without its second");
    r->p += 6;
    c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
  }
  return out_of(r, put_utf8(&r->scratch, c));
}

static int read_escape(struct reader *r)
{
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  const char *hit;

  if (++r->p == r->end)
    return fail_at(r, r->p - 1, "the text ends inside a string");
  if (*r->p == 'u') {
    r->p++;
    return read_unicode(r);
  }
  hit = *r->p ? strchr(from, *r->p) : NULL;
  if (!hit)
    return fail_at(r, r->p - 1, "an escape that JSON does not have");
  r->p++;
  return out_of(r, dh_buf_putc(&r->scratch, to[hit - from]));
}

/* ASCII that stands for itself inside a string: the most of most texts. */
static const bool is_plain[256] = {[0x20 ... 0x21] = true, [0x23 ... 0x5b] = true, [0x5d ... 0x7f] = true};

/* r->p stands at the opening quote. The text is in *s: in the input itself when it has no escapes. */
static int read_text(struct reader *r, const char **s, size_t *n)
{
  const char *open = r->p++, *run = r->p;
  int rc = 0;

  dh_buf_clear(&r->scratch);
  while (r->p < r->end && *r->p != '"') {
    unsigned char c;
    size_t len = 1;

    while (r->p < r->end && is_plain[(unsigned char)*r->p])
      r->p++;
    if (r->p == r->end || *r->p == '"')
      break;
    c = (unsigned char)*r->p;
    if (c == '\\') {
      rc = out_of(r, dh_buf_put(&r->scratch, run, (size_t)(r->p - run)));
      if (!rc)
        rc = read_escape(r);
      if (rc)
        return rc;
      run = r->p;
      continue;
    }
    if (c < 0x20)
      return fail_at(r, r->p, "a line end or control character inside a string");
    if (c >= 0x80 && !(len = utf8_len((const unsigned char *)r->p, (size_t)(r->end - r->p))))
      return fail_at(r, r->p, "bytes that are no UTF-8");
    r->p += len;
  }
  if (r->p == r->end)
    return fail_at(r, open, "a string that has no end");
  *s = run;
  *n = (size_t)(r->p - run);
  if (run != open + 1) {
    rc = out_of(r, dh_buf_put(&r->scratch, run, *n));
    *s = r->scratch.data;
    *n = r->scratch.len;
  }
  r->p++;
  return rc;
}

static int read_number(struct reader *r)
{
  const char *start = r->p;
  struct dh_json_number num;
  size_t n = dh_json_number(start, (size_t)(r->end - start), &num);

  if (!n)
    return fail_at(r, start, "neither a value nor a number as JSON writes it");
  r->p += n;
  switch (num.kind) {
  case DH_JSON_INT:
    return out_of(r, dh_put_int(r->out, num.i));
  case DH_JSON_FLOAT:
    return out_of(r, dh_put_num(r->out, num.d));
  default:
    return out_of(r, dh_put_tag(r->out, DH_TAG_DECIMAL) ?: dh_put_textn(r->out, start, n));
  }
}

/* A list or map is begun with a head of one byte; when it has more items than that byte can say, the rest
 * moves. */
static int end_items(struct reader *r, size_t head, int major, size_t n)
{
  size_t more = n < 24 ? 0 : n <= 0xff ? 1 : n <= 0xffff ? 2 : n <= 0xffffffff ? 4 : 8;
  size_t body = r->out->len - head - 1;
  unsigned char *h;
  int rc = dh_buf_room(r->out, more);

  if (rc)
    return out_of(r, rc);
  h = (unsigned char *)r->out->data + head;
  memmove(h + 1 + more, h + 1, body + 1); /* with the NUL */
  r->out->len += more;
  h[0] = (unsigned char)(major << 5 | (int)(more == 0   ? n
                                            : more == 1 ? 24
                                            : more == 2 ? 25
                                            : more == 4 ? 26
                                                        : 27));
  for (size_t i = 0; i < more; i++)
    h[1 + i] = (unsigned char)(n >> (8 * (more - 1 - i)));
  return 0;
}

static int by_text(const void *a, const void *b, void *out)
{
  const struct key *x = a, *y = b;
  const char *text = ((struct dh_buf *)out)->data;
  int d = memcmp(text + x->at, text + y->at, x->n < y->n ? x->n : y->n);

  if (!d && x->n != y->n)
    d = x->n < y->n ? -1 : 1;
  return d ? d : x->src < y->src ? -1 : 1;
}

/* Sorting finds a key that stands twice without comparing all with all. */
static int check_keys(struct reader *r, size_t first)
{
  struct key *k = r->keys + first;
  size_t n = r->nkeys - first;
  char what[160];

  r->nkeys = first;
  if (n < 2)
    return 0;
  qsort_r(k, n, sizeof *k, by_text, r->out);
  for (size_t i = 1; i < n; i++) {
    if (k[i].n != k[i - 1].n || memcmp(r->out->data + k[i].at, r->out->data + k[i - 1].at, k[i].n) != 0)
      continue;
    snprintf(what, sizeof what, "the key \"%.*s\" stands twice", k[i].n < 80 ? (int)k[i].n : 80,
             r->out->data + k[i].at);
    return fail_at(r, r->base + k[i].src, what);
  }
  return 0;
}

static int add_key(struct reader *r, size_t src, size_t n)
{
  if (r->nkeys == r->keys_cap) {
    size_t cap = r->keys_cap ? r->keys_cap * 2 : 32;
    struct key *keys = realloc(r->keys, cap * sizeof *keys);

    if (!keys)
      return out_of(r, DH_ENOMEM);
    r->keys = keys;
    r->keys_cap = cap;
  }
  r->keys[r->nkeys++] = (struct key){.at = r->out->len - n, .n = n, .src = src};
  return 0;
}

static int read_value(struct reader *r);

static int read_key(struct reader *r)
{
  const char *at = r->p, *s;
  size_t n;
  int rc;

  if (r->p == r->end || *r->p != '"')
    return fail_at(r, r->p, "a key in quotes was expected");
  rc = read_text(r, &s, &n);
  if (!rc)
    rc = out_of(r, dh_put_textn(r->out, s, n));
  if (!rc)
    rc = add_key(r, (size_t)(at - r->base), n);
  if (rc)
    return rc;
  skip_space(r);
  if (r->p == r->end || *r->p != ':')
    return fail_at(r, r->p, "a colon was expected after the key");
  r->p++;
  return 0;
}

static int read_items(struct reader *r, bool map)
{
  size_t head = r->out->len, first = r->nkeys, n = 0;
  char close = map ? '}' : ']';
  int rc = out_of(r, dh_buf_putc(r->out, 0));

  if (++r->depth > DH_JSON_DEPTH)
    return dh_err_set(r->err, DH_ELIMIT, "the JSON text nests lists and maps more than %d deep",
                      DH_JSON_DEPTH);
  r->p++;
  skip_space(r);
  if (!rc && r->p < r->end && *r->p == close) {
    r->p++;
    r->depth--;
    return end_items(r, head, map ? 5 : 4, 0);
  }
  for (; !rc; n++) {
    skip_space(r);
    if (map)
      rc = read_key(r);
    if (!rc)
      rc = read_value(r);
    if (rc)
      return rc;
    skip_space(r);
    if (r->p < r->end && *r->p == close)
      break;
    if (r->p == r->end || *r->p != ',')
      return fail_at(r, r->p, map ? "a comma or } was expected" : "a comma or ] was expected");
    r->p++;
  }
  r->p++;
  r->depth--;
  if (!rc && map)
    rc = check_keys(r, first);
  return rc ? rc : end_items(r, head, map ? 5 : 4, n + 1);
}

static int read_word(struct reader *r)
{
  size_t left = (size_t)(r->end - r->p);

  if (left >= 4 && memcmp(r->p, "true", 4) == 0) {
    r->p += 4;
    return out_of(r, dh_put_bool(r->out, true));
  }
  if (left >= 5 && memcmp(r->p, "false", 5) == 0) {
    r->p += 5;
    return out_of(r, dh_put_bool(r->out, false));
  }
  if (left >= 4 && memcmp(r->p, "null", 4) == 0) {
    r->p += 4;
    return out_of(r, dh_put_nil(r->out));
  }
  return read_number(r);
}

static int read_value(struct reader *r)
{
  const char *s;
  size_t n;
  int rc;

  skip_space(r);
  if (r->p == r->end)
    return fail_at(r, r->p, "a value was expected");
  if (*r->p == '{' || *r->p == '[')
    return read_items(r, *r->p == '{');
  if (*r->p != '"')
    return read_word(r);
  rc = read_text(r, &s, &n);
  return rc ? rc : out_of(r, dh_put_textn(r->out, s, n));
}

static int decode(const char *p, size_t n, size_t line, struct dh_buf *cbor, struct dh_err *err)
{
  struct reader r = {.base = p, .p = p, .end = p + n, .out = cbor, .first_line = line, .err = err};
  size_t before = cbor->len;
  int rc;

  dh_buf_init(&r.scratch, DH_JSON_MAX);
  if (n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
    r.base = r.p = p + 3;
  rc = read_value(&r);
  if (!rc) {
    skip_space(&r);
    if (r.p < r.end)
      rc = fail_at(&r, r.p, "there is more after the value");
  }
  if (rc)
    cbor->len = before;
  free(r.keys);
  dh_buf_fini(&r.scratch);
  return rc;
}

static int too_long(size_t n, struct dh_err *err)
{
  if (n <= DH_JSON_MAX)
    return 0;
  dh_err_set(err, DH_ELIMIT, "the JSON text has %zu bytes, more than the %d that may be read at once", n,
             DH_JSON_MAX);
  dh_err_advice(err, "split it, or read it as a file of the case line by line (JSON Lines)");
  return DH_ELIMIT;
}

int dh_json_decode(const char *p, size_t n, struct dh_buf *cbor, struct dh_err *err)
{
  int rc = too_long(n, err);

  return rc ? rc : decode(p, n, 1, cbor, err);
}

static bool is_blank(const char *p, size_t n)
{
  while (n && (*p == ' ' || *p == '\t' || *p == '\r'))
    p++, n--;
  return n == 0;
}

int dh_jsonl_decode(const char *p, size_t n, struct dh_buf *cbor, struct dh_err *err)
{
  struct reader r = {.base = p, .end = p + n, .out = cbor, .err = err};
  size_t head = cbor->len, count = 0, line = 1;
  int rc = out_of(&r, dh_buf_putc(cbor, 0));

  for (const char *at = p; !rc && at < r.end; line++) {
    const char *nl = memchr(at, '\n', (size_t)(r.end - at));
    size_t len = (size_t)((nl ? nl : r.end) - at);

    rc = too_long(len, err);
    if (!rc && !is_blank(at, len)) {
      rc = decode(at, len, line, cbor, err);
      count++;
    }
    at += len + 1;
  }
  if (!rc)
    rc = end_items(&r, head, 4, count);
  if (rc)
    cbor->len = head;
  return rc;
}
