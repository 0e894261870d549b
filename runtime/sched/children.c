/* children.c - see children.h. */
#include "children.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct dh_lent {
  struct dh_lent *next;
  struct dh_peer *peer;
  int64_t number;
};

void dh_children_init(struct dh_children *c, struct dh_loop *loop, const struct dh_conf *conf, int lock_fd)
{
  memset(c, 0, sizeof *c);
  c->loop = loop;
  c->conf = conf;
  c->lock_fd = lock_fd;
}

void dh_children_close(struct dh_children *c)
{
  while (c->lent)
    dh_children_give_back(c, c->lent->peer, false);
  dh_pool_close(&c->pool);
  dh_launcher_close(&c->launcher);
}

static void launcher_gone(void *self, const struct dh_err *err)
{
  (void)self;
  (void)err; /* each child's op has told its asker */
}

static struct dh_launcher *launcher(void *self, struct dh_err *err)
{
  struct dh_children *c = self;

  if (!c->launcher)
    dh_launcher_open(c->loop, c->lock_fd, launcher_gone, c, &c->launcher, err);
  return c->launcher;
}

static int lent(struct dh_port_op *op, struct dh_op *inner, void *self, struct dh_err *err)
{
  struct dh_children *c = self;
  struct dh_lent *l = malloc(sizeof *l);
  int fd = dh_pool_lent_fd(inner), rc;

  rc = l ? dh_peer_open(c->loop, fd, NULL, NULL, &op->peer, err)
         : dh_err_set(err, DH_ENOMEM, "no memory for a connection");
  if (rc) {
    close(fd);
    free(l);
    dh_pool_give_back(c->pool, dh_pool_lent(inner), false);
    return rc;
  }
  l->peer = op->peer;
  l->number = dh_pool_lent(inner);
  l->next = c->lent;
  c->lent = l;
  return 0;
}

struct dh_op *dh_children_lend(struct dh_children *c, const char *run, const char *role, const char *needs,
                               size_t n)
{
  struct dh_pool_options o = {.loop = c->loop, .conf = c->conf, .launcher = launcher, .self = c};
  struct dh_err err;

  if (!c->pool && dh_pool_open(&o, &c->pool, &err))
    return dh_port_op_refused(c->loop, &err);
  return dh_relay_new(c->loop, dh_pool_lend_new(c->pool, role, run, needs, n), lent, c);
}

void dh_children_give_back(struct dh_children *c, struct dh_peer *peer, bool healthy)
{
  for (struct dh_lent **at = &c->lent; *at; at = &(*at)->next) {
    struct dh_lent *l = *at;

    if (l->peer != peer)
      continue;
    *at = l->next;
    dh_peer_close(&peer);
    dh_pool_give_back(c->pool, l->number, healthy);
    free(l);
    return;
  }
  dh_peer_close(&peer);
}

static struct dh_op *begin(void *self, const char *const argv[], const char *profile, const int fds[3])
{
  struct dh_child_spec spec = {.argv = argv, .profile = profile, .fds = {fds[0], fds[1], fds[2], -1}};
  struct dh_launcher *l = launcher(self, NULL);

  return l ? dh_child_new(l, &spec) : NULL;
}

struct dh_op *dh_children_spawn(struct dh_children *c, const char *const argv[], const char *profile, int in)
{
  static const struct dh_spawn_way way = {begin, dh_child_status};

  return dh_spawn_new(c->loop, &way, c, argv, profile, in);
}
