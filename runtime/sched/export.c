/* export.c - see export.h. Columns: the key, the state, what run returned, the reason where there is no
 * result. */
#include "export.h"
#include "../host/module.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TABLE_MAX = 256 << 20 };

/* The business's reason, or the error's first sentence. */
static void reason_of(const struct dh_val *c, char *out, size_t size)
{
  const struct dh_val *error = dh_val_get(c, "error"), *result = dh_val_get(c, "result");

  dh_val_text(result, "reason", out, size);
  if (!*out)
    dh_val_text(error, "text", out, size);
  if (!*out && error && error->type == DH_TEXT)
    snprintf(out, size, "%.*s", (int)error->n, error->s);
}

static int put_row(struct dh_buf *b, const struct dh_val *c, const char *key_column)
{
  const struct dh_val *result = dh_val_get(c, "result");
  bool done = dh_val_is(dh_val_get(c, "state"), "done");
  size_t fields = !done || !result ? 0 : result->type == DH_MAP ? result->n : result->type == DH_NIL ? 0 : 1;
  char key[256], state[16], reason[512] = "";
  int rc = dh_put_map(b, 3 + fields);

  if (!done)
    reason_of(c, reason, sizeof reason);
  if (!rc)
    rc = dh_put_kt(b, key_column, dh_val_text(c, "key", key, sizeof key));
  if (!rc)
    rc = dh_put_kt(b, "state", dh_val_text(c, "state", state, sizeof state));
  if (!rc)
    rc = dh_put_kt(b, "reason", reason);
  for (size_t i = 0; !rc && fields && result->type == DH_MAP && i < 2 * fields; i++)
    rc = dh_put_val(b, &result->items[i]);
  if (!rc && fields && result->type != DH_MAP) {
    rc = dh_put_text(b, "result");
    if (!rc)
      rc = dh_put_val(b, result);
  }
  return rc;
}

static bool of_period(const struct dh_val *c, const char *period)
{
  return dh_val_is(dh_val_get(c, "period"), period);
}

static int put_table(struct dh_buf *table, const struct dh_val *cases, const char *period,
                     const char *key_column, size_t *rows)
{
  int rc;

  *rows = 0;
  for (size_t i = 0; i < cases->n; i++)
    *rows += of_period(&cases->items[i], period);
  rc = dh_put_list(table, *rows);
  for (size_t i = 0; !rc && i < cases->n; i++)
    if (of_period(&cases->items[i], period))
      rc = put_row(table, &cases->items[i], key_column);
  return rc;
}

int dh_export(const struct dh_val *cases, const char *period, const char *key_column, const char *folder,
              const char *to, size_t *rows, struct dh_err *err)
{
  const char *dot = strrchr(to, '.');
  const struct dh_codec *codec;
  struct dh_buf table, text;
  struct dh_val *v = NULL;
  char path[2100];
  int rc = dh_codec_find(dot ? dot + 1 : "", &codec, err);

  if (!rc && !codec->encode)
    rc = dh_err_set(err, DH_EUSE, "%s can be read, not written", codec->name);
  if (rc)
    return dh_err_advice(err, "name a .csv file in cases.to");
  snprintf(path, sizeof path, "%s%s%s", *to == '/' ? "" : folder, *to == '/' ? "" : "/", to);
  dh_buf_init(&table, TABLE_MAX);
  dh_buf_init(&text, TABLE_MAX);
  if ((rc = put_table(&table, cases, period, key_column ? key_column : "key", rows)))
    dh_err_set(err, rc, "the table of results is too large");
  if (!rc)
    rc = dh_val_parse_buf(&table, &v, err);
  if (!rc)
    rc = codec->encode(v, &text, err);
  if (!rc)
    rc = dh_file_write(path, text.data, text.len, 0600, err);
  free(v);
  dh_buf_fini(&table);
  dh_buf_fini(&text);
  return rc;
}
