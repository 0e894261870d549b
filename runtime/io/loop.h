/* loop.h - the one event loop of a process: a uv_loop_t with its pool and its timers.
 * Owns the uv loop. Everything here runs on the loop's thread. */
#ifndef DH_LOOP_H
#define DH_LOOP_H

#include "../base/err.h"

#include <uv.h>

struct dh_loop {
  uv_loop_t uv;
  int ops; /* operations begun and not yet done: 0 when nothing is left behind */
  bool closing;
};

int dh_loop_open(struct dh_loop *l, struct dh_err *err);
/* Runs until no handle is active or dh_loop_stop was called. */
void dh_loop_run(struct dh_loop *l);
void dh_loop_stop(struct dh_loop *l);
/* Runs what is left and closes. Returns the number of handles that were still open: 0, or somebody leaks. */
int dh_loop_close(struct dh_loop *l);

#endif
