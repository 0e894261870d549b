/* case.c - one raw case (texts and numbers from JSON or CSV) checked against the robot's declaration and made
 * plain data: what a run gets is right, or it does not begin. */
#include "state.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_FILE_MAX = 64 << 20 };

struct taker {
  const char *base_dir;
  int (*keep)(void *self, const void *p, size_t n, char hash[DH_SHA256_HEX], struct dh_err *err);
  void *self;
  struct dh_buf *out;
  struct dh_err *err;
  char field[128];
};

static int wrong(struct taker *t, const struct dh_val *v, const char *want)
{
  struct dh_buf shown;

  dh_err_set(t->err, DH_EFORMAT, "the case's field '%s' is no %s", t->field, want);
  dh_buf_init(&shown, 300);
  dh_val_json(&shown, v, false);
  dh_err_seen(t->err, "%s", shown.data);
  dh_buf_fini(&shown);
  return DH_EFORMAT;
}

static bool is_text(const struct dh_val *v)
{
  return v->type == DH_TEXT;
}

static int take_money(struct taker *t, const struct dh_val *type, const struct dh_val *v)
{
  char currency[4], want[8];
  const char *why;
  int64_t minor;
  int digits, rc;

  if (v->tag == DH_TAG_MONEY)
    return dh_put_val(t->out, v);
  if (!is_text(v) || dh_money_parse(v->s, v->n, &minor, currency, &digits, &why)) {
    wrong(t, v, "amount of money");
    return dh_err_advice(t->err, "write it as \"250000.00 EUR\"%s%s", is_text(v) ? ": " : "",
                         is_text(v) ? why : "");
  }
  dh_val_text(type, "currency", want, sizeof want);
  if (*want && strcmp(want, currency) != 0)
    return dh_err_set(t->err, DH_EFORMAT, "the case's field '%s' must be in %s, not %s", t->field, want,
                      currency);
  if (dh_val_get(type, "above") && minor <= (int64_t)llround(dh_val_num(type, "above", 0) * pow(10, digits)))
    return dh_err_set(t->err, DH_EFORMAT, "the case's field '%s' must be above %g", t->field,
                      dh_val_num(type, "above", 0));
  rc = dh_put_tag(t->out, DH_TAG_MONEY);
  if (!rc)
    rc = dh_put_list(t->out, 3);
  if (!rc)
    rc = dh_put_int(t->out, minor);
  if (!rc)
    rc = dh_put_text(t->out, currency);
  return rc ? rc : dh_put_int(t->out, digits);
}

static int take_date(struct taker *t, const struct dh_val *v)
{
  char iso[16];
  int rc;

  snprintf(iso, sizeof iso, "%.*s", is_text(v) && v->n < sizeof iso ? (int)v->n : 0, is_text(v) ? v->s : "");
  if (!dh_date_valid(iso)) {
    wrong(t, v, "date");
    return dh_err_advice(t->err, "write it as 2026-11-30");
  }
  rc = dh_put_tag(t->out, DH_TAG_DATE);
  return rc ? rc : dh_put_text(t->out, iso);
}

static int take_number(struct taker *t, const struct dh_val *v)
{
  char text[64];
  char *end;
  double d;
  long long i;

  if (v->type == DH_INT || v->type == DH_NUM)
    return dh_put_val(t->out, v);
  if (!is_text(v) || v->n == 0 || v->n >= sizeof text)
    return wrong(t, v, "number");
  memcpy(text, v->s, v->n);
  text[v->n] = '\0';
  i = strtoll(text, &end, 10);
  if (!*end)
    return dh_put_int(t->out, i);
  d = strtod(text, &end);
  if (*end || !isfinite(d))
    return wrong(t, v, "number");
  return dh_put_num(t->out, d);
}

static int take_flag(struct taker *t, const struct dh_val *v)
{
  if (v->type == DH_BOOL)
    return dh_put_bool(t->out, v->b);
  if (dh_val_is(v, "yes") || dh_val_is(v, "true"))
    return dh_put_bool(t->out, true);
  if (dh_val_is(v, "no") || dh_val_is(v, "false"))
    return dh_put_bool(t->out, false);
  wrong(t, v, "flag");
  return dh_err_advice(t->err, "write yes or no");
}

static int take_file(struct taker *t, const struct dh_val *v)
{
  char path[4096], hash[DH_SHA256_HEX];
  const char *name;
  struct dh_buf b;
  int rc;

  if (v->tag == DH_TAG_FILE)
    return dh_put_val(t->out, v);
  if (!is_text(v) || v->n == 0 || v->n >= 2048)
    return wrong(t, v, "file name");
  if (v->s[0] == '/')
    snprintf(path, sizeof path, "%.*s", (int)v->n, v->s);
  else
    snprintf(path, sizeof path, "%s/%.*s", t->base_dir, (int)v->n, v->s);
  dh_buf_init(&b, INPUT_FILE_MAX);
  rc = dh_buf_read_file(&b, path, t->err);
  if (rc)
    dh_err_advice(t->err, "the case's field '%s' names this file, relative to the case file", t->field);
  else
    rc = t->keep(t->self, b.data, b.len, hash, t->err);
  name = strrchr(path, '/');
  if (!rc)
    rc = dh_put_tag(t->out, DH_TAG_FILE);
  if (!rc)
    rc = dh_put_map(t->out, 3);
  if (!rc)
    rc = dh_put_kt(t->out, "name", name ? name + 1 : path);
  if (!rc)
    rc = dh_put_kt(t->out, "sha256", hash);
  if (!rc)
    rc = dh_put_ki(t->out, "size", (int64_t)b.len);
  dh_buf_fini(&b);
  return rc;
}

