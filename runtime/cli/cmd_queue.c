/* cmd_queue.c - queue retry, export. cmd_queue_add.c has add, cmd_queue_look.c list and show. */
#include "util.h"
#include "../sched/finish.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OUT_MAX = 256 << 20 };

/* ---- retry */

static int exec_retry(struct dh_cli *cli)
{
  const char *period = dh_cli_option(cli, "period");
  struct dh_buf request, answer;
  struct dh_val *v = NULL;
  struct dh_err err;
  char name[64];
  int rc;

  dh_buf_init(&request, 4096);
  dh_buf_init(&answer, 4096);
  rc = dh_put_map(&request, period ? 5 : 4);
  if (!rc)
    rc = dh_put_kt(&request, "do", "retry");
  if (!rc)
    rc = dh_put_kt(&request, "queue", dh_cli_robot_name(cli->words[0], name));
  if (!rc)
    rc = dh_put_kt(&request, "key", cli->words[1]);
  if (!rc)
    rc = dh_put_kt(&request, "who", dh_cli_who());
  if (!rc && period)
    rc = dh_put_kt(&request, "period", period);
  rc = rc ? dh_err_set(&err, rc, "no memory") : dh_cli_change(cli, &request, &answer, &v, &err);
  if (rc)
    rc = dh_say_error(&err, NULL);
  else
    printf("%s %s is due now; what was done stays done\n", name, cli->words[1]);
  free(v);
  dh_buf_fini(&request);
  dh_buf_fini(&answer);
  return rc;
}

/* ---- export */

struct ask {
  const char *queue, *period;
  struct dh_buf out;
};

static int period_work(struct dh_db *db, void *self, struct dh_err *err)
{
  struct ask *a = self;

  return db->ops->period_list(db, a->queue, a->period, &a->out, err);
}

static int export_robot(struct dh_cli *cli, const struct dh_robot *robot, size_t *rows, struct dh_export *x,
                        struct dh_err *err)
{
  struct ask a = {.queue = robot->name, .period = dh_cli_option(cli, "period")};
  const char *given = dh_cli_option(cli, "to");
  struct dh_val *v = NULL;
  char to[512], column[64];
  struct dh_buf text;
  int rc;

  dh_robot_cases(robot, "to", to, sizeof to);
  if (given)
    snprintf(to, sizeof to, "%s", given);
  if (!*to) {
    dh_err_set(err, DH_EUSE, "%s says nowhere where its results go", robot->name);
    return dh_err_advice(err, "write cases = { to = \"results.csv\" } in robot.lua, or give --to FILE");
  }
  rc = dh_export_open(x, given ? "." : robot->folder, to, dh_robot_cases(robot, "key", column, sizeof column),
                      given || !a.period ? "" : a.period, err);
  dh_buf_init(&a.out, OUT_MAX);
  dh_buf_init(&text, DH_TABLE_MAX);
  if (!rc)
    rc = dh_cli_ask(cli, &(struct dh_cli_view){period_work, &a, &a.out, NULL, .list = false}, &v, err);
  if (!rc)
    rc = dh_export_write(x, v, &text, err);
  *rows = rc ? 0 : v->n;
  free(v);
  dh_buf_fini(&a.out);
  dh_buf_fini(&text);
  return rc;
}

static int exec_export(struct dh_cli *cli)
{
  struct dh_robot robot;
  struct dh_export x;
  struct dh_err err;
  size_t rows = 0;
  int rc = dh_cli_robot(cli, &robot, &err);

  if (rc)
    return dh_say_error(&err, NULL);
  rc = export_robot(cli, &robot, &rows, &x, &err);
  dh_robot_fini(&robot);
  if (rc)
    return dh_say_error(&err, NULL);
  printf("%zu cases in %s\n", rows, x.path);
  return DH_EXIT_DONE;
}

static const struct dh_option period_option[] = {
    {"period", "P", "of this period; without it the newest case of the key"}, {NULL, NULL, NULL}};
static const struct dh_option to_option[] = {{"to", "FILE", "instead of the robot's cases.to"},
                                             {"period", "P", "of this period; without it the newest"},
                                             {NULL, NULL, NULL}};

const struct dh_command dh_cmd_queue_retry = {
    .name = "queue retry",
    .summary = "Makes a failed, parked or waiting case due now",
    .usage = "ROBOT KEY [--period P]",
    .help = "The run goes on with its journal: an effect that was confirmed is never done again. Written "
            "into the audit.",
    .options = period_option,
    .least = 2,
    .most = 2,
    .exec = exec_retry,
};
const struct dh_command dh_cmd_queue_export = {
    .name = "queue export",
    .summary = "Writes the results of a period as a table",
    .usage = "ROBOT [--to FILE] [--period P]",
    .help =
        "One row a case: key, state, what run returned, reason. The file is written whole; serve and run "
        "write it by\n"
        "themselves, when every case of the period is done, rejected or failed, and when they end. cases.to "
        "is "
        "the newest\n"
        "period; the table of an older one lies beside it with the period in its name: results.2026-10.csv.",
    .options = to_option,
    .least = 1,
    .most = 1,
    .exec = exec_export,
};
