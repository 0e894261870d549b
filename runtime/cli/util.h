/* util.h - what several commands share: asking the store, sending changes, questions to people. */
#ifndef DH_CLI_UTIL_H
#define DH_CLI_UTIL_H

#include "../sched/change.h"
#include "cli.h"

/* Reads the store: opened for reading only, work once, closed. DH_ENOENT: there is no store yet. */
int dh_cli_read(struct dh_cli *cli, int (*work)(struct dh_db *db, void *self, struct dh_err *err), void *self,
                struct dh_err *err);
/* What a reading command shows: one question to the store; its answer as JSON, or said in words. */
struct dh_cli_view {
  int (*work)(struct dh_db *db, void *self, struct dh_err *err);
  void *self;
  struct dh_buf *out; /* where work puts its answer as CBOR; the caller's */
  void (*say)(struct dh_cli *cli, const struct dh_val *v);
  bool list; /* without a store the answer is an empty list, not an error */
};
/* The answer as a tree in out's bytes; free(*v), which is NULL after an error. */
int dh_cli_ask(struct dh_cli *cli, const struct dh_cli_view *view, struct dh_val **v, struct dh_err *err);
/* Asks and shows. What the command returns. */
int dh_cli_show(struct dh_cli *cli, const struct dh_cli_view *view);
/* --state as a state of a case; 0 without the option. DH_EUSE names those that exist. */
int dh_cli_state(const struct dh_cli *cli, int *state, struct dh_err *err);
/* Where the bytes of a file value lie, so that a person can open it; false when it is no file of this store.
 */
bool dh_cli_file_path(const struct dh_cli *cli, const struct dh_val *file, char *out, size_t size);
/* Sends a change (change.h) and parses the answer: *v points into answer's bytes; free(*v). */
int dh_cli_change(struct dh_cli *cli, const struct dh_buf *request, struct dh_buf *answer, struct dh_val **v,
                  struct dh_err *err);
/* Who this is, for the audit and for signatures: login name; under sudo that of the caller. */
const char *dh_cli_who(void);
/* Reads the robot that the first word names; an error says its place as a person opens it. */
int dh_cli_robot(const struct dh_cli *cli, struct dh_robot *robot, struct dh_err *err);
/* The name a ROBOT argument stands for: the folder's or file's, without ".lua". */
char *dh_cli_robot_name(const char *robot, char out[64]);
/* The path of a robot's file as a person opens it: `file` is its name in the bundle; robot.lua of a robot
 * that is one file is that file, a screen may lie beside the robots' folder. */
void dh_cli_place(const char *robot, const char *file, char *out, size_t size);
/* The same for "FILE:LINE" in err->where. */
void dh_cli_where(const char *robot, struct dh_err *err);

/* A line from the terminal, without its end; false at the end of input. */
bool dh_cli_prompt(const char *question, char *out, size_t size);
/* The same without echo. */
bool dh_cli_prompt_secret(const char *question, char *out, size_t size);

/* ---- reviews (ask.c) */

/* Shows a review (the map of review_show) to a person, with the files that it is about. */
void dh_review_say(const struct dh_cli *cli, FILE *f, const struct dh_val *review);
/* What may be written behind `review answer ID`, for this one: "yes | no", "name=… date=…". */
void dh_review_choices(const struct dh_val *review, char *out, size_t size);
/* The answer that words stand for, as CBOR, checked against the question. DH_EUSE says what is possible. */
int dh_review_answer(const struct dh_val *review, char **words, int n, struct dh_buf *answer,
                     struct dh_err *err);
/* Asks at the terminal until the answer fits. DH_ECANCELED at the end of input. */
int dh_review_ask(const struct dh_cli *cli, const struct dh_val *review, struct dh_buf *answer,
                  struct dh_err *err);

#endif
