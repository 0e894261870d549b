/* cmd_runs.c - runs, show: what robots did, step by step. */
#include "util.h"

#include <stdlib.h>
#include <string.h>

enum { OUT_MAX = 256 << 20 };

struct ask {
  const char *queue, *run;
  int state;
  size_t limit;
  struct dh_buf out;
};

static int list_work(struct dh_db *db, void *self, struct dh_err *err)
{
  struct ask *a = self;

  return db->ops->run_list(db, a->queue, a->state, a->limit, &a->out, err);
}

static int show_work(struct dh_db *db, void *self, struct dh_err *err)
{
  struct ask *a = self;

  return db->ops->run_show(db, a->run, &a->out, err);
}

static void say_runs(struct dh_cli *cli, const struct dh_val *list)
{
  char run[40], queue[64], key[256], state[16], at[24], span[24];

  (void)cli;
  if (!list->n)
    fprintf(stderr, "no such run stands in this store\n");
  for (size_t i = 0; i < list->n; i++) {
    const struct dh_val *r = &list->items[i];
    int64_t began = dh_val_int(r, "began", 0), ended = dh_val_int(r, "ended", 0);

    printf("%.8s  %s  %-16s %-24s %-9s %s\n", dh_val_text(r, "run", run, sizeof run),
           dh_local_text(began, at), dh_val_text(r, "queue", queue, sizeof queue),
           dh_val_text(r, "key", key, sizeof key), dh_val_text(r, "state", state, sizeof state),
           ended ? dh_span_text(ended - began, span) : "");
  }
}

static int exec_runs(struct dh_cli *cli)
{
  const char *limit = dh_cli_option(cli, "limit");
  struct ask a = {.limit = limit ? strtoul(limit, NULL, 10) : 50};
  struct dh_err err;
  char name[64];
  int rc = dh_cli_state(cli, &a.state, &err);

  if (rc)
    return dh_say_error(&err, NULL);
  if (cli->nwords)
    a.queue = dh_cli_robot_name(cli->words[0], name);
  dh_buf_init(&a.out, OUT_MAX);
  rc = dh_cli_show(cli, &(struct dh_cli_view){list_work, &a, &a.out, say_runs, .list = true});
  dh_buf_fini(&a.out);
  return rc;
}

/* ---- show */

static void say_record(struct dh_cli *cli, const struct dh_val *r, int64_t began)
{
  char kind[16], word[64], name[160], where[160], span[24], path[DH_PATH * 3];
  const struct dh_val *data = dh_val_get(r, "data");
  struct dh_buf line;

  dh_buf_init(&line, 8192);
  if (data && data->type != DH_NIL)
    dh_put_line(&line, data->tag == DH_TAG_ERROR ? dh_val_get(data, "text") : data, 70);
  dh_val_text(r, "word", word, sizeof word);
  dh_val_text(r, "name", name, sizeof name);
  dh_val_text(r, "where", where, sizeof where);
  printf("  %8s  %-8s %s%s%s%s%s%s%s%s\n", dh_span_text(dh_val_int(r, "at", 0) - began, span),
         dh_val_text(r, "kind", kind, sizeof kind), word, *word ? " " : "", *name ? "\"" : "", name,
         *name ? "\" " : "", line.data, *where ? "  " : "", where);
  if (strcmp(kind, "picture") == 0 && dh_cli_file_path(cli, dh_val_get(data, "file"), path, sizeof path))
    printf("             %s\n", path);
  dh_buf_fini(&line);
}

static void say_run(struct dh_cli *cli, const struct dh_val *v)
{
  const struct dh_val *records = dh_val_get(v, "records"), *effects = dh_val_get(v, "effects"),
                      *error = dh_val_get(v, "error");
  char run[40], queue[64], key[256], state[16], at[24], span[24], name[160];
  int64_t began = dh_val_int(v, "began", 0), ended = dh_val_int(v, "ended", 0);
  struct dh_err err;

  printf("run %s\n%s %s: %s\n", dh_val_text(v, "run", run, sizeof run),
         dh_val_text(v, "queue", queue, sizeof queue), dh_val_text(v, "key", key, sizeof key),
         dh_val_text(v, "state", state, sizeof state));
  printf("began %s%s%s, tries %lld, crashes %lld\n", dh_local_text(began, at), ended ? ", took " : "",
         ended ? dh_span_text(ended - began, span) : "", (long long)dh_val_int(v, "attempts", 0),
         (long long)dh_val_int(v, "crashes", 0));
  if (effects && effects->n)
    printf("effects:\n");
  for (size_t i = 0; effects && i < effects->n; i++)
    printf("  %-10s \"%s\"\n", dh_val_text(&effects->items[i], "state", state, sizeof state),
           dh_val_text(&effects->items[i], "name", name, sizeof name));
  if (records && records->n)
    printf("steps:\n");
  for (size_t i = 0; records && i < records->n; i++)
    say_record(cli, &records->items[i], began);
  if (dh_val_get(v, "result") && dh_val_get(v, "result")->type != DH_NIL) {
    printf("result:\n");
    dh_say_value(stdout, dh_val_get(v, "result"), 2);
  }
  fflush(stdout);
  if (error && error->type == DH_MAP) {
    dh_val_err(error, &err);
    dh_say_error(&err, NULL);
  }
}

static int exec_show(struct dh_cli *cli)
{
  struct ask a = {.run = cli->words[0]};
  int rc;

  dh_buf_init(&a.out, OUT_MAX);
  rc = dh_cli_show(cli, &(struct dh_cli_view){show_work, &a, &a.out, say_run, .list = false});
  dh_buf_fini(&a.out);
  return rc;
}

static const struct dh_option options[] = {
    {"state", "S", "only these: leased, waiting, retrying, done, rejected, failed, parked"},
    {"limit", "N", "how many at most (50)"},
    {NULL, NULL, NULL},
};

const struct dh_command dh_cmd_runs = {
    .name = "runs",
    .summary = "Lists what robots have worked on, newest first",
    .usage = "[ROBOT] [--state S] [--limit N]",
    .help = "One line a run: its number, when it began, robot, case, state, how long it took.",
    .options = options,
    .most = 1,
    .exec = exec_runs,
};
const struct dh_command dh_cmd_show = {
    .name = "show",
    .summary = "Shows a run: each step with its time, effects and their proofs, pictures, the error",
    .usage = "RUN",
    .help = "RUN is the number in deskhand runs; its first digits are enough.",
    .least = 1,
    .most = 1,
    .exec = exec_show,
};
