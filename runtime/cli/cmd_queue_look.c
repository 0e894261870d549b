/* cmd_queue_look.c - queue list and queue show: what stands in a queue, one line a case or one case whole. */
#include "hold.h"
#include "util.h"
#include "../sched/change.h"

#include <stdlib.h>
#include <string.h>

enum { OUT_MAX = 256 << 20 };

struct ask {
  const char *queue, *period, *key;
  int state;
  struct dh_buf out, holds;
};

static int list_work(struct dh_db *db, void *self, struct dh_err *err)
{
  struct ask *a = self;
  int rc = db->ops->hold_list(db, &a->holds, err);

  return rc ? rc : db->ops->case_list(db, a->queue, a->state, 0, &a->out, err);
}

static int show_work(struct dh_db *db, void *self, struct dh_err *err)
{
  struct ask *a = self;
  int rc = db->ops->hold_list(db, &a->holds, err);

  return rc ? rc : db->ops->case_show(db, a->queue, a->period, a->key, &a->out, err);
}

/* Of one that has not ended: its place in the queue. */
static void put_rank(struct dh_buf *b, const struct dh_val *c)
{
  static const char *const names[][2] = {{"not before ", "not_before"}, {"deadline ", "deadline"}};
  const char *comma = "";
  char at[24];

  if (dh_val_int(c, "priority", 0)) {
    dh_buf_printf(b, "priority %lld", (long long)dh_val_int(c, "priority", 0));
    comma = ", ";
  }
  for (size_t i = 0; i < 2; i++)
    if (dh_val_int(c, names[i][1], 0)) {
      dh_buf_printf(b, "%s%s%s", comma, names[i][0], dh_local_text(dh_val_int(c, names[i][1], 0), at));
      comma = ", ";
    }
}

/* What there is to say of a case in one line: its result, reason or error. */
static void put_outcome(struct dh_buf *b, const struct dh_val *c)
{
  const struct dh_val *error = dh_val_get(c, "error"), *result = dh_val_get(c, "result");
  const struct dh_val *text = dh_val_get(error, "text"), *reason = dh_val_get(result, "reason");
  bool rejected = dh_val_is(dh_val_get(c, "state"), "rejected");

  if (error && error->type != DH_NIL)
    dh_put_line(b, text ? text : error, 60);
  else if (result && result->type != DH_NIL)
    dh_put_line(b, rejected && reason ? reason : result, 60);
  else if (!dh_val_int(c, "ended", 0))
    put_rank(b, c);
}

static void say_line(const struct dh_val *c)
{
  struct dh_buf line;
  char key[256], period[16], state[16];

  dh_buf_init(&line, 4096);
  put_outcome(&line, c);
  dh_val_text(c, "period", period, sizeof period);
  printf("%-24s %s%s%-9s %2lld  %s\n", dh_val_text(c, "key", key, sizeof key), period, *period ? " " : "",
         dh_val_text(c, "state", state, sizeof state), (long long)dh_val_int(c, "attempts", 0), line.data);
  dh_buf_fini(&line);
}

/* The cases, or (--finish) only the runs of finish(batch), which are no cases to whoever counts them. */
static void keep_asked(struct dh_val *list, bool finishes)
{
  size_t n = 0;

  for (size_t i = 0; i < list->n; i++)
    if (dh_val_is(dh_val_get(&list->items[i], "key"), DH_FINISH_KEY) == finishes)
      list->items[n++] = list->items[i];
  list->n = n;
}

/* On standard error, so that the list stays a list. */
static void say_held(const struct ask *a)
{
  const struct dh_val *h;
  struct dh_val *v = NULL;

  if (a->holds.len && !dh_val_parse_buf(&a->holds, &v, NULL) && (h = dh_hold_of(v, a->queue)))
    dh_say_hold(stderr, h);
  free(v);
}

static int exec_list(struct dh_cli *cli)
{
  struct ask a = {.queue = NULL};
  struct dh_val *v = NULL;
  struct dh_err err;
  char name[64];
  int rc = dh_cli_state(cli, &a.state, &err);

  if (rc)
    return dh_say_error(&err, NULL);
  a.queue = dh_cli_robot_name(cli->words[0], name);
  dh_buf_init(&a.out, OUT_MAX);
  dh_buf_init(&a.holds, OUT_MAX);
  rc = dh_cli_ask(cli, &(struct dh_cli_view){list_work, &a, &a.out, NULL, .list = true}, &v, &err);
  if (!rc)
    keep_asked(v, dh_cli_option(cli, "finish") != NULL);
  if (!rc)
    say_held(&a);
  if (rc)
    rc = dh_say_error(&err, NULL);
  else if (cli->json)
    rc = dh_say_json(v);
  else if (!v->n)
    fprintf(stderr, "no such case stands in the queue %s\n", name);
  else
    for (size_t i = 0; i < v->n; i++)
      say_line(&v->items[i]);
  free(v);
  dh_buf_fini(&a.holds);
  dh_buf_fini(&a.out);
  return rc;
}

