/* sql_hold.c - queues that a person keeps back: paused, draining. What a claim then finds stands in
 * sql_lease.c. */
#include "sql.h"

_Static_assert(DH_HOLD_PAUSED == 1 && DH_HOLD_DRAINING == 2 && DH_CASE_LEASED == 2 && DH_CASE_WAITING == 3 &&
                   DH_CASE_RETRYING == 4,
               "the statements name holds and states by number");

const char *dh_hold_name(int hold)
{
  return hold == DH_HOLD_PAUSED ? "paused" : hold == DH_HOLD_DRAINING ? "draining" : "";
}

int sq_hold_of(struct sq *q, const char *queue, enum dh_hold *hold, struct dh_err *err)
{
  int64_t found;
  int rc = sq_int(q, &found, DH_HOLD_NONE, err, "SELECT hold FROM holds WHERE queue = ?", "t", queue);

  *hold = (enum dh_hold)found;
  return rc;
}

/* A name that was mistyped must not look as if something had been stopped. */
static int check_known(struct sq *q, const char *queue, struct dh_err *err)
{
  int64_t known;
  int rc =
      sq_int(q, &known, 0, err,
             "SELECT EXISTS (SELECT 1 FROM bundles WHERE name = ?1) OR EXISTS (SELECT 1 FROM cases WHERE "
             "queue = ?1) OR EXISTS (SELECT 1 FROM holds WHERE queue = ?1)",
             "t", queue);

  if (rc || known)
    return rc;
  dh_err_set(err, DH_ENOENT, "the store knows no robot %s", queue);
  return dh_err_advice(err, "a robot is known from its first case on; see: deskhand runs");
}

int sq_queue_hold(struct dh_db *db, const char *queue, enum dh_hold hold, const char *who, struct dh_err *err)
{
  static const char *const verbs[] = {"resume queue", "pause queue", "drain queue"};
  struct sq *q = sq_of(db);
  enum dh_hold before = DH_HOLD_NONE;
  int rc = check_known(q, queue, err);

  if (!rc)
    rc = sq_hold_of(q, queue, &before, err);
  if (rc || before == hold)
    return rc;
  if (hold == DH_HOLD_NONE)
    rc = sq_exec(q, NULL, err, "DELETE FROM holds WHERE queue = ?", "t", queue);
  else
    rc = sq_exec(q, NULL, err,
                 "INSERT INTO holds (queue, hold, who, since) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (queue) DO "
                 "UPDATE SET hold = ?2, who = ?3, since = ?4",
                 "titi", queue, (int64_t)hold, who, sq_now(q));
  sq_stir(q, queue);
  return rc ? rc : sq_audit(db, who, verbs[hold], queue, NULL, 0, err);
}

static int put_hold(struct sq *q, struct sq_stmt *st, struct dh_buf *data, struct dh_buf *out,
                    struct dh_err *err)
{
  static const char *const numbers[] = {"since", "going", "waiting", "new"};
  int rc = dh_put_map(out, 7);

  (void)q;
  (void)data;
  (void)err;
  if (rc || (rc = dh_put_kt(out, "queue", sq_text(st, 0))) ||
      (rc = dh_put_kt(out, "hold", dh_hold_name((int)sq_int64(st, 1)))))
    return rc;
  rc = dh_put_kt(out, "who", sq_text(st, 2));
  for (int i = 0; !rc && i < 4; i++)
    rc = dh_put_ki(out, numbers[i], sq_int64(st, 3 + i));
  return rc;
}

int sq_hold_list(struct dh_db *db, struct dh_buf *out, struct dh_err *err)
{
  struct sq *q = sq_of(db);
  struct sq_stmt *st = sq_query(
      q, err,
      "SELECT h.queue, h.hold, h.who, h.since, (SELECT count(*) FROM cases c WHERE c.queue = h.queue AND "
      "c.state IN (2, 4)), (SELECT count(*) FROM cases c WHERE c.queue = h.queue AND c.state = 3), (SELECT "
      "count(*) FROM cases c WHERE c.queue = h.queue AND c.state = 1) FROM holds h ORDER BY h.queue",
      "");

  return sq_rows(q, st, put_hold, out, err);
}
