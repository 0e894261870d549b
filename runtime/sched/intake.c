/* intake.c - cases from files of cases. See intake.h. */
#include "intake.h"
#include "../base/clock.h"
#include "../host/module.h"
#include "../host/run.h"
#include "../store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum { FILE_MAX = 256 << 20, GATHER_MAX = 8 << 20, GATHER_MS = 5000 };

/* ---- one case */

void dh_intake_init(struct dh_intake *in, const char *blobs)
{
  memset(in, 0, sizeof *in);
  in->blobs = blobs;
  in->gathered_ms = dh_mono_ms();
  dh_buf_init(&in->cases, FILE_MAX);
  dh_buf_init(&in->refused, 16 << 20);
}

void dh_intake_fini(struct dh_intake *in)
{
  dh_buf_fini(&in->cases);
  dh_buf_fini(&in->refused);
}

static int keep(void *self, const void *p, size_t n, char hash[DH_SHA256_HEX], struct dh_err *err)
{
  return dh_blob_put(self, p, n, hash, err);
}

/* A scalar as the text it was written as. False for lists, maps and what is empty. */
static bool scalar_text(const struct dh_val *v, char *out, size_t size)
{
  *out = '\0';
  if (!v)
    return false;
  if (v->type == DH_TEXT)
    snprintf(out, size, "%.*s", (int)v->n, v->s);
  else if (v->type == DH_INT)
    snprintf(out, size, "%lld", (long long)v->i);
  else if (v->type == DH_NUM)
    snprintf(out, size, "%.15g", v->d);
  return *out != '\0';
}

/* The same as a part of a key, which must keep whole what it was written as. *there: false when there is
 * none. */
static int key_part(const struct dh_val *v, char *out, size_t size, bool *there, struct dh_err *err)
{
  *there = scalar_text(v, out, size);
  if (!v || v->type != DH_TEXT)
    return 0;
  if (v->n >= size)
    return dh_err_set(err, DH_ELIMIT, "the key of a case is longer than %zu bytes", size - 1);
  for (size_t i = 0; i < v->n; i++)
    if ((unsigned char)v->s[i] < ' ')
      return dh_err_set(err, DH_EFORMAT, "the key of a case holds a control character (code %d)", v->s[i]);
  return 0;
}

static void fresh_key(char *out, size_t size)
{
  unsigned char r[6] = {0};
  char hex[2 * sizeof r + 1];

  while (getrandom(r, sizeof r, 0) < 0 && errno == EINTR)
    ;
  dh_hex(r, sizeof r, hex);
  snprintf(out, size, "%s", hex);
}

static void row_key(const struct dh_val *raw, char *out, size_t size)
{
  char hash[DH_SHA256_HEX] = "";
  struct dh_buf bytes;

  dh_buf_init(&bytes, FILE_MAX);
  if (!dh_put_val(&bytes, raw))
    dh_sha256_hex(bytes.data, bytes.len, hash);
  snprintf(out, size, "%.16s", hash);
  dh_buf_fini(&bytes);
}

/* The key: the declared column or columns; else `key`, else `id`; else, in a list, the row itself, so that
 * the same row twice is one case. */
static int case_key(const struct dh_robot *r, const struct dh_val *raw, bool single, char *out, size_t size,
                    struct dh_err *err)
{
  const struct dh_val *want = dh_val_get(dh_val_get(r->declared, "cases"), "key");
  const struct dh_val *columns = want && want->type == DH_LIST ? want->items : want;
  size_t n = !want ? 0 : want->type == DH_LIST ? want->n : 1, at = 0;
  char part[256], column[64];
  bool there = false;
  int rc = 0;

  for (size_t i = 0; i < n; i++) {
    snprintf(column, sizeof column, "%.*s", columns[i].type == DH_TEXT ? (int)columns[i].n : 0, columns[i].s);
    if ((rc = key_part(dh_val_get(raw, column), part, sizeof part, &there, err)))
      return rc;
    if (!there)
      return dh_err_set(err, DH_EFORMAT, "the case has no '%s', which makes it unique (cases.key)", column);
    at += (size_t)snprintf(out + at, size - at, "%s%s", i ? "/" : "", part);
    if (at >= size)
      return dh_err_set(err, DH_ELIMIT, "the key of a case is longer than %zu bytes", size - 1);
  }
  if (!n)
    rc = key_part(dh_val_get(raw, "key"), out, size, &there, err);
  if (!n && !rc && !there)
    rc = key_part(dh_val_get(raw, "id"), out, size, &there, err);
  if (n || rc || there)
    return rc;
  if (single)
    fresh_key(out, size);
  else
    row_key(raw, out, size);
  return 0;
}

static int full(struct dh_intake *in, struct dh_err *err)
{
  bool many = in->most && in->ncases + in->nrefused >= in->most;

  if (!in->full || (!many && in->cases.len <= GATHER_MAX && dh_mono_ms() - in->gathered_ms < GATHER_MS))
    return 0;
  in->gathered_ms = dh_mono_ms();
  return in->full(in, in->self, err);
}

