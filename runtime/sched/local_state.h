/* local_state.h - what the files of local.c share: a process that is supervisor, worker and store at once.
 * Nobody else includes it. */
#ifndef DH_LOCAL_STATE_H
#define DH_LOCAL_STATE_H

#include "change.h"
#include "children.h"
#include "claim.h"
#include "local.h"

struct dh_local_run {
  struct dh_local_run *next;
  struct dh_claim claim;
  struct dh_err
      refused; /* the first record that could not be written; the refusals after it follow from it */
};

struct dh_local {
  struct dh_port port; /* first: the host's calls come back with it */
  struct dh_local_options o;
  struct dh_loop loop;
  struct dh_store *store;
  struct dh_host *host;
  struct dh_children children;
  struct dh_local_run *runs;
  struct dh_version *versions; /* of robots, that cases were claimed for */
  int nruns;
  bool claiming, interrupted, watching;
  uv_signal_t signals[2];
  bool released;                                                  /* what a killed process left claimed */
  int (*first)(struct dh_db *db, void *self, struct dh_err *err); /* see dh_local_first */
  void *first_self;
  const char *queue, *period, *key; /* of dh_local_run */
  struct dh_err failed;             /* a claim that failed ends dh_local_run */
};

/* ---- local_port.c */
extern const struct dh_port_ops dh_local_port;
struct dh_local_run *dh_local_run_find(struct dh_local *l, const char *run);

/* ---- local_claim.c */
void dh_local_run_ended(void *self, const struct dh_run_end *end); /* of dh_host_options */
void dh_local_run_remove(struct dh_local *l, struct dh_local_run *r);

/* ---- local.c */
/* What a killed process of this store left claimed is due again: in the first transaction, whatever it is. */
bool dh_local_release_now(struct dh_local *l);
int dh_local_release_all(struct dh_db *db, struct dh_err *err);

#endif
