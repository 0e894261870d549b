/* sql_lease.c - claims, and what becomes of leases whose worker died. */
#include "sql.h"

#include "../base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

_Static_assert(DH_CASE_LEASED == 2 && DH_CASE_RETRYING == 4 && DH_CASE_PARKED == 8 && SQ_END_CRASH == 1 &&
                   SQ_END_AWAY == 2,
               "the statements name states by number");

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

int sq_hold_refuse(const char *queue, enum dh_hold hold, struct dh_err *err)
{
  dh_err_set(err, DH_EREFUSED, "the queue %s is %s", queue, dh_hold_name(hold));
  return dh_err_advice(err, "deskhand queue resume %s", queue);
}

/* The first n of one queue; each queue is read in the order of its index, so a long queue costs no more than
 * a short one. */
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
    st = sq_query(
        q, err,
        "SELECT id, priority, deadline FROM cases WHERE queue = ? AND period = ? AND key = ? AND due = 0",
        "ttt", queue, ask->period ? ask->period : "", ask->key);
  else if (hold ==
           DH_HOLD_DRAINING) /* +due: by state, as those that have begun are few among many new ones */
    st = sq_query(q, err,
                  "SELECT id, priority, deadline FROM cases WHERE queue = ? AND state IN (3, 4) AND +due = 0 "
                  "ORDER BY priority DESC, deadline, id LIMIT ?",
                  "ti", queue, (int64_t)ask->n);
  else
    st = sq_query(q, err,
                  "SELECT id, priority, deadline FROM cases WHERE queue = ? AND due = 0 ORDER BY priority "
                  "DESC, deadline, id "
                  "LIMIT ?",
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

static void new_run_id(char out[DH_RUN_ID])
{
  unsigned char bytes[16];

  while (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
    ; /* EINTR before the pool is ready; 16 bytes come whole or not at all */
  dh_hex(bytes, sizeof bytes, out);
}

/* Waits that are over get their answer: the word goes on in the attempt that begins now. */
static int answer_waits(struct sq *q, int64_t case_id, int attempt, struct dh_err *err)
{
  static const char yes[] = {(char)0xf5}; /* CBOR true */
  int64_t now = sq_now(q);
  int rc = 1;

  while (rc > 0) {
    struct dh_record r = {
        .kind = DH_REC_ANSWER, .attempt = attempt, .at = now, .data = yes, .len = sizeof yes};
    struct sq_stmt *st = sq_query(
        q, err,
        "SELECT w.row, j.scope, j.position, j.word, j.hash, j.place FROM waits w JOIN journal j ON j.id "
        "= w.row WHERE w.case_id = ? AND w.until <= ? LIMIT 1",
        "ii", case_id, now);
    int64_t row, ignored;

    if (!st)
      return err->code;
    if ((rc = sq_step(q, st, err)) <= 0)
      break;
    row = sq_int64(st, 0);
    snprintf(r.scope, sizeof r.scope, "%s", sq_text(st, 1));
    r.position = sq_int64(st, 2);
    snprintf(r.word, sizeof r.word, "%s", sq_text(st, 3));
    snprintf(r.hash, sizeof r.hash, "%s", sq_text(st, 4));
    snprintf(r.where, sizeof r.where, "%s", sq_text(st, 5));
    sq_end(st);
    rc = sq_row_add(q, case_id, &r, true, &ignored, err);
    if (!rc)
      rc = sq_exec(q, NULL, err, "DELETE FROM waits WHERE case_id = ? AND row = ?", "ii", case_id, row);
    rc = rc ? rc : 1;
  }
  return rc;
}

void dh_claim_fini(struct dh_claim *c)
{
  free(c->queue);
  free(c->period);
  free(c->key);
  dh_buf_fini(&c->input);
  dh_buf_fini(&c->journal);
  c->queue = c->period = c->key = NULL;
}

int sq_claim_read(struct sq_stmt *st, struct dh_claim *c, struct dh_err *err)
{
  int end = sq_small(st, 6);
  int64_t deadline = sq_int64(st, 11);
  int rc;

  memset(c, 0, sizeof *c);
  dh_buf_init(&c->input, SQ_OUT_MAX);
  dh_buf_init(&c->journal, DH_JOURNAL_MAX);
  snprintf(c->run, sizeof c->run, "%s", sq_text(st, 0));
  c->fence = sq_int64(st, 1);
  c->attempt = sq_small(st, 2);
  c->tries = sq_small(st, 3);
  c->crashes = sq_small(st, 4);
  c->charges = sq_small(st, 5);
  c->resumed = end == SQ_END_CRASH || end == SQ_END_AWAY;
  c->crashed = end == SQ_END_CRASH;
  c->queue = sq_dup(st, 7);
  c->period = sq_dup(st, 8);
  c->key = sq_dup(st, 9);
  c->priority = sq_small(st, 10);
  c->deadline = deadline == INT64_MAX ? 0 : deadline;
  snprintf(c->bundle, sizeof c->bundle, "%s", sq_text(st, 12));
  rc = dh_buf_put(&c->input, sq_blob(st, 13), sq_bytes(st, 13));
  if (!c->queue || !c->period || !c->key)
    rc = DH_ENOMEM;
  return sq_nomem(rc, err);
}

int sq_claim_fill(struct sq *q, int64_t id, struct dh_claim *c, struct dh_err *err)
{
  int rc;

  if (c->attempt > 1 && (rc = answer_waits(q, id, c->attempt, err)))
    return rc;
  rc = sq_bundle_finished(&q->db, c->bundle, &c->bundle_finished, err);
  if (!rc && c->attempt > 1)
    return sq_row_list(q, id, &c->journal, err);
  return rc ? rc : sq_nomem(dh_put_list(&c->journal, 0), err);
}

static int take(struct sq *q, int64_t id, const char *worker, struct dh_claim *c, struct dh_err *err)
{
  char run[DH_RUN_ID];
  struct sq_stmt *st;
  int rc;

  memset(c, 0, sizeof *c);
  new_run_id(run);
  st = sq_query(
      q, err,
      "UPDATE cases SET state = 2, due = NULL, worker = ?1, fence = fence + 1, attempt = attempt + 1, "
      "tries = tries + CASE WHEN last_end IN (1, 2) THEN 0 ELSE 1 END, woken = 0, torn = 0, run = "
      "coalesce(run, ?2), "
      "began = CASE WHEN began > 0 THEN began ELSE ?3 END WHERE id = ?4 RETURNING " SQ_CLAIM,
      "ttii", worker, run, sq_now(q), id);
  if (!st)
    return err->code;
  if ((rc = sq_step(q, st, err)) <= 0)
    return rc ? rc : dh_err_set(err, DH_EIO, "case %lld left the queue while it was claimed", (long long)id);
  rc = sq_claim_read(st, c, err);
  while (!rc && (rc = sq_step(q, st, err)) > 0)
    rc = 0;
  if (rc)
    sq_end(st);
  return rc ? rc : sq_claim_fill(q, id, c, err);
}

/* A journal that no worker can be given would be claimed for ever. */
int sq_claim_park(struct sq *q, int64_t id, struct dh_claim *c, struct dh_err *err)
{
  struct dh_err why;

  dh_err_set(&why, DH_ELIMIT, "the answers that run %.8s keeps have over %d MB", c->run,
             DH_JOURNAL_MAX >> 20);
  dh_err_advice(&why, "make cases of its loop, or let it keep files instead of their bytes");
  dh_claim_fini(c);
  return sq_case_park(q, id, &why, err);
}

/* One look at what is due. *parked: some of it could not be given to anybody. */
static int claim_round(struct sq *q, const struct dh_claim_ask *ask, struct dh_claim *claims, size_t *n,
                       bool *parked, struct dh_err *err)
{
  size_t found = 0, wanted = ask->key ? 1 : ask->nqueues * ask->n;
  struct candidate *v = calloc(wanted ? wanted : 1, sizeof *v);
  int rc = 0;

  *parked = false;
  if (!v)
    return dh_err_set(err, DH_ENOMEM, "no memory to claim %zu cases", ask->n);
  for (size_t i = 0; !rc && i < (ask->key ? 1 : ask->nqueues); i++)
    rc = find_due(q, ask->queues[i], ask, v, &found, err);
  qsort(v, found, sizeof *v, by_rank);
  for (size_t i = 0; !rc && i < found && *n < ask->n; i++) {
    rc = take(q, v[i].id, ask->worker, &claims[*n], err);
    if (rc == DH_ELIMIT) {
      rc = sq_claim_park(q, v[i].id, &claims[*n], err);
      *parked = true;
    } else
      ++*n; /* also when it failed: it is freed with the others */
  }
  free(v);
  return rc;
}

int sq_claim(struct dh_db *db, const struct dh_claim_ask *ask, struct dh_claim *claims, size_t *n,
             struct dh_err *err)
{
  struct sq *q = sq_of(db);
  bool parked = true;
  int rc;

  *n = 0;
  rc = sq_exec(q, NULL, err, "UPDATE cases SET due = 0 WHERE due > 0 AND due <= ?", "i", sq_now(q));
  while (!rc && parked && !*n) /* nothing got must mean that nothing is due */
    rc = claim_round(q, ask, claims, n, &parked, err);
  if (rc)
    while (*n)
      dh_claim_fini(&claims[--*n]);
  return rc;
}

int sq_hand_over(struct dh_db *db, const char *run, int64_t fence, const char *worker, struct dh_err *err)
{
  int n = 0, rc = sq_exec(sq_of(db), &n, err,
                          "UPDATE cases SET worker = ? WHERE run = ? AND fence = ? AND state = 2", "tti",
                          worker, run, fence);

  if (!rc && !n)
    return dh_err_set(err, DH_EREFUSED, "run %s is no longer held under fence %lld", run, (long long)fence);
  return rc;
}

int sq_case_park(struct sq *q, int64_t case_id, const struct dh_err *why, struct dh_err *err)
{
  struct dh_record r = {.kind = DH_REC_PARKED};
  struct dh_buf data;
  int64_t row = 0, attempt = 0;
  int rc;

  dh_buf_init(&data, DH_DATA_ROW);
  if (!(rc = dh_put_map(&data, 1)) && !(rc = dh_put_text(&data, "error")))
    rc = dh_put_err(&data, why);
  sq_nomem(rc, err);
  if (!rc)
    rc = sq_int(q, &attempt, 0, err, "SELECT attempt FROM cases WHERE id = ?", "i", case_id);
  r.attempt = (int)attempt;
  r.data = data.data;
  r.len = data.len;
  if (!rc)
    rc = sq_row_add(q, case_id, &r, true, &row, err);
  if (!rc)
    rc =
        sq_exec(q, NULL, err,
                "UPDATE cases SET state = 8, due = NULL, worker = NULL, ended = ?, last_row = ? WHERE id = ?",
                "iii", sq_now(q), row, case_id);
  dh_buf_fini(&data);
  return rc;
}

/* Charges a leased case; parks it at the last charge that is allowed. */
static int charge(struct sq *q, int64_t id, const char *run, const char *what, const char *why, bool *parked,
                  struct dh_err *err)
{
  struct dh_err text;
  int64_t charges = 0;
  int rc = sq_exec(q, NULL, err, "UPDATE cases SET charges = charges + 1 WHERE id = ?", "i", id);

  *parked = false;
  if (!rc)
    rc = sq_int(q, &charges, 0, err, "SELECT charges FROM cases WHERE id = ?", "i", id);
  if (rc || charges < DH_CHARGES_MAX)
    return rc;
  dh_err_set(&text, DH_EREFUSED, "the run %s %d times and is not tried again by itself", what,
             DH_CHARGES_MAX);
  dh_err_seen(&text, "%s", why);
  dh_err_advice(&text, "look at what it did last: deskhand show %.8s; then: deskhand queue retry ROBOT KEY",
                run);
  if ((rc = sq_case_park(q, id, &text, err)))
    return rc;
  *parked = true;
  return sq_exec(q, NULL, err, "UPDATE cases SET crashes = crashes + 1, last_end = 1 WHERE id = ?", "i", id);
}

int sq_release(struct dh_db *db, const char *worker, const char *charged, const char *why, size_t *released,
               struct dh_err *err)
{
  struct sq *q = sq_of(db);
  bool parked = false;
  int64_t id = 0;
  int n = 0, rc = 0;

  if (charged && worker)
    rc = sq_int(q, &id, 0, err, "SELECT id FROM cases WHERE run = ? AND state = 2 AND worker = ?", "tt",
                charged, worker);
  if (!rc && id)
    rc = charge(q, id, charged, "brought its worker down",
                why ? why : "the worker died while the run had the processor", &parked, err);
  if (!rc && worker)
    rc = sq_exec(q, &n, err,
                 "UPDATE cases SET state = 4, due = 0, worker = NULL, crashes = crashes + 1, last_end = 1 "
                 "WHERE state = 2 AND "
                 "worker = ?",
                 "t", worker);
  else if (!rc)
    rc = sq_exec(q, &n, err,
                 "UPDATE cases SET state = 4, due = 0, worker = NULL, crashes = crashes + 1, last_end = 1 "
                 "WHERE state = 2",
                 "");
  q->lease.run[0] = '\0';
  sq_stir(q, NULL);
  if (released)
    *released = (size_t)n + parked;
  return rc;
}

/* A run whose records were refused would be refused again: it is charged, unlike one that lost them with
 * others. */
int sq_release_run(struct dh_db *db, const char *run, int64_t fence, struct dh_err *err)
{
  struct sq *q = sq_of(db);
  bool parked = false;
  int64_t id = 0;
  int rc =
      sq_int(q, &id, 0, err, "SELECT id FROM cases WHERE state = 2 AND run = ? AND fence = ? AND torn = 2",
             "ti", run, fence);

  q->lease.run[0] = '\0';
  sq_stir(q, NULL);
  if (!rc && id)
    rc = charge(q, id, run, "wrote a record that was refused",
                "the log says which: a place that is taken, or data too large", &parked, err);
  return rc ? rc
            : sq_exec(q, NULL, err,
                      "UPDATE cases SET state = 4, due = 0, worker = NULL, crashes = crashes + 1, last_end = "
                      "1 WHERE state = 2 "
                      "AND run = ? AND fence = ?",
                      "ti", run, fence);
}

static int first_due(struct sq *q, const char *queue, int64_t *at, struct dh_err *err)
{
  enum dh_hold hold;
  int64_t id = 0, when = 0;
  int rc = sq_hold_of(q, queue, &hold, err);

  if (rc || hold == DH_HOLD_PAUSED)
    return rc;
  if (hold == DH_HOLD_DRAINING)
    rc = sq_int(q, &when, 0, err,
                "SELECT CASE WHEN min(due) = 0 THEN 1 ELSE min(due) END FROM cases WHERE queue = ? AND state "
                "IN (3, 4) AND +due IS NOT NULL",
                "t", queue);
  else
    rc = sq_int(q, &id, 0, err, "SELECT id FROM cases WHERE queue = ? AND due = 0 LIMIT 1", "t", queue);
  if (!rc && id)
    when = 1;
  else if (!rc && !hold)
    rc = sq_int(q, &when, 0, err, "SELECT due FROM cases WHERE due > 0 AND queue = ? ORDER BY due LIMIT 1",
                "t", queue);
  if (!rc && when && (!*at || when < *at))
    *at = when;
  return rc;
}

int sq_next_due(struct dh_db *db, const char *const *queues, size_t n, int64_t *at, struct dh_err *err)
{
  struct sq *q = sq_of(db);
  int64_t found = 0;
  int rc = 0;

  *at = 0;
  for (size_t i = 0; !rc && i < n; i++)
    rc = first_due(q, queues[i], at, err);
  if (n)
    return rc;
  rc = sq_int(q, &found, 0, err, "SELECT 1 FROM cases WHERE due = 0 LIMIT 1", "");
  if (!rc && found)
    *at = 1;
  else if (!rc)
    rc = sq_int(q, at, 0, err, "SELECT min(due) FROM cases WHERE due > 0", "");
  return rc;
}
