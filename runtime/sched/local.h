/* local.h - runs robots in this process: supervisor, worker and store in one loop, for `deskhand run`. Owns
 * the loop, the store (with its lock), the host, and the children that words ask for. */
#ifndef DH_LOCAL_H
#define DH_LOCAL_H

#include "../base/conf.h"
#include "../host/run.h"
#include "../store/store.h"
#include "intake.h"

struct dh_local;

struct dh_local_options {
  const struct dh_conf *conf;
  const char *record_dir, *replay_dir; /* NULL without */
  const char *test_file;               /* `deskhand test`: see dh_host_options */
  struct dh_conf *test_conf;
  /* Told of each run that has begun (end NULL) and ended. */
  void (*event)(void *self, const struct dh_claim *claim, const struct dh_run_end *end);
  void *self;
};

/* Takes the store. DH_EUNAVAILABLE: another process has it. */
int dh_local_open(const struct dh_local_options *o, struct dh_local **out, struct dh_err *err);
/* Gives up what still runs (its work stands in the journal), ends children. Idempotent through the pointer.
 */
void dh_local_close(struct dh_local **l);
struct dh_store *dh_local_store(struct dh_local *l);

/* One piece of work in the store, waited for. */
int dh_local_do(struct dh_local *l, int (*work)(struct dh_db *db, void *self, struct dh_err *err), void *self,
                struct dh_err *err);

/* Work for the transaction of the next claim, before it: cases that are added and begun at once are one
 * commit. self must live until dh_local_run returns, which ends with the work's error. */
void dh_local_first(struct dh_local *l, int (*work)(struct dh_db *db, void *self, struct dh_err *err),
                    void *self);

/* Claims and runs what is due: this case, or (key NULL) all of the queue, until nothing is due and nothing
 * runs. DH_ECANCELED: interrupted (SIGINT, SIGTERM). */
int dh_local_run(struct dh_local *l, const char *queue, const char *period, const char *key,
                 struct dh_err *err);

/* Deals with the periods of the robot's queue that are over: their tables are written, finish cases added
 * (*added: how many) for dh_local_run to run. Nothing else may run meanwhile. */
int dh_local_finish(struct dh_local *l, const struct dh_robot *robot, size_t *added, struct dh_err *err);
#endif
