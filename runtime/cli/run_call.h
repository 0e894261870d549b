/* run_call.h - what the files of `deskhand run` share: one call of the command. */
#ifndef DH_RUN_CALL_H
#define DH_RUN_CALL_H

#include "util.h"
#include "../sched/local.h"

struct dh_run_call {
  struct dh_cli *cli;
  struct dh_robot robot;
  struct dh_local *local;
  struct dh_intake in;
  struct dh_buf request;
  struct dh_val *request_tree;
  const char *key; /* of the one case; NULL: all of the queue */
  char period[16];
  bool tty;
  bool ran;           /* the one case was worked on: it had not ended before */
  struct dh_err lost; /* why the one case could not be recorded any more; code 0: it could */
};

struct dh_run_query {
  const struct dh_run_call *call;
  const struct dh_val *request;
  struct dh_buf out;
  int64_t id;
  int64_t counts[DH_CASE_STATES], finishes[DH_CASE_STATES];
};

/* Runs work in the store, waits, and parses what it appended to q->out: *v points into it; free(*v). */
int dh_run_ask(struct dh_run_call *c, struct dh_run_query *q,
               int (*work)(struct dh_db *, void *, struct dh_err *), struct dh_val **v, struct dh_err *err);

/* Work before the first claim, in its transaction; self is a query with the request: the cases are added, and
 * a case that has failed is made due, with the robot as it is now: whoever types this wants it now. */
int dh_run_first(struct dh_db *db, void *self, struct dh_err *err);

/* ---- run_all.c: all cases. Returns the exit code. */
int dh_run_all(struct dh_run_call *c, struct dh_err *err);
void dh_run_told(void *self, const struct dh_claim *claim,
                 const struct dh_run_end *end); /* of dh_local_options */

/* ---- run_end.c: says how the case has ended. shown is the map of case_show. Each returns the exit code. */
int dh_run_say_end(struct dh_run_call *c, const struct dh_val *shown, int state);
int dh_run_say_waiting(struct dh_run_call *c, const struct dh_val *shown);

#endif
