/* sup.h - what the files of the supervisor share. Nobody else includes it. All on the loop thread; jobs for
 * the store thread carry copies. */
#ifndef DH_SUP_H
#define DH_SUP_H

#include "../io/peer.h"
#include "../io/proc.h"
#include "../store/store.h"
#include "change.h"
#include "claim.h"
#include "pool.h"
#include "supervisor.h"
#include "worker.h"

enum {
  SUP_PAGE = 4096,
  SUP_FAILED_MAX = 100, /* cases in a row after which a breaker opens, at most */
  SUP_YOUNG = 20        /* finished cases below which a robot version has workers of its own */
};

/* The page a worker shares: which run is on its CPU, since when (see dh_host_options.on_cpu). */
struct dh_sup_page {
  char run[40];
  int64_t since_ms;
};

struct dh_sup_queue {
  struct dh_sup_queue *next;
  char name[64];
  char folder[DH_PATH], to[512], key_column[64], once_a[8], zone[64];
  int running;    /* runs in workers, without those that have ended but for their last commit */
  int unfinished; /* finished cases of the newest claim's robot version */
  bool apart;     /* isolation = "process": never shares a worker with other robots */
  bool dry;       /* nothing was due at the last claim */
  bool claiming;
  bool blocked;      /* its table could not be written */
  bool watched;      /* cases.watch: its period is not over before its time is */
  int64_t held_open; /* of the table that was written meanwhile, and … */
  char held_period[16];
  int64_t held_until_ms;                  /* a long table is not written all the time */
  int64_t ended[8];                       /* outcomes since the start, by enum dh_outcome */
  char failed[SUP_FAILED_MAX][DH_RUN_ID]; /* runs that failed by something outside, since one did not */
  int nfailed;
  bool trial; /* was held for that: one case at a time until one ends well */
};

struct dh_sup_run {
  struct dh_sup_run *next;
  struct dh_claim claim; /* input and journal are gone once it was sent */
  struct dh_sup_queue *queue;
  struct dh_sup_worker *worker; /* NULL: waits for one */
  int open_effects;             /* intents without confirm or void */
  bool finishing;               /* its last record is on the way to the disk */
  bool put_back;                /* draining: it wanted to begin something, and gets no answer any more */
  int64_t began_ms;
};

struct dh_sup_worker {
  struct dh_sup_worker *next;
  struct dh_supervisor *s;
  char name[16];
  char label[80]; /* what it is for: "" (whatever), "b HASH" (one robot version), "r RUN" (one run) */
  struct dh_op *child;
  struct dh_peer *peer;
  volatile struct dh_sup_page *page;
  int nruns;
  int64_t started_ms;
  bool useful;                  /* a run has ended in it */
  char killed_run[DH_RUN_ID];   /* we killed it for this run */
  char (*known)[DH_SHA256_HEX]; /* bundles it has */
  size_t nknown;
  struct dh_sup_ask *asks;   /* its open questions */
  struct dh_sup_loan *loans; /* what it has, by the question that got it */
};

struct dh_sup_ask {
  struct dh_sup_ask *next;
  struct dh_sup_worker *w;
  uint32_t id;
  char kind; /* 's'ecret, 'l'end, child 'c' */
  struct dh_op *op;
};

struct dh_sup_loan {
  struct dh_sup_loan *next;
  uint32_t ask;
  int64_t number;
};

struct dh_supervisor {
  struct dh_serve_options o;
  struct dh_loop loop;
  struct dh_store *store;
  struct dh_launcher *launcher;
  struct dh_pool *pool;
  struct dh_sup_queue *queues;
  struct dh_sup_run *runs;
  struct dh_version *versions; /* of robots, that cases were claimed for */
  struct dh_sup_worker *workers;
  struct dh_sup_control *control;
  struct dh_sup_intake *intakes;
  struct dh_sup_schedules *schedules; /* NULL: no robot has one */
  bool stirred;                       /* a case has begun or ended since what waits in them was looked at */
  struct dh_sup_finish *finish;       /* the end of a period that is being dealt with */
  bool unsettled;                     /* a case may have become final since periods were looked at … */
  int64_t settled_ms;                 /* … which was then */
  int most_workers, last_worker;
  int jobs; /* submitted to the store and not done */
  int quick_deaths;
  int64_t refused; /* cases that could not be taken in */
  int signal;
  bool stopping, stopped, asked_due;
  bool draining;        /* nothing new begins: only effects that have begun are waited for */
  bool fenced, joining; /* our leases are over; nothing is claimed until we have joined again */
  struct dh_err failed; /* why it ends, when it is a failure */
  uv_timer_t due, watch, again, redraw, unblock, turn, reread, breaker;
  uv_signal_t signals[2];
  bool tty;
  int drawn; /* lines of the live table */
  int64_t last_counts[DH_CASE_STATES];
};

/* ---- supervisor.c */
void dh_sup_fail(struct dh_supervisor *s, const struct dh_err *err); /* ends it with exit code 1 */
void dh_sup_look(struct dh_supervisor *s); /* after anything has changed: claims, or ends when idle */
void dh_sup_look_later(struct dh_supervisor *s, int64_t ms);
bool dh_sup_dry(const struct dh_supervisor *s); /* nothing was due at the last claims */
/* A job whose work and done are a supervisor's; counted. */
void dh_sup_submit(struct dh_supervisor *s, struct dh_job *job);
void dh_sup_job_done(struct dh_supervisor *s); /* to be called by each done */
struct dh_launcher *dh_sup_launcher(void *self, struct dh_err *err);

