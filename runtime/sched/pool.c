/* pool.c - children lent to runs. See pool.h. */
#include "pool.h"
#include "../host/module.h"
#include "../io/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct member {
  struct member *next;
  struct dh_pool *pool;
  struct dh_op *child;
  char role[32];
  char borrower[40]; /* "" while it is idle */
  int64_t number;    /* of this loan */
  int fd;
};

struct lend_op {
  struct dh_op op;
  struct dh_pool *pool;
  struct lend_op *next; /* waiting */
  char role[32], borrower[40];
  int64_t number;
  int fd;
};

struct dh_pool {
  struct dh_pool_options o;
  struct member *members;
  struct lend_op *waiting;
  int64_t last;
};

/* A desk belongs to one run from its first to its last window; whatever else is lent answers question by
 * question. */
static bool single_use(const char *role)
{
  return strcmp(role, "desk") == 0;
}

static int most(const struct dh_pool *p, const char *role)
{
  int cores = (int)sysconf(_SC_NPROCESSORS_ONLN);

  if (single_use(role))
    return (int)dh_conf_int(p->o.conf, "desks", 2 * cores);
  return (int)dh_conf_int(p->o.conf, "readers", cores);
}

static int count(const struct dh_pool *p, const char *role, bool idle_only)
{
  int n = 0;

  for (const struct member *m = p->members; m; m = m->next)
    n += strcmp(m->role, role) == 0 && !(idle_only && *m->borrower);
  return n;
}

static void serve(struct dh_pool *p, const char *role);

static void drop(struct member *m)
{
  struct dh_pool *p = m->pool;

  for (struct member **at = &p->members; *at; at = &(*at)->next)
    if (*at == m) {
      *at = m->next;
      break;
    }
  if (m->fd >= 0)
    close(m->fd);
  m->child->notify = NULL;
  dh_op_cancel(m->child);
  dh_op_release(m->child);
  free(m);
}

static void child_ended(struct dh_op *child)
{
  struct member *m = child->waiter;
  struct dh_pool *p = m->pool;
  char role[32];

  snprintf(role, sizeof role, "%s", m->role);
  drop(m);
  serve(p, role);
}

static struct member *start(struct dh_pool *p, const char *role, struct dh_err *err)
{
  const char *argv[] = {"deskhand", role, NULL};
  struct dh_child_spec spec = {
      .argv = argv, .profile = single_use(role) ? "desk" : "reader", .fds = {-1, -1, -1, -1}};
  struct dh_launcher *launcher = p->o.launcher(p->o.self, err);
  struct member *m = launcher ? calloc(1, sizeof *m) : NULL;
  int pair[2];

  if (!m)
    return launcher ? dh_err_set(err, DH_ENOMEM, "no memory for a child"), NULL : NULL;
  if (dh_frame_pair(pair, err)) {
    free(m);
    return NULL;
  }
  m->pool = p;
  m->fd = pair[0];
  snprintf(m->role, sizeof m->role, "%s", role);
  spec.fds[3] = pair[1];
  m->child = dh_child_new(launcher, &spec);
  close(pair[1]);
  if (m->child) {
    m->child->notify = child_ended;
    m->child->waiter = m;
  }
  if (!m->child || dh_op_start(m->child, err)) {
    if (m->child)
      dh_op_release(m->child);
    else
      dh_err_set(err, DH_ENOMEM, "no memory for a child");
    close(pair[0]);
    free(m);
    return NULL;
  }
  m->next = p->members;
  p->members = m;
  return m;
}

static void hand_over(struct lend_op *l, struct member *m)
{
  struct dh_err err;

  l->fd = fcntl(m->fd, F_DUPFD_CLOEXEC, 3);
  if (l->fd < 0) {
    dh_err_errno(&err, "a %s cannot be lent", l->role);
    dh_op_done(&l->op, err.code, &err);
    return;
  }
  m->number = l->number = ++l->pool->last;
  snprintf(m->borrower, sizeof m->borrower, "%s", l->borrower);
  dh_op_done(&l->op, 0, NULL);
}

/* A free child of this role, or a new one if there may be one more; NULL with code 0: all are lent. */
static struct member *free_member(struct dh_pool *p, const char *role, struct dh_err *err)
{
  err->code = 0;
  for (struct member *m = p->members; m; m = m->next)
    if (strcmp(m->role, role) == 0 && !*m->borrower)
      return m;
  return count(p, role, false) < most(p, role) ? start(p, role, err) : NULL;
}

static void keep_warm(struct dh_pool *p, const char *role)
{
  struct dh_err err;

  if (!p->o.warm || !single_use(role))
    return;
  while (count(p, role, true) < (int)dh_conf_int(p->o.conf, "desks.warm", 1) &&
         count(p, role, false) < most(p, role))
    if (!start(p, role, &err))
      return; /* the next one who asks is told why */
}

