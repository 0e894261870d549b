/* pool_child.c - the children of the pool: started when they are needed, kept for a session, ended when they
 * are old or their room is needed. See pool.h. */
#include "pool_state.h"
#include "../base/clock.h"
#include "../io/frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A desk belongs to one run from its first to its last window; whatever else is lent answers question by
 * question. */
bool dh_member_held(const char *role)
{
  return strcmp(role, "desk") == 0;
}

static int most(const struct dh_pool *p, const char *role)
{
  int cores = (int)sysconf(_SC_NPROCESSORS_ONLN);

  if (dh_member_held(role))
    return (int)dh_conf_int(p->o.conf, "desks", 2 * cores);
  return (int)dh_conf_int(p->o.conf, "readers", cores);
}

static int count(const struct dh_pool *p, const char *role, bool new_only)
{
  int n = 0;

  for (const struct dh_member *m = p->members; m; m = m->next)
    n += strcmp(m->role, role) == 0 && !(new_only && (*m->borrower || m->runs));
  return n;
}

void dh_member_drop(struct dh_member *m)
{
  struct dh_pool *p = m->pool;

  for (struct dh_member **at = &p->members; *at; at = &(*at)->next)
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
  struct dh_member *m = child->waiter;
  struct dh_pool *p = m->pool;
  char role[32];

  snprintf(role, sizeof role, "%s", m->role);
  dh_member_drop(m);
  dh_pool_serve(p, role);
}

static struct dh_member *start(struct dh_pool *p, const char *role, struct dh_err *err)
{
  const char *argv[] = {"deskhand", role, NULL};
  struct dh_child_spec spec = {
      .argv = argv, .profile = dh_member_held(role) ? "desk" : "reader", .fds = {-1, -1, -1, -1}};
  struct dh_launcher *launcher = p->o.launcher(p->o.self, err);
  struct dh_member *m = launcher ? calloc(1, sizeof *m) : NULL;
  int pair[2];

  if (!m)
    return launcher ? dh_err_set(err, DH_ENOMEM, "no memory for a child"), NULL : NULL;
  if (dh_frame_pair(pair, err)) {
    free(m);
    return NULL;
  }
  m->pool = p;
  m->fd = pair[0];
  m->born_ms = dh_mono_ms();
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

/* What nobody has at the moment: what the same session has left, else a new one. */
static struct dh_member *idle_for(struct dh_pool *p, const struct dh_lend_op *l)
{
  struct dh_member *fresh = NULL;

  for (struct dh_member *m = p->members; m; m = m->next) {
    if (strcmp(m->role, l->role) || *m->borrower)
      continue;
    if (!*m->left.session)
      fresh = m;
    else if (!strcmp(m->left.session, l->need.session))
      return m;
  }
  return fresh;
}

static struct dh_member *idle_longest(struct dh_pool *p, const char *role)
{
  struct dh_member *longest = NULL;

  for (struct dh_member *m = p->members; m; m = m->next)
    if (!strcmp(m->role, role) && !*m->borrower && (!longest || m->number < longest->number))
      longest = m;
  return longest;
}

struct dh_member *dh_member_free(struct dh_pool *p, const struct dh_lend_op *l, struct dh_err *err)
{
  struct dh_member *m = idle_for(p, l);

  err->code = 0;
  if (m)
    return m;
  if (count(p, l->role, false) >= most(p, l->role)) {
    m = idle_longest(p, l->role);
    if (!m)
      return NULL;
    dh_member_drop(m);
  }
  return start(p, l->role, err);
}

void dh_members_warm(struct dh_pool *p, const char *role)
{
  struct dh_err err;

  if (!p->o.warm || !dh_member_held(role))
    return;
  while (count(p, role, true) < (int)dh_conf_int(p->o.conf, "desks.warm", 1) &&
         count(p, role, false) < most(p, role))
    if (!start(p, role, &err))
      return; /* the next one who asks is told why */
}

/* ---- what is kept */

static int64_t age_ms(const struct dh_pool *p)
{
  return dh_conf_time_ms(p->o.conf, "desks.age", 3600000);
}

static void expiry_plan(struct dh_pool *p);

static void expired(struct dh_op *timer)
{
  struct dh_pool *p = timer->waiter;
  struct dh_member *next;

  p->expiry = NULL;
  dh_op_release(timer);
  for (struct dh_member *m = p->members; m; m = next) {
    next = m->next;
    if (*m->left.session && !*m->borrower && dh_mono_ms() - m->born_ms >= age_ms(p))
      dh_member_drop(m);
  }
  expiry_plan(p);
}

/* Nobody may need a desk for hours: what stands open on it ends all the same. */
static void expiry_plan(struct dh_pool *p)
{
  int64_t first = INT64_MAX;

  for (const struct dh_member *m = p->members; m; m = m->next)
    if (*m->left.session && !*m->borrower && m->born_ms < first)
      first = m->born_ms;
  if (first == INT64_MAX || p->expiry)
    return;
  first += age_ms(p) - dh_mono_ms();
  p->expiry = dh_timer_new(p->o.loop, first > 1 ? first : 1);
  if (!p->expiry)
    return; /* the next one that is kept plans again */
  p->expiry->notify = expired;
  p->expiry->waiter = p;
  if (dh_op_start(p->expiry, NULL)) {
    dh_op_release(p->expiry);
    p->expiry = NULL;
  }
}

static bool to_be_kept(const struct dh_pool *p, const struct dh_member *m)
{
  if (!dh_member_held(m->role))
    return true;
  return *m->left.session && m->runs < dh_conf_int(p->o.conf, "desks.runs", 50) &&
         dh_mono_ms() - m->born_ms < age_ms(p);
}

void dh_member_rest(struct dh_member *m, bool healthy)
{
  struct dh_pool *p = m->pool;

  *m->borrower = '\0';
  if (!healthy || !to_be_kept(p, m))
    dh_member_drop(m);
  else
    expiry_plan(p);
}