static int take(struct taker *t, const struct dh_val *type, const struct dh_val *v);

static int take_list(struct taker *t, const struct dh_val *type, const struct dh_val *v)
{
  size_t before = strlen(t->field);
  int rc;

  if (v->type != DH_LIST)
    return wrong(t, v, "list");
  rc = dh_put_list(t->out, v->n);
  for (size_t i = 0; !rc && i < v->n; i++) {
    snprintf(t->field + before, sizeof t->field - before, "[%zu]", i + 1);
    rc = take(t, dh_val_get(type, "of"), &v->items[i]);
    t->field[before] = '\0';
  }
  return rc;
}

static int take(struct taker *t, const struct dh_val *type, const struct dh_val *v)
{
  const struct dh_val *name = dh_val_get(type, "type");

  if (dh_val_is(name, "money"))
    return take_money(t, type, v);
  if (dh_val_is(name, "date"))
    return take_date(t, v);
  if (dh_val_is(name, "number"))
    return take_number(t, v);
  if (dh_val_is(name, "flag"))
    return take_flag(t, v);
  if (dh_val_is(name, "file"))
    return take_file(t, v);
  if (dh_val_is(name, "list"))
    return take_list(t, type, v);
  if (v->type == DH_INT && dh_val_is(name, "text")) { /* JSON writers like to make numbers of keys */
    char text[32];

    snprintf(text, sizeof text, "%" PRId64, v->i);
    return dh_put_text(t->out, text);
  }
  return is_text(v) && v->n > 0 ? dh_put_val(t->out, v) : wrong(t, v, "text");
}

static bool is_missing(const struct dh_val *v)
{
  return !v || v->type == DH_NIL || (v->type == DH_TEXT && v->n == 0);
}

/* Fields of the raw case that nobody declared; key, period and the like name the case itself. */
static int find_unknown(const struct dh_val *fields, const struct dh_val *raw, struct dh_err *err)
{
  static const char *const own[] = {"key", "period", "priority", "deadline", "not_before"};
  const char *names[128];
  char key[128], copies[128][64];
  size_t n = 0;

  for (size_t i = 0; fields && i < fields->n && n < 128; i++) {
    snprintf(copies[n], sizeof copies[n], "%.*s", (int)fields->items[2 * i].n, fields->items[2 * i].s);
    names[n] = copies[n];
    n++;
  }
  for (size_t i = 0; i < raw->n; i++) {
    const char *close;
    bool known = false;

    if (memchr(raw->items[2 * i].s, '\0', raw->items[2 * i].n))
      return dh_err_set(err, DH_EFORMAT, "the case has a field whose name holds a zero byte");
    snprintf(key, sizeof key, "%.*s", (int)raw->items[2 * i].n, raw->items[2 * i].s);
    for (size_t k = 0; k < sizeof own / sizeof *own; k++)
      known = known || strcmp(own[k], key) == 0;
    if (known || dh_val_get(fields, key))
      continue;
    close = dh_closest(key, names, n);
    dh_err_set(err, DH_EFORMAT, "the case has a field '%s' that the robot does not declare", key);
    return close ? dh_err_advice(err, "did you mean '%s'?", close)
                 : dh_err_advice(err, "take it out of the case, or add it to case = { } in robot.lua");
  }
  return 0;
}

int dh_case_take(const struct dh_val *declaration, const struct dh_val *raw, const char *base_dir,
                 int (*keep)(void *self, const void *p, size_t n, char hash[DH_SHA256_HEX],
                             struct dh_err *err),
                 void *self, struct dh_buf *input, struct dh_err *err)
{
  const struct dh_val *fields = dh_val_get(declaration, "case");
  struct taker t = {.base_dir = base_dir, .keep = keep, .self = self, .out = input, .err = err};
  size_t present = 0;
  int rc;

  if (raw->type != DH_MAP)
    return dh_err_set(err, DH_EFORMAT, "a case is a map of fields, in JSON: { \"key\": … }");
  if (!fields || fields->type != DH_MAP) /* a robot that declares no fields takes them as they come */
    return dh_put_val(input, raw);
  rc = find_unknown(fields, raw, err);
  for (size_t i = 0; !rc && i < fields->n; i++) {
    snprintf(t.field, sizeof t.field, "%.*s", (int)fields->items[2 * i].n, fields->items[2 * i].s);
    if (!is_missing(dh_val_get(raw, t.field)))
      present++;
    else if (!dh_val_bool(&fields->items[2 * i + 1], "optional", false)) {
      dh_err_set(err, DH_EFORMAT, "the case has no '%s'", t.field);
      rc = dh_err_advice(err, "add it to the case, or write optional(…) in case = { } of robot.lua");
    }
  }
  if (!rc)
    rc = dh_put_map(input, present);
  for (size_t i = 0; !rc && i < fields->n; i++) {
    const struct dh_val *v;

    snprintf(t.field, sizeof t.field, "%.*s", (int)fields->items[2 * i].n, fields->items[2 * i].s);
    v = dh_val_get(raw, t.field);
    if (is_missing(v))
      continue;
    rc = dh_put_text(input, t.field);
    if (!rc)
      rc = take(&t, &fields->items[2 * i + 1], v);
  }
  return rc;
}
