/* pg_claim.c - leases on PostgreSQL: hosts take cases side by side, each passing over what another is just
 * taking. Names of workers carry their host, so that what is released is ours. */
#include "pg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct candidate {
  int64_t id, priority, deadline;
};

static int by_rank(const void *a, const void *b)
{
  const struct candidate *x = a, *y = b;

  if (x->priority != y->priority)
    return x->priority > y->priority ? -1 : 1;
  if (x->deadline != y->deadline)
    return x->deadline < y->deadline ? -1 : 1;
  return x->id < y->id ? -1 : x->id > y->id;
}

/* The first n of one queue that nobody else is taking. */
static int find_due(struct sq *q, const char *queue, const struct dh_claim_ask *ask, struct candidate *v,
                    size_t *n, struct dh_err *err)
{
  struct sq_stmt *st;
  enum dh_hold hold;
  int rc = sq_hold_of(q, queue, &hold, err);

  if (!rc && hold && ask->key)
    return sq_hold_refuse(queue, hold, err);
  if (rc || hold == DH_HOLD_PAUSED)
    return rc;
  if (ask->key)
    st = sq_query(q, err,
                  "SELECT id, priority, deadline FROM cases WHERE queue = ? AND period = ? AND key = ? AND "
                  "due = 0 FOR UPDATE SKIP LOCKED",
                  "ttt", queue, ask->period ? ask->period : "", ask->key);
  else if (hold == DH_HOLD_DRAINING)
    st = sq_query(q, err,
                  "SELECT id, priority, deadline FROM cases WHERE queue = ? AND state IN (3, 4) AND due = 0 "
                  "ORDER BY priority DESC, deadline, id LIMIT ? FOR UPDATE SKIP LOCKED",
                  "ti", queue, (int64_t)ask->n);
  else
    st = sq_query(q, err,
                  "SELECT id, priority, deadline FROM cases WHERE queue = ? AND due = 0 ORDER BY priority "
                  "DESC, deadline, id LIMIT ? FOR UPDATE SKIP LOCKED",
                  "ti", queue, (int64_t)ask->n);
  if (!st)
    return err->code;
  while ((rc = sq_step(q, st, err)) > 0) {
    v[*n].id = sq_int64(st, 0);
    v[*n].priority = sq_int64(st, 1);
    v[(*n)++].deadline = sq_int64(st, 2);
  }
  return rc;
}

/* "{1,2,3}" */
static int put_ids(struct dh_buf *b, const struct candidate *v, size_t n, struct dh_err *err)
{
  int rc = dh_buf_putc(b, '{');

  for (size_t i = 0; i < n && !rc; i++)
    rc = dh_buf_printf(b, "%s%lld", i ? "," : "", (long long)v[i].id);
  return sq_nomem(rc ? rc : dh_buf_putc(b, '}'), err);
}

/* All of them in one statement; it tells them in any order. */
static int take(struct pg *pg, const char *ids, const char *worker, struct candidate *taken,
                struct dh_claim *claims, size_t *n, struct dh_err *err)
{
  struct sq *q = &pg->q;
  struct sq_stmt *st = sq_query(
      q, err,
      "UPDATE cases SET state = 2, due = NULL, worker = ?1, fence = fence + 1, attempt = attempt + 1, "
      "tries = tries + CASE WHEN last_end IN (1, 2) THEN 0 ELSE 1 END, woken = 0, torn = 0, "
      "run = coalesce(run, encode(uuid_send(gen_random_uuid()), 'hex')), "
      "began = CASE WHEN began > 0 THEN began ELSE ?2 END WHERE id = ANY(?3::text::bigint[]) "
      "RETURNING " SQ_CLAIM ", id",
      "tit", worker, sq_now(q), ids);
  int rc = st ? 0 : err->code;

  while (!rc && (rc = sq_step(q, st, err)) > 0) {
    taken[*n] = (struct candidate){sq_int64(st, SQ_CLAIM_COLUMNS), sq_int64(st, 10), sq_int64(st, 11)};
    rc = sq_claim_read(st, &claims[(*n)++], err);
    if (rc)
      sq_end(st);
  }
  return rc;
}

/* The claims in the order of their rank: `taken` is sorted along. */
static void sort_claims(struct candidate *taken, struct dh_claim *claims, size_t n)
{
  for (size_t i = 1; i < n; i++) /* few, and nearly sorted */
    for (size_t j = i; j && by_rank(&taken[j], &taken[j - 1]) < 0; j--) {
      struct candidate c = taken[j];
      struct dh_claim k = claims[j];

      taken[j] = taken[j - 1];
      claims[j] = claims[j - 1];
      taken[j - 1] = c;
      claims[j - 1] = k;
    }
}

/* What each of them goes on with. One that is too long for any worker is parked and leaves the list. */
static int fill(struct sq *q, const struct candidate *taken, struct dh_claim *claims, size_t *n, bool *parked,
                struct dh_err *err)
{
  size_t kept = 0;
  int rc = 0;

