/* cmd_serve.c - serve: the supervisor. */
#include "cli.h"
#include "../sched/supervisor.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int refuse_root(struct dh_cli *cli)
{
  struct dh_err err;

  if (geteuid() != 0 || dh_cli_option(cli, "allow-root"))
    return 0;
  dh_err_set(&err, DH_EUSE, "serve does not run as root");
  dh_err_seen(&err, "robots drive other people's programs and read documents from outside; as root a mistake "
                    "in one of them "
                    "owns this machine, and browsers give up their sandbox");
  dh_err_advice(&err, "run it as a user of its own (adduser --system deskhand), or say --allow-root");
  return dh_say_error(&err, NULL);
}

static int is_robot(const char *path)
{
  char file[2048];
  size_t n = strlen(path);
  struct stat st;

  if (n > 4 && strcmp(path + n - 4, ".lua") == 0)
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
  snprintf(file, sizeof file, "%s/robot.lua", path);
  return stat(file, &st) == 0;
}

/* All robots of ./robots. */
static int find_robots(struct dh_serve_options *o, struct dh_err *err)
{
  struct dirent **names;
  int n = scandir("robots", &names, NULL, alphasort);

  if (n < 0) {
    dh_err_errno(err, "there is no folder ./robots");
    return dh_err_advice(err, "name the robots: deskhand serve ROBOT…");
  }
  o->robots = calloc((size_t)n + 1, sizeof *o->robots);
  for (int i = 0; i < n; i++) {
    char path[1024];

    snprintf(path, sizeof path, "robots/%s", names[i]->d_name);
    if (o->robots && names[i]->d_name[0] != '.' && is_robot(path))
      o->robots[o->nrobots++] = strdup(path);
    free(names[i]);
  }
  free(names);
  return o->robots ? 0 : dh_err_set(err, DH_ENOMEM, "no memory for the list of robots");
}

/* Paths as children see them, whose folder may be another. */
static int resolve(struct dh_serve_options *o, struct dh_cli *cli, struct dh_err *err)
{
  o->robots = calloc((size_t)cli->nwords + 1, sizeof *o->robots);
  for (int i = 0; o->robots && i < cli->nwords; i++)
    if (!(o->robots[o->nrobots++] = realpath(cli->words[i], NULL)))
      return dh_err_errno(err, "there is no robot %s", cli->words[i]);
  return o->robots ? 0 : dh_err_set(err, DH_ENOMEM, "no memory for the list of robots");
}

static int exec(struct dh_cli *cli)
{
  struct dh_serve_options o = {
      .conf = cli->conf, .until_idle = dh_cli_option(cli, "until-idle") != NULL, .json = cli->json};
  struct dh_err err;
  int status = 0, rc = refuse_root(cli);

  if (rc)
    return rc;
  rc = cli->nwords ? resolve(&o, cli, &err) : find_robots(&o, &err);
  if (!rc && !o.nrobots) {
    rc = dh_err_set(&err, DH_EUSE, "there is no robot in ./robots");
    dh_err_advice(&err, "make one: deskhand new robots/NAME");
  }
  if (!rc)
    rc = dh_serve(&o, &status, &err);
  if (rc) {
    dh_say_error(&err, NULL);
    status = status ? status : dh_exit_code(rc);
  }
  for (int i = 0; i < o.nrobots; i++)
    free(o.robots[i]);
  free(o.robots);
  return status;
}

static const struct dh_option options[] = {
    {"until-idle", NULL, "end when nothing is open but cases that wait for a person"},
    {"workers", "N", "worker processes; default: one a core"},
    {"allow-root", NULL, "run as root all the same"},
    {NULL, NULL, NULL},
};

const struct dh_command dh_cmd_serve = {
    .name = "serve",
    .summary = "Works off the queues of robots, many cases in parallel",
    .usage = "[--until-idle] [--workers N] [ROBOT…]",
    .help =
        "Serves the robots named, else all in ./robots: takes in what their cases.from names, works off "
        "their queues,\n"
        "tries again what failed, goes on with what was answered. Other commands (queue add, review "
        "answer) speak to it.\n\n"
        "SIGTERM ends it; runs stay as they are and go on at the next start, nothing confirmed is done "
        "twice. A second\n"
        "serve on the same store says which process holds it.\n\n"
        "When every case of a period is done, rejected or failed, its table of results (cases.to) is "
        "written, "
        "then\n"
        "finish(batch) of the robot runs: once a period, whatever is killed or comes later. A case that "
        "waits "
        "for a person\n"
        "or is parked keeps its period open.\n\n"
        "With cases.watch a folder is watched: a file becomes a case once it is complete, each name once a "
        "period. What\n"
        "cannot be taken in is reported and left in place. With --until-idle the folder is read once.\n\n"
        "--until-idle ends when nothing is open but cases that wait for a person. The last line counts "
        "each state. Exit\n"
        "code 0 says that nothing failed or is unknown.\n\n"
        "On a terminal a live table is shown, elsewhere one line a case. The log goes to standard error "
        "(log.format).",
    .options = options,
    .most = -1,
    .exec = exec,
};