static void serve(struct dh_pool *p, const char *role)
{
  struct lend_op **at = &p->waiting;

  while (*at) {
    struct lend_op *l = *at;
    struct member *m;
    struct dh_err err;

    if (strcmp(l->role, role)) {
      at = &l->next;
      continue;
    }
    m = free_member(p, role, &err);
    if (!m && !err.code)
      return;
    *at = l->next;
    if (m)
      hand_over(l, m);
    else
      dh_op_done(&l->op, err.code, &err);
    at = &p->waiting; /* whoever was told may have asked again */
  }
}

/* ---- lending */

static int lend_start(struct dh_op *op, struct dh_err *err)
{
  struct lend_op *l = (struct lend_op *)op, **at = &l->pool->waiting;

  if (!dh_role_known(l->role)) {
    dh_err_set(err, DH_EUNAVAILABLE, "no module of this machine has a %s", l->role);
    dh_err_advice(err, "see what is missing: deskhand doctor");
    return err->code;
  }
  while (*at)
    at = &(*at)->next;
  *at = l;
  serve(l->pool, l->role);
  if (op->state == DH_OP_DONE)
    return 0;
  keep_warm(l->pool, l->role);
  return 0;
}

static void lend_cancel(struct dh_op *op)
{
  struct lend_op *l = (struct lend_op *)op;

  for (struct lend_op **at = &l->pool->waiting; *at; at = &(*at)->next)
    if (*at == l) {
      *at = l->next;
      break;
    }
}

static void lend_fini(struct dh_op *op)
{
  struct lend_op *l = (struct lend_op *)op;

  if (l->fd >= 0)
    close(l->fd);
}

static const struct dh_op_class lend_class = {.name = "lend",
                                              .size = sizeof(struct lend_op),
                                              .start = lend_start,
                                              .cancel = lend_cancel,
                                              .fini = lend_fini};

struct dh_op *dh_pool_lend_new(struct dh_pool *p, const char *role, const char *borrower)
{
  struct lend_op *l = (struct lend_op *)dh_op_new(p->o.loop, &lend_class);

  if (!l)
    return NULL;
  l->pool = p;
  l->fd = -1;
  snprintf(l->role, sizeof l->role, "%s", role);
  snprintf(l->borrower, sizeof l->borrower, "%s", borrower);
  return &l->op;
}

int64_t dh_pool_lent(struct dh_op *op)
{
  return ((struct lend_op *)op)->number;
}

int dh_pool_lent_fd(struct dh_op *op)
{
  struct lend_op *l = (struct lend_op *)op;
  int fd = l->fd;

  l->fd = -1;
  return fd;
}

void dh_pool_give_back(struct dh_pool *p, int64_t lent, bool healthy)
{
  char role[32];

  for (struct member *m = p->members; m; m = m->next) {
    if (m->number != lent || !*m->borrower)
      continue;
    snprintf(role, sizeof role, "%s", m->role);
    *m->borrower = '\0';
    if (!healthy || single_use(role))
      drop(m);
    serve(p, role);
    return;
  }
}

void dh_pool_forget(struct dh_pool *p, const char *borrower)
{
  struct member *m = p->members;

  while (m) {
    struct member *next = m->next;
    char role[32];

    if (strcmp(m->borrower, borrower) == 0) {
      snprintf(role, sizeof role, "%s", m->role);
      drop(m);
      serve(p, role);
      next = p->members; /* serving changes the list */
    }
    m = next;
  }
}

int dh_pool_waiting(const struct dh_pool *p, const char *role)
{
  int n = 0;

  for (const struct lend_op *l = p->waiting; l; l = l->next)
    n += strcmp(l->role, role) == 0;
  return n;
}

/* ---- the pool */

int dh_pool_open(const struct dh_pool_options *o, struct dh_pool **out, struct dh_err *err)
{
  *out = calloc(1, sizeof **out);
  if (!*out)
    return dh_err_set(err, DH_ENOMEM, "no memory for a pool");
  (*out)->o = *o;
  return 0;
}

void dh_pool_close(struct dh_pool **pp)
{
  struct dh_pool *p = *pp;
  struct dh_err err;

  *pp = NULL;
  if (!p)
    return;
  dh_err_set(&err, DH_ECANCELED, "this program ends");
  while (p->waiting) {
    struct lend_op *l = p->waiting;

    p->waiting = l->next;
    dh_op_done(&l->op, err.code, &err);
  }
  while (p->members)
    drop(p->members);
  free(p);
}
