/* sql_append.c - one record of a leased run: its row, and what its kind changes for its case, in the same
 * transaction. */
#include "sql.h"

#include "../base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An INTENT that was never confirmed stays; only reads are taken anew. A row is kept when something that
 * counts was written after it in its own scope, in one around it (which goes on only when the branch has
 * ended, so it may have used the row) or in one inside it (which began after the row, so it may have used
 * it). Branches beside each other know nothing of each other. */
#define DROP_READS                                                                                           \
  "WITH kept AS MATERIALIZED (SELECT scope, max(id) AS last FROM journal WHERE case_id = ?1 AND stands = 1 " \
  "AND kind IN (2, 5, 10) "                                                                                  \
  "GROUP BY scope) UPDATE journal SET stands = 0 WHERE case_id = ?1 AND stands = 1 AND kind = 1 AND NOT "    \
  "EXISTS "                                                                                                  \
  "(SELECT 1 FROM kept k WHERE k.last > journal.id AND (k.scope = journal.scope OR k.scope = '' OR "         \
  "journal.scope = '' OR "                                                                                   \
  "substr(journal.scope, 1, length(k.scope) + 1) = k.scope || '.' OR "                                       \
  "substr(k.scope, 1, length(journal.scope) + 1) = journal.scope || '.'))"
_Static_assert(DH_REC_READ == 1 && DH_REC_STEP == 2 && DH_REC_CONFIRM == 5 && DH_REC_ANSWER == 10 &&
                   DH_REC_INTENT == 4 && DH_REC_REVIEW == 7 && DH_CASE_LEASED == 2,
               "the statements name kinds and states by number");

/* The case of a lease that takes this kind; 0 in *case_id when there is none. A torn lease takes nothing but
 * the error that ends it: that keeps an attempt that cannot go on from being tried for ever. One that lost
 * its records with all others' takes not even that: its attempt failed by no fault of its own. */
static int find_lease(struct sq *q, const struct dh_record *r, int64_t fence, int64_t *case_id,
                      struct dh_err *err)
{
  int rc;

  if (q->lease.run[0] && fence == q->lease.fence && !strcmp(r->run, q->lease.run)) {
    *case_id = q->lease.case_id;
    return 0;
  }
  rc = sq_int(
      q, case_id, 0, err,
      "SELECT id FROM cases WHERE run = ? AND fence = ? AND state = 2 AND (torn = 0 OR (? = 1 AND torn < 3))",
      "tii", r->run, fence, (int64_t)(r->kind == DH_REC_FAILED));
  if (rc || !*case_id || (rc = sq_touch(q, *case_id, err)))
    return rc;
  if (r->kind == DH_REC_FAILED) /* perhaps torn: not to be found again for other kinds */
    return 0;
  snprintf(q->lease.run, sizeof q->lease.run, "%s", r->run);
  q->lease.fence = fence;
  q->lease.case_id = *case_id;
  return 0;
}

/* ---- kinds */

/* What a record's data says to the store itself. Read before anything is written, so that nonsense fails
 * alone. */
struct meaning {
  char role[64];
  bool effect;
  int64_t until;
  int64_t times, wait_ms;
};

static int read_meaning(const struct dh_record *r, struct meaning *m, struct dh_err *err)
{
  const struct dh_val *retry, *effect;
  struct dh_val *v = NULL;
  int rc;

  memset(m, 0, sizeof *m);
  if (r->kind != DH_REC_REVIEW && r->kind != DH_REC_WAIT && r->kind != DH_REC_FAILED)
    return 0;
  if ((rc = dh_val_parse(r->data, r->len, &v, err)))
    return rc;
  dh_val_text(v, "role", m->role, sizeof m->role);
  m->effect = (effect = dh_val_get(v, "effect")) &&
              (effect->type == DH_TEXT || (effect->type == DH_BOOL && effect->b));
  m->until = dh_val_int(v, "until", 0);
  if ((retry = dh_val_get(v, "retry"))) {
    m->times = dh_val_int(retry, "times", 0);
    m->wait_ms = dh_val_int(retry, "wait_ms", 0);
  }
  free(v);
  return 0;
}

static int withdraw(struct sq *q, int64_t case_id, const struct dh_record *r, struct dh_err *err)
{
  int rc = sq_exec(q, NULL, err,
                   "UPDATE journal SET stands = 0 WHERE id IN (SELECT v.row FROM reviews v JOIN journal j ON "
                   "j.id = v.row WHERE "
                   "v.case_id = ? AND v.state = 1 AND j.scope = ? AND j.name = ?)",
                   "itt", case_id, r->scope, r->name);

  return rc ? rc
            : sq_exec(q, NULL, err,
                      "UPDATE reviews SET state = 3 WHERE case_id = ? AND state = 1 AND row IN (SELECT id "
                      "FROM journal WHERE "
                      "case_id = ? AND kind = 7 AND stands = 0 AND scope = ? AND name = ?)",
                      "iitt", case_id, case_id, r->scope, r->name);
}

