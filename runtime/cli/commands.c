/* commands.c - the table of commands and the one parser of their options. */
#include "cli.h"
#include "../base/log.h"
#include "../base/near.h"
#include "../host/module.h"
#include "../host/modules.h"

#include <stdlib.h>
#include <string.h>

const struct dh_command *const dh_commands[] = {
    &dh_cmd_run,
    &dh_cmd_queue_add,
    &dh_cmd_queue_list,
    &dh_cmd_queue_show,
    &dh_cmd_queue_retry,
    &dh_cmd_queue_export,
    &dh_cmd_queue_pause,
    &dh_cmd_queue_drain,
    &dh_cmd_queue_resume,
    &dh_cmd_stop,
    &dh_cmd_backup,
    &dh_cmd_restore,
    &dh_cmd_prune,
    &dh_cmd_check,
    &dh_cmd_test,
    &dh_cmd_runs,
    &dh_cmd_show,
    &dh_cmd_review_list,
    &dh_cmd_review_show,
    &dh_cmd_review_answer,
    &dh_cmd_secret_set,
    &dh_cmd_secret_list,
    &dh_cmd_secret_remove,
    &dh_cmd_schedule_next,
    &dh_cmd_schedule_list,
    &dh_cmd_config_show,
    &dh_cmd_doctor,
    &dh_cmd_new,
    &dh_cmd_help,
    &dh_cmd_serve,
    &dh_cmd_worker,
    &dh_cmd_intake,
    &dh_cmd_launcher,
    &dh_cmd_exec,
    NULL,
};

/* How many words of argv spell this name, 0 if they do not. */
static int spelled(const char *name, int argc, char **argv)
{
  int n = 0;

  while (n < argc && *name) {
    size_t len = strcspn(name, " ");

    if (strlen(argv[n]) != len || strncmp(name, argv[n], len))
      return 0;
    name += len + (name[len] == ' ');
    n++;
  }
  return *name ? 0 : n;
}

/* A module's commands stand in the build's list by name, so that only the module that is meant is opened. */
static const struct dh_command *find_in_modules(int argc, char **argv, int *used, struct dh_err *err)
{
  const struct dh_module *module;

  for (const struct dh_module_entry *e = dh_modules; e->name; e++) {
    const char *at = strstr(e->commands, argv[0]);
    size_t n = strlen(argv[0]);

    if (!at || (at > e->commands && at[-1] != ' ') || (at[n] && at[n] != ' '))
      continue;
    if (dh_module_load(e->name, &module, err))
      return NULL;
    for (const struct dh_command *const *c = module->commands; c && *c; c++)
      if ((*used = spelled((*c)->name, argc, argv)))
        return *c;
  }
  return NULL;
}

static void list_verb(const char *verb, char *out, size_t size)
{
  size_t n = strlen(verb);

  *out = '\0';
  for (const struct dh_command *const *c = dh_commands; *c; c++)
    if (strncmp((*c)->name, verb, n) == 0 && (*c)->name[n] == ' ') {
      strncat(out, *out ? ", " : "", size - strlen(out) - 1);
      strncat(out, (*c)->name, size - strlen(out) - 1);
    }
}

const struct dh_command *dh_command_find(int argc, char **argv, int *used, struct dh_err *err)
{
  const struct dh_command *found;
  char family[400];

  for (const struct dh_command *const *c = dh_commands; *c; c++)
    if ((*used = spelled((*c)->name, argc, argv)))
      return *c;
  err->code = 0;
  found = find_in_modules(argc, argv, used, err);
  if (found || err->code)
    return found;
  if (dh_role_known(argv[0])) {
    *used = 0; /* its name stays its first word */
    return &dh_cmd_role;
  }
  list_verb(argv[0], family, sizeof family);
  if (*family) {
    dh_err_set(err, DH_EUSE, "'%s' needs a second word", argv[0]);
    dh_err_advice(err, "one of: %s", family);
  } else {
    const char *names[40], *meant;
    size_t count = 0;

    for (const struct dh_command *const *c = dh_commands; *c && count < 40; c++)
      if (!(*c)->hidden && !strchr((*c)->name, ' '))
        names[count++] = (*c)->name;
    meant = dh_closest(argv[0], names, count);
    dh_err_set(err, DH_EUSE, "there is no command '%s'", argv[0]);
    if (meant)
      dh_err_advice(err, "did you mean '%s'? see: deskhand help", meant);
    else
      dh_err_advice(err, "see: deskhand help");
  }
  return NULL;
}

const char *dh_cli_option(const struct dh_cli *cli, const char *name)
{
  for (int i = cli->nvalues - 1; i >= 0; i--)
    if (strcmp(cli->values[i].name, name) == 0)
      return cli->values[i].value;
  return NULL;
}

static const struct dh_option *option_find(const struct dh_command *c, const char *name, size_t n)
{
  static const struct dh_option common[] = {
      {"help", NULL, "this text"},
      {"json", NULL, "for programs"},
      {"store", "URL", "where queues and journals are kept"},
      {"set", "KEY=VALUE", "a setting for this call"},
      {NULL, NULL, NULL},
  };

  for (const struct dh_option *o = c->options; o && o->name; o++)
    if (strlen(o->name) == n && strncmp(o->name, name, n) == 0)
      return o;
  for (const struct dh_option *o = common; o->name; o++)
    if (strlen(o->name) == n && strncmp(o->name, name, n) == 0)
      return o;
  return NULL;
}

