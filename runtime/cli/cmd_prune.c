/* cmd_prune.c - prune: what old cases need no more. Rows of the journal are the store's; files are marked by
 * what still names them, and the others swept. */
#include "util.h"

#include "../base/clock.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A file is on the disk before the record that names it. */
enum { FRESH_MS = 3600 * 1000, FILE_MAX = 64 << 20 };

struct blob {
  char hash[DH_SHA256_HEX];
  int64_t bytes;
  bool kept, journal; /* data of a journal row: it may name others */
};

struct pruning {
  struct dh_cli *cli;
  int64_t before;
  bool doing;
  struct dh_prune rows;
  struct blob *blobs;
  size_t n, cap;
  int64_t files, file_bytes;
};

/* ---- marking */

static int note(void *self, const struct dh_blob_file *f, struct dh_err *err)
{
  struct pruning *p = self;

  if (f->changed_ms > dh_wall_ms() - FRESH_MS)
    return 0;
  if (p->n == p->cap) {
    size_t cap = p->cap ? 2 * p->cap : 1024;
    struct blob *grown = realloc(p->blobs, cap * sizeof *grown);

    if (!grown)
      return dh_err_set(err, DH_ENOMEM, "no memory for the names of %zu files", p->n);
    p->blobs = grown;
    p->cap = cap;
  }
  p->blobs[p->n] = (struct blob){.bytes = f->bytes};
  memcpy(p->blobs[p->n++].hash, f->hash, DH_SHA256_HEX);
  return 0;
}

static int by_hash(const void *a, const void *b)
{
  return memcmp(((const struct blob *)a)->hash, ((const struct blob *)b)->hash, DH_SHA256_HEX - 1);
}

/* Whatever looks like a name keeps the file of that name: better one too many. */
static int mark(void *self, const void *data, size_t n, bool named, struct dh_err *err)
{
  struct pruning *p = self;
  const char *s = data;
  struct blob key = {.bytes = 0}, *found;
  size_t run = 0;

  (void)err;
  for (size_t i = 0; i < n; i++) {
    run = (s[i] >= '0' && s[i] <= '9') || (s[i] >= 'a' && s[i] <= 'f') ? run + 1 : 0;
    if (run < DH_SHA256_HEX - 1)
      continue;
    memcpy(key.hash, s + i + 1 - (DH_SHA256_HEX - 1), DH_SHA256_HEX - 1);
    found = bsearch(&key, p->blobs, p->n, sizeof *p->blobs, by_hash);
    if (found) {
      found->kept = true;
      found->journal |= named;
    }
  }
  return 0;
}

static int mark_inside(struct pruning *p, const char *blobs, struct dh_err *err)
{
  int rc = 0;

  for (size_t i = 0; !rc && i < p->n; i++) {
    struct dh_buf bytes;

    if (!p->blobs[i].journal)
      continue;
    dh_buf_init(&bytes, FILE_MAX);
    rc = dh_blob_get(blobs, p->blobs[i].hash, &bytes, err);
    if (!rc)
      rc = mark(p, bytes.data, bytes.len, false, err);
    dh_buf_fini(&bytes);
  }
  return rc;
}

static int sweep(struct pruning *p, const char *blobs, struct dh_err *err)
{
  char path[DH_PATH * 3];

  for (size_t i = 0; i < p->n; i++) {
    const struct blob *b = &p->blobs[i];

    if (b->kept)
      continue;
    p->files++;
    p->file_bytes += b->bytes;
    snprintf(path, sizeof path, "%s/%.2s/%s", blobs, b->hash, b->hash + 2);
    if (p->doing && unlink(path))
      return dh_err_errno(err, "%s cannot be removed", path);
  }
  return 0;
}

/* ---- the command */

static int work(struct dh_db *db, void *self, struct dh_err *err)
{
  struct pruning *p = self;
  int rc = db->ops->data_each(db, p->before, mark, p, err);

  return rc ? rc : db->ops->prune(db, p->before, p->doing ? dh_cli_who() : NULL, &p->rows, err);
}

