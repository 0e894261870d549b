/* sup_tell.c - what serve says on standard output: a live table on a terminal, one line a case elsewhere,
 * tables of results and the count of states at the end. */
#include "sup.h"
#include "../base/clock.h"
#include "../base/log.h"
#include "../host/run.h"
#include "finish.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const outcomes[] = {"done", "rejected", "failed", "waits", "unknown", "given up"};

void dh_sup_tell_end(struct dh_supervisor *s, const struct dh_sup_run *r, int outcome,
                     const struct dh_err *err)
{
  int64_t ms = dh_mono_ms() - r->began_ms;
  bool say = err && (outcome == DH_RUN_FAILED || outcome == DH_RUN_UNKNOWN || outcome == DH_RUN_LOST);
  char label[256];

  if (outcome < 0 || outcome > DH_RUN_LOST)
    return;
  r->queue->ended[outcome] += !dh_is_finish(r->claim.key);
  if (say)
    dh_log(DH_WARN, r->claim.run, "%s %s: %s%s%s%s", r->claim.queue, r->claim.key, err->where,
           *err->where ? ": " : "", err->text, outcome == DH_RUN_LOST ? " (it is taken up again)" : "");
  if (s->tty || s->o.json)
    return;
  printf("%-16s %-24s %-9s %lld.%lld s%s%s\n", r->claim.queue,
         dh_case_label(r->claim.key, r->claim.period, label), outcomes[outcome], (long long)(ms / 1000),
         (long long)(ms / 100 % 10), say ? "  " : "", say ? err->text : "");
  fflush(stdout);
}

void dh_sup_tell_open(struct dh_supervisor *s)
{
  s->tty = isatty(STDOUT_FILENO) && !s->o.json;
}

void dh_sup_tell_draw(struct dh_supervisor *s)
{
  if (!s->tty)
    return;
  if (s->drawn)
    printf("\033[%dA", s->drawn);
  printf("\033[J%-20s %8s %8s %8s %8s %8s\n", "robot", "running", "done", "rejected", "failed", "waiting");
  s->drawn = 1;
  for (const struct dh_sup_queue *q = s->queues; q; q = q->next, s->drawn++)
    printf("%-20s %8d %8lld %8lld %8lld %8lld\n", q->name, q->running, (long long)q->ended[DH_RUN_DONE],
           (long long)q->ended[DH_RUN_REJECTED],
           (long long)(q->ended[DH_RUN_FAILED] + q->ended[DH_RUN_UNKNOWN]),
           (long long)q->ended[DH_RUN_WAITING]);
  fflush(stdout);
}

/* ---- the end */

struct list_job {
  struct dh_job job;
  struct dh_supervisor *s;
  char queue[64];
  struct dh_buf out;
  struct dh_sup_names *names;
  int64_t counts[DH_CASE_STATES], finishes[DH_CASE_STATES];
  bool ended;
  int rc;
  struct dh_err err;
};

static int list_work(struct dh_db *db, struct dh_job *job, struct dh_err *err)
{
  struct list_job *j = (struct list_job *)job;

  int rc;

  if (*j->queue)
    return db->ops->period_list(db, j->queue, NULL, &j->out, err);
  if (!j->names || !j->names->n)
    return 0;
  rc = db->ops->counts(db, j->names->v, j->names->n, j->counts, err);
  return rc ? rc : db->ops->period_finishes(db, j->names->v, j->names->n, j->finishes, err);
}

static void list_done(struct dh_job *job, int rc, const struct dh_err *err)
{
  struct list_job *j = (struct list_job *)job;

  j->ended = true;
  j->rc = rc;
  if (rc)
    j->err = *err;
  dh_loop_stop(&j->s->loop);
}

/* Waited for: nothing else goes on any more. queue "": counts of all that are served. */
static int ask_store(struct dh_supervisor *s, struct list_job *j, const char *queue)
{
  memset(j, 0, sizeof *j);
  j->job = (struct dh_job){.work = list_work, .done = list_done, .urgent = true};
  j->s = s;
  snprintf(j->queue, sizeof j->queue, "%s", queue);
  dh_buf_init(&j->out, 256 << 20);
  j->names = dh_sup_names(s);
  dh_store_submit(s->store, &j->job);
  while (!j->ended)
    dh_loop_run(&s->loop);
  free(j->names);
  return j->rc;
}

/* The newest period as it is now, also when it is not over. */
static void write_table(struct dh_supervisor *s, const struct dh_sup_queue *q)
{
  struct dh_val *v = NULL;
  struct dh_export x;
  struct list_job j;
  struct dh_err err;
  struct dh_buf text;
  int rc = ask_store(s, &j, q->name);

  dh_buf_init(&text, DH_TABLE_MAX);
  if (rc)
    err = j.err;
  else
    rc = dh_val_parse_buf(&j.out, &v, &err);
  if (!rc)
    rc = dh_export_open(&x, q->folder, q->to, q->key_column, "", &err);
  if (!rc)
    rc = dh_export_write(&x, v, &text, &err);
  if (rc) {
    dh_log(DH_ERROR, NULL, "the results of %s cannot be written: %s", q->name, err.text);
    s->failed = err;
  }
  free(v);
  dh_buf_fini(&j.out);
  dh_buf_fini(&text);
}

static void put_finishes_json(struct dh_buf *line, const int64_t finishes[DH_CASE_STATES])
{
  const char *before = ", \"finish\": {";

  for (int i = DH_CASE_NEW; i < DH_CASE_STATES; i++)
    if (finishes[i]) {
      dh_buf_printf(line, "%s\"%s\": %lld", before, dh_case_state_name(i), (long long)finishes[i]);
      before = ", ";
    }
  if (*before == ',' && before[1] == ' ' && !before[2])
    dh_buf_printf(line, "}");
}

void dh_sup_tell_last(struct dh_supervisor *s)
{
  struct dh_buf line;
  struct list_job j;

  dh_sup_tell_draw(s);
  for (const struct dh_sup_queue *q = s->queues; q; q = q->next)
    if (*q->to)
      write_table(s, q);
  if (ask_store(s, &j, "")) {
    s->failed = j.err;
    return;
  }
  memcpy(s->last_counts, j.counts, sizeof j.counts); /* of finish(batch), too: it may have failed */
  for (int i = 0; i < DH_CASE_STATES; i++)
    j.counts[i] -= j.finishes[i];
  dh_buf_init(&line, 1024);
  for (int i = DH_CASE_NEW; i < DH_CASE_STATES; i++)
    if (s->o.json)
      dh_buf_printf(&line, "%s\"%s\": %lld", i > DH_CASE_NEW ? ", " : "", dh_case_state_name(i),
                    (long long)j.counts[i]);
    else
      dh_buf_printf(&line, "%s%lld %s", i > DH_CASE_NEW ? ", " : "", (long long)j.counts[i],
                    dh_case_state_name(i));
  if (s->o.json)
    put_finishes_json(&line, j.finishes);
  else
    dh_put_finishes(&line, j.finishes);
  if (s->o.json)
    printf("{%s, \"refused\": %lld}\n", line.data, (long long)s->refused);
  else if (s->refused)
    printf("%s, %lld refused\n", line.data, (long long)s->refused);
  else
    printf("%s\n", line.data);
  fflush(stdout);
  dh_buf_fini(&line);
}

int dh_sup_status(const struct dh_supervisor *s)
{
  if (s->failed.code)
    return 1;
  if (s->last_counts[DH_CASE_PARKED])
    return 5;
  return s->last_counts[DH_CASE_FAILED] || s->refused ? 1 : 0;
}
