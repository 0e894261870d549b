/* sql_period.c - the end of a period: when every case of it is final, and the case that runs
 * finish(batch). */
#include "sql.h"

_Static_assert(DH_CASE_NEW == 1 && DH_CASE_LEASED == 2 && DH_CASE_WAITING == 3 && DH_CASE_RETRYING == 4 &&
                   DH_CASE_PARKED == 8,
               "the statements name states by number");

/* A case of the period p that is not final. The period is compared as an expression, so that cases are found
 * by state: those that are open are few, those of a period may be many. */
#define OPEN_CASE                                                                                      \
  "SELECT 1 FROM cases c WHERE c.queue = p.queue AND c.state IN (1, 2, 3, 4, 8) AND c.period || '' = " \
  "p.period AND c.key <> '" DH_FINISH_KEY "'"

int sq_period_open(struct sq *q, const struct dh_case_new *c, struct dh_err *err)
{
  return sq_exec(
      q, NULL, err,
      "INSERT INTO periods (queue, period, open, wants, bundle) VALUES (?, ?, 1, ?, ?) ON CONFLICT "
      "(queue, period) DO UPDATE SET open = periods.open + 1, wants = excluded.wants, bundle = "
      "excluded.bundle",
      "ttit", c->queue, c->period ? c->period : "", (int64_t)c->wants, c->bundle);
}

int sq_period_reopen(struct sq *q, int64_t case_id, struct dh_err *err)
{
  return sq_exec(q, NULL, err,
                 "UPDATE periods SET open = open + 1 WHERE EXISTS (SELECT 1 FROM cases c WHERE c.id = ? AND "
                 "c.queue = periods.queue AND c.period = periods.period AND c.key <> '" DH_FINISH_KEY "')",
                 "i", case_id);
}

static int put_over(struct sq *q, const char *queue, struct dh_buf *items, size_t *n, struct dh_err *err)
{
  struct sq_stmt *st = sq_query(
      q, err,
      "SELECT p.period, p.open, p.wants, p.bundle, coalesce(f.state, 0), p.period = (SELECT max(m.period) "
      "FROM cases m WHERE m.queue = p.queue) FROM periods p LEFT JOIN cases f ON f.queue = p.queue AND "
      "f.period = p.period AND f.key = '" DH_FINISH_KEY "' WHERE p.queue = ? AND p.open > 0 AND NOT EXISTS "
      "(" OPEN_CASE ") ORDER BY p.period",
      "t", queue);
  int rc = st ? 0 : err->code;

  while (!rc && (rc = sq_step(q, st, err)) > 0) {
    ++*n;
    if ((rc = dh_put_map(items, 7)) || (rc = dh_put_kt(items, "queue", queue)) ||
        (rc = dh_put_kt(items, "period", sq_text(st, 0))) ||
        (rc = dh_put_ki(items, "open", sq_int64(st, 1))) ||
        (rc = dh_put_ki(items, "wants", sq_int64(st, 2))) ||
        (rc = dh_put_kt(items, "bundle", sq_text(st, 3))) ||
        (rc = dh_put_kt(items, "finish", dh_case_state_name((int)sq_int64(st, 4)))) ||
        (rc = dh_put_kb(items, "newest", sq_int64(st, 5)))) {
      sq_nomem(rc, err);
      sq_end(st);
    }
  }
  return rc;
}

int sq_period_over(struct dh_db *db, const char *const *queues, size_t n, struct dh_buf *out,
                   struct dh_err *err)
{
  struct dh_buf items;
  size_t found = 0;
  int rc = 0;

  dh_buf_init(&items, SQ_OUT_MAX);
  for (size_t i = 0; !rc && i < n; i++)
    rc = put_over(sq_of(db), queues[i], &items, &found, err);
  return sq_list(out, &items, found, rc, err);
}

int sq_period_end(struct dh_db *db, const struct dh_period_end *e, bool *added, struct dh_err *err)
{
  struct sq *q = sq_of(db);
  struct dh_case_new finish = {.queue = e->queue,
                               .period = e->period,
                               .key = DH_FINISH_KEY,
                               .input = e->input,
                               .input_len = e->input_len,
                               .bundle = e->bundle};
  struct dh_err stands;
  int n = 0, rc;

  *added = false;
  rc = sq_exec(
      q, &n, err,
      "UPDATE periods AS p SET open = 0 WHERE p.queue = ? AND p.period = ? AND p.open = ? AND NOT EXISTS "
      "(" OPEN_CASE ")",
      "tti", e->queue, e->period, e->open);
  if (rc)
    return rc;
  if (!n)
    return dh_err_set(err, DH_EREFUSED, "the period '%s' of %s is not over any more", e->period, e->queue);
  if (!e->input)
    return 0;
  rc = sq_case_add(db, &finish, &stands);
  *added = !rc;
  if (rc && rc != DH_EEXIST)
    *err = stands;
  return rc == DH_EEXIST ? 0 : rc;
}

int sq_period_list(struct dh_db *db, const char *queue, const char *period, struct dh_buf *out,
                   struct dh_err *err)
{
  struct sq *q = sq_of(db);
  struct sq_stmt *st = sq_query(q, err,
                                "SELECT " SQ_CASE " FROM cases c LEFT JOIN journal j ON j.id = c.last_row "
                                "WHERE c.queue = ?1 AND c.period = coalesce(?2, (SELECT max(m.period) FROM "
                                "cases m WHERE m.queue = ?1)) AND c.key <> '" DH_FINISH_KEY "' ORDER BY c.id",
                                "tt", queue, period);

  return sq_rows(q, st, sq_case_row, out, err);
}

int sq_period_finishes(struct dh_db *db, const char *const *queues, size_t n, int64_t counts[DH_CASE_STATES],
                       struct dh_err *err)
{
  struct sq *q = sq_of(db);
  int rc = 0;

  for (int i = 0; i < DH_CASE_STATES; i++)
    counts[i] = 0;
  for (size_t i = 0; !rc && i < n; i++) {
    struct sq_stmt *st =
        sq_query(q, err,
                 "SELECT f.state, count(*) FROM periods p JOIN cases f ON f.queue = p.queue AND "
                 "f.period = p.period AND f.key = '" DH_FINISH_KEY "' WHERE p.queue = ? GROUP "
                 "BY f.state",
                 "t", queues[i]);

    rc = st ? 0 : err->code;
    while (!rc && (rc = sq_step(q, st, err)) > 0) {
      int64_t state = sq_int64(st, 0);

      if (state > 0 && state < DH_CASE_STATES)
        counts[state] += sq_int64(st, 1);
      rc = 0;
    }
  }
  return rc;
}
