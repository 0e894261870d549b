/* run_end.c - how one case has ended, in the clerk's words: result, reason, error with what was done, open
 * questions. */
#include "run_call.h"

#include <stdlib.h>
#include <string.h>

enum { OUT_MAX = 256 << 20 };

static int run_work(struct dh_db *db, void *self, struct dh_err *err)
{
  struct dh_run_query *q = self;
  char run[DH_RUN_ID];

  dh_buf_clear(&q->out);
  return db->ops->run_show(db, dh_val_text(q->request, "run", run, sizeof run), &q->out, err);
}

/* What is changed outside for this case: effects that were confirmed, and those that are open. */
static void put_effects(const struct dh_val *effects, char *out, size_t size)
{
  char name[160];
  size_t at = 0;

  for (size_t i = 0; effects && i < effects->n; i++) {
    const struct dh_val *state = dh_val_get(&effects->items[i], "state");
    bool open = dh_val_is(state, "open");

    if (!open && !dh_val_is(state, "confirmed"))
      continue;
    dh_val_text(&effects->items[i], "name", name, sizeof name);
    at += (size_t)snprintf(out + at, size - at, "%s%s%s", at ? ", " : "", open ? "perhaps " : "", name);
    if (at >= size)
      return;
  }
}

static void done_so_far(struct dh_run_call *c, const struct dh_val *shown, char *out, size_t size)
{
  struct dh_run_query q = {.call = c, .request = shown};
  struct dh_val *v = NULL;
  struct dh_err err;

  snprintf(out, size, "nothing for %s", c->key);
  dh_buf_init(&q.out, OUT_MAX);
  if (!dh_run_ask(c, &q, run_work, &v, &err))
    put_effects(dh_val_get(v, "effects"), out, size);
  free(v);
  dh_buf_fini(&q.out);
}

int dh_run_say_waiting(struct dh_run_call *c, const struct dh_val *shown)
{
  const struct dh_val *reviews = dh_val_get(shown, "reviews");
  int64_t until = dh_val_int(shown, "due", 0);
  char at[24], name[160];

  for (size_t i = 0; reviews && i < reviews->n; i++)
    fprintf(stderr, "%s waits for a person: review %lld, \"%s\".\n  do: deskhand review show %lld\n", c->key,
            (long long)dh_val_int(&reviews->items[i], "id", 0),
            dh_val_text(&reviews->items[i], "name", name, sizeof name),
            (long long)dh_val_int(&reviews->items[i], "id", 0));
  if (!reviews || !reviews->n)
    fprintf(stderr, "%s waits until %s.\n  do: the same command then, or deskhand serve\n", c->key,
            dh_local_text(until, at));
  return DH_EXIT_WAITING;
}

static int say_failed(struct dh_run_call *c, const struct dh_val *shown, bool again)
{
  const struct dh_val *error = dh_val_get(shown, "error");
  char run[DH_RUN_ID], done[400], at[24];
  struct dh_err err;
  size_t n;

  if (c->lost.code)
    err = c->lost;
  else if (error && error->type == DH_MAP)
    dh_val_err(error, &err);
  else
    dh_err_set(&err, DH_EIO, "%.*s", error && error->type == DH_TEXT ? (int)error->n : 16,
               error && error->type == DH_TEXT ? error->s : "it has no reason");
  dh_cli_where(c->robot.path, &err);
  done_so_far(c, shown, done, sizeof done);
  n = strlen(err.advice);
  dh_val_text(shown, "run", run, sizeof run);
  snprintf(err.advice + n, sizeof err.advice - n, "%spictures and steps: deskhand show %.8s", n ? "; " : "",
           run);
  dh_say_error(&err, done);
  if (again)
    fprintf(stderr, "  deskhand serve tries it again at %s, this command at once.\n",
            dh_local_text(dh_val_int(shown, "due", 0), at));
  return DH_EXIT_FAILED;
}

int dh_run_say_end(struct dh_run_call *c, const struct dh_val *shown, int state)
{
  const struct dh_val *result = dh_val_get(shown, "result");
  char reason[512], at[24];

  if (c->cli->json)
    dh_say_json(shown);
  else if (!c->ran && (state == DH_CASE_DONE || state == DH_CASE_REJECTED))
    fprintf(stderr, "%s had ended already, %s; this is its result, nothing was done again.\n", c->key,
            dh_local_text(dh_val_int(shown, "ended", 0), at));
  switch (state) {
  case DH_CASE_DONE:
    if (!c->cli->json && result && result->type != DH_NIL)
      dh_say_value(stdout, result, 0);
    return DH_EXIT_DONE;
  case DH_CASE_REJECTED:
    if (!c->cli->json)
      printf("%s is rejected: %s\n", c->key, dh_val_text(result, "reason", reason, sizeof reason));
    return DH_EXIT_REJECTED;
  case DH_CASE_WAITING:
    return dh_run_say_waiting(c, shown);
  case DH_CASE_PARKED:
    say_failed(c, shown, false);
    dh_run_say_waiting(c, shown);
    return DH_EXIT_UNKNOWN;
  default:
    return say_failed(c, shown, state == DH_CASE_RETRYING);
  }
}
