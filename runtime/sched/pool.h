/* pool.h - children that are lent to runs: readers, desks, and whatever role a module has. Owns the child
 * processes and one end of their sockets; whoever borrows gets a duplicate. A child that dies is dropped: its
 * borrower sees the end of its socket, nobody else sees anything. */
#ifndef DH_POOL_H
#define DH_POOL_H

#include "../base/conf.h"
#include "../io/proc.h"

struct dh_pool;

struct dh_pool_options {
  struct dh_loop *loop;
  const struct dh_conf *conf;
  /* The launcher, started when it is needed first; NULL with err filled: it cannot be. */
  struct dh_launcher *(*launcher)(void *self, struct dh_err *err);
  void *self;
  bool warm; /* keep new desks ready while some are in use (serve) */
};

int dh_pool_open(const struct dh_pool_options *o, struct dh_pool **out, struct dh_err *err);
/* Ends all children. Idempotent through the pointer. */
void dh_pool_close(struct dh_pool **p);

/* Lends a child of this role as an op: waits until one is free. borrower (a worker's name, a run) is for
 * dh_pool_forget. needs, n: labels as in need.h. With a session the child that this session has left is lent,
 * if there is one, else a new one; never what another session has left. Roles that no module has end with
 * DH_EUNAVAILABLE, unknown labels with DH_EUSE. NULL when out of memory. */
struct dh_op *dh_pool_lend_new(struct dh_pool *p, const char *role, const char *borrower, const void *needs,
                               size_t n);
/* Results of a done lend: the number to give back, and the socket, which the caller closes. */
int64_t dh_pool_lent(struct dh_op *op);
int dh_pool_lent_fd(struct dh_op *op);

/* Back: a reader that is healthy serves the next one. A desk ends, unless it is healthy and has a session:
 * then it is kept for that, until it is as old or has served as many runs as the configuration says, or its
 * room is needed. */
void dh_pool_give_back(struct dh_pool *p, int64_t lent, bool healthy);
/* Everything this borrower has ends; its open lends are cancelled by their owner. */
void dh_pool_forget(struct dh_pool *p, const char *borrower);
/* How many lends of this role wait for a free child. */
int dh_pool_waiting(const struct dh_pool *p, const char *role);

#endif
