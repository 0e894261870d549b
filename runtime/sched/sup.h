/* sup.h - what the files of the supervisor share. Nobody else includes it. All on the loop thread; jobs for
 * the store thread carry copies. */
#ifndef DH_SUP_H
#define DH_SUP_H

#include "../io/peer.h"
#include "../io/proc.h"
#include "../store/store.h"
#include "change.h"
#include "pool.h"
#include "supervisor.h"
#include "worker.h"

enum {
  SUP_PAGE = 4096,
  SUP_YOUNG = 20 /* finished cases below which a robot version has workers of its own */
};

/* The page a worker shares: which run is on its CPU, since when (see dh_host_options.on_cpu). */
struct sup_page {
  char run[40];
  int64_t since_ms;
};

struct sup_queue {
  struct sup_queue *next;
  char name[64];
  char folder[DH_PATH], to[512], key_column[64], once_a[8];
  int running;    /* runs in workers, without those that have ended but for their last commit */
  int unfinished; /* finished cases of the newest claim's robot version */
  bool dry;       /* nothing was due at the last claim */
  bool claiming;
  int64_t ended[8]; /* outcomes since the start, by enum dh_outcome */
};

struct sup_run {
  struct sup_run *next;
  struct dh_claim claim; /* input and journal are gone once it was sent */
  struct sup_queue *queue;
  struct sup_worker *worker; /* NULL: waits for one */
  int open_effects;          /* intents without confirm or void */
  bool finishing;            /* its last record is on the way to the disk */
  int64_t began_ms;
};

struct sup_bundle {
  struct sup_bundle *next;
  char hash[DH_SHA256_HEX];
  struct dh_buf bytes;
};

struct sup_worker {
  struct sup_worker *next;
  struct supervisor *s;
  char name[16];
  char label[80]; /* what it is for: "" (whatever), "b HASH" (one robot version), "r RUN" (one run) */
  struct dh_op *child;
  struct dh_peer *peer;
  volatile struct sup_page *page;
  int nruns;
  int64_t started_ms;
  bool useful;                  /* a run has ended in it */
  char killed_run[DH_RUN_ID];   /* we killed it for this run */
  char (*known)[DH_SHA256_HEX]; /* bundles it has */
  size_t nknown;
  struct sup_ask *asks;   /* its open questions */
  struct sup_loan *loans; /* what it has, by the question that got it */
};

struct sup_ask {
  struct sup_ask *next;
  struct sup_worker *w;
  uint32_t id;
  char kind; /* 's'ecret, 'l'end, child 'c' */
  struct dh_op *op;
};

struct sup_loan {
  struct sup_loan *next;
  uint32_t ask;
  int64_t number;
};

struct supervisor {
  struct dh_serve_options o;
  struct dh_loop loop;
  struct dh_store *store;
  struct dh_launcher *launcher;
  struct dh_pool *pool;
  struct sup_queue *queues;
  struct sup_run *runs;
  struct sup_bundle *bundles;
  struct sup_worker *workers;
  struct sup_control *control;
  struct sup_intake *intakes;
  int most_workers, last_worker;
  int jobs; /* submitted to the store and not done */
  int quick_deaths;
  int64_t refused; /* cases that could not be taken in */
  int signal;
  bool stopping, stopped, asked_due;
  struct dh_err failed; /* why it ends, when it is a failure */
  uv_timer_t due, watch, again, redraw;
  uv_signal_t signals[2];
  bool tty;
  int drawn; /* lines of the live table */
  int64_t last_counts[DH_CASE_STATES];
};

/* ---- supervisor.c */
void sup_fail(struct supervisor *s, const struct dh_err *err); /* ends it with exit code 1 */
void sup_look(struct supervisor *s); /* after anything has changed: claims, or ends when idle */
void sup_look_later(struct supervisor *s, int64_t ms);
/* A job whose work and done are a supervisor's; counted. */
void sup_submit(struct supervisor *s, struct dh_job *job);
void sup_job_done(struct supervisor *s); /* to be called by each done */
struct dh_launcher *sup_launcher(void *self, struct dh_err *err);

/* ---- sup_dispatch.c */
void sup_dispatch(struct supervisor *s);
struct sup_queue *sup_queue_find(struct supervisor *s, const char *name);
struct sup_queue *sup_queue_add(struct supervisor *s, const char *name);
/* Names of all queues served, for a job; one block for free(). NULL: no memory. */
struct sup_names {
  size_t n;
  const char *v[];
};
struct sup_names *sup_names(const struct supervisor *s);
struct sup_run *sup_run_find(struct supervisor *s, const char *run);
void sup_run_remove(struct supervisor *s, struct sup_run *r);
void sup_run_finishing(struct sup_run *r);
void sup_wake(struct supervisor *s);  /* every queue may have something due */
void sup_place(struct supervisor *s); /* runs that wait for a worker */

/* ---- sup_workers.c */
struct sup_worker *sup_worker_start(struct supervisor *s, struct dh_err *err);
void sup_worker_close(struct sup_worker *w);
int sup_worker_give(struct sup_worker *w, struct sup_run *r); /* sends the run */
void sup_workers_watch(struct supervisor *s);                 /* kills those whose run keeps the CPU */

/* ---- sup_ask.c */
void sup_records(struct sup_worker *w, struct dh_frame *f, const struct dh_val *v);
void sup_question(struct sup_worker *w, struct dh_frame *f, const struct dh_val *v);
void sup_asks_end(struct sup_worker *w);

/* ---- sup_death.c */
void sup_death(struct sup_worker *w, int status); /* releases its runs, charges one, closes it */
void sup_lost(struct supervisor *s, struct sup_run *r,
              const struct dh_err *failed); /* one run given back or failed */

/* ---- sup_control.c */
int sup_control_open(struct supervisor *s, const char *url, struct dh_err *err);
void sup_control_close(struct supervisor *s);
/* Applies a change (change.h); done gets the answer or an error. */
int sup_change(struct supervisor *s, const void *request, size_t n,
               void (*done)(void *self, int rc, const struct dh_buf *answer, const struct dh_err *err),
               void *self, struct dh_err *err);

/* ---- sup_intake.c */
int sup_intake_start(struct supervisor *s, const char *robot, struct dh_err *err);
void sup_intake_close(struct supervisor *s);

/* ---- sup_tell.c */
void sup_tell_end(struct supervisor *s, const struct sup_run *r, int outcome, const struct dh_err *err);
void sup_tell_open(struct supervisor *s);
void sup_tell_draw(struct supervisor *s);
void sup_tell_last(struct supervisor *s); /* tables of results, last line */
int sup_status(const struct supervisor *s);

#endif
