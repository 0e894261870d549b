/* cmd_run.c - run: one robot in this process, for one case or for all that its cases.from names. */
#include "run_call.h"
#include "../sched/sign.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OUT_MAX = 256 << 20 };

/* ---- in the store */

static int add_work(struct dh_db *db, void *self, struct dh_err *err)
{
  struct dh_run_query *q = self;

  dh_buf_clear(&q->out);
  return dh_change_apply(db, q->request, &q->out, err);
}

static int show_work(struct dh_db *db, void *self, struct dh_err *err)
{
  struct dh_run_query *q = self;

  dh_buf_clear(&q->out);
  return db->ops->case_show(db, q->call->robot.name, q->call->period, q->call->key, &q->out, err);
}

static int state_of(const struct dh_val *shown)
{
  char name[16];

  return dh_case_state_parse(dh_val_text(shown, "state", name, sizeof name));
}

int dh_run_first(struct dh_db *db, void *self, struct dh_err *err)
{
  struct dh_run_query *q = self;
  const struct dh_run_call *c = q->call;
  struct dh_val *shown = NULL;
  int state, rc = add_work(db, q, err);

  if (rc || !c->key)
    return rc;
  rc = show_work(db, q, err);
  if (!rc)
    rc = dh_val_parse_buf(&q->out, &shown, err);
  state = state_of(shown);
  free(shown);
  if (rc || (state != DH_CASE_RETRYING && state != DH_CASE_FAILED))
    return rc;
  rc = db->ops->case_rebundle(db, c->robot.name, c->period, c->key, c->robot.hash, err);
  return rc ? rc : db->ops->case_retry(db, c->robot.name, c->period, c->key, dh_cli_who(), err);
}

static int review_work(struct dh_db *db, void *self, struct dh_err *err)
{
  struct dh_run_query *q = self;

  dh_buf_clear(&q->out);
  return db->ops->review_show(db, q->id, &q->out, err);
}

int dh_run_ask(struct dh_run_call *c, struct dh_run_query *q,
               int (*work)(struct dh_db *, void *, struct dh_err *), struct dh_val **v, struct dh_err *err)
{
  int rc = dh_local_do(c->local, work, q, err);

  *v = NULL;
  return rc ? rc : dh_val_parse_buf(&q->out, v, err);
}

/* The request to add the cases, for first_work. */
static int make_request(struct dh_run_call *c, struct dh_err *err)
{
  int rc = dh_change_put_add(&c->request, &c->robot, &c->in);

  if (rc)
    return dh_err_set(err, rc, "too many cases for one call");
  return dh_val_parse_buf(&c->request, &c->request_tree, err);
}

static void say_refused(const struct dh_run_call *c)
{
  const char *at = c->in.refused.data;
  struct dh_buf list;
  struct dh_val *v = NULL;
  struct dh_err err;
  char key[256];

  dh_buf_init(&list, OUT_MAX);
  if (!dh_put_list(&list, c->in.nrefused) && !dh_buf_put(&list, at, c->in.refused.len) &&
      !dh_val_parse_buf(&list, &v, &err))
    for (size_t i = 0; i < v->n; i++) {
      char place[160];

      dh_val_err(dh_val_get(&v->items[i], "error"), &err);
      dh_val_text(&v->items[i], "key", key, sizeof key);
      snprintf(place, sizeof place, "%.100s%s%.50s", c->robot.name, *key ? " " : "", key);
      if (c->key && !dh_cli_option(c->cli, "case"))
        dh_err_advice(&err, "this robot wants a case: deskhand run %s --case FILE", c->robot.path);
      if (!*err.where)
        snprintf(err.where, sizeof err.where, "%s", place);
      dh_say_error(&err, "nothing: this case was not taken in");
    }
  free(v);
  dh_buf_fini(&list);
}

/* ---- one case */

