/* run.h - runs inside a process: what sched (and the commands) ask of the host. */
#ifndef DH_RUN_H
#define DH_RUN_H

#include "port.h"

struct dh_host;

enum dh_outcome {
  DH_RUN_DONE,     /* data: what run returned */
  DH_RUN_REJECTED, /* data: {reason} */
  DH_RUN_FAILED,   /* err says why; data: {error, retry: {times, wait_ms}?} */
  DH_RUN_WAITING,  /* put away: for reviews or a time; data: {reviews: [name…], until?} */
  DH_RUN_UNKNOWN,  /* an effect may or may not have happened; a review stands open for it */
  DH_RUN_LOST,     /* a record was refused (fence, disk full) or the run was stopped from outside: nothing is
                      final */
};

struct dh_run_end {
  const char *run;
  enum dh_outcome outcome;
  const void *data; /* CBOR */
  size_t len;
  const struct dh_err *err; /* FAILED, LOST */
};

struct dh_run_spec {
  const char *run;   /* 32 hex digits */
  int attempt;       /* of this start */
  bool resumed;      /* the attempt was begun before and its worker died */
  const char *robot; /* its name */
  const char *key, *period;
  const void *bundle; /* as made by dh_bundle_read; must outlive the host (compiled once, by hash) */
  size_t bundle_len;
  const char *bundle_hash;
  const void *input; /* checked case: CBOR map made by dh_case_take */
  size_t input_len;
  const void *journal; /* CBOR list of records (dh_record_put) that stand, in order; NULL for none */
  size_t journal_len;
  int64_t time_ms; /* in memory at most; 0: the robot's limit, else 10 minutes */
  size_t memory;   /* bytes of its Lua state at most; 0: the robot's limit, else 64 MiB */
};

struct dh_host_options {
  /* Called on the loop thread when a run has left memory and its last record is durable. */
  void (*ended)(void *self, const struct dh_run_end *end);
  void *self;
  /* Told which run has the CPU, before each resume ("" afterwards): 33 bytes in a page shared with the
   * supervisor, followed by the monotonic ms of the resume as int64. May be NULL. */
  char *on_cpu;
  /* A script that nothing else stops is ended by _exit(1) with a message a second after its slice is over.
   * Off in workers, where the supervisor kills. */
  bool exit_on_hang;
  const char *record_dir, *replay_dir; /* of --record and --replay; NULL */
  const char *test_file; /* `deskhand test`: the path of the bundle's only file, a test file; NULL: none */
  struct dh_conf *test_conf; /* what the test file may set */
};

int dh_host_open(struct dh_loop *loop, struct dh_port *port, const struct dh_host_options *o,
                 struct dh_host **out, struct dh_err *err);
void dh_host_close(struct dh_host **h); /* stops what still runs (LOST) */

/* Starts a run. The spec's strings are copied, its bundle is not. An error here means that nothing began. */
int dh_run_start(struct dh_host *h, const struct dh_run_spec *spec, struct dh_err *err);
/* Ends a run from outside: open words are cancelled, no final record is written, `ended` says LOST. */
void dh_run_stop(struct dh_host *h, const char *run);
int dh_run_count(const struct dh_host *h);

/* ---- robots on disk (host/bundle.c); no run needed. */

/* Reads a robot (a folder with robot.lua, or one .lua file) into a bundle: CBOR map path -> text of
 * robot.lua, its other files, and the screens of `screens/` beside the robots' folder. name gets the robot's
 * name (64 bytes). The hash names the version. Errors say what is missing and where. Folders fixtures/,
 * files test_*.lua and what cases.from and cases.to name in robot.lua stay out. */
int dh_bundle_read(const char *robot, struct dh_buf *bundle, char hash[DH_SHA256_HEX], char name[64],
                   struct dh_err *err);

/* Loads robot.lua in a fresh isolate and gives its declaration as a CBOR map {about, cases, case, limit,
 * retry, hosts, isolation}; types are {type: "money", optional: bool, …rules}. Errors are the clerk's
 * (file:line, seen, do). */
int dh_robot_declare(const void *bundle, size_t n, const char *robot_path, struct dh_buf *declaration,
                     struct dh_err *err);

/* What can be proved of a robot without running it: CBOR map {findings: [{file, line, rule, severity, text,
 * seen, advice}], needs: {…}, types: text of an editor's stub}. */
int dh_robot_check(const void *bundle, size_t n, const char *name, struct dh_buf *findings,
                   struct dh_err *err);

/* Checks one raw case (from JSON or CSV: texts and numbers) against the declaration and makes plain data of
 * it: money, dates, numbers, flags; files are looked up relative to base_dir, hashed, and given to keep,
 * which stores the bytes durably. Unknown and missing fields, and values of the wrong type, are errors that
 * name the field. */
int dh_case_take(const struct dh_val *declaration, const struct dh_val *raw, const char *base_dir,
                 int (*keep)(void *self, const void *p, size_t n, char hash[DH_SHA256_HEX],
                             struct dh_err *err),
                 void *self, struct dh_buf *input, struct dh_err *err);

#endif
