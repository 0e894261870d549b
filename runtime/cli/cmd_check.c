/* cmd_check.c - check: what can be proved of robots without running them. */
#include "util.h"
#include "../host/run.h"
#include "../sched/intake.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct checked {
  struct dh_buf bundle, out;
  struct dh_val *v;
  char hash[DH_SHA256_HEX], name[64];
};

static int check(const char *robot, struct checked *c, struct dh_err *err)
{
  int rc;

  memset(c, 0, sizeof *c);
  dh_buf_init(&c->bundle, 16 << 20);
  dh_buf_init(&c->out, 16 << 20);
  rc = dh_bundle_read(robot, &c->bundle, c->hash, c->name, err);
  if (!rc)
    rc = dh_robot_check(c->bundle.data, c->bundle.len, c->name, &c->out, err);
  return rc ? rc : dh_val_parse_buf(&c->out, &c->v, err);
}

static void checked_fini(struct checked *c)
{
  free(c->v);
  dh_buf_fini(&c->out);
  dh_buf_fini(&c->bundle);
}

static void say_findings(const char *robot, const struct dh_val *findings)
{
  size_t n = findings && findings->type == DH_LIST ? findings->n : 0;

  for (size_t i = 0; i < n; i++) {
    const struct dh_val *f = &findings->items[i];
    bool warning = dh_val_is(dh_val_get(f, "severity"), "warning");
    char file[300], path[DH_PATH];
    struct dh_err e;

    dh_err_set(&e, DH_ESCRIPT, "%s", "");
    dh_val_text(f, "text", e.text, sizeof e.text);
    dh_val_text(f, "seen", e.seen, sizeof e.seen);
    dh_val_text(f, "advice", e.advice, sizeof e.advice);
    dh_cli_place(robot, dh_val_text(f, "file", file, sizeof file), path, sizeof path);
    printf("%s:%lld: %s%s\n", path, (long long)dh_val_int(f, "line", 1), warning ? "warning: " : "", e.text);
    if (*e.seen)
      printf("   seen: %s\n", e.seen);
    if (*e.advice)
      printf("   do: %s\n", e.advice);
  }
}

/* What the robot needs of the outside: a line for each kind of thing that there is any of. */
static void say_needs(const struct dh_val *needs)
{
  static const char *const kinds[][2] = {
      {"screens", "screens"}, {"sources", "sources"}, {"kinds", "documents"}, {"secrets", "secrets"},
      {"hosts", "hosts"},     {"roles", "processes"}, {"effects", "effects"}, {NULL, NULL}};

  for (int i = 0; kinds[i][0]; i++) {
    const struct dh_val *list = dh_val_get(needs, kinds[i][0]);

    if (!list || list->type != DH_LIST || list->n == 0)
      continue;
    printf("   %s: ", kinds[i][1]);
    for (size_t n = 0; n < list->n; n++)
      if (list->items[n].type == DH_TEXT)
        printf("%s%.*s", n ? ", " : "", (int)list->items[n].n, list->items[n].s);
    putchar('\n');
  }
}

static size_t count_errors(const struct dh_val *findings)
{
  size_t errors = 0;

  for (size_t i = 0; findings && findings->type == DH_LIST && i < findings->n; i++)
    errors += !dh_val_is(dh_val_get(&findings->items[i], "severity"), "warning");
  return errors;
}

static int write_types(const char *robot, const struct checked *c, struct dh_err *err)
{
  const struct dh_val *types = dh_val_get(c->v, "types");
  char path[DH_PATH];
  struct stat st;

  if (!types || types->type != DH_TEXT)
    return dh_err_set(err, DH_ESCRIPT, "%s does not load, so its types are not known", robot);
  if (stat(robot, &st) || !S_ISDIR(st.st_mode))
    return dh_err_set(err, DH_EUSE, "--types writes .types.lua into the robot's folder, and %s is no folder",
                      robot);
  snprintf(path, sizeof path, "%s/.types.lua", robot);
  return dh_file_write(path, types->s, types->n, 0644, err);
}

/* Where the words of the language lie for an editor: of an installation, else of the source tree. */
static void say_types(const char *robot)
{
  static const char *const places[] = {"/../share/deskhand/types", "/../dsl/types"};
  char self[DH_PATH], folder[DH_PATH + 40];
  ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
  struct stat st;

  printf("   types: %s/.types.lua\n", robot);
  self[n > 0 ? n : 0] = '\0';
  if (strrchr(self, '/'))
    *strrchr(self, '/') = '\0';
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    snprintf(folder, sizeof folder, "%s%s", self, places[i]);
    if (stat(folder, &st))
      continue;
    printf("   do: add %s to the libraries of the Lua language server (workspace.library)\n",
           realpath(folder, self) ? self : folder);
    return;
  }
}

static int exec_check(struct dh_cli *cli)
{
  size_t errors = 0;
  int worst = 0;

  for (int i = 0; i < cli->nwords; i++) {
    struct checked c;
    struct dh_err err;
    int rc = check(cli->words[i], &c, &err);

    if (!rc && dh_cli_option(cli, "types"))
      rc = write_types(cli->words[i], &c, &err);
    if (rc) {
      worst = dh_say_error(&err, NULL);
    } else if (cli->json) {
      errors += count_errors(dh_val_get(c.v, "findings"));
      dh_say_json(c.v);
    } else {
      size_t n = count_errors(dh_val_get(c.v, "findings"));

      say_findings(cli->words[i], dh_val_get(c.v, "findings"));
      errors += n;
      if (!n) {
        printf("%s: no errors found\n", cli->words[i]);
        say_needs(dh_val_get(c.v, "needs"));
        if (dh_cli_option(cli, "types"))
          say_types(cli->words[i]);
      }
    }
    checked_fini(&c);
  }
  return worst ? worst : errors ? DH_EXIT_FAILED : DH_EXIT_DONE;
}

static const struct dh_option options[] = {
    {"types", NULL, "also write .types.lua into the robot's folder: the case's fields for an editor"},
    {NULL, NULL, NULL},
};

const struct dh_command dh_cmd_check = {
    .name = "check",
    .summary = "Proves what can be proved of robots without running them",
    .usage = "ROBOT… [--types]",
    .help = "Reads the robot's files, its screens and kinds, and reports what cannot be right: unknown "
            "words, fields and "
            "screens, effects without a proof, pair lists that do not pair, presses that a crash would "
            "repeat. Each finding "
            "says where, what was seen and what to do. A robot without errors is followed by what it needs: "
            "screens, sources, documents, secrets.\n\n"
            "For an editor with the Lua language server --types writes the case's fields, and says where the "
            "words "
            "of the language lie.\n\n"
            "Exit code 1: at least one error. --json prints {findings, needs, types}.",
    .options = options,
    .least = 1,
    .most = -1,
    .exec = exec_check,
};
