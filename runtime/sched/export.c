/* export.c - see export.h. Columns: the key, the state, what run returned, the reason where there is no
 * result. */
#include "export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void dh_export_reason(const struct dh_val *c, char *out, size_t size)
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
    dh_export_reason(c, reason, sizeof reason);
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

int dh_export_open(struct dh_export *x, const char *folder, const char *to, const char *key_column,
                   const char *period, struct dh_err *err)
{
  const char *dot = strrchr(to, '.');
  int rc = dh_codec_find(dot ? dot + 1 : "", &x->codec, err);

  if (!rc && !x->codec->encode)
    rc = dh_err_set(err, DH_EUSE, "%s can be read, not written", x->codec->name);
  if (rc) {
    x->codec = NULL;
    return dh_err_advice(err, "name a .csv file in cases.to");
  }
  snprintf(x->key_column, sizeof x->key_column, "%s", *key_column ? key_column : "key");
  snprintf(x->path, sizeof x->path, "%s%s%.*s%s%s%s", *to == '/' ? "" : folder, *to == '/' ? "" : "/",
           (int)(dot - to), to, *period ? "." : "", period, dot);
  return 0;
}

static int put_table(const struct dh_val *cases, const char *key_column, struct dh_buf *table)
{
  int rc = dh_put_list(table, cases->n);

  for (size_t i = 0; !rc && i < cases->n; i++)
    rc = put_row(table, &cases->items[i], key_column);
  return rc;
}

int dh_export_write(const struct dh_export *x, const struct dh_val *cases, struct dh_buf *text,
                    struct dh_err *err)
{
  struct dh_buf table;
  struct dh_val *v = NULL;
  int rc;

  dh_buf_init(&table, DH_TABLE_MAX);
  if ((rc = put_table(cases, x->key_column, &table)))
    dh_err_set(err, rc, "the table of results is too large");
  if (!rc)
    rc = dh_val_parse_buf(&table, &v, err);
  if (!rc)
    rc = x->codec->encode(v, text, err);
  if (!rc)
    rc = dh_file_write(x->path, text->data, text->len, 0600, err);
  free(v);
  dh_buf_fini(&table);
  return rc;
}