int dh_intake_refuse(struct dh_intake *in, const char *key, const struct dh_err *why, struct dh_err *err)
{
  if (dh_put_map(&in->refused, 2) || dh_put_kt(&in->refused, "key", key) ||
      dh_put_text(&in->refused, "error") || dh_put_err(&in->refused, why))
    return dh_err_set(err, DH_ELIMIT, "too many cases are refused");
  in->nrefused++;
  return full(in, err);
}

/* A moment as a person writes it: "2026-11-30", "2026-11-30 14:00" or with T and seconds, in UTC; 0 for none,
 * -1 for something else. */
static int64_t moment_ms(const struct dh_val *v)
{
  static const char *const forms[] = {"%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"};
  char text[40];

  if (!scalar_text(v, text, sizeof text))
    return 0;
  text[strcspn(text, "Z")] = '\0';
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
    struct tm tm = {0};
    const char *end = strptime(text, forms[i], &tm);

    if (end && !*end)
      return (int64_t)timegm(&tm) * 1000;
  }
  return -1;
}

static int take_moment(const struct dh_val *raw, const char *name, int64_t *ms, struct dh_err *err)
{
  int64_t at = moment_ms(dh_val_get(raw, name));

  if (at < 0) {
    dh_err_set(err, DH_EFORMAT, "the case's %s is no moment", name);
    return dh_err_advice(err, "write 2026-11-30 or 2026-11-30T14:00, in UTC");
  }
  if (at)
    *ms = at;
  return 0;
}

int dh_rank_take(const struct dh_val *raw, struct dh_rank *r, struct dh_err *err)
{
  char text[24], *end;
  int rc;

  if (scalar_text(dh_val_get(raw, "priority"), text, sizeof text)) {
    r->priority = strtoll(text, &end, 10);
    if (*end || r->priority < -1000 || r->priority > 1000)
      return dh_err_set(err, DH_EFORMAT, "the case's priority '%s' is no whole number from -1000 to 1000",
                        text);
  }
  rc = take_moment(raw, "deadline", &r->deadline, err);
  return rc ? rc : take_moment(raw, "not_before", &r->not_before, err);
}

/* A robot may declare fields of these names: then they are its own. */
static bool own_fields(const struct dh_val *declared)
{
  const struct dh_val *fields = dh_val_get(declared, "case");

  return dh_val_get(fields, "priority") || dh_val_get(fields, "deadline") || dh_val_get(fields, "not_before");
}

static int accept_case(struct dh_intake *in, const struct dh_robot *r, const char *key,
                       const struct dh_rank *rank, const struct dh_buf *input, struct dh_err *err)
{
  char period[16];

  dh_robot_period(r, in->zone, period);
  if (dh_put_map(&in->cases, 6) || dh_put_kt(&in->cases, "key", key) ||
      dh_put_kt(&in->cases, "period", period) || dh_put_ki(&in->cases, "priority", rank->priority) ||
      dh_put_ki(&in->cases, "deadline", rank->deadline) ||
      dh_put_ki(&in->cases, "not_before", rank->not_before) || dh_put_text(&in->cases, "input") ||
      dh_put_bytes(&in->cases, input->data, input->len))
    return dh_err_set(err, DH_ELIMIT, "too many cases in one file");
  if (!in->ncases++ && !*in->first_key) {
    snprintf(in->first_key, sizeof in->first_key, "%s", key);
    snprintf(in->first_period, sizeof in->first_period, "%s", period);
  }
  return full(in, err);
}

/* The name of a file as a key. What strangers call their files is shown on terminals: it must be text. */
static int name_key(const char *name, char *key, size_t size, struct dh_err *err)
{
  char *bad;

  snprintf(key, size, "%s", name);
  if (!dh_text_bad(key, strlen(key)))
    return 0;
  while ((bad = (char *)dh_text_bad(key, strlen(key))))
    *bad = '?';
  dh_err_set(err, DH_EFORMAT, "the name of a file is no text of one line (UTF-8)");
  return dh_err_advice(err, "give the file another name");
}

static int take(struct dh_intake *in, const struct dh_robot *r, const struct dh_val *declared,
                struct dh_val *raw, const char *base, const char *given, bool single, struct dh_err *err)
{
  char key[256] = "";
  struct dh_rank rank = in->given;
  struct dh_buf input;
  struct dh_err why;
  int rc = 0;

