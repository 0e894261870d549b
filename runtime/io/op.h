/* op.h - the one asynchronous operation: a timer, a socket, a pool job, a child process, a question to a
 * peer.
 *
 * An op is begun once and done once. Whoever implements one fills a struct dh_op_class and embeds struct
 * dh_op as the first member of its own struct; whoever waits gets `notify` on the loop thread, never from
 * inside start. Memory: dh_op_new allocates cls->size zeroed bytes and gives one reference to the caller; a
 * begun op holds a second one until it is done. At the last release cls->fini is called and the memory freed.
 * So the waiter may go away (cancel, then release) while a pool thread still works: the result is dropped on
 * the loop thread. */
#ifndef DH_OP_H
#define DH_OP_H

#include "loop.h"

struct lua_State;
struct dh_op;

enum dh_lane { DH_LANE_LOOP, DH_LANE_POOL };

struct dh_op_class {
  const char *name; /* "http.get": appears in errors, traces and leak reports */
  size_t size;      /* of the whole struct */
  enum dh_lane lane;

  /* DH_LANE_LOOP: begins on the loop thread. 0: dh_op_done will be called later (or was called already).
   * Negative with err filled: it did not begin and dh_op_done must not be called. */
  int (*start)(struct dh_op *op, struct dh_err *err);

  /* DH_LANE_POOL: the whole work, on a pool thread. Sees only its own struct: no Lua, no loop. */
  int (*work)(struct dh_op *op, struct dh_err *err);

  /* Asked to end early (cancel or deadline), loop thread. Must lead to dh_op_done, now or soon; NULL when
   * there is nothing to stop (a pool job: its result is dropped). */
  void (*cancel)(struct dh_op *op);

  /* Pushes the results of a success onto L and returns how many. May raise. NULL: pushes `true`. */
  int (*push)(struct lua_State *L, struct dh_op *op);

  /* Frees what the op owns. Called once, on the loop thread, also for an op that never began. */
  void (*fini)(struct dh_op *op);
};

enum dh_op_state { DH_OP_NEW, DH_OP_BEGUN, DH_OP_DONE };

struct dh_op {
  const struct dh_op_class *cls;
  struct dh_loop *loop;
  enum dh_op_state state;
  int refs;
  int rc;             /* when done: 0 or DH_E* */
  struct dh_err *err; /* when rc < 0: malloc'd, owned by the op (may be NULL when out of memory) */
  bool abandoned;     /* cancelled or timed out while its work goes on */
  void (*notify)(struct dh_op *op); /* called once, when done */
  void *waiter;                     /* for notify */
  uv_timer_t *deadline;             /* owned; NULL without one */
  uv_work_t work;
  int work_rc; /* of the pool thread, read after its hand-over: rc may have been told before */
};

/* NULL when out of memory. */
struct dh_op *dh_op_new(struct dh_loop *loop, const struct dh_op_class *cls);
void dh_op_ref(struct dh_op *op);
void dh_op_release(struct dh_op *op);

/* Begins the op. 0 or DH_E* with err filled (then it is done with that code and notify is not called). */
int dh_op_start(struct dh_op *op, struct dh_err *err);
/* Ends it with DH_ETIME at the latest after ms from now. Before or after start. */
int dh_op_deadline(struct dh_op *op, int64_t ms);
/* Ends it with DH_ECANCELED; notify is called. Nothing happens when it is done already. */
void dh_op_cancel(struct dh_op *op);
/* For implementers: finishes. err may be NULL when rc is 0; it is copied. A second call is ignored. */
void dh_op_done(struct dh_op *op, int rc, const struct dh_err *err);

/* A timer as an op. Pushes true. */
struct dh_op *dh_timer_new(struct dh_loop *loop, int64_t ms);

#endif
