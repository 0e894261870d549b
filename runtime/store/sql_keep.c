/* sql_keep.c - the store as something that is kept: put back, cleared of what is old. Files beside the
 * database are whoever's who calls (cli/cmd_backup.c, cli/cmd_prune.c). */
#include "sql.h"

#include <stdio.h>

_Static_assert(DH_REC_READ == 1 && DH_REC_STEP == 2 && DH_REC_INTENT == 4 && DH_REC_CONFIRM == 5 &&
                   DH_REC_PICTURE == 11 && DH_CASE_DONE == 5 && DH_CASE_REJECTED == 6 && DH_HOLD_PAUSED == 1,
               "the statements name kinds, states and holds by number");

/* ---- put back */

static int put_intent(struct sq *q, struct sq_stmt *st, struct dh_buf *data, struct dh_buf *out,
                      struct dh_err *err)
{
  static const char *const texts[] = {"queue", "period", "key", "run", "effect"};
  int rc = dh_put_map(out, 6);

  (void)q;
  (void)data;
  (void)err;
  for (int i = 0; !rc && i < 5; i++)
    rc = dh_put_kt(out, texts[i], sq_text(st, i));
  return rc ? rc : dh_put_ki(out, "begun", sq_int64(st, 5));
}

static int put_intents(struct sq *q, struct dh_buf *out, struct dh_err *err)
{
  struct sq_stmt *st = sq_query(
      q, err,
      "SELECT c.queue, c.period, c.key, c.run, j.name, j.at FROM journal j JOIN cases c ON c.id = j.case_id "
      "WHERE j.kind = 4 AND j.stands = 1 AND c.state NOT IN (5, 6, 7) AND NOT EXISTS (SELECT 1 FROM journal "
      "f "
      "WHERE f.case_id = j.case_id AND f.kind = 5 AND f.stands = 1 AND f.scope = j.scope AND f.name = "
      "j.name) "
      "ORDER BY j.id",
      "");

  return sq_rows(q, st, put_intent, out, err);
}

int sq_restored(struct dh_db *db, const char *who, const char *from, struct dh_buf *out, struct dh_err *err)
{
  struct sq *q = sq_of(db);
  int rc = sq_release(db, NULL, NULL, NULL, NULL, err);

  if (!rc)
    rc = sq_exec(
        q, NULL, err,
        "INSERT INTO holds (queue, hold, who, since) SELECT name, 1, ?1, ?2 FROM (SELECT name FROM "
        "bundles UNION SELECT queue FROM cases) n WHERE true ON CONFLICT (queue) DO UPDATE SET hold = "
        "1, who = ?1, since = ?2",
        "ti", who, sq_now(q));
  if (!rc)
    rc = sq_audit(db, who, "restore", from, NULL, 0, err);
  return rc ? rc : put_intents(q, out, err);
}

/* ---- cleared. Failed and parked cases may go on, and need their journals. */

#define OLD_CASE "SELECT id FROM cases WHERE state IN (5, 6) AND ended > 0 AND ended < ?1"
#define DROPPED "kind IN (1, 2, 11) AND case_id IN (" OLD_CASE ")"

int sq_prune(struct dh_db *db, int64_t before, const char *who, struct dh_prune *p, struct dh_err *err)
{
  struct sq *q = sq_of(db);
  char object[64];
  int rc = sq_int(q, &p->cases, 0, err, "SELECT count(*) FROM (" OLD_CASE ") o", "i", before);

  if (!rc)
    rc = sq_int(q, &p->rows, 0, err, "SELECT count(*) FROM journal WHERE " DROPPED, "i", before);
  if (!rc)
    rc = sq_int(
        q, &p->bytes, 0, err,
        "SELECT coalesce(sum(length(data)), 0) + (SELECT coalesce(sum(length(b.bytes)), 0) FROM blobs b "
        "WHERE NOT EXISTS (SELECT 1 FROM journal k WHERE k.blob = b.hash AND NOT (k." DROPPED
        "))) FROM journal WHERE " DROPPED,
        "i", before);
  if (rc || !who)
    return rc;
  rc = sq_exec(q, NULL, err, "DELETE FROM journal WHERE " DROPPED, "i", before);
  if (!rc)
    rc = sq_exec(q, NULL, err,
                 "DELETE FROM blobs WHERE hash NOT IN (SELECT blob FROM journal WHERE blob IS NOT NULL)", "");
  snprintf(object, sizeof object, "%lld cases ended before %lld", (long long)p->cases, (long long)before);
  return rc ? rc : sq_audit(db, who, "prune", object, NULL, 0, err);
}

int sq_data_each(struct dh_db *db, int64_t before,
                 int (*take)(void *self, const void *p, size_t n, bool named, struct dh_err *err), void *self,
                 struct dh_err *err)
{
  static const struct {
    const char *sql, *types;
    bool named;
  } parts[] = {
      {"SELECT data FROM journal WHERE data IS NOT NULL AND NOT (" DROPPED ")", "i", false},
      {"SELECT blob FROM journal WHERE blob IS NOT NULL AND NOT (" DROPPED ")", "i", true},
      {"SELECT b.bytes FROM blobs b WHERE EXISTS (SELECT 1 FROM journal k WHERE k.blob = b.hash AND NOT "
       "(k." DROPPED "))",
       "i", false},
      {"SELECT input FROM cases WHERE id NOT IN (" OLD_CASE ")", "i", false},
      {"SELECT answer FROM reviews WHERE answer IS NOT NULL", "", false},
      {"SELECT detail FROM audit WHERE detail IS NOT NULL", "", false},
  };
  struct sq *q = sq_of(db);
  int rc = 0;

  for (size_t i = 0; !rc && i < sizeof parts / sizeof *parts; i++) {
    struct sq_stmt *st = sq_query(q, err, parts[i].sql, parts[i].types, before);

    rc = st ? 0 : err->code;
    while (!rc && (rc = sq_step(q, st, err)) > 0) {
      rc = take(self, sq_blob(st, 0), sq_bytes(st, 0), parts[i].named, err);
      if (rc)
        sq_end(st);
    }
  }
  return rc;
}
