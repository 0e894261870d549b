/* cmd_queue_add.c - queue add: cases from a file into a queue, batch by batch, so that a long file needs no
 * more memory than a short one. */
#include "util.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REQUEST_MAX = 30 << 20, ANSWER_MAX = 64 << 20, BATCH = 2000, BAR = 30 };

struct adding {
  struct dh_cli *cli;
  const struct dh_robot *robot;
  struct dh_intake *in;
  long long added, refused;
  bool tty, drawn;
  int told; /* tenths of the file that a line was printed for */
  bool stopped;
};

/* ---- telling */

static void wipe(struct adding *a)
{
  if (a->drawn)
    fprintf(stderr, "\r\033[K");
  a->drawn = false;
}

static void tell_refused(struct adding *a, const struct dh_val *r)
{
  struct dh_err err;
  struct dh_buf json;
  char key[256];

  a->refused++;
  if (a->cli->json) {
    dh_buf_init(&json, 1 << 20);
    if (!dh_val_json(&json, r, false))
      printf("%s\n    %s", a->refused > 1 ? "," : "", json.data);
    dh_buf_fini(&json);
    return;
  }
  wipe(a);
  dh_val_err(dh_val_get(r, "error"), &err);
  dh_val_text(r, "key", key, sizeof key);
  fprintf(stderr, "refused %s: %s%s%s\n", *key ? key : "(no key)", err.text, *err.advice ? "; " : "",
          err.advice);
}

/* A bar on a terminal, elsewhere a line for each tenth of the file; nothing for what is one batch. */
static void tell_progress(struct adding *a)
{
  const struct dh_intake *in = a->in;
  int percent = in->file_bytes > 0 ? (int)(100 * in->read_bytes / in->file_bytes) : 0;
  int filled = percent * BAR / 100;

  if (!in->file_bytes || a->added + a->refused < BATCH)
    return;
  if (a->tty) {
    fprintf(stderr, "\r[%.*s%*s] %3d %%  %lld added, %lld refused", filled, "##############################",
            BAR - filled, "", percent, a->added, a->refused);
    fflush(stderr);
    a->drawn = true;
  } else if (percent / 10 > a->told) {
    a->told = percent / 10;
    fprintf(stderr, "%d %%: %lld added, %lld refused\n", percent, a->added, a->refused);
  }
}

static int tell_list(struct adding *a, const struct dh_val *list)
{
  for (size_t i = 0; list && list->type == DH_LIST && i < list->n; i++)
    tell_refused(a, &list->items[i]);
  return 0;
}

/* What was refused while reading: maps, one after the other. */
static int tell_unread(struct adding *a, struct dh_err *err)
{
  struct dh_val *v = NULL;
  struct dh_buf list;
  int rc;

  if (!a->in->nrefused)
    return 0;
  dh_buf_init(&list, ANSWER_MAX);
  rc = dh_put_list(&list, a->in->nrefused);
  if (!rc)
    rc = dh_buf_put(&list, a->in->refused.data, a->in->refused.len);
  rc = rc ? dh_err_set(err, rc, "no memory for what is refused") : dh_val_parse_buf(&list, &v, err);
  if (!rc)
    rc = tell_list(a, v);
  free(v);
  dh_buf_fini(&list);
  dh_buf_clear(&a->in->refused);
  a->in->nrefused = 0;
  return rc;
}

/* ---- a batch */

static int send_batch(struct adding *a, struct dh_err *err)
{
  struct dh_buf request, answer;
  struct dh_val *v = NULL;
  int rc = 0;

  dh_buf_init(&request, REQUEST_MAX);
  dh_buf_init(&answer, ANSWER_MAX);
  if (dh_change_put_add(&request, a->robot, a->in)) {
    rc = dh_err_set(err, DH_ELIMIT, "%s holds too much for one call (%zu MB)", a->cli->words[1],
                    a->in->cases.len >> 20);
    dh_err_advice(err, "split the file");
  }
  if (!rc)
    rc = dh_cli_change(a->cli, &request, &answer, &v, err);
  if (!rc) {
    a->added += dh_val_int(v, "added", 0);
    rc = tell_list(a, dh_val_get(v, "refused"));
  }
  free(v);
  dh_buf_fini(&request);
  dh_buf_fini(&answer);
  dh_buf_clear(&a->in->cases);
  a->in->ncases = 0;
  return rc;
}

/* ^C ends between two batches, when what is told and what is in agree; a kill cannot do more than that the
 * last batch is in and was not told. */
static int batch(struct dh_intake *in, void *self, struct dh_err *err)
{
  struct adding *a = self;
  sigset_t waiting;
  int rc = tell_unread(a, err);

  if (!rc && (in->ncases || !a->added))
    rc = send_batch(a, err);
  if (rc)
    return rc;
  tell_progress(a);
  sigpending(&waiting);
  if (!sigismember(&waiting, SIGINT) && !sigismember(&waiting, SIGTERM))
    return 0;
  a->stopped = true;
  dh_err_set(err, DH_ECANCELED, "stopped; what is in the queue stays there");
  return dh_err_advice(err, "the same command adds the rest, and refuses what stands");
}

