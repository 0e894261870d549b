/* run_all.c - `deskhand run` without a case: all that cases.from names, the end of their period, its table.
 */
#include "run_call.h"
#include "../sched/finish.h"

#include <stdlib.h>
#include <string.h>

enum { OUT_MAX = 256 << 20 };

static int newest_work(struct dh_db *db, void *self, struct dh_err *err)
{
  struct dh_run_query *q = self;

  dh_buf_clear(&q->out);
  return db->ops->period_list(db, q->call->robot.name, NULL, &q->out, err);
}

static int list_work(struct dh_db *db, void *self, struct dh_err *err)
{
  struct dh_run_query *q = self;
  const char *queue = q->call->robot.name;
  int rc = db->ops->counts(db, &queue, 1, q->counts, err);

  dh_buf_clear(&q->out);
  if (!rc)
    rc = db->ops->period_finishes(db, &queue, 1, q->finishes, err);
  return rc ? rc : db->ops->case_list(db, queue, 0, 0, &q->out, err);
}

void dh_run_told(void *self, const struct dh_claim *claim, const struct dh_run_end *end)
{
  static const char *const outcomes[] = {"done", "rejected", "failed", "waits", "unknown", "given up"};
  struct dh_run_call *c = self;
  char label[256];

  c->ran = true;
  if (end && c->key && end->outcome == DH_RUN_LOST && end->err)
    c->lost = *end->err;
  if (!end || c->key || c->cli->json)
    return;
  printf("%-24s %-9s %s\n", dh_case_label(claim->key, claim->period, label), outcomes[end->outcome],
         (end->outcome == DH_RUN_FAILED || end->outcome == DH_RUN_LOST) && end->err ? end->err->text : "");
  fflush(stdout);
}

/* The newest period as it is now, also when it is not over. */
static int write_table(struct dh_run_call *c, struct dh_err *err)
{
  struct dh_run_query q = {.call = c};
  char to[512], column[64];
  struct dh_val *cases = NULL;
  struct dh_export x;
  struct dh_buf text;
  int rc;

  if (!*dh_robot_cases(&c->robot, "to", to, sizeof to))
    return 0;
  rc = dh_export_open(&x, c->robot.folder, to, dh_robot_cases(&c->robot, "key", column, sizeof column), "",
                      err);
  dh_buf_init(&q.out, OUT_MAX);
  dh_buf_init(&text, DH_TABLE_MAX);
  if (!rc)
    rc = dh_run_ask(c, &q, newest_work, &cases, err);
  if (!rc)
    rc = dh_export_write(&x, cases, &text, err);
  free(cases);
  dh_buf_fini(&q.out);
  dh_buf_fini(&text);
  return rc;
}

static int say_counts(const struct dh_run_call *c, const struct dh_run_query *q)
{
  const int64_t *counts = q->counts;
  struct dh_buf line;

  dh_buf_init(&line, 1024);
  for (int s = DH_CASE_NEW; s < DH_CASE_STATES; s++)
    if (counts[s] - q->finishes[s])
      dh_buf_printf(&line, "%s%lld %s", line.len ? ", " : "", (long long)(counts[s] - q->finishes[s]),
                    dh_case_state_name(s));
  dh_put_finishes(&line, q->finishes);
  if (!c->cli->json)
    printf("%s: %s\n", c->robot.name, line.len ? line.data : "no cases");
  dh_buf_fini(&line);
  return counts[DH_CASE_PARKED]                              ? DH_EXIT_UNKNOWN
         : counts[DH_CASE_FAILED] + counts[DH_CASE_RETRYING] ? DH_EXIT_FAILED
         : counts[DH_CASE_WAITING]                           ? DH_EXIT_WAITING
                                                             : DH_EXIT_DONE;
}

/* The cases, then what their end brings: finish(batch) is a case, too. */
static int run_all(struct dh_run_call *c, struct dh_err *err)
{
  size_t added = 1;
  int rc = 0;

  while (!rc && added) {
    rc = dh_local_run(c->local, c->robot.name, NULL, NULL, err);
    if (!rc)
      rc = dh_local_finish(c->local, &c->robot, &added, err);
  }
  return rc;
}

int dh_run_all(struct dh_run_call *c, struct dh_err *err)
{
  struct dh_run_query q = {.call = c, .request = c->request_tree};
  struct dh_val *v = NULL;
  int rc;

  dh_buf_init(&q.out, OUT_MAX);
  dh_local_first(c->local, dh_run_first, &q);
  rc = run_all(c, err);
  if (!rc)
    rc = write_table(c, err);
  if (!rc)
    rc = dh_run_ask(c, &q, list_work, &v, err);
  if (rc)
    rc = dh_say_error(err, NULL);
  else {
    dh_drop_finishes(v);
    if (c->cli->json)
      dh_say_json(v);
    rc = say_counts(c, &q);
    if (c->in.nrefused && rc == DH_EXIT_DONE)
      rc = DH_EXIT_FAILED;
  }
  free(v);
  dh_buf_fini(&q.out);
  return rc;
}