  for (size_t i = 0; i < *n; i++) {
    if (!rc && (rc = sq_claim_fill(q, taken[i].id, &claims[i], err)) == DH_ELIMIT) {
      rc = sq_claim_park(q, taken[i].id, &claims[i], err);
      *parked = true;
    } else {
      claims[kept++] = claims[i];
    }
  }
  *n = kept;
  return rc;
}

static int claim_round(struct pg *pg, const struct dh_claim_ask *ask, const char *worker,
                       struct dh_claim *claims, size_t *n, bool *parked, struct dh_err *err)
{
  size_t found = 0, queues = ask->key ? 1 : ask->nqueues, wanted = ask->key ? 1 : ask->n;
  struct candidate *v = calloc(queues * wanted + 1, sizeof *v);
  struct dh_buf ids;
  int rc = 0;

  *parked = false;
  if (!v)
    return dh_err_set(err, DH_ENOMEM, "no memory to claim %zu cases", ask->n);
  dh_buf_init(&ids, 64 << 20);
  for (size_t i = 0; !rc && i < queues; i++)
    rc = find_due(&pg->q, ask->queues[i], ask, v, &found, err);
  qsort(v, found, sizeof *v, by_rank);
  if (!rc && found && !(rc = pg_guard(pg, err)) &&
      !(rc = put_ids(&ids, v, found < wanted ? found : wanted, err)))
    rc = take(pg, ids.data, worker, v, claims, n, err);
  sort_claims(v, claims, *n);
  if (!rc)
    rc = fill(&pg->q, v, claims, n, parked, err);
  dh_buf_fini(&ids);
  free(v);
  return rc;
}

int pg_claim(struct dh_db *db, const struct dh_claim_ask *ask, struct dh_claim *claims, size_t *n,
             struct dh_err *err)
{
  struct pg *pg = pg_of(sq_of(db));
  char worker[256];
  bool parked = true;
  int rc;

  *n = 0;
  snprintf(worker, sizeof worker, "%s%s", pg->worker, ask->worker);
  rc = sq_exec(
      &pg->q, NULL, err,
      "UPDATE cases SET due = 0 WHERE id IN (SELECT id FROM cases WHERE due > 0 AND due <= ? FOR UPDATE "
      "SKIP LOCKED)",
      "i", sq_now(&pg->q));
  while (!rc && parked && !*n) /* nothing got must mean that nothing is due */
    rc = claim_round(pg, ask, worker, claims, n, &parked, err);
  if (rc)
    while (*n)
      dh_claim_fini(&claims[--*n]);
  return rc;
}

int pg_hand_over(struct dh_db *db, const char *run, int64_t fence, const char *worker, struct dh_err *err)
{
  char name[256];

  snprintf(name, sizeof name, "%s%s", pg_of(sq_of(db))->worker, worker);
  return sq_hand_over(db, run, fence, name, err);
}

int pg_release(struct dh_db *db, const char *worker, const char *charged, const char *why, size_t *released,
               struct dh_err *err)
{
  struct pg *pg = pg_of(sq_of(db));
  char name[256];
  int n = 0, rc;

  snprintf(name, sizeof name, "%s%s", pg->worker, worker ? worker : "");
  if (worker)
    return sq_release(db, name, charged, why, released, err);
  rc = sq_exec(
      &pg->q, &n, err,
      "UPDATE cases SET state = 4, due = 0, worker = NULL, crashes = crashes + 1, last_end = 1 WHERE state "
      "= 2 AND worker >= ?1 AND worker < ?1 || '~'",
      "t", name);
  if (n)
    sq_stir(&pg->q, NULL);
  if (released)
    *released = (size_t)n;
  return rc;
}

/* The soonest end of a lease that another host has in one of these queues: then its cases may be due. */
static int others_end(struct pg *pg, const char *queue, int64_t *at, struct dh_err *err)
{
  int64_t until = 0;
  int rc = sq_int(
      &pg->q, &until, 0, err,
      "SELECT min(h.until) FROM hosts h WHERE h.id <> ?1 AND EXISTS (SELECT 1 FROM cases c WHERE "
      "c.state = 2 AND c.worker >= h.name || '#' || h.id || '/' AND c.worker < h.name || '#' || h.id || "
      "'/~' AND (?2 IS NULL OR c.queue = ?2))",
      "it", pg->host, queue);
  int64_t soon = sq_now(&pg->q) + 1000;

  if (!rc && until && (!*at || until < *at))
    *at = until > soon ? until : *at && *at < soon ? *at : soon;
  return rc;
}

int pg_next_due(struct dh_db *db, const char *const *queues, size_t n, int64_t *at, struct dh_err *err)
{
  struct pg *pg = pg_of(sq_of(db));
  int rc = sq_next_due(db, queues, n, at, err);

  if (*at == 1) /* now */
    return rc;
  for (size_t i = 0; !rc && i < n; i++)
    rc = others_end(pg, queues[i], at, err);
  if (!rc && !n)
    rc = others_end(pg, NULL, at, err);
  if (!rc && *at)
    *at -= pg->q.ahead_ms;
  return rc;
}
