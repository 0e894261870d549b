/* cmd_review.c - review list, review show, review answer: questions of robots to people. */
#include "util.h"
#include "../sched/sign.h"

#include <stdlib.h>
#include <string.h>

enum { OUT_MAX = 64 << 20 };

struct ask {
  const char *robot;
  int64_t id;
  struct dh_buf out;
};

static int list_work(struct dh_db *db, void *self, struct dh_err *err)
{
  struct ask *a = self;

  return db->ops->review_list(db, a->robot, &a->out, err);
}

static int show_work(struct dh_db *db, void *self, struct dh_err *err)
{
  struct ask *a = self;

  return db->ops->review_show(db, a->id, &a->out, err);
}

static void say_list(struct dh_cli *cli, const struct dh_val *list)
{
  char robot[64], key[256], name[160], at[24], choices[200];

  (void)cli;
  for (size_t i = 0; i < list->n; i++) {
    const struct dh_val *r = &list->items[i];

    dh_review_choices(r, choices, sizeof choices);
    printf("%-5lld %s  %-16s %-20s \"%s\"  %s\n", (long long)dh_val_int(r, "id", 0),
           dh_local_text(dh_val_int(r, "since", 0), at), dh_val_text(r, "robot", robot, sizeof robot),
           dh_val_text(r, "key", key, sizeof key), dh_val_text(r, "name", name, sizeof name), choices);
  }
  if (!list->n)
    printf("nobody is asked anything\n");
}

static int exec_list(struct dh_cli *cli)
{
  struct ask a = {.robot = NULL};
  char name[64];
  int rc;

  if (cli->nwords)
    a.robot = dh_cli_robot_name(cli->words[0], name);
  dh_buf_init(&a.out, OUT_MAX);
  rc = dh_cli_show(cli, &(struct dh_cli_view){list_work, &a, &a.out, say_list, .list = true});
  dh_buf_fini(&a.out);
  return rc;
}

static int parse_id(const char *word, int64_t *id, struct dh_err *err)
{
  char *end;

  *id = strtoll(word, &end, 10);
  if (!*end && *id > 0)
    return 0;
  dh_err_set(err, DH_EUSE, "'%s' is no number of a review", word);
  return dh_err_advice(err, "the numbers stand in: deskhand review list");
}

static void say_review(struct dh_cli *cli, const struct dh_val *v)
{
  char state[16], who[64], at[24], choices[400];

  dh_review_say(cli, stdout, v);
  printf("  state: %s", dh_val_text(v, "state", state, sizeof state));
  if (dh_val_int(v, "answered", 0))
    printf(", by %s at %s", dh_val_text(v, "who", who, sizeof who),
           dh_local_text(dh_val_int(v, "answered", 0), at));
  printf("\n");
  dh_review_choices(v, choices, sizeof choices);
  if (!dh_val_int(v, "answered", 0))
    printf("  do: deskhand review answer %lld %s\n", (long long)dh_val_int(v, "id", 0), choices);
}

static int exec_show(struct dh_cli *cli)
{
  struct ask a = {.robot = NULL};
  struct dh_err err;
  int rc = parse_id(cli->words[0], &a.id, &err);

  if (rc)
    return dh_say_error(&err, NULL);
  dh_buf_init(&a.out, OUT_MAX);
  rc = dh_cli_show(cli, &(struct dh_cli_view){show_work, &a, &a.out, say_review, .list = false});
  dh_buf_fini(&a.out);
  return rc;
}

static int send_answer(struct dh_cli *cli, int64_t id, const struct dh_buf *answer, struct dh_buf *said,
                       struct dh_val **v, struct dh_err *err)
{
  struct dh_buf request;
  int rc;

