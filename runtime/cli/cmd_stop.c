/* cmd_stop.c - stop: ends the supervisor of the store, by its control socket, and says what is left. */
#include "util.h"

#include <stdlib.h>

static int counts_work(struct dh_db *db, void *self, struct dh_err *err)
{
  return db->ops->counts(db, NULL, 0, self, err);
}

static void note(const char *text)
{
  fprintf(stderr, "%s\n", text);
}

static void say_left(const struct dh_cli *cli, const int64_t counts[DH_CASE_STATES])
{
  static const int left[] = {DH_CASE_NEW, DH_CASE_LEASED, DH_CASE_RETRYING, DH_CASE_WAITING, DH_CASE_PARKED};

  printf(cli->json ? "{" : "stopped; left: ");
  for (size_t i = 0; i < sizeof left / sizeof *left; i++) {
    const char *comma = i ? ", " : "", *name = dh_case_state_name(left[i]);

    if (cli->json)
      printf("%s\"%s\": %lld", comma, name, (long long)counts[left[i]]);
    else
      printf("%s%lld %s", comma, (long long)counts[left[i]], name);
  }
  printf(cli->json ? "}\n" : "\n");
}

static int exec(struct dh_cli *cli)
{
  int64_t counts[DH_CASE_STATES];
  char url[DH_PATH * 2];
  struct dh_err err;
  int rc = dh_change_stop(dh_store_url(cli->conf, url, sizeof url), dh_cli_option(cli, "drain") != NULL,
                          cli->json ? NULL : note, &err);

  if (!rc)
    rc = dh_cli_read(cli, counts_work, counts, &err);
  if (rc)
    return dh_say_error(&err, NULL);
  say_left(cli, counts);
  return DH_EXIT_DONE;
}

static const struct dh_option options[] = {
    {"drain", NULL, "begin nothing new, but let the effects finish that have begun"}, {NULL, NULL, NULL}};

const struct dh_command dh_cmd_stop = {
    .name = "stop",
    .summary = "Ends the serve that works on the store",
    .usage = "[--drain]",
    .help =
        "Without --drain it ends at once, as by SIGTERM: runs go on from their journals at the next start, "
        "and "
        "an effect that\n"
        "was under way is looked for then, before anything acts.\n\n"
        "With --drain no case is claimed and no effect begins any more; effects that have begun are waited "
        "for, with their\n"
        "proof. All other runs are put back, serve ends with exit code 0. A deskhand stop meanwhile ends it "
        "at "
        "once.\n\n"
        "The command waits for the end and says what is left in the store.",
    .options = options,
    .exec = exec,
};
