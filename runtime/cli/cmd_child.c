/* cmd_child.c - commands that only other processes of ours start: the launcher, and what stands between it
 * and a child. */
#include "cli.h"
#include "../host/module.h"
#include "../io/proc.h"
#include "../sched/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static int exec_launcher(struct dh_cli *cli)
{
  (void)cli;
  return dh_launcher_main(3);
}

const struct dh_command dh_cmd_launcher = {
    .name = "launcher", .summary = "", .usage = "", .help = "", .exec = exec_launcher, .hidden = true};

/* exec PROFILE PARENT -- argv…: this program goes on in the same process, others are executed. */
static int exec_child(struct dh_cli *cli)
{
  struct dh_err err;
  int used = 0, rc = dh_exec_setup(cli->words[0], (pid_t)strtol(cli->words[1], NULL, 10), &err);
  char **argv = cli->words + 2;

  if (rc) {
    dh_say_error(&err, NULL);
    return 126;
  }
  if (strcmp(argv[0], "deskhand") == 0) {
    const struct dh_command *c = dh_command_find(cli->nwords - 3, argv + 1, &used, &err);

    if (!c) {
      dh_say_error(&err, NULL);
      return 127;
    }
    return dh_command_run(c, cli->nwords - 3 - used, argv + 1 + used);
  }
  execvp(argv[0], argv);
  dh_err_errno(&err, "%s cannot be started", argv[0]);
  dh_say_error(&err, NULL);
  return 127;
}

const struct dh_command dh_cmd_exec = {.name = "exec",
                                       .summary = "",
                                       .usage = "PROFILE PARENT -- PROGRAM …",
                                       .help = "",
                                       .least = 3,
                                       .most = -1,
                                       .exec = exec_child,
                                       .hidden = true};

static int exec_worker(struct dh_cli *cli)
{
  (void)cli;
  return dh_worker_main(3);
}

const struct dh_command dh_cmd_worker = {
    .name = "worker", .summary = "", .usage = "", .help = "", .exec = exec_worker, .hidden = true};

static int exec_intake(struct dh_cli *cli)
{
  (void)cli;
  return dh_intake_main(3);
}

const struct dh_command dh_cmd_intake = {
    .name = "intake", .summary = "", .usage = "", .help = "", .exec = exec_intake, .hidden = true};

/* A role of a module: reader, desk. The first word is its name. */
static int exec_role(struct dh_cli *cli)
{
  const struct dh_role *role;
  struct dh_err err;

  if (fcntl(3, F_GETFD) < 0) {
    dh_err_set(&err, DH_EUSE, "'%s' is started by other processes of deskhand, with a socket", cli->words[0]);
    return dh_say_error(&err, NULL);
  }
  if (dh_role_find(cli->words[0], &role, &err))
    return dh_say_error(&err, NULL);
  prctl(PR_SET_DUMPABLE, 0);
  return role->main(3, cli->nwords, cli->words);
}

const struct dh_command dh_cmd_role = {.name = "role",
                                       .summary = "",
                                       .usage = "",
                                       .help = "",
                                       .least = 1,
                                       .most = -1,
                                       .exec = exec_role,
                                       .hidden = true};