int sq_case_close(struct sq *q, int64_t case_id, struct dh_err *err)
{
  int rc = sq_exec(
      q, NULL, err,
      "UPDATE journal SET stands = 0 WHERE id IN (SELECT row FROM reviews WHERE case_id = ? AND state = 1)",
      "i", case_id);

  if (!rc)
    rc = sq_exec(q, NULL, err, "UPDATE reviews SET state = 3 WHERE case_id = ? AND state = 1", "i", case_id);
  return rc ? rc : sq_exec(q, NULL, err, "DELETE FROM waits WHERE case_id = ?", "i", case_id);
}

static int finish(struct sq *q, int64_t case_id, int64_t row, enum dh_case_state state, struct dh_err *err)
{
  int rc =
      sq_exec(q, NULL, err,
              "UPDATE cases SET state = ?, due = NULL, worker = NULL, ended = ?, last_row = ? WHERE id = ?",
              "iiii", (int64_t)state, sq_now(q), row, case_id);

  if (!rc)
    rc = sq_case_close(q, case_id, err);
  return rc ? rc
            : sq_exec(q, NULL, err,
                      "UPDATE bundles SET finished = finished + 1 WHERE hash = (SELECT bundle FROM cases "
                      "WHERE id = ?)",
                      "i", case_id);
}

static int give_up(struct sq *q, int64_t case_id, int64_t row, struct dh_err *err)
{
  int rc = sq_case_close(q, case_id, err);

  return rc ? rc
            : sq_exec(q, NULL, err,
                      "UPDATE cases SET state = 7, due = NULL, worker = NULL, failures = failures + 1, "
                      "last_end = 3, "
                      "last_row = ?, ended = ? WHERE id = ?",
                      "iii", row, sq_now(q), case_id);
}

/* A system error: tried again by the rule that came with it, or failed. */
static int fail(struct sq *q, int64_t case_id, int64_t row, const char *run, const struct meaning *m,
                struct dh_err *err)
{
  int64_t failures, wait_ms;
  int rc = sq_exec(q, NULL, err, DROP_READS, "i", case_id);

  if (!rc)
    rc = sq_int(q, &failures, 0, err, "SELECT failures FROM cases WHERE id = ?", "i", case_id);
  if (rc)
    return rc;
  wait_ms = dh_retry_wait_ms(m->wait_ms, failures, run);
  if (failures < m->times)
    return sq_exec(q, NULL, err,
                   "UPDATE cases SET state = 4, due = ?, worker = NULL, failures = failures + 1, last_end = "
                   "3, last_row = ? "
                   "WHERE id = ?",
                   "iii", wait_ms ? sq_now(q) + wait_ms : (int64_t)0, row, case_id);
  return give_up(q, case_id, row, err);
}

int sq_case_fail(struct sq *q, int64_t case_id, int64_t row, struct dh_err *err)
{
  int rc = sq_exec(q, NULL, err, DROP_READS, "i", case_id);

  return rc ? rc : give_up(q, case_id, row, err);
}

/* Put away: due at its first wait's end; at once when an answer came meanwhile, or when nothing is there to
 * wait for. */
static int put_away(struct sq *q, int64_t case_id, struct dh_err *err)
{
  return sq_exec(
      q, NULL, err,
      "WITH w AS (SELECT (SELECT min(until) FROM waits WHERE case_id = ?1) AS until, EXISTS (SELECT 1 FROM "
      "reviews "
      "WHERE case_id = ?1 AND state = 1) AS asked) UPDATE cases SET worker = NULL, last_end = 2, "
      "state = CASE WHEN woken = 1 OR NOT (asked OR until IS NOT NULL) THEN 4 ELSE 3 END, "
      "due = CASE WHEN woken = 1 OR NOT (asked OR until IS NOT NULL) THEN 0 WHEN until < 1 THEN 1 ELSE until "
      "END "
      "FROM w WHERE id = ?1",
      "i", case_id);
}

static int park(struct sq *q, int64_t case_id, int64_t row, struct dh_err *err)
{
  return sq_exec(q, NULL, err,
                 "UPDATE cases SET state = CASE woken WHEN 1 THEN 4 ELSE 8 END, due = CASE woken WHEN 1 THEN "
                 "0 END, worker = NULL, "
                 "last_end = 2, last_row = "
                 "?, ended = ? WHERE id = ?",
                 "iii", row, sq_now(q), case_id);
}

static int act(struct sq *q, int64_t case_id, int64_t row, const struct dh_record *r, const struct meaning *m,
               struct dh_err *err)
{
  int rc;