static int answer_one(struct dh_run_call *c, int64_t id, struct dh_err *err)
{
  struct dh_run_query q = {.call = c, .id = id}, change = {.call = c};
  struct dh_val *review = NULL, *request = NULL;
  struct dh_buf answer, b;
  int rc;

  dh_buf_init(&q.out, OUT_MAX);
  dh_buf_init(&change.out, 1 << 20);
  dh_buf_init(&answer, 1 << 20);
  dh_buf_init(&b, 2 << 20);
  rc = dh_run_ask(c, &q, review_work, &review, err);
  if (!rc && dh_val_is(dh_val_get(review, "word"), "approve"))
    rc = dh_err_set(err, DH_ECANCELED, "a second person signs this"); /* not whoever runs it */
  if (!rc)
    rc = dh_sign_may(c->cli->conf, review, dh_cli_who(), err);
  if (!rc)
    rc = dh_review_ask(c->cli, review, &answer, err);
  if (!rc && (dh_put_map(&b, 4) || dh_put_kt(&b, "do", "answer") || dh_put_ki(&b, "id", id) ||
              dh_put_kt(&b, "who", dh_cli_who()) || dh_put_text(&b, "answer") ||
              dh_put_bytes(&b, answer.data, answer.len)))
    rc = dh_err_set(err, DH_ENOMEM, "no memory for an answer");
  if (!rc)
    rc = dh_val_parse_buf(&b, &request, err);
  change.request = request;
  if (!rc)
    rc = dh_local_do(c->local, add_work, &change, err);
  free(review);
  free(request);
  dh_buf_fini(&q.out);
  dh_buf_fini(&change.out);
  dh_buf_fini(&answer);
  dh_buf_fini(&b);
  return rc;
}

/* Asks all open reviews of the case at the terminal. *asked: whether there were any. */
static int answer_all(struct dh_run_call *c, const struct dh_val *shown, bool *asked, struct dh_err *err)
{
  const struct dh_val *reviews = dh_val_get(shown, "reviews");
  int rc = 0;

  *asked = false;
  for (size_t i = 0; !rc && reviews && i < reviews->n; i++) {
    *asked = true;
    rc = answer_one(c, dh_val_int(&reviews->items[i], "id", 0), err);
  }
  return rc;
}

/* Runs the case until it ends, or waits for something this terminal cannot give. */
static int run_case(struct dh_run_call *c, struct dh_run_query *q, struct dh_val **shown, int *state,
                    struct dh_err *err)
{
  bool asked = true;
  int rc = 0;

  while (!rc) {
    rc = dh_local_run(c->local, c->robot.name, c->period, c->key, err);
    free(*shown);
    *shown = NULL;
    if (!rc)
      rc = dh_run_ask(c, q, show_work, shown, err);
    if (rc)
      break;
    *state = state_of(*shown);
    if (!c->tty || (*state != DH_CASE_WAITING && *state != DH_CASE_PARKED))
      break;
    rc = answer_all(c, *shown, &asked, err);
    if (!asked)
      break;
  }
  return rc;
}

static int one_case(struct dh_run_call *c, struct dh_err *err)
{
  struct dh_run_query q = {.call = c, .request = c->request_tree};
  struct dh_val *shown = NULL;
  int state = 0, rc;

  dh_buf_init(&q.out, OUT_MAX);
  dh_local_first(c->local, dh_run_first, &q);
  rc = run_case(c, &q, &shown, &state, err);
  if (rc == DH_ECANCELED && shown) /* asked, and no answer: it waits */
    rc = dh_run_say_waiting(c, shown);
  else
    rc = rc ? dh_say_error(err, NULL) : dh_run_say_end(c, shown, state);
  free(shown);
  dh_buf_fini(&q.out);
  return rc;
}

/* ---- the command */