static void say_when(const struct dh_val *c, const char *what, const char *name)
{
  char at[24];

  if (dh_val_int(c, name, 0))
    printf("%s %s\n", what, dh_local_text(dh_val_int(c, name, 0), at));
}

static void say_questions(const struct dh_val *reviews)
{
  char name[160];

  for (size_t i = 0; reviews && reviews->type == DH_LIST && i < reviews->n; i++)
    printf("waits for a person: review %lld, \"%s\"\n", (long long)dh_val_int(&reviews->items[i], "id", 0),
           dh_val_text(&reviews->items[i], "name", name, sizeof name));
}

/* A case as a clerk looks at it: state, times, input, outcome, what it waits for. */
static void say_case(struct dh_cli *cli, const struct dh_val *c)
{
  const struct dh_val *error = dh_val_get(c, "error"), *result = dh_val_get(c, "result");
  char queue[64], key[256], period[16], state[16], run[40];
  struct dh_err err;

  (void)cli;
  dh_val_text(c, "period", period, sizeof period);
  printf("%s %s%s%s: %s, tries %lld, crashes %lld\n", dh_val_text(c, "queue", queue, sizeof queue),
         dh_val_text(c, "key", key, sizeof key), *period ? " of " : "", period,
         dh_val_text(c, "state", state, sizeof state), (long long)dh_val_int(c, "attempts", 0),
         (long long)dh_val_int(c, "crashes", 0));
  say_when(c, "added ", "added");
  say_when(c, "begun ", "began");
  say_when(c, "ended ", "ended");
  say_when(c, "due   ", "due");
  say_when(c, "not before", "not_before");
  say_when(c, "deadline", "deadline");
  if (dh_val_int(c, "priority", 0))
    printf("priority %lld\n", (long long)dh_val_int(c, "priority", 0));
  printf("input:\n");
  dh_say_value(stdout, dh_val_get(c, "input"), 2);
  if (result && result->type != DH_NIL) {
    printf("result:\n");
    dh_say_value(stdout, result, 2);
  }
  say_questions(dh_val_get(c, "reviews"));
  if (*dh_val_text(c, "run", run, sizeof run))
    printf("steps and pictures: deskhand show %.8s\n", run);
  fflush(stdout);
  if (error && error->type == DH_MAP) {
    dh_val_err(error, &err);
    dh_say_error(&err, NULL);
  }
}

static int exec_show(struct dh_cli *cli)
{
  struct ask a = {.period = dh_cli_option(cli, "period"), .key = cli->words[1]};
  char name[64];
  int rc;

  a.queue = dh_cli_robot_name(cli->words[0], name);
  dh_buf_init(&a.out, OUT_MAX);
  dh_buf_init(&a.holds, OUT_MAX);
  rc = dh_cli_show(cli, &(struct dh_cli_view){show_work, &a, &a.out, say_case, .list = false});
  if (!rc)
    say_held(&a);
  dh_buf_fini(&a.holds);
  dh_buf_fini(&a.out);
  return rc;
}

static const struct dh_option state_option[] = {
    {"state", "S", "only these: new, leased, waiting, retrying, done, rejected, failed, parked"},
    {"finish", NULL, "the runs of finish(batch) instead, one a period"},
    {NULL, NULL, NULL}};
static const struct dh_option period_option[] = {
    {"period", "P", "of this period; without it the newest case of the key"}, {NULL, NULL, NULL}};

const struct dh_command dh_cmd_queue_list = {
    .name = "queue list",
    .summary = "Lists the cases of a robot",
    .usage = "ROBOT [--state S] [--finish]",
    .help =
        "One line a case: key, period, state, tries, result or error. --json gives all there is.\n\n"
        "finish(batch) of a period is no case of it and is not listed among them: --finish lists these runs. "
        "Such a run is\n"
        "shown, and tried again, under the key (finish): deskhand queue show ROBOT '(finish)' --period P.",
    .options = state_option,
    .least = 1,
    .most = 1,
    .exec = exec_list,
};
const struct dh_command dh_cmd_queue_show = {
    .name = "queue show",
    .summary = "Shows one case: input, state, result, open questions",
    .usage = "ROBOT KEY [--period P]",
    .help = "How its run went is shown by deskhand show RUN.",
    .options = period_option,
    .least = 2,
    .most = 2,
    .exec = exec_show,
};