/* "did you mean", when one of the command's options is near. */
static void advise_option(const struct dh_command *c, const char *name, size_t n, struct dh_err *err)
{
  const char *names[40] = {"help", "json", "store", "set"}, *meant;
  char given[64];
  size_t count = 4;

  for (const struct dh_option *o = c->options; o && o->name && count < 40; o++)
    names[count++] = o->name;
  snprintf(given, sizeof given, "%.*s", (int)n, name);
  meant = dh_closest(given, names, count);
  if (meant)
    dh_err_advice(err, "did you mean --%s? see: deskhand %s --help", meant, c->name);
}

static int parse_option(struct dh_cli *cli, int *at, int argc, char **argv, struct dh_err *err)
{
  const char *name = argv[*at] + 2, *equals = strchr(name, '=');
  const struct dh_option *o =
      option_find(cli->command, name, equals ? (size_t)(equals - name) : strlen(name));
  const char *value = equals ? equals + 1 : "";

  if (!o) {
    dh_err_set(err, DH_EUSE, "'%s' knows no option %s", cli->command->name, argv[*at]);
    advise_option(cli->command, name, equals ? (size_t)(equals - name) : strlen(name), err);
    return DH_EUSE;
  }
  if (o->arg && !equals) {
    if (*at + 1 >= argc)
      return dh_err_set(err, DH_EUSE, "option --%s wants %s", o->name, o->arg);
    value = argv[++*at];
  }
  if (!o->arg && equals)
    return dh_err_set(err, DH_EUSE, "option --%s takes no value", o->name);
  if (cli->nvalues == DH_CLI_VALUES)
    return dh_err_set(err, DH_EUSE, "too many options");
  cli->values[cli->nvalues].name = o->name;
  cli->values[cli->nvalues++].value = value;
  return 0;
}

static int parse(struct dh_cli *cli, int argc, char **argv, struct dh_err *err)
{
  int rc = 0;

  for (int i = 0; !rc && i < argc; i++) {
    if (strcmp(argv[i], "--") == 0) {
      while (++i < argc)
        cli->words[cli->nwords++] = argv[i];
    } else if (strncmp(argv[i], "--", 2) == 0) {
      rc = parse_option(cli, &i, argc, argv, err);
    } else if (strcmp(argv[i], "-h") == 0) {
      cli->values[cli->nvalues].name = "help";
      cli->values[cli->nvalues++].value = "";
      return 0;
    } else if (argv[i][0] == '-' && argv[i][1]) {
      rc = dh_err_set(err, DH_EUSE, "'%s' knows no option %s", cli->command->name, argv[i]);
    } else {
      cli->words[cli->nwords++] = argv[i];
    }
  }
  if (rc || dh_cli_option(cli, "help"))
    return rc;
  if (cli->nwords < cli->command->least)
    return dh_err_set(err, DH_EUSE, "'%s' wants: %s", cli->command->name, cli->command->usage);
  if (cli->command->most >= 0 && cli->nwords > cli->command->most)
    return dh_err_set(err, DH_EUSE, "'%s' does not know what to do with '%s'", cli->command->name,
                      cli->words[cli->command->most]);
  return 0;
}

static int configure(struct dh_cli *cli, struct dh_err *err)
{
  int rc = dh_conf_open(&cli->conf, err);

  for (int i = 0; !rc && i < cli->nvalues; i++) {
    const char *name = cli->values[i].name, *value = cli->values[i].value, *equals = strchr(value, '=');
    char key[128], origin[64];

    snprintf(origin, sizeof origin, "--%s", name);
    if (strcmp(name, "set") == 0) {
      snprintf(key, sizeof key, "%.*s", equals ? (int)(equals - value) : 0, value);
      rc = equals ? dh_conf_set(cli->conf, key, equals + 1, origin, err)
                  : dh_err_set(err, DH_EUSE, "option --set wants KEY=VALUE");
    } else if (strcmp(name, "store") == 0 || strcmp(name, "workers") == 0) {
      rc = dh_conf_set(cli->conf, name, value, origin, err);
    }
  }
  if (!rc)
    dh_log_open(dh_level_parse(dh_conf_get(cli->conf, "log.level")),
                strcmp(dh_conf_get(cli->conf, "log.format"), "json") == 0, cli->command->name);
  return rc;
}

int dh_command_run(const struct dh_command *command, int argc, char **argv)
{
  struct dh_cli cli = {.command = command};
  struct dh_err err;
  int status, rc;

  cli.words = calloc((size_t)argc + 1, sizeof *cli.words);
  if (!cli.words)
    return DH_EXIT_FAILED;
  rc = parse(&cli, argc, argv, &err);
  cli.json = dh_cli_option(&cli, "json") != NULL;
  if (!rc && dh_cli_option(&cli, "help")) {
    dh_help_command(stdout, command);
    free(cli.words);
    return DH_EXIT_DONE;
  }
  if (!rc && !command->hidden)
    rc = configure(&cli, &err);
  if (rc && err.code == DH_EUSE && !*err.advice)
    dh_err_advice(&err, "see: deskhand %s --help", command->name);
  status = rc ? dh_say_error(&err, NULL) : command->exec(&cli);
  dh_conf_close(&cli.conf);
  free(cli.words);
  return status;
}