  if (r->kind >= DH_REC_RESULT)
    q->lease.run[0] = '\0'; /* the lease ends here */
  /* an answer that comes at the same moment must see this, or be seen */
  if ((r->kind >= DH_REC_RESULT || r->kind == DH_REC_WITHDRAW) && (rc = sq_lock(q, case_id, err)))
    return rc;
  switch (r->kind) {
  case DH_REC_REVIEW:
    return sq_exec(q, NULL, err,
                   "INSERT INTO reviews (case_id, row, state, effect, role) VALUES (?, ?, 1, ?, ?)", "iiit",
                   case_id, row, (int64_t)m->effect, m->role);
  case DH_REC_WITHDRAW:
    return withdraw(q, case_id, r, err);
  case DH_REC_VOID:
    return sq_exec(q, NULL, err,
                   "UPDATE journal SET stands = 0 WHERE case_id = ? AND kind = 4 AND stands = 1 AND scope = "
                   "? AND name = ?",
                   "itt", case_id, r->scope, r->name);
  case DH_REC_WAIT:
    return sq_exec(q, NULL, err, "INSERT INTO waits (case_id, row, until) VALUES (?, ?, ?)", "iii", case_id,
                   row, m->until);
  case DH_REC_RESULT:
    return finish(q, case_id, row, DH_CASE_DONE, err);
  case DH_REC_REJECT:
    return finish(q, case_id, row, DH_CASE_REJECTED, err);
  case DH_REC_FAILED:
    return fail(q, case_id, row, r->run, m, err);
  case DH_REC_PARKED:
    return park(q, case_id, row, err);
  case DH_REC_PUTAWAY:
    return put_away(q, case_id, err);
  default:
    return 0;
  }
}

static int too_large(const struct dh_record *r, struct dh_err *err)
{
  dh_err_set(err, DH_ELIMIT, "%s gives %zu bytes, a journal entry holds at most %d",
             r->word[0] ? r->word : "a word", r->len, DH_DATA_MAX);
  dh_err_advice(err, "keep it with `files` and go on with the file");
  memcpy(err->where, r->where, sizeof err->where);
  return DH_ELIMIT;
}

/* The record of a lease that stands. *refused: it fell out alone. */
static int add(struct sq *q, int64_t case_id, const struct dh_record *r, bool *refused, struct dh_err *err)
{
  bool stands = r->kind != DH_REC_VOID && r->kind != DH_REC_WITHDRAW;
  struct meaning m;
  int64_t row;
  int rc;

  *refused = true;
  if (r->len > DH_DATA_MAX)
    return too_large(r, err);
  if ((rc = read_meaning(r, &m, err))) {
    *refused = rc == DH_EFORMAT;
    return rc;
  }
  if ((rc = sq_row_add(q, case_id, r, stands, &row, err))) {
    *refused = false;
    return rc;
  }
  if (!row)
    return dh_err_set(err, DH_EEXIST, "run %s has a %s at position %lld of scope \"%s\" already", r->run,
                      dh_record_kind_name(r->kind), (long long)r->position, r->scope);
  *refused = false;
  return act(q, case_id, row, r, &m, err);
}

int sq_append(struct dh_db *db, const struct dh_record *r, int64_t fence, int64_t *lease_end,
              struct dh_err *err)
{
  struct sq *q = sq_of(db);
  struct dh_err failed;
  int64_t case_id = 0;
  bool refused;
  int rc;

  if (lease_end)
    *lease_end = INT64_MAX; /* the lock on the store keeps everybody else away */
  if (!*dh_record_kind_name(r->kind))
    return dh_err_set(err, DH_EUSE, "a record of the unknown kind %d", r->kind);
  if ((rc = find_lease(q, r, fence, &case_id, err)))
    return rc;
  if (!case_id)
    return dh_err_set(err, DH_EREFUSED, "run %s is no longer held under fence %lld; its %s was not written",
                      r->run, (long long)fence, dh_record_kind_name(r->kind));
  rc = add(q, case_id, r, &refused, err);
  if (rc && refused) { /* the stream has a hole now */
    int torn = sq_exec(q, NULL, &failed, "UPDATE cases SET torn = 2 WHERE id = ?", "i", case_id);

    q->lease.run[0] = '\0';
    if (torn) {
      *err = failed;
      return torn;
    }
  }
  return rc;
}

int sq_append_all(struct dh_db *db, struct dh_append *v, size_t n, struct dh_err *err)
{
  for (size_t i = 0; i < n; i++) {
    struct dh_err why;
    int rc = db->ops->append(db, v[i].record, v[i].fence, &v[i].lease_end, &why);

    if (rc && rc != DH_EREFUSED && rc != DH_EEXIST && rc != DH_ELIMIT && rc != DH_EFORMAT) {
      *err = why;
      return rc;
    }
    v[i].rc = rc;
    if (rc && (v[i].err = malloc(sizeof why)))
      *v[i].err = why;
  }
  return 0;
}
