/* finish.c - see finish.h. */
#include "finish.h"
#include "../base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool dh_is_finish(const char *key)
{
  return strcmp(key, DH_FINISH_KEY) == 0;
}

const char *dh_case_label(const char *key, const char *period, char out[256])
{
  if (!dh_is_finish(key))
    return key;
  snprintf(out, 256, "finish%s%s", *period ? " of " : "", period);
  return out;
}

void dh_drop_finishes(struct dh_val *cases)
{
  size_t n = 0;

  for (size_t i = 0; i < cases->n; i++)
    if (!dh_val_is(dh_val_get(&cases->items[i], "key"), DH_FINISH_KEY))
      cases->items[n++] = cases->items[i];
  cases->n = n;
}

void dh_put_finishes(struct dh_buf *line, const int64_t finishes[DH_CASE_STATES])
{
  const char *before = line->len ? ", finish: " : "finish: ";

  for (int i = DH_CASE_NEW; i < DH_CASE_STATES; i++)
    if (finishes[i]) {
      dh_buf_printf(line, "%s%lld %s", before, (long long)finishes[i], dh_case_state_name(i));
      before = ", ";
    }
}

void dh_ending_init(struct dh_ending *e, const struct dh_val *over, const char *blobs)
{
  memset(e, 0, sizeof *e);
  dh_val_text(over, "queue", e->queue, sizeof e->queue);
  dh_val_text(over, "period", e->period, sizeof e->period);
  dh_val_text(over, "bundle", e->bundle, sizeof e->bundle);
  dh_val_text(over, "finish", e->finish, sizeof e->finish);
  e->open = dh_val_int(over, "open", 0);
  e->wants = (int)dh_val_int(over, "wants", 0);
  e->newest = dh_val_bool(over, "newest", true);
  snprintf(e->blobs, sizeof e->blobs, "%s", blobs);
  dh_buf_init(&e->cases, DH_TABLE_MAX);
  dh_buf_init(&e->input, DH_DATA_MAX);
}

void dh_ending_fini(struct dh_ending *e)
{
  dh_buf_fini(&e->cases);
  dh_buf_fini(&e->input);
}

int dh_ending_table(struct dh_ending *e, const char *folder, const char *to, const char *key_column,
                    struct dh_err *err)
{
  if (!*to || !(e->wants & DH_WANTS_TABLE))
    return 0;
  return dh_export_open(&e->table, folder, to, key_column, e->newest ? "" : e->period, err);
}

int dh_ending_read(struct dh_ending *e, struct dh_db *db, struct dh_err *err)
{
  return db->ops->period_list(db, e->queue, e->period, &e->cases, err);
}

/* ---- what finish(batch) gets: {rows: [{key, state, result, reason}], file?} */

static int put_row(struct dh_buf *b, const struct dh_val *c)
{
  const struct dh_val *result = dh_val_get(c, "result"), *state = dh_val_get(c, "state");
  bool done = dh_val_is(state, "done");
  char reason[512] = "";
  int rc = dh_put_map(b, 4);

  if (!done)
    dh_export_reason(c, reason, sizeof reason);
  if (!rc)
    rc = dh_put_text(b, "key");
  if (!rc)
    rc = dh_put_val(b, dh_val_get(c, "key"));
  if (!rc)
    rc = dh_put_text(b, "state");
  if (!rc)
    rc = dh_put_val(b, state);
  if (!rc)
    rc = dh_put_kt(b, "reason", reason);
  if (!rc)
    rc = dh_put_text(b, "result");
  return rc ? rc : dh_put_val(b, done ? result : NULL);
}

static int put_file(struct dh_buf *b, const char *path, const char *hash, size_t size)
{
  const char *slash = strrchr(path, '/');
  int rc = dh_put_text(b, "file");

  if (!rc)
    rc = dh_put_tag(b, DH_TAG_FILE);
  if (!rc)
    rc = dh_put_map(b, 3);
  if (!rc)
    rc = dh_put_kt(b, "name", slash ? slash + 1 : path);
  if (!rc)
    rc = dh_put_kt(b, "sha256", hash);
  return rc ? rc : dh_put_ki(b, "size", (int64_t)size);
}

/* text: of the table, NULL without one. */
static int make_input(struct dh_ending *e, const struct dh_val *cases, const struct dh_buf *text,
                      struct dh_err *err)
{
  char hash[DH_SHA256_HEX];
  int rc = text ? dh_blob_put(e->blobs, text->data, text->len, hash, err) : 0;

  if (rc)
    return rc;
  rc = dh_put_map(&e->input, text ? 2 : 1);
  if (!rc)
    rc = dh_put_text(&e->input, "rows");
  if (!rc)
    rc = dh_put_list(&e->input, cases->n);
  for (size_t i = 0; !rc && i < cases->n; i++)
    rc = put_row(&e->input, &cases->items[i]);
  if (!rc && text)
    rc = put_file(&e->input, e->table.path, hash, text->len);
  if (!rc)
    return 0;
  dh_buf_clear(&e->input);
  dh_err_set(err, rc, "finish(batch) of %s %s cannot run: its %zu cases are over %d MB", e->queue, e->period,
             cases->n, DH_DATA_MAX >> 20);
  return dh_err_advice(err, "let run return less, or take cases.to instead");
}

/* ---- the steps */

int dh_ending_work(struct dh_ending *e, struct dh_err *err)
{
  bool finish = (e->wants & DH_WANTS_FINISH) && !*e->finish;
  struct dh_val *cases = NULL;
  struct dh_buf text;
  int rc = dh_val_parse_buf(&e->cases, &cases, err);

  dh_buf_init(&text, DH_TABLE_MAX);
  if (!rc && e->table.codec)
    rc = dh_export_write(&e->table, cases, &text, err);
  if (!rc && finish)
    rc = make_input(e, cases, e->table.codec ? &text : NULL, err);
  free(cases);
  dh_buf_fini(&text);
  return rc;
}

int dh_ending_commit(struct dh_ending *e, struct dh_db *db, bool *added, struct dh_err *err)
{
  struct dh_period_end end = {.queue = e->queue,
                              .period = e->period,
                              .bundle = e->bundle,
                              .open = e->open,
                              .input = e->input.len ? e->input.data : NULL,
                              .input_len = e->input.len};

  return db->ops->period_end(db, &end, added, err);
}

void dh_ending_say(const struct dh_ending *e, bool added)
{
  const char *space = *e->period ? " " : "";

  if (added)
    dh_log(DH_INFO, NULL, "%s%s%s: every case is final, finish(batch) is run", e->queue, space, e->period);
  else if ((e->wants & DH_WANTS_FINISH) && *e->finish)
    dh_log(DH_WARN, NULL,
           "%s%s%s: cases were added or tried again after finish(batch) (%s); it is run once and not again",
           e->queue, space, e->period, e->finish);
}
