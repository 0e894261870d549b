/* port_op.h - the ops that both ports make (sched/local.c over the store, sched/port_worker.c over the
 * supervisor): one struct in front of each, so that host/port.h can read its result. */
#ifndef DH_PORT_OP_H
#define DH_PORT_OP_H

#include "../base/conf.h"
#include "../host/port.h"

struct dh_port_op {
  struct dh_op op;
  struct dh_buf text;      /* secret, keep */
  struct dh_peer *peer;    /* lend; given to the waiter, else closed */
  struct dh_output output; /* spawn */
};

/* For classes whose struct begins with a dh_port_op: NULL when out of memory. */
struct dh_port_op *dh_port_op_new(struct dh_loop *loop, const struct dh_op_class *cls, size_t text_max);
void dh_port_op_fini(struct dh_op *op);
/* An op that fails with err as soon as it is begun: for what can be refused at once. */
struct dh_op *dh_port_op_refused(struct dh_loop *loop, const struct dh_err *err);

/* keep: dh_blob_put on the pool. */
struct dh_op *dh_keep_new(struct dh_loop *loop, const char *blobs, const void *bytes, size_t n);

/* spawn: runs a child to its end and collects its output. begin makes the op that stands for the child's life
 * (dh_child_new, or a question to the supervisor) with the descriptors for 0, 1, 2; status reads its end. */
struct dh_spawn_way {
  struct dh_op *(*begin)(void *self, const char *const argv[], const char *profile, const int fds[3]);
  int (*status)(struct dh_op *child);
};
struct dh_op *dh_spawn_new(struct dh_loop *loop, const struct dh_spawn_way *way, void *self,
                           const char *const argv[], const char *profile, int in);

/* lend, secret: an op around another one; finish takes the result out of inner once it is done without error.
 */
struct dh_op *dh_relay_new(struct dh_loop *loop, struct dh_op *inner,
                           int (*finish)(struct dh_port_op *op, struct dh_op *inner, void *self,
                                         struct dh_err *err),
                           void *self);

#endif
