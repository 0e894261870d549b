/* main.c - begins the program: finds the command, runs it. Everything else is the command's. */
#include "cli/cli.h"

#include <locale.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#ifndef DH_VERSION
#define DH_VERSION "0.1"
#endif

int main(int argc, char **argv)
{
  const struct dh_command *command;
  struct dh_err err;
  int used = 0;

  umask(077);
  setlocale(LC_CTYPE, "C.UTF-8");
  signal(SIGPIPE, SIG_IGN);
  if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
    dh_help_all(argc < 2 ? stderr : stdout);
    return argc < 2 ? DH_EXIT_USE : DH_EXIT_DONE;
  }
  if (strcmp(argv[1], "--version") == 0) {
    printf("deskhand %s\n", DH_VERSION);
    return DH_EXIT_DONE;
  }
  command = dh_command_find(argc - 1, argv + 1, &used, &err);
  if (!command)
    return dh_say_error(&err, NULL);
  return dh_command_run(command, argc - 1 - used, argv + 1 + used);
}