  dh_buf_init(&input, DH_DATA_MAX);
  if (given)
    rc = name_key(given, key, sizeof key, &why);
  else
    rc = case_key(r, raw, single, key, sizeof key, &why);
  if (!rc && strcmp(key, DH_FINISH_KEY) == 0)
    rc =
        dh_err_set(&why, DH_EFORMAT, "a case cannot be called " DH_FINISH_KEY ": so finish(batch) is called");
  if (!rc && !own_fields(declared))
    rc = dh_rank_take(raw, &rank, &why);
  if (!rc)
    rc = dh_case_take(declared, raw, base, keep, (void *)in->blobs, &input, &why);
  rc = rc ? dh_intake_refuse(in, key, &why, err) : accept_case(in, r, key, &rank, &input, err);
  dh_buf_fini(&input);
  return rc;
}

int dh_intake_named(struct dh_intake *in, const struct dh_robot *r, const struct dh_val *declared,
                    const char *folder, const char *name, struct dh_err *err)
{
  struct dh_val pair[2] = {{.type = DH_TEXT, .n = 4, .s = "file"},
                           {.type = DH_TEXT, .n = strlen(name), .s = name}};
  struct dh_val raw = {.type = DH_MAP, .n = 1, .items = pair};

  return take(in, r, declared, &raw, folder, name, false, err);
}

int dh_intake_empty(struct dh_intake *in, const struct dh_robot *r, struct dh_err *err)
{
  struct dh_val nothing = {.type = DH_MAP};

  return take(in, r, r->declared, &nothing, r->folder, NULL, true, err);
}

/* ---- files */

static int read_stdin(struct dh_buf *text, struct dh_err *err)
{
  char chunk[1 << 16];
  ssize_t n;

  while ((n = read(STDIN_FILENO, chunk, sizeof chunk)) > 0 || (n < 0 && errno == EINTR))
    if (n > 0 && dh_buf_put(text, chunk, (size_t)n))
      return dh_err_set(err, DH_ELIMIT, "standard input holds more than %d MB", FILE_MAX >> 20);
  return n < 0 ? dh_err_errno(err, "standard input cannot be read") : 0;
}

static int find_codec(const char *file, const struct dh_codec **codec, struct dh_err *err)
{
  bool from_stdin = strcmp(file, "-") == 0;
  const char *dot = strrchr(file, '.'), *slash = strrchr(file, '/');
  const char *format = from_stdin ? "json" : dot && (!slash || dot > slash) ? dot + 1 : "";
  struct dh_err why;
  int rc = dh_codec_find(format, codec, &why);

  if (!rc)
    return 0;
  dh_err_set(err, rc == DH_ENOENT ? DH_EUSE : rc, "%s: cases are read from .json, .jsonl and .csv files",
             file);
  return dh_err_seen(err, "%s", why.text);
}

static int decode(const struct dh_codec *codec, const char *file, struct dh_buf *cbor, struct dh_err *err)
{
  bool from_stdin = strcmp(file, "-") == 0;
  struct dh_buf text;
  int rc;

  dh_buf_init(&text, FILE_MAX);
  rc = from_stdin ? read_stdin(&text, err) : dh_buf_read_file(&text, file, err);
  if (!rc && (rc = codec->decode(text.data, text.len, cbor, err)) && !*err->where)
    snprintf(err->where, sizeof err->where, "%.150s", file);
  dh_buf_fini(&text);
  return rc;
}

static void folder_of(const char *file, char out[DH_PATH])
{
  char *slash;

  snprintf(out, DH_PATH, "%s", file);
  slash = strrchr(out, '/');
  if (slash)
    slash[slash == out] = '\0';
  else
    snprintf(out, DH_PATH, ".");
}

int dh_intake_list(struct dh_intake *in, const struct dh_robot *r, const struct dh_val *list,
                   const char *base, struct dh_err *err)
{
  int rc = 0;

  for (size_t i = 0; !rc && i < list->n; i++)
    rc = take(in, r, r->declared, &list->items[i], base, NULL, false, err);
  return rc;
}

int dh_intake_file(struct dh_intake *in, const struct dh_robot *r, const char *file, struct dh_err *err)
{
  const struct dh_codec *codec;
  struct dh_val *v = NULL;
  struct dh_buf cbor;
  char base[DH_PATH];
  int rc;

  folder_of(file, base);
  if ((rc = find_codec(file, &codec, err)))
    return rc;
  if (!strcmp(codec->name, "csv") || !strcmp(codec->name, "jsonl"))
    return dh_intake_lines(in, r, codec, file, base, err);
  dh_buf_init(&cbor, FILE_MAX);
  rc = decode(codec, file, &cbor, err);
  if (!rc)
    rc = dh_val_parse_buf(&cbor, &v, err);
  if (!rc && v->type == DH_MAP)
    rc = take(in, r, r->declared, v, base, NULL, true, err);
  else if (!rc && v->type == DH_LIST)
    rc = dh_intake_list(in, r, v, base, err);
  else if (!rc)
    rc = dh_err_set(err, DH_EFORMAT, "%s holds no case: an object or a list of objects is wanted", file);
  free(v);
  dh_buf_fini(&cbor);
  return rc;
}