/* ---- the command */

/* --priority and the like are read as a case's columns of these names are. */
static int take_options(const struct dh_cli *cli, struct dh_intake *in, struct dh_err *err)
{
  static const char *const names[][2] = {
      {"priority", "priority"}, {"not-before", "not_before"}, {"deadline", "deadline"}};
  struct dh_val pairs[6], map = {.type = DH_MAP, .items = pairs};

  for (size_t i = 0; i < 3; i++) {
    const char *value = dh_cli_option(cli, names[i][0]), *name = names[i][1];

    if (!value)
      continue;
    pairs[2 * map.n] = (struct dh_val){.type = DH_TEXT, .n = strlen(name), .s = name};
    pairs[2 * map.n++ + 1] = (struct dh_val){.type = DH_TEXT, .n = strlen(value), .s = value};
  }
  return dh_rank_take(&map, &in->given, err) ? (err->code = DH_EUSE) : 0;
}

static void say_end(struct adding *a)
{
  wipe(a);
  if (a->cli->json)
    printf("%s],\n  \"added\": %lld\n}\n", a->refused ? "\n  " : "", a->added);
  else
    printf("%lld added, %lld refused\n", a->added, a->refused);
  fflush(stdout);
}

static int run(struct adding *a, struct dh_err *err)
{
  sigset_t stops;
  int rc;

  sigemptyset(&stops);
  sigaddset(&stops, SIGINT);
  sigaddset(&stops, SIGTERM);
  if (strcmp(a->cli->words[1], "-")) /* ^C while something is typed ends at once */
    sigprocmask(SIG_BLOCK, &stops, NULL);
  if (a->cli->json)
    printf("{\n  \"refused\": [");
  rc = dh_intake_file(a->in, a->robot, a->cli->words[1], err);
  if (!rc)
    rc = batch(a->in, a, err);
  say_end(a);
  return rc;
}

static int exec(struct dh_cli *cli)
{
  char url[DH_PATH * 2], blobs[DH_PATH * 2 + 8];
  struct dh_robot robot;
  struct dh_intake in;
  struct adding a = {.cli = cli, .robot = &robot, .in = &in, .tty = isatty(STDERR_FILENO) && !cli->json};
  struct dh_err err;
  int rc = dh_cli_robot(cli, &robot, &err);

  if (rc)
    return dh_say_error(&err, NULL);
  dh_intake_init(&in, dh_store_blobs_of(dh_store_url(cli->conf, url, sizeof url), blobs, sizeof blobs));
  in.zone = dh_conf_get(cli->conf, "zone");
  in.who = dh_cli_who();
  in.full = batch;
  in.self = &a;
  in.most = BATCH;
  rc = take_options(cli, &in, &err);
  rc = rc ? rc : run(&a, &err);
  if (rc)
    rc = a.stopped ? (dh_say_error(&err, NULL), DH_EXIT_INTERRUPTED) : dh_say_error(&err, NULL);
  else
    rc = a.refused ? DH_EXIT_FAILED : DH_EXIT_DONE;
  dh_intake_fini(&in);
  dh_robot_fini(&robot);
  return rc;
}

static const struct dh_option options[] = {
    {"priority", "N", "of all that does not say it: -1000 to 1000, higher first"},
    {"not-before", "TIME", "no run begins before it: 2026-11-30 or 2026-11-30T14:00, in UTC"},
    {"deadline", "TIME", "among equal priorities the earlier one is first"},
    {NULL, NULL, NULL},
};

const struct dh_command dh_cmd_queue_add = {
    .name = "queue add",
    .summary = "Puts cases into a robot's queue",
    .usage = "ROBOT FILE [--priority N] [--not-before TIME] [--deadline TIME]",
    .help =
        "FILE holds cases as JSON (one object or a list), JSON Lines or CSV; - reads JSON from standard "
        "input. Each case\n"
        "is checked against what the robot declares. Money is written \"250000.00 EUR\", dates "
        "2026-11-30, files relative\n"
        "to FILE; files are copied into the store now, so a later change has no influence.\n\n"
        "The column that the robot names makes a case unique (cases.key), else key, else id. A key that "
        "stands there\n"
        "already is refused by name, the rest goes in. Exit code 1 says that some were refused; --json "
        "lists them.\n\n"
        "CSV and JSON Lines may be of any length: they go in as they are read, 2,000 cases a commit, with "
        "a bar on a\n"
        "terminal and a line for each tenth elsewhere. ^C ends between two commits (exit code 130): what "
        "is in stays, and the\n"
        "same command adds the rest.\n\n"
        "Columns priority (-1000 to 1000, higher first), not_before and deadline (2026-11-30 or "
        "2026-11-30T14:00, in UTC) are\n"
        "of the queue, unless the robot declares fields of these names; the options are for cases that "
        "do not say it\n"
        "themselves. No run begins before not_before; among equal priorities the earlier deadline is "
        "first.",
    .options = options,
    .least = 2,
    .most = 2,
    .exec = exec,
};
