/* sql_queue.c - bundles, and cases as people see them: taken in, listed, shown, retried, counted. */
#include "sql.h"

#include "../base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const state_names[DH_CASE_STATES] = {
    "", "new", "leased", "waiting", "retrying", "done", "rejected", "failed", "parked",
};

const char *dh_case_state_name(int state)
{
  return state > 0 && state < DH_CASE_STATES ? state_names[state] : "";
}

int dh_case_state_parse(const char *name)
{
  for (int i = 1; i < DH_CASE_STATES; i++)
    if (!strcmp(name, state_names[i]))
      return i;
  return 0;
}

/* ---- bundles */

int sq_bundle_put(struct dh_db *db, const char *hash, const char *name, const void *p, size_t n,
                  struct dh_err *err)
{
  struct sq *q = sq_of(db);

  return sq_exec(q, NULL, err,
                 "INSERT INTO bundles (hash, name, bytes, put) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                 "ttbi", hash, name, p, n, sq_now(q));
}

int sq_bundle_get(struct dh_db *db, const char *hash, struct dh_buf *out, struct dh_err *err)
{
  struct sq *q = sq_of(db);
  struct sq_stmt *st = sq_query(q, err, "SELECT bytes FROM bundles WHERE hash = ?", "t", hash);
  int rc;

  if (!st)
    return err->code;
  rc = sq_step(q, st, err);
  if (rc == 0)
    return dh_err_set(err, DH_ENOENT, "the store has no robot version %.12s", hash);
  if (rc < 0)
    return rc;
  rc = sq_nomem(dh_buf_put(out, sq_blob(st, 0), sq_bytes(st, 0)), err);
  sq_end(st);
  return rc;
}

int sq_bundle_finished(struct dh_db *db, const char *hash, int *cases, struct dh_err *err)
{
  int64_t n;
  int rc = sq_int(sq_of(db), &n, 0, err, "SELECT finished FROM bundles WHERE hash = ?", "t", hash);

  *cases = n > INT32_MAX ? INT32_MAX : (int)n;
  return rc;
}

/* ---- taking in */

int sq_case_add(struct dh_db *db, const struct dh_case_new *c, struct dh_err *err)
{
  struct sq *q = sq_of(db);
  const char *period = c->period ? c->period : "";
  int64_t now = sq_now(q), due = c->not_before > now ? c->not_before : 0, state;
  int n = 0, rc;

  if (!*c->queue || !*c->key)
    return dh_err_set(err, DH_EUSE, "a case needs a queue and a key");
  rc = sq_exec(q, &n, err,
               "INSERT INTO cases (queue, period, key, state, due, priority, deadline, not_before, bundle, "
               "input, added, maker) "
               "VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
               "tttiiii"
               "tbit",
               c->queue, period, c->key, due, (int64_t)c->priority, c->deadline ? c->deadline : INT64_MAX,
               c->not_before, c->bundle, c->input, c->input_len, now, c->maker ? c->maker : "");
  if (!rc && n) {
    sq_stir(q, c->queue);
    return c->wants ? sq_period_open(q, c, err) : 0;
  }
  if (!rc)
    rc = sq_int(q, &state, 0, err, "SELECT state FROM cases WHERE queue = ? AND period = ? AND key = ?",
                "ttt", c->queue, period, c->key);
  return rc ? rc
            : dh_err_set(err, DH_EEXIST, "%s%s%s stands in the queue %s already (%s)", c->key,
                         *period ? " of " : "", period, c->queue, dh_case_state_name((int)state));
}

/* ---- looking */

/* The error in the data of FAILED and PARKED: {error}, or the error itself. nil when there is none. */
static int put_error(struct dh_buf *out, const struct dh_buf *data, struct dh_err *err)
{
  const struct dh_val *e;
  struct dh_val *v = NULL;
  int rc;

  if (!data->len)
    return dh_put_nil(out);
  rc = dh_val_parse_buf(data, &v, err);
  if (rc == DH_EFORMAT)
    return dh_put_bytes(out, data->data, data->len);
  if (rc)
    return rc;
  e = dh_val_get(v, "error");
  rc = dh_put_val(out, e ? e : v);
  free(v);
  return rc;
}

int sq_case_put(struct sq *q, struct sq_stmt *st, struct dh_buf *out, struct dh_err *err)
{
  int state = sq_small(st, 3);
  bool ok = state == DH_CASE_DONE || state == DH_CASE_REJECTED;
  bool bad = state == DH_CASE_RETRYING || state == DH_CASE_FAILED || state == DH_CASE_PARKED;
  int64_t deadline = sq_int64(st, 7);
  struct dh_buf data;
  int rc = 0;

  dh_buf_init(&data, DH_DATA_MAX);
  if (ok || bad)
    rc = sq_row_data(q, st, 14, &data, err);
  if (rc || (rc = dh_put_kt(out, "queue", sq_text(st, 0))) ||
      (rc = dh_put_kt(out, "period", sq_text(st, 1))) || (rc = dh_put_kt(out, "key", sq_text(st, 2))) ||
      (rc = dh_put_kt(out, "state", dh_case_state_name(state))) ||
      (rc = dh_put_ki(out, "attempts", sq_int64(st, 4))) ||
      (rc = dh_put_ki(out, "crashes", sq_int64(st, 5))) ||
      (rc = dh_put_ki(out, "priority", sq_int64(st, 6))) ||
      (rc = dh_put_ki(out, "deadline", deadline == INT64_MAX ? 0 : deadline)) ||
      (rc = dh_put_ki(out, "not_before", sq_int64(st, 8))) || (rc = dh_put_ki(out, "due", sq_int64(st, 9))) ||
      (rc = dh_put_kt(out, "run", sq_text(st, 10))) || (rc = dh_put_ki(out, "added", sq_int64(st, 11))) ||
      (rc = dh_put_ki(out, "began", sq_int64(st, 12))) || (rc = dh_put_ki(out, "ended", sq_int64(st, 13))) ||
      (rc = sq_put_data(out, "result", data.data, ok ? data.len : 0)) || (rc = dh_put_text(out, "error")) ||
      (rc = bad ? put_error(out, &data, err) : dh_put_nil(out)))
    sq_nomem(rc, err);
  dh_buf_fini(&data);
  return rc;
}

int sq_case_row(struct sq *q, struct sq_stmt *st, struct dh_buf *data, struct dh_buf *out, struct dh_err *err)
{
  int rc = dh_put_map(out, SQ_CASE_PAIRS);

  (void)data;
  return rc ? rc : sq_case_put(q, st, out, err);
}

int sq_case_list(struct dh_db *db, const char *queue, int state, size_t limit, struct dh_buf *out,
                 struct dh_err *err)
{
  struct sq *q = sq_of(db);
  struct sq_stmt *st = sq_query(q, err,
                                "SELECT " SQ_CASE " FROM cases c LEFT JOIN journal j ON j.id = c.last_row "
                                "WHERE c.queue = ?1 AND (?2 = 0 OR c.state = ?2) ORDER BY c.id LIMIT ?3",
                                "tii", queue, (int64_t)state, limit ? (int64_t)limit : INT64_MAX);