/* ---- sup_stop.c */
int dh_sup_open_effects(const struct dh_supervisor *s); /* runs in workers that have begun one */
void dh_sup_stop(struct dh_supervisor *s, bool drain);  /* ends it: now, or when these are done */
void dh_sup_drain_look(struct dh_supervisor *s);        /* after anything has changed: ends workers, or all */
/* While draining: may this record (by its kind) of the run still be written? */
bool dh_sup_drain_takes(struct dh_sup_run *r, int64_t kind);

/* ---- sup_dispatch.c */
void dh_sup_dispatch(struct dh_supervisor *s);
struct dh_sup_queue *dh_sup_queue_find(struct dh_supervisor *s, const char *name);
struct dh_sup_queue *dh_sup_queue_add(struct dh_supervisor *s, const char *name);
/* Names of all queues served, for a job; one block for free(). NULL: no memory. */
struct dh_sup_names {
  size_t n;
  const char *v[];
};
struct dh_sup_names *dh_sup_names(const struct dh_supervisor *s);
struct dh_sup_run *dh_sup_run_find(struct dh_supervisor *s, const char *run);
void dh_sup_run_remove(struct dh_supervisor *s, struct dh_sup_run *r);
void dh_sup_run_finishing(struct dh_sup_run *r);
void dh_sup_wake(struct dh_supervisor *s);  /* every queue may have something due, or its last case final */
void dh_sup_place(struct dh_supervisor *s); /* runs that wait for a worker */

/* ---- sup_workers.c */
struct dh_sup_worker *dh_sup_worker_start(struct dh_supervisor *s, struct dh_err *err);
void dh_sup_worker_close(struct dh_sup_worker *w);
int dh_sup_worker_give(struct dh_sup_worker *w, struct dh_sup_run *r); /* sends the run */
void dh_sup_workers_watch(struct dh_supervisor *s); /* kills those whose run keeps the CPU */

/* ---- sup_ask.c */
void dh_sup_records(struct dh_sup_worker *w, struct dh_frame *f, const struct dh_val *v);
void dh_sup_question(struct dh_sup_worker *w, struct dh_frame *f, const struct dh_val *v);
void dh_sup_asks_end(struct dh_sup_worker *w);

/* ---- sup_death.c */
void dh_sup_death(struct dh_sup_worker *w, int status); /* releases its runs, charges one, closes it */
void dh_sup_lost(struct dh_supervisor *s, struct dh_sup_run *r,
                 const struct dh_err *failed); /* one run given back or failed */

/* ---- sup_control.c */
int dh_sup_control_open(struct dh_supervisor *s, const char *url, struct dh_err *err);
void dh_sup_control_close(struct dh_supervisor *s);
/* Applies a change (change.h); done gets the answer or an error. */
int dh_sup_change(struct dh_supervisor *s, const void *request, size_t n,
                  void (*done)(void *self, int rc, const struct dh_buf *answer, const struct dh_err *err),
                  void *self, struct dh_err *err);

/* ---- sup_fleet.c */
void dh_sup_stirred(void *self, const char *queue); /* of dh_store_options */
/* To be called several times a second. Ends all workers and what they were lent when the leases are about to
 * end, and joins again. */
void dh_sup_fence(struct dh_supervisor *s);
/* An error of the store that will pass: a database that hosts share was away, or they were in each other's
 * way. What was asked is asked again. */
bool dh_sup_passing(const struct dh_supervisor *s, const struct dh_err *err);

/* ---- sup_intake.c */
int dh_sup_intake_start(struct dh_supervisor *s, const char *robot, struct dh_err *err);
void dh_sup_intake_close(struct dh_supervisor *s);
/* Takes in what a robot's cases.from holds now, once; taken is called when all of it is on the way to the
 * store, or with an error. */
int dh_sup_intake_take(struct dh_supervisor *s, const char *robot,
                       void (*taken)(void *self, const struct dh_err *err), void *self, struct dh_err *err);
bool dh_sup_intake_busy(const struct dh_supervisor *s); /* robots are being read; not: are watched */
void dh_sup_intake_again(uv_timer_t *t);

/* ---- sup_finish.c */
void dh_sup_finish_look(struct dh_supervisor *s); /* if it is unsettled: is a period over? */
bool dh_sup_finish_busy(const struct dh_supervisor *s);
void dh_sup_finish_unblock(uv_timer_t *t);
void dh_sup_finish_close(struct dh_supervisor *s); /* its jobs are still to come */

/* ---- sup_schedule.c */
/* Takes the schedules of a robot that was read ({schedules, hash, wants, from}); they begin with
 * dh_sup_schedule_begin. */
int dh_sup_schedule_take(struct dh_supervisor *s, struct dh_sup_queue *q, const char *robot,
                         const struct dh_val *v, struct dh_err *err);
void dh_sup_schedule_begin(struct dh_supervisor *s);
void dh_sup_schedule_look(
    struct dh_supervisor *s); /* if it is stirred: held cases, queues that are waited for */
void dh_sup_schedule_close(struct dh_supervisor *s); /* when no job is left */

/* ---- sup_breaker.c */
void dh_sup_breaker_ended(struct dh_supervisor *s, const struct dh_sup_run *r, int outcome,
                          const struct dh_err *err); /* counts; may hold its queue */
void dh_sup_breaker_try(uv_timer_t *t);              /* lets queues go on that were held long enough */

/* ---- sup_tell.c */
void dh_sup_tell_end(struct dh_supervisor *s, const struct dh_sup_run *r, int outcome,
                     const struct dh_err *err);
void dh_sup_tell_open(struct dh_supervisor *s);
void dh_sup_tell_draw(struct dh_supervisor *s);
void dh_sup_tell_last(struct dh_supervisor *s); /* tables of results, last line */
int dh_sup_status(const struct dh_supervisor *s);

#endif