  dh_buf_init(&request, 4 << 20);
  rc = dh_put_map(&request, 4);
  if (!rc)
    rc = dh_put_kt(&request, "do", "answer");
  if (!rc)
    rc = dh_put_ki(&request, "id", id);
  if (!rc)
    rc = dh_put_kt(&request, "who", dh_cli_who());
  if (!rc)
    rc = dh_put_text(&request, "answer");
  if (!rc)
    rc = dh_put_bytes(&request, answer->data, answer->len);
  rc = rc ? dh_err_set(err, rc, "no memory for the answer") : dh_cli_change(cli, &request, said, v, err);
  dh_buf_fini(&request);
  return rc;
}

static int exec_answer(struct dh_cli *cli)
{
  struct ask a = {.robot = NULL};
  struct dh_val *v = NULL, *said_v = NULL;
  struct dh_buf answer, said;
  struct dh_err err;
  char robot[64], key[256];
  int rc;

  dh_buf_init(&a.out, OUT_MAX);
  dh_buf_init(&answer, 1 << 20);
  dh_buf_init(&said, 1 << 20);
  rc = parse_id(cli->words[0], &a.id, &err);
  if (!rc)
    rc = dh_cli_ask(cli, &(struct dh_cli_view){show_work, &a, &a.out, NULL, .list = false}, &v, &err);
  if (!rc)
    rc = dh_sign_may(cli->conf, v, dh_cli_who(), &err);
  if (!rc)
    rc = dh_review_answer(v, cli->words + 1, cli->nwords - 1, &answer, &err);
  if (!rc)
    rc = send_answer(cli, a.id, &answer, &said, &said_v, &err);
  if (rc)
    rc = dh_say_error(&err, NULL);
  else if (cli->json)
    rc = dh_say_json(said_v);
  else
    printf("review %lld is answered; %s %s %s\n", (long long)a.id,
           dh_val_text(v, "robot", robot, sizeof robot), dh_val_text(v, "key", key, sizeof key),
           dh_val_bool(said_v, "due", false)                  ? "goes on as soon as a worker is free"
           : dh_val_is(dh_val_get(said_v, "state"), "leased") ? "takes it when it is put away"
                                                              : "stays as it is: deskhand queue show");
  free(v);
  free(said_v);
  dh_buf_fini(&a.out);
  dh_buf_fini(&answer);
  dh_buf_fini(&said);
  return rc;
}

const struct dh_command dh_cmd_review_list = {
    .name = "review list",
    .summary = "Lists what robots ask people",
    .usage = "[ROBOT]",
    .help = "One line a question: its number, since when it is open, robot, case, name, and what may be "
            "answered.",
    .most = 1,
    .exec = exec_list,
};
const struct dh_command dh_cmd_review_show = {
    .name = "review show",
    .summary = "Shows one question with what the person needs to decide it",
    .usage = "REVIEW",
    .help = "REVIEW is its number in deskhand review list.",
    .least = 1,
    .most = 1,
    .exec = exec_show,
};
const struct dh_command dh_cmd_review_answer = {
    .name = "review answer",
    .summary = "Answers a question; its case goes on",
    .usage = "REVIEW ANSWER…",
    .help = "What may be answered stands in deskhand review list: one of the words asked for, or the fields "
            "to fill in:\n\n"
            "  deskhand review answer 12 approve\n  deskhand review answer 13 number=91310000MA1FL4LC5X "
            "valid_to=2026-12-31\n\n"
            "A field that is not named keeps its value. Where it is not known whether an effect happened:\n\n"
            "  deskhand review answer 14 happened R-88      it is there, and this is what it shows\n"
            "  deskhand review answer 14 not-happened       it is not there; it will be done\n"
            "  deskhand review answer 14 accept             what was seen is what was meant\n\n"
            "A question with approve | refuse signs exactly the values shown. Whoever brought the case or "
            "answered its questions does not\n"
            "sign, and role.NAME.people in the configuration says who has the role. Who answers is the user, "
            "with sudo the one\n"
            "who called it.\n\n"
            "A second answer is refused with the first one.",
    .least = 2,
    .most = -1,
    .exec = exec_answer,
};
