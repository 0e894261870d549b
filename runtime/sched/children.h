/* children.h - the children of a process that runs robots itself (deskhand run, module commands): a launcher
 * started when a word first needs one, and the pool of what is lent. The three parts of a port that deal with
 * children. */
#ifndef DH_CHILDREN_H
#define DH_CHILDREN_H

#include "pool.h"
#include "port_op.h"

struct dh_children {
  struct dh_loop *loop;
  const struct dh_conf *conf;
  int lock_fd; /* of the store, handed down; -1 without one */
  struct dh_launcher *launcher;
  struct dh_pool *pool;
  struct dh_lent *lent;
};

void dh_children_init(struct dh_children *c, struct dh_loop *loop, const struct dh_conf *conf, int lock_fd);
void dh_children_close(struct dh_children *c); /* ends them all */

/* As in host/port.h. */
struct dh_op *dh_children_lend(struct dh_children *c, const char *run, const char *role, const char *needs,
                               size_t n);
void dh_children_give_back(struct dh_children *c, struct dh_peer *peer, bool healthy);
struct dh_op *dh_children_spawn(struct dh_children *c, const char *const argv[], const char *profile, int in);

#endif
