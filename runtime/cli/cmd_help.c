/* cmd_help.c - help, and what the build makes of it: man pages, completion. */
#include "cli.h"

#include <string.h>

static int exec(struct dh_cli *cli)
{
  const struct dh_command *c = NULL;
  struct dh_err err;
  int used = 0;

  if (dh_cli_option(cli, "completion")) {
    dh_help_completion(stdout);
    return DH_EXIT_DONE;
  }
  if (cli->nwords) {
    c = dh_command_find(cli->nwords, cli->words, &used, &err);
    if (!c)
      return dh_say_error(&err, NULL);
  }
  if (dh_cli_option(cli, "names")) {
    dh_help_names(stdout);
  } else if (dh_cli_option(cli, "man")) {
    dh_help_man(stdout, c);
  } else if (c) {
    dh_help_command(stdout, c);
  } else {
    dh_help_all(stdout);
  }
  return DH_EXIT_DONE;
}

static const struct dh_option options[] = {
    {"man", NULL, "as a man page (troff)"},
    {"completion", NULL, "completion for bash; source <(deskhand help --completion)"},
    {"names", NULL, "the names of all commands, one a line"},
    {NULL, NULL, NULL},
};

const struct dh_command dh_cmd_help = {
    .name = "help",
    .summary = "Says what there is and how it is used",
    .usage = "[COMMAND] [--man|--completion|--names]",
    .help =
        "Without a command it lists them all and what their exit codes mean. With one it says the same as\n"
        "deskhand COMMAND --help.",
    .options = options,
    .most = 2,
    .exec = exec,
};