/* What is to be run: the case given, all of cases.from, or one case without input. */
static int take_in(struct dh_run_call *c, struct dh_err *err)
{
  const char *file = dh_cli_option(c->cli, "case");
  char from[512];
  int rc;

  c->in.zone = dh_conf_get(c->cli->conf, "zone");
  c->in.who = dh_cli_who();
  dh_robot_cases(&c->robot, "from", from, sizeof from);
  if (file)
    rc = dh_intake_file(&c->in, &c->robot, file, err);
  else
    rc = *from ? dh_intake_from(&c->in, &c->robot, err) : dh_intake_empty(&c->in, &c->robot, err);
  if (rc)
    return rc;
  if (file && c->in.ncases + c->in.nrefused != 1) {
    dh_err_set(err, DH_EUSE, "%s holds %zu cases; run takes one", file, c->in.ncases + c->in.nrefused);
    if (c->in.ncases + c->in.nrefused == 0)
      return dh_err_advice(err, "write one: { \"id\": \"…\", … }");
    return dh_err_advice(err, "put them into the queue: deskhand queue add %s %s; then deskhand serve",
                         c->robot.path, file);
  }
  if (file || !*from)
    c->key = c->in.first_key;
  snprintf(c->period, sizeof c->period, "%s", c->in.first_period);
  return 0;
}

static int run(struct dh_run_call *c, struct dh_err *err)
{
  int rc = take_in(c, err);

  if (rc)
    return dh_say_error(err, NULL);
  say_refused(c);
  if (c->key && !c->in.ncases)
    return DH_EXIT_USE;
  if (make_request(c, err))
    return dh_say_error(err, NULL);
  return c->key ? one_case(c, err) : dh_run_all(c, err);
}

static int exec(struct dh_cli *cli)
{
  struct dh_run_call c = {.cli = cli, .tty = isatty(STDIN_FILENO) && isatty(STDERR_FILENO) && !cli->json};
  struct dh_local_options o = {.conf = cli->conf,
                               .record_dir = dh_cli_option(cli, "record"),
                               .replay_dir = dh_cli_option(cli, "replay"),
                               .event = dh_run_told,
                               .self = &c};
  struct dh_err err;
  int rc;

  if (o.record_dir && o.replay_dir)
    rc = dh_err_set(&err, DH_EUSE, "either --record or --replay, not both");
  else
    rc = dh_cli_robot(cli, &c.robot, &err);
  if (rc)
    return dh_say_error(&err, NULL);
  rc = dh_local_open(&o, &c.local, &err);
  if (rc == DH_EUNAVAILABLE)
    dh_err_advice(&err, "give the case to it: deskhand queue add %s FILE; or name another store with --store",
                  cli->words[0]);
  if (rc) {
    rc = dh_say_error(&err, NULL);
  } else {
    dh_intake_init(&c.in, dh_store_blobs(dh_local_store(c.local)));
    dh_buf_init(&c.request, OUT_MAX);
    rc = run(&c, &err);
    free(c.request_tree);
    dh_buf_fini(&c.request);
    dh_intake_fini(&c.in);
  }
  dh_local_close(&c.local);
  dh_robot_fini(&c.robot);
  return rc;
}

static const struct dh_option options[] = {
    {"case", "FILE|-", "the case, as JSON; - reads it from standard input"},
    {"record", "DIR", "keep each answer of a service in DIR"},
    {"replay", "DIR", "take the answers of services from DIR, ask nobody"},
    {NULL, NULL, NULL},
};

const struct dh_command dh_cmd_run = {
    .name = "run",
    .summary = "Runs a robot here and now",
    .usage = "ROBOT [--case FILE|-] [--record DIR|--replay DIR]",
    .help =
        "ROBOT is a folder with robot.lua, or a single .lua file. With --case it runs that case and prints "
        "what the robot\n"
        "returned. The case's key (the robot's cases.key, else key, else id) decides: a case that has ended "
        "says its\n"
        "result again and exits by it, an open one goes on where it stopped; nothing that was confirmed is "
        "done twice.\n\n"
        "Without --case it works off what cases.from of the robot names, or runs one case without input. "
        "When "
        "every case of\n"
        "a period is done, rejected or failed, the table of results (cases.to) is written and finish(batch) "
        "runs, once.\n\n"
        "A question to a person is asked at once on a terminal; elsewhere the command ends with 4 and names "
        "the review.",
    .options = options,
    .least = 1,
    .most = 1,
    .exec = exec,
};
