/* sql_schedule.c - slots of schedules become cases, once: the mark that moves and the case that is added
 * are one transaction, and a mark that somebody else has moved meanwhile stops it. */
#include "sql.h"

#include "../base/clock.h"

#include <stdio.h>
#include <string.h>

_Static_assert(DH_CASE_NEW == 1 && DH_CASE_LEASED == 2 && DH_CASE_WAITING == 3 && DH_CASE_RETRYING == 4 &&
                   DH_CASE_DONE == 5 && DH_CASE_REJECTED == 6 && DH_CASE_FAILED == 7 && DH_CASE_PARKED == 8,
               "the statements name states by number");

const char *dh_slot_fate_name(int fate)
{
  static const char *const names[] = {"", "added", "held", "skipped", "stands", "missed", "taken", "", ""};

  return fate > 0 && fate <= DH_SLOT_NONE ? names[fate] : "";
}

/* ---- marks */

/* *since: -1 when the rule was never seen. */
static int read_mark(struct sq *q, const char *queue, const char *rule, int64_t *since, int64_t *decided,
                     struct dh_err *err)
{
  int rc = sq_int(q, since, -1, err, "SELECT since FROM schedules WHERE queue = ? AND rule = ?", "tt", queue,
                  rule);

  return rc ? rc
            : sq_int(q, decided, 0, err, "SELECT decided FROM schedules WHERE queue = ? AND rule = ?", "tt",
                     queue, rule);
}

/* The newest case (finish(batch) is none) of a queue in any of these states; 0 for none. By its index,
 * whatever the queue's length.
 */
static int newest_of(struct sq *q, const char *queue, const int *states, int n, int64_t *id,
                     struct dh_err *err)
{
  int64_t found;
  int rc = 0;

  *id = 0;
  for (int i = 0; !rc && i < n; i++) {
    rc = sq_int(q, &found, 0, err,
                "SELECT id FROM cases WHERE queue = ? AND state = ? AND key <> '" DH_FINISH_KEY
                "' ORDER BY id DESC LIMIT 1",
                "ti", queue, (int64_t)states[i]);
    if (!rc && found > *id)
      *id = found;
  }
  return rc;
}

static const int every_state[] = {1, 2, 3, 4, 5, 6, 7, 8}, fresh[] = {1}, open_states[] = {1, 2, 3, 4},
                 ended[] = {5, 6, 7, 8};

int sq_schedule_open(struct dh_db *db, const char *queue, const char *rule, const char *newest,
                     int64_t *since, int64_t *decided, struct dh_err *err)
{
  struct sq *q = sq_of(db);
  int64_t now = dh_wall_ms(); /* of this host, as its slots are */
  int rc = read_mark(q, queue, rule, since, decided, err);

  if (rc || *since >= 0)
    return rc;
  *since = *decided = now;
  if (newest && (rc = newest_of(q, newest, every_state, 8, decided, err)))
    return rc;
  return sq_exec(q, NULL, err,
                 "INSERT INTO schedules (queue, rule, since, decided) VALUES (?, ?, ?, ?) ON CONFLICT DO "
                 "NOTHING",
                 "ttii", queue, rule, now, *decided);
}

/* Moves the mark; false in *moved when it is no longer where it was read. */
static int move_mark(struct sq *q, const struct dh_slot_new *s, bool *moved, struct dh_err *err)
{
  int n = 0, rc = sq_exec(q, &n, err,
                          "UPDATE schedules SET decided = ?, next = ? WHERE queue = ? AND rule = ? AND "
                          "decided = ?",
                          "iitti", s->decided, s->next, s->queue, s->rule, s->from);

  *moved = n > 0;
  return rc;
}

static int note(struct sq *q, const struct dh_slot_new *s, const char *key, enum dh_slot_fate fate,
                struct dh_err *err)
{
  return sq_exec(q, NULL, err,
                 "UPDATE schedules SET slot = ?, key = ?, fate = ?, at = ? WHERE queue = ? AND rule = ?",
                 "itiitt", s->slot, key, (int64_t)fate, sq_now(q), s->queue, s->rule);
}

/* ---- those before */

/* Forgets cases that are not under way any more; how many still are. */
static int under_way(struct sq *q, const struct dh_slot_new *s, int64_t *n, struct dh_err *err)
{
  int rc = sq_exec(q, NULL, err,
                   "DELETE FROM slots WHERE queue = ? AND rule = ? AND NOT EXISTS (SELECT 1 FROM cases c "
                   "WHERE c.id = slots.case_id AND c.state IN (1, 2, 4))",
                   "tt", s->queue, s->rule);

  return rc ? rc
            : sq_int(q, n, 0, err, "SELECT count(*) FROM slots WHERE queue = ? AND rule = ?", "tt", s->queue,
                     s->rule);
}