/* "90d", "18m", "2y": whole days, months of 30, years of 365. */
static int older_than(const char *text, int64_t *before, struct dh_err *err)
{
  static const struct {
    char unit;
    int days;
  } units[] = {{'d', 1}, {'w', 7}, {'m', 30}, {'y', 365}};
  char *end;
  long n = text ? strtol(text, &end, 10) : 0;

  for (size_t i = 0; n > 0 && n < 10000 && i < sizeof units / sizeof *units; i++)
    if (*end == units[i].unit && !end[1]) {
      *before = dh_wall_ms() - (int64_t)n * units[i].days * 86400000;
      return 0;
    }
  dh_err_set(err, DH_EUSE, "prune wants --older TIME");
  dh_err_seen(err, "%s", text ? text : "");
  return dh_err_advice(err, "write --older 2y (or 90d, 8w, 18m)");
}

static int prune(struct pruning *p, struct dh_err *err)
{
  char url[DH_PATH * 2];
  struct dh_store_options o = {.url = dh_store_url(p->cli->conf, url, sizeof url),
                               .mode = p->doing ? DH_STORE_WRITE : DH_STORE_READ,
                               .who = "deskhand prune"};
  struct dh_store *store = NULL;
  int rc = dh_store_open(&o, &store, err);

  if (rc == DH_EUNAVAILABLE)
    dh_err_advice(err, "prune works on a store that nobody uses: deskhand stop --drain");
  if (!rc)
    rc = dh_blob_each(dh_store_blobs(store), note, p, err);
  if (!rc && p->n)
    qsort(p->blobs, p->n, sizeof *p->blobs, by_hash);
  if (!rc)
    rc = dh_store_do(store, work, p, err);
  if (!rc)
    rc = mark_inside(p, dh_store_blobs(store), err);
  if (!rc) /* when no row names them any more: a crash in between leaves files, never names without a file */
    rc = sweep(p, dh_store_blobs(store), err);
  dh_store_close(&store);
  return rc;
}

static void say(const struct pruning *p)
{
  char at[24];

  if (p->cli->json)
    printf("{\"done\": %s, \"cases\": %lld, \"rows\": %lld, \"row_bytes\": %lld, \"files\": %lld, "
           "\"file_bytes\": %lld}\n",
           p->doing ? "true" : "false", (long long)p->rows.cases, (long long)p->rows.rows,
           (long long)p->rows.bytes, (long long)p->files, (long long)p->file_bytes);
  else
    printf("%lld cases ended before %s: %s%lld reads, steps and pictures (%lld KB), %lld files (%lld KB)%s\n",
           (long long)p->rows.cases, dh_local_text(p->before, at), p->doing ? "dropped " : "would drop ",
           (long long)p->rows.rows, (long long)p->rows.bytes >> 10, (long long)p->files,
           (long long)p->file_bytes >> 10, p->doing ? "" : "; to do it: --yes");
}

static int exec(struct dh_cli *cli)
{
  struct pruning p = {.cli = cli, .doing = dh_cli_option(cli, "yes") != NULL};
  struct dh_err err;
  int rc = older_than(dh_cli_option(cli, "older"), &p.before, &err);

  if (!rc)
    rc = prune(&p, &err);
  free(p.blobs);
  if (rc)
    return dh_say_error(&err, NULL);
  say(&p);
  return DH_EXIT_DONE;
}

static const struct dh_option options[] = {
    {"older", "TIME", "cases that ended before: 2y, 18m, 8w, 90d"},
    {"yes", NULL, "do it; without it only what would be freed is said"},
    {NULL, NULL, NULL},
};

const struct dh_command dh_cmd_prune = {
    .name = "prune",
    .summary = "Drops what old cases need no more",
    .usage = "--older TIME [--yes]",
    .help =
        "Of cases that were done or rejected before that time: what their runs read, their steps and "
        "pictures, "
        "and files that\n"
        "nothing names any more. Kept are the cases, their input and result, effects with values and proofs, "
        "questions with\n"
        "their answers, and the audit, where this is written. Failed and parked cases may go on and are kept "
        "whole.\n\n"
        "Without --yes nothing changes. With it, nobody may use the store meanwhile (deskhand stop --drain). "
        "The database does\n"
        "not shrink: what is free is used again; a backup is as small as it can be.",
    .options = options,
    .exec = exec,
};
