/* branch.c - together: calls written down, each run as a branch with a scope of its own.
 * A failure or reject of one cancels the others (an effect that has begun is shielded until its proof); a run
 * is put away when every branch has ended or waits. */
#include "state.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

enum { BRANCHES_MAX = 100, ARGS_MAX = 200 };

struct join {
  struct dh_op op;
  struct dh_task *parent;
  int open;
};

static int join_start(struct dh_op *op, struct dh_err *err)
{
  (void)err;
  if (((struct join *)op)->open == 0)
    dh_op_done(op, 0, NULL);
  return 0;
}

/* Nothing is resumed in here: whoever ends a branch holds the host (dh_task_drain, dh_run_kill). */
static void cancel_branches(struct dh_task *parent, const struct dh_task *but)
{
  for (struct dh_task *t = parent->run->tasks; t; t = t->next)
    if (t->parent == parent && t != but)
      dh_task_cancel(t);
}

void dh_branch_cancel(struct dh_task *parent)
{
  cancel_branches(parent, NULL);
}

static const struct dh_op_class join_class = {
    .name = "together", .size = sizeof(struct join), .start = join_start};

void dh_branch_ended(struct dh_task *t)
{
  struct dh_task *parent = t->parent;
  struct join *j = (struct join *)parent->join;

  parent->children--;
  if (t->rc && t->rc != DH_EWAIT && t->rc != DH_ECANCELED)
    cancel_branches(parent, t);
  if (j && --j->open == 0)
    dh_op_done(&j->op, 0, NULL);
}

/* Error of the first branch (as written down) that failed for a reason of its own; else of one that waits. */
static struct dh_task *worst(struct dh_task *parent)
{
  struct dh_task *found = NULL;

  /* the list is newest first: the last one seen was written first */
  for (struct dh_task *t = parent->run->tasks; t; t = t->next) {
    if (t->parent != parent || !t->rc)
      continue;
    if (!found || t->rc == DH_EUNKNOWN ||
        (found->rc != DH_EUNKNOWN && t->rc != DH_EWAIT && t->rc != DH_ECANCELED) ||
        (found->rc == DH_ECANCELED))
      found = t;
  }
  return found;
}

/* The branches' first results become a list; the branches go. */
static int joined(lua_State *L, int status, lua_KContext ctx)
{
  struct dh_run *r = dh_run_from(L);
  struct dh_task *parent = r->current, *bad;
  lua_Integer n = (lua_Integer)ctx;
  struct dh_err err;
  bool failed;

  (void)status;
  parent->join = NULL;
  bad = worst(parent);
  failed = bad != NULL;
  if (failed && bad->err)
    err = *bad->err;
  else if (failed)
    dh_err_set(&err, DH_ENOMEM, "no memory in a branch of together");
  lua_createtable(L, (int)n, 0);
  for (struct dh_task **at = &r->tasks; *at;) {
    struct dh_task *t = *at;

    if (t->parent != parent) {
      at = &t->next;
      continue;
    }
    if (!failed) {
      if (lua_gettop(t->L) == 0)
        lua_pushnil(t->L);
      lua_settop(t->L, 1);
      lua_xmove(t->L, L, 1);
      lua_rawseti(L, -2, n); /* newest first */
    }
    n--;
    *at = t->next;
    luaL_unref(L, LUA_REGISTRYINDEX, t->anchor);
    dh_task_free(t);
  }
  if (!failed)
    return 1;
  dh_fail(L, &err);
  lua_pushfstring(L, "%s%s%I.", parent->scope, *parent->scope ? "/" : "", (LUAI_UACINT)parent->position);
  return 3;
}

/* One branch, with the call that is the i-th of the list at 1 on its stack. */
static struct dh_task *new_branch(lua_State *L, struct dh_task *parent, lua_Integer i)
{
  char scope[sizeof parent->scope];
  struct dh_task *t;
  lua_Integer args;

  if (snprintf(scope, sizeof scope, "%s%s%lld.%lld", parent->scope, *parent->scope ? "/" : "",
               (long long)parent->position, (long long)i) >= (int)sizeof scope)
    luaL_error(L, "together is nested too deeply");
  t = dh_task_new(L, parent, scope);
  if (!t)
    luaL_error(L, "no memory for a branch");
  lua_rawgeti(L, 1, i);
  args = (lua_Integer)lua_rawlen(L, -1);
  if (args > ARGS_MAX || !lua_checkstack(t->L, (int)args + 1))
    luaL_error(L, "too many arguments in together");
  for (lua_Integer a = 1; a <= args; a++) {
    lua_rawgeti(L, -1, a);
    lua_xmove(L, t->L, 1);
  }
  lua_pop(L, 1);
  return t;
}

/* _branches({ {f, args…}, … }) -> list of first results, or nil, the error and how the scopes of the branches
 * begin. Waits. No branch begins before all stand: one that could not be made would leave the others without
 * a parent that waits. */
static int l_branches(lua_State *L)
{
  struct dh_task *parent = dh_run_from(L)->current, *made[BRANCHES_MAX];
  lua_Integer n;
  struct join *j;

  luaL_checktype(L, 1, LUA_TTABLE);
  n = (lua_Integer)lua_rawlen(L, 1);
  luaL_argcheck(L, n >= 1 && n <= BRANCHES_MAX, 1, "1 to 100 calls");
  if (!lua_isyieldable(L))
    return luaL_error(L, "together cannot stand inside a comparison, a sort or a pattern's function");
  lua_settop(L, 1);
  j = (struct join *)dh_op_box(L, &join_class);
  j->parent = parent;
  parent->position++;
  for (lua_Integer i = 0; i < n; i++)
    made[i] = new_branch(L, parent, i + 1);
  parent->join = &j->op;
  j->open = (int)n;
  for (lua_Integer i = 0; i < n; i++)
    dh_task_ready(made[i]);
  return dh_await_then(L, &j->op, (lua_KContext)n, joined);
}

const luaL_Reg dh_branch_funcs[] = {{"_branches", l_branches}, {NULL, NULL}};