static int reject(struct sq *q, int64_t case_id, const char *by, struct dh_err *err)
{
  struct dh_record r = {.kind = DH_REC_REJECT, .at = sq_now(q)};
  struct dh_buf data;
  char reason[300];
  int64_t row = 0;
  int rc;

  snprintf(reason, sizeof reason, "not begun when %s came, which takes its place", by);
  dh_buf_init(&data, DH_DATA_ROW);
  rc = sq_nomem(dh_put_map(&data, 1) || dh_put_kt(&data, "reason", reason) ? DH_ENOMEM : 0, err);
  r.data = data.data;
  r.len = data.len;
  if (!rc)
    rc = sq_row_add(q, case_id, &r, true, &row, err);
  if (!rc)
    rc = sq_exec(q, NULL, err, "UPDATE cases SET state = 6, due = NULL, ended = ?, last_row = ? WHERE id = ?",
                 "iii", sq_now(q), row, case_id);
  if (!rc)
    rc = sq_exec(q, NULL, err, "DELETE FROM slots WHERE case_id = ?", "i", case_id);
  dh_buf_fini(&data);
  return rc;
}

/* Those that have not begun make room for a newer one. Another host may begin one just now. */
static int replace(struct sq *q, const struct dh_slot_new *s, int64_t *n, struct dh_err *err)
{
  int64_t id = 1, fresh = 0;
  int rc = 0;

  while (!rc && id) {
    rc = sq_int(q, &id, 0, err,
                "SELECT s.case_id FROM slots s JOIN cases c ON c.id = s.case_id WHERE s.queue = ? AND s.rule "
                "= ? AND c.state = 1 LIMIT 1",
                "tt", s->queue, s->rule);
    if (!rc && id && !(rc = sq_lock(q, id, err)))
      rc = sq_int(q, &fresh, 0, err, "SELECT 1 FROM cases WHERE id = ? AND state = 1", "i", id);
    if (!rc && id && fresh) {
      rc = reject(q, id, s->c->key, err);
      --*n;
    }
  }
  return rc;
}

/* ---- the slot's own case */

static int add(struct sq *q, const struct dh_slot_new *s, bool held, enum dh_slot_fate *fate,
               struct dh_err *err)
{
  const char *period = s->c->period ? s->c->period : "";
  int64_t id = 0;
  int rc = sq_case_add(&q->db, s->c, err);

  if (rc == DH_EEXIST) {
    *fate = DH_SLOT_STANDS;
    return 0;
  }
  if (!rc)
    rc = sq_int(q, &id, 0, err, "SELECT id FROM cases WHERE queue = ? AND period = ? AND key = ?", "ttt",
                s->queue, period, s->c->key);
  if (!rc)
    rc = sq_exec(q, NULL, err, "INSERT INTO slots (case_id, queue, rule, slot, held) VALUES (?, ?, ?, ?, ?)",
                 "ittii", id, s->queue, s->rule, s->slot, (int64_t)held);
  if (!rc && held)
    rc = sq_exec(q, NULL, err, "UPDATE cases SET due = NULL WHERE id = ?", "i", id);
  *fate = held ? DH_SLOT_HELD : DH_SLOT_ADDED;
  return rc;
}

static int stands(struct sq *q, const struct dh_case_new *c, int64_t *there, struct dh_err *err)
{
  return sq_int(q, there, 0, err, "SELECT 1 FROM cases WHERE queue = ? AND period = ? AND key = ?", "ttt",
                c->queue, c->period ? c->period : "", c->key);
}

static int take_case(struct sq *q, const struct dh_slot_new *s, enum dh_slot_fate *fate, struct dh_err *err)
{
  int64_t before = 0, there = 0;
  int rc = stands(q, s->c, &there, err); /* before anything makes room for it */

  *fate = DH_SLOT_STANDS;
  if (rc || there)
    return rc;
  if ((rc = under_way(q, s, &before, err)))
    return rc;
  if (before && s->overlap == DH_OVERLAP_SKIP) {
    *fate = DH_SLOT_SKIPPED;
    return 0;
  }
  if (before && s->overlap == DH_OVERLAP_REPLACE && (rc = replace(q, s, &before, err)))
    return rc;
  return add(q, s, before > 0, fate, err);
}

int sq_slot_take(struct dh_db *db, const struct dh_slot_new *s, enum dh_slot_fate *fate, struct dh_err *err)
{
  struct sq *q = sq_of(db);
  bool moved;
  int rc = move_mark(q, s, &moved, err);

  *fate = moved ? s->fate : DH_SLOT_OTHER;
  if (rc || !moved || !s->slot)
    return rc;
  if (s->c && (rc = take_case(q, s, fate, err)))
    return rc;
  return note(q, s, s->c ? s->c->key : "", *fate, err);
}