  return sq_rows(q, st, sq_case_row, out, err);
}

static int put_open_review(struct sq *q, struct sq_stmt *st, struct dh_buf *data, struct dh_buf *out,
                           struct dh_err *err)
{
  int rc = dh_put_map(out, 4);

  (void)q;
  (void)data;
  (void)err;
  if (!rc)
    rc = dh_put_ki(out, "id", sq_int64(st, 0));
  if (!rc)
    rc = dh_put_kt(out, "name", sq_text(st, 1));
  if (!rc)
    rc = dh_put_kt(out, "role", sq_text(st, 2));
  return rc ? rc : dh_put_ki(out, "since", sq_int64(st, 3));
}

static int put_open_reviews(struct sq *q, int64_t case_id, struct dh_buf *out, struct dh_err *err)
{
  struct sq_stmt *st = sq_query(
      q, err,
      "SELECT r.id, j.name, r.role, j.at FROM reviews r JOIN journal j ON j.id = r.row WHERE r.case_id = "
      "? AND r.state = 1 ORDER BY r.id",
      "i", case_id);

  return sq_rows(q, st, put_open_review, out, err);
}

int sq_case_whole(struct sq *q, int64_t id, size_t more, struct dh_buf *out, struct dh_err *err)
{
  struct sq_stmt *st =
      sq_query(q, err,
               "SELECT " SQ_CASE ", c.bundle, c.input FROM cases c LEFT JOIN journal j ON j.id = c.last_row "
               "WHERE c.id = ?",
               "i", id);
  int rc = st ? sq_step(q, st, err) : err->code;

  if (rc <= 0)
    return rc ? rc : dh_err_set(err, DH_ENOENT, "there is no such case");
  if ((rc = dh_put_map(out, SQ_CASE_PAIRS + 3 + more)) || (rc = sq_case_put(q, st, out, err)) ||
      (rc = dh_put_kt(out, "bundle", sq_text(st, SQ_CASE_COLUMNS))) ||
      (rc = sq_put_data(out, "input", sq_blob(st, SQ_CASE_COLUMNS + 1), sq_bytes(st, SQ_CASE_COLUMNS + 1))) ||
      (rc = dh_put_text(out, "reviews")))
    sq_nomem(rc, err);
  sq_end(st);
  return rc ? rc : put_open_reviews(q, id, out, err);
}

/* The case of a key; names what stands near it when there is none. */
static int find_case(struct sq *q, const char *queue, const char *period, const char *key, int64_t *id,
                     struct dh_err *err)
{
  struct sq_stmt *st;
  char near[512] = "";
  int rc = sq_int(q, id, 0, err,
                  "SELECT id FROM cases WHERE queue = ?1 AND key = ?2 AND (?3 IS NULL OR period = ?3) ORDER "
                  "BY id DESC LIMIT 1",
                  "ttt", queue, key, period);

