/* pool_state.h - what the two halves of the pool share: pool.c lends, pool_child.c starts, keeps and ends the
 * children. */
#ifndef DH_POOL_STATE_H
#define DH_POOL_STATE_H

#include "need.h"
#include "pool.h"

struct dh_member {
  struct dh_member *next;
  struct dh_pool *pool;
  struct dh_op *child;
  char role[32];
  char borrower[40];   /* "" while it is idle */
  struct dh_need left; /* what stands open on it */
  int64_t number;      /* of this loan, or the last */
  int64_t born_ms;
  int runs; /* that it has served */
  int fd;
};

struct dh_lend_op {
  struct dh_op op;
  struct dh_pool *pool;
  struct dh_lend_op *next; /* waiting */
  char role[32], borrower[40];
  struct dh_need need;
  struct dh_err wrong; /* of its needs; code 0: nothing */
  int64_t number;
  int fd;
};

struct dh_pool {
  struct dh_pool_options o;
  struct dh_member *members;
  struct dh_lend_op *waiting;
  struct dh_op *expiry; /* runs while something is kept */
  int64_t last;
};

/* A child of this role is one run's from its first to its last word. */
bool dh_member_held(const char *role);
/* A free child for this loan, or a new one if there may be one more; NULL with code 0: all are lent. */
struct dh_member *dh_member_free(struct dh_pool *p, const struct dh_lend_op *l, struct dh_err *err);
/* New ones are made ready beside those in use. */
void dh_members_warm(struct dh_pool *p, const char *role);
/* After its loan: it is idle for the next one, or has ended. */
void dh_member_rest(struct dh_member *m, bool healthy);
void dh_member_drop(struct dh_member *m); /* ends it */

/* Lends what is free to those who wait (pool.c). */
void dh_pool_serve(struct dh_pool *p, const char *role);

#endif
