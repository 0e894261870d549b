/* cmd_hold.c - queue pause, drain, resume: a person keeps a queue back, or lets it go on. */
#include "util.h"
#include "hold.h"

#include <stdlib.h>
#include <string.h>

void dh_say_hold(FILE *f, const struct dh_val *h)
{
  char queue[64], hold[16], who[400], at[24];
  long long going = dh_val_int(h, "going", 0), waiting = dh_val_int(h, "waiting", 0);
  bool draining = dh_val_is(dh_val_get(h, "hold"), "draining");

  dh_val_text(h, "hold", hold, sizeof hold);
  fprintf(f, "the queue %s is %s since %s by %s: ", dh_val_text(h, "queue", queue, sizeof queue),
          draining && !going && !waiting ? "drained" : hold, dh_local_text(dh_val_int(h, "since", 0), at),
          dh_val_text(h, "who", who, sizeof who));
  if (draining && going + waiting)
    fprintf(f, "%lld cases go on to their end, %lld of them wait; ", going + waiting, waiting);
  fprintf(f, "%lld new ones are kept back (deskhand queue resume %s)\n", (long long)dh_val_int(h, "new", 0),
          queue);
}

static int set(struct dh_cli *cli, const char *queue, enum dh_hold hold, struct dh_buf *answer,
               struct dh_val **v, struct dh_err *err)
{
  struct dh_buf request;
  int rc;

  dh_buf_init(&request, 4096);
  rc = dh_put_map(&request, 4);
  if (!rc)
    rc = dh_put_kt(&request, "do", "hold");
  if (!rc)
    rc = dh_put_kt(&request, "queue", queue);
  if (!rc)
    rc = dh_put_ki(&request, "hold", hold);
  if (!rc)
    rc = dh_put_kt(&request, "who", dh_cli_who());
  rc = rc ? dh_err_set(err, rc, "no memory") : dh_cli_change(cli, &request, answer, v, err);
  dh_buf_fini(&request);
  return rc;
}

static int hold(struct dh_cli *cli, enum dh_hold hold)
{
  const struct dh_val *h;
  struct dh_val *v = NULL;
  struct dh_buf answer;
  struct dh_err err;
  char name[64];
  int rc;

  dh_cli_robot_name(cli->words[0], name);
  dh_buf_init(&answer, 1 << 20);
  rc = set(cli, name, hold, &answer, &v, &err);
  if (rc)
    rc = dh_say_error(&err, NULL);
  else if (cli->json)
    rc = dh_say_json(v);
  else if ((h = dh_hold_of(v, name)))
    dh_say_hold(stdout, h);
  else
    printf("the queue %s goes on\n", name);
  free(v);
  dh_buf_fini(&answer);
  return rc;
}

static int exec_pause(struct dh_cli *cli)
{
  return hold(cli, DH_HOLD_PAUSED);
}

static int exec_drain(struct dh_cli *cli)
{
  return hold(cli, DH_HOLD_DRAINING);
}

static int exec_resume(struct dh_cli *cli)
{
  return hold(cli, DH_HOLD_NONE);
}

const struct dh_command dh_cmd_queue_pause = {
    .name = "queue pause",
    .summary = "Keeps a queue back: nothing of it is claimed",
    .usage = "ROBOT",
    .help = "Cases are still taken in. Runs that a worker has go on until they end or are put away; what was "
            "put away, or is\n"
            "to be tried again, stays where it is. A pause is kept in the store: it outlives serve, and ends "
            "with deskhand\n"
            "queue resume. queue list and doctor show it; who paused is written into the audit.",
    .least = 1,
    .most = 1,
    .exec = exec_pause,
};
const struct dh_command dh_cmd_queue_drain = {
    .name = "queue drain",
    .summary = "Lets a queue run empty: what has begun ends, nothing new begins",
    .usage = "ROBOT",
    .help = "As queue pause, but cases that have begun go on to their end, over questions, waits and new "
            "tries. queue list says\n"
            "how many these still are, and then that the queue is drained; serve --until-idle ends when it "
            "is.",
    .least = 1,
    .most = 1,
    .exec = exec_drain,
};
const struct dh_command dh_cmd_queue_resume = {
    .name = "queue resume",
    .summary = "Lets a queue go on that was paused or drained",
    .usage = "ROBOT",
    .help = "Written into the audit. A queue that nobody keeps back stays as it is.",
    .least = 1,
    .most = 1,
    .exec = exec_resume,
};