  if (rc || *id)
    return rc;
  st = sq_query(
      q, err,
      "SELECT key, period FROM cases WHERE queue = ?1 ORDER BY key <> ?2, replace(key, ?2, '') = key, "
      "substr(key, 1, 3) <> "
      "substr(?2, 1, 3), id DESC LIMIT 3",
      "tt", queue, key);
  if (!st)
    return err->code;
  while ((rc = sq_step(q, st, err)) > 0) {
    size_t n = strlen(near);

    snprintf(near + n, sizeof near - n, "%s%s%s%s", n ? ", " : "", sq_text(st, 0),
             *sq_text(st, 1) ? " of " : "", sq_text(st, 1));
  }
  if (rc)
    return rc;
  if (period && *period)
    dh_err_set(err, DH_ENOENT, "the queue %s has no case %s of %s", queue, key, period);
  else
    dh_err_set(err, DH_ENOENT, "the queue %s has no case %s", queue, key);
  dh_err_seen(err, "%s", *near ? near : "the queue is empty");
  return DH_ENOENT;
}

int sq_case_show(struct dh_db *db, const char *queue, const char *period, const char *key, struct dh_buf *out,
                 struct dh_err *err)
{
  struct sq *q = sq_of(db);
  int64_t id;
  int rc = find_case(q, queue, period, key, &id, err);

  return rc ? rc : sq_case_whole(q, id, 0, out, err);
}

int sq_case_retry(struct dh_db *db, const char *queue, const char *period, const char *key, const char *who,
                  struct dh_err *err)
{
  struct sq *q = sq_of(db);
  int64_t id, state;
  char object[512];
  int n = 0, rc = find_case(q, queue, period, key, &id, err);

  if (!rc)
    rc = sq_exec(q, &n, err,
                 "UPDATE cases SET state = 4, due = 0, failures = 0, charges = 0, last_end = 3, ended = 0 "
                 "WHERE id = ? AND state "
                 "IN (3, 4, 7, 8)",
                 "i", id);
  if (!rc && n)
    rc = sq_period_reopen(q, id, err);
  if (rc)
    return rc;
  if (!n) {
    if ((rc = sq_int(q, &state, 0, err, "SELECT state FROM cases WHERE id = ?", "i", id)))
      return rc;
    return dh_err_set(err, DH_EREFUSED,
                      "%s of %s is %s; only a failed, parked, retrying or waiting case is tried again", key,
                      queue, dh_case_state_name((int)state));
  }
  sq_stir(q, NULL);
  snprintf(object, sizeof object, "%s/%s%s%s", queue, period ? period : "", period && *period ? "/" : "",
           key);
  return sq_audit(db, who, "retry", object, NULL, 0, err);
}

int sq_case_rebundle(struct dh_db *db, const char *queue, const char *period, const char *key,
                     const char *bundle, struct dh_err *err)
{
  struct sq *q = sq_of(db);
  int64_t id;
  int n = 0, rc = find_case(q, queue, period, key, &id, err);

  if (!rc)
    rc = sq_exec(q, &n, err,
                 "UPDATE cases SET bundle = ? WHERE id = ? AND bundle <> ? AND state IN (1, 3, 4, 7, 8)",
                 "tit", bundle, id, bundle);
  if (rc || !n)
    return rc;
  rc = sq_exec(q, NULL, err, "UPDATE journal SET stands = 0 WHERE case_id = ? AND kind = 1", "i", id);
  if (!rc)
    rc = sq_exec(q, NULL, err, "UPDATE journal SET position = -position WHERE case_id = ? AND position > 0",
                 "i", id);
  return rc;
}

static int count(struct sq *q, struct sq_stmt *st, int64_t counts[DH_CASE_STATES], struct dh_err *err)
{
  int rc = st ? 0 : err->code;

  while (!rc && (rc = sq_step(q, st, err)) > 0) {
    int state = sq_small(st, 0);

    if (state > 0 && state < DH_CASE_STATES)
      counts[state] += sq_int64(st, 1);
    rc = 0;
  }
  return rc;
}

int sq_counts(struct dh_db *db, const char *const *queues, size_t n, int64_t counts[DH_CASE_STATES],
              struct dh_err *err)
{
  struct sq *q = sq_of(db);
  int rc = 0;

  memset(counts, 0, DH_CASE_STATES * sizeof *counts);
  if (!n)
    return count(q, sq_query(q, err, "SELECT state, count(*) FROM cases GROUP BY state", ""), counts, err);
  for (size_t i = 0; !rc && i < n; i++)
    rc = count(
        q,
        sq_query(q, err, "SELECT state, count(*) FROM cases WHERE queue = ? GROUP BY state", "t", queues[i]),
        counts, err);
  return rc;
}
