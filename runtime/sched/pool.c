/* pool.c - children lent to runs. See pool.h. */
#include "pool_state.h"
#include "../host/module.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void hand_over(struct dh_lend_op *l, struct dh_member *m)
{
  struct dh_err err;

  l->fd = fcntl(m->fd, F_DUPFD_CLOEXEC, 3);
  if (l->fd < 0) {
    dh_err_errno(&err, "a %s cannot be lent", l->role);
    dh_op_done(&l->op, err.code, &err);
    return;
  }
  m->number = l->number = ++l->pool->last;
  m->left = l->need;
  m->runs++;
  snprintf(m->borrower, sizeof m->borrower, "%s", l->borrower);
  dh_op_done(&l->op, 0, NULL);
}

void dh_pool_serve(struct dh_pool *p, const char *role)
{
  struct dh_lend_op **at = &p->waiting;

  while (*at) {
    struct dh_lend_op *l = *at;
    struct dh_member *m;
    struct dh_err err;

    if (strcmp(l->role, role)) {
      at = &l->next;
      continue;
    }
    m = dh_member_free(p, l, &err);
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
  struct dh_lend_op *l = (struct dh_lend_op *)op, **at = &l->pool->waiting;

  if (l->wrong.code) {
    *err = l->wrong;
    return err->code;
  }
  if (!dh_role_known(l->role)) {
    dh_err_set(err, DH_EUNAVAILABLE, "no module of this machine has a %s", l->role);
    dh_err_advice(err, "see what is missing: deskhand doctor");
    return err->code;
  }
  while (*at)
    at = &(*at)->next;
  *at = l;
  dh_op_ref(op); /* whoever is served at once may let go of it at once */
  dh_pool_serve(l->pool, l->role);
  if (op->state != DH_OP_DONE)
    dh_members_warm(l->pool, l->role);
  dh_op_release(op);
  return 0;
}

static void lend_cancel(struct dh_op *op)
{
  struct dh_lend_op *l = (struct dh_lend_op *)op;

  for (struct dh_lend_op **at = &l->pool->waiting; *at; at = &(*at)->next)
    if (*at == l) {
      *at = l->next;
      break;
    }
}

static void lend_fini(struct dh_op *op)
{
  struct dh_lend_op *l = (struct dh_lend_op *)op;

  if (l->fd >= 0)
    close(l->fd);
}

static const struct dh_op_class lend_class = {.name = "lend",
                                              .size = sizeof(struct dh_lend_op),
                                              .start = lend_start,
                                              .cancel = lend_cancel,
                                              .fini = lend_fini};

struct dh_op *dh_pool_lend_new(struct dh_pool *p, const char *role, const char *borrower, const void *needs,
                               size_t n)
{
  struct dh_lend_op *l = (struct dh_lend_op *)dh_op_new(p->o.loop, &lend_class);

  if (!l)
    return NULL;
  l->pool = p;
  l->fd = -1;
  snprintf(l->role, sizeof l->role, "%s", role);
  snprintf(l->borrower, sizeof l->borrower, "%s", borrower);
  dh_need_read(&l->need, role, dh_member_held(role), needs, n, &l->wrong);
  return &l->op;
}

int64_t dh_pool_lent(struct dh_op *op)
{
  return ((struct dh_lend_op *)op)->number;
}

int dh_pool_lent_fd(struct dh_op *op)
{
  struct dh_lend_op *l = (struct dh_lend_op *)op;
  int fd = l->fd;

  l->fd = -1;
  return fd;
}

void dh_pool_give_back(struct dh_pool *p, int64_t lent, bool healthy)
{
  char role[32];

  for (struct dh_member *m = p->members; m; m = m->next) {
    if (m->number != lent || !*m->borrower)
      continue;
    snprintf(role, sizeof role, "%s", m->role);
    dh_member_rest(m, healthy);
    dh_pool_serve(p, role);
    return;
  }
}

void dh_pool_forget(struct dh_pool *p, const char *borrower)
{
  struct dh_member *m = p->members;

  while (m) {
    struct dh_member *next = m->next;
    char role[32];

    if (strcmp(m->borrower, borrower) == 0) {
      snprintf(role, sizeof role, "%s", m->role);
      dh_member_drop(m);
      dh_pool_serve(p, role);
      next = p->members; /* serving changes the list */
    }
    m = next;
  }
}

int dh_pool_waiting(const struct dh_pool *p, const char *role)
{
  int n = 0;

  for (const struct dh_lend_op *l = p->waiting; l; l = l->next)
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
    struct dh_lend_op *l = p->waiting;

    p->waiting = l->next;
    dh_op_done(&l->op, err.code, &err);
  }
  while (p->members)
    dh_member_drop(p->members);
  if (p->expiry) {
    p->expiry->notify = NULL;
    dh_op_cancel(p->expiry);
    dh_op_release(p->expiry);
  }
  free(p);
}
