/* cli.h - a command is one const struct: its name, what it tells people, its options, its function.
 * Help, man pages and completion are made from the same struct. cmd_<verb>.c holds the commands of one verb.
 */
#ifndef DH_CLI_H
#define DH_CLI_H

#include "../base/conf.h"
#include "../base/err.h"
#include "../base/val.h"

#include <stdbool.h>
#include <stdio.h>

/* What a command's end means to whoever started it. A promise: see deskhand help. */
enum dh_exit {
  DH_EXIT_DONE = 0,
  DH_EXIT_FAILED = 1,   /* a system failure; check, test: findings; queue add: some were refused */
  DH_EXIT_USE = 2,      /* wrong use */
  DH_EXIT_REJECTED = 3, /* the business said no */
  DH_EXIT_WAITING = 4,  /* for a person or a time */
  DH_EXIT_UNKNOWN = 5,  /* not known whether an effect happened */
  DH_EXIT_INTERRUPTED = 130,
};

struct dh_option {
  const char *name; /* "workers", given as --workers N or --workers=N */
  const char *arg;  /* "N"; NULL: a flag */
  const char *help;
};

struct dh_cli;

struct dh_command {
  const char *name;    /* "run", "queue add" */
  const char *summary; /* one line */
  const char *usage;   /* what stands behind the name: "ROBOT [--case FILE|-]" */
  const char
      *help; /* paragraphs, separated by empty lines; lines that begin with two spaces stay as they are */
  const struct dh_option
      *options;    /* ended by a NULL name; may be NULL. --help, --json, --store are always known */
  int least, most; /* how many words it takes besides options; most -1: any */
  int (*exec)(struct dh_cli *cli); /* returns enum dh_exit */
  bool hidden;                     /* started by other processes, not by people */
};

enum { DH_CLI_VALUES = 32 };

/* One call of a command. */
struct dh_cli {
  const struct dh_command *command;
  char **words; /* arguments that are no options */
  int nwords;
  struct dh_conf *conf; /* files, environment, options; NULL for hidden commands */
  bool json;
  struct {
    const char *name, *value;
  } values[DH_CLI_VALUES];
  int nvalues;
};

/* The value of an option, "" for a flag, NULL when it was not given. */
const char *dh_cli_option(const struct dh_cli *cli, const char *name);

/* The commands of the host, ended by NULL. */
extern const struct dh_command *const dh_commands[];
/* The command that argv[1…] names: of the host, else of a module. *used: how many words its name has. NULL:
 * none. */
const struct dh_command *dh_command_find(int argc, char **argv, int *used, struct dh_err *err);
/* Parses argv behind the command's name and runs it. What main returns. */
int dh_command_run(const struct dh_command *command, int argc, char **argv);

/* ---- telling (print.c) */

/* The error in the clerk's form on standard error: where: what / seen / done so far / do. done may be NULL.
 * Returns the exit code that fits its kind. */
int dh_say_error(const struct dh_err *err, const char *done);
int dh_exit_code(int code); /* of a DH_E* */
/* One value as JSON and a newline on standard output. */
int dh_say_json(const struct dh_val *v);
/* The same of CBOR bytes. */
int dh_say_json_cbor(const struct dh_buf *b);
/* A value for people: text as it is, money and dates as text, maps as "name: value" lines indented. */
void dh_say_value(FILE *f, const struct dh_val *v, int indent);
/* One value in one line, cut to width cells, "…" at the cut. width 0: whole. */
void dh_put_line(struct dh_buf *b, const struct dh_val *v, size_t width);
/* "3.2 s", "4 min", "2 h" */
char *dh_span_text(int64_t ms, char out[24]);
/* Wall ms as local time "2026-11-24 13:25:12"; "" for 0. */
char *dh_local_text(int64_t wall_ms, char out[24]);
/* Cells of a UTF-8 text on a terminal; cuts nothing. */
size_t dh_text_cells(const char *s);

/* ---- help (help.c) */
void dh_help_all(FILE *f);
void dh_help_names(FILE *f);
void dh_help_command(FILE *f, const struct dh_command *c);
void dh_help_man(FILE *f, const struct dh_command *c); /* NULL: deskhand(1) itself */
void dh_help_completion(FILE *f);

/* ---- commands */
extern const struct dh_command dh_cmd_run, dh_cmd_serve, dh_cmd_queue_add, dh_cmd_queue_list,
    dh_cmd_queue_show, dh_cmd_queue_retry, dh_cmd_queue_export, dh_cmd_runs, dh_cmd_show, dh_cmd_review_list,
    dh_cmd_review_show, dh_cmd_review_answer, dh_cmd_secret_set, dh_cmd_secret_list, dh_cmd_secret_remove,
    dh_cmd_queue_pause, dh_cmd_queue_drain, dh_cmd_queue_resume, dh_cmd_stop, dh_cmd_backup, dh_cmd_restore,
    dh_cmd_prune, dh_cmd_schedule_next, dh_cmd_schedule_list, dh_cmd_config_show, dh_cmd_doctor, dh_cmd_check,
    dh_cmd_test, dh_cmd_new, dh_cmd_help;
/* Started by other processes of ours (cmd_child.c). */
extern const struct dh_command dh_cmd_launcher, dh_cmd_exec, dh_cmd_worker, dh_cmd_intake, dh_cmd_role;

#endif