int sq_slot_release(struct dh_db *db, const char *queue, size_t *released, size_t *held, struct dh_err *err)
{
  struct sq *q = sq_of(db);
  int64_t id = 1, left = 0;
  int rc = 0;

  *released = *held = 0;
  while (!rc && id) {
    rc =
        sq_int(q, &id, 0, err,
               "SELECT s.case_id FROM slots s WHERE s.queue = ? AND s.held = 1 AND NOT EXISTS (SELECT 1 FROM "
               "slots o JOIN cases c ON c.id = o.case_id WHERE o.queue = s.queue AND o.rule = s.rule AND "
               "((o.held = 0 AND c.state IN (1, 2, 4)) OR (o.held = 1 AND o.slot < s.slot))) LIMIT 1",
               "t", queue);
    if (rc || !id)
      break;
    rc = sq_exec(q, NULL, err, "UPDATE slots SET held = 0 WHERE case_id = ?", "i", id);
    if (!rc)
      rc = sq_exec(q, NULL, err, "UPDATE cases SET due = 0 WHERE id = ? AND state = 1", "i", id);
    sq_stir(q, queue);
    ++*released;
  }
  if (!rc)
    rc = sq_int(q, &left, 0, err, "SELECT count(*) FROM slots WHERE queue = ? AND held = 1", "t", queue);
  *held = (size_t)left;
  return rc;
}

/* ---- another queue */

static int name_case(struct sq *q, const char *watched, int64_t id, char *key, size_t size,
                     struct dh_err *err)
{
  struct sq_stmt *st = sq_query(q, err, "SELECT period FROM cases WHERE id = ?", "i", id);
  int rc = st ? sq_step(q, st, err) : err->code;

  if (rc <= 0)
    return rc ? rc : dh_err_set(err, DH_ENOENT, "case %lld is gone", (long long)id);
  if (*sq_text(st, 0))
    snprintf(key, size, "%s %s", watched, sq_text(st, 0));
  else
    snprintf(key, size, "%s #%lld", watched, (long long)id);
  sq_end(st);
  return 0;
}

int sq_queue_take(struct dh_db *db, const struct dh_slot_new *s, const char *watched, bool finished,
                  enum dh_slot_fate *fate, struct dh_err *err)
{
  struct sq *q = sq_of(db);
  struct dh_slot_new taken = *s;
  struct dh_case_new c = *s->c;
  int64_t since, decided, newest = 0, open = 0;
  char key[160];
  int rc = read_mark(q, s->queue, s->rule, &since, &decided, err);

  *fate = DH_SLOT_NONE;
  if (!rc && finished)
    rc = newest_of(q, watched, open_states, 4, &open, err);
  if (!rc && !open)
    rc = newest_of(q, watched, finished ? ended : fresh, finished ? 4 : 1, &newest, err);
  if (rc || since < 0 || newest <= decided)
    return rc;
  if ((rc = name_case(q, watched, newest, key, sizeof key, err)))
    return rc;
  c.key = key;
  taken.c = &c;
  taken.from = decided;
  taken.decided = newest;
  taken.slot = sq_now(q);
  return sq_slot_take(db, &taken, fate, err);
}

/* ---- looking */

static int put_schedule(struct sq *q, struct sq_stmt *st, struct dh_buf *data, struct dh_buf *out,
                        struct dh_err *err)
{
  static const char *const numbers[] = {"since", "decided", "next", "slot", "at"};
  static const char *const texts[] = {"queue", "rule", "key"};
  int rc = dh_put_map(out, 9);

  (void)q;
  (void)data;
  (void)err;
  for (int i = 0; !rc && i < 5; i++)
    rc = dh_put_ki(out, numbers[i], sq_int64(st, i));
  if (!rc)
    rc = dh_put_kt(out, "fate", dh_slot_fate_name(sq_small(st, 5)));
  for (int i = 0; !rc && i < 3; i++)
    rc = dh_put_kt(out, texts[i], sq_text(st, 6 + i));
  return rc;
}

int sq_schedule_list(struct dh_db *db, struct dh_buf *out, struct dh_err *err)
{
  struct sq *q = sq_of(db);
  struct sq_stmt *st =
      sq_query(q, err,
               "SELECT since, decided, next, slot, at, fate, queue, rule, key FROM schedules "
               "ORDER BY next = 0, next, queue, rule",
               "");

  return sq_rows(q, st, put_schedule, out, err);
}
