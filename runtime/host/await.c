/* await.c - operations in boxes, waiting, and the tasks that wait. The only code that yields, with coro.c. */
#include "state.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

enum { TIDY_BYTES = 48 << 10 };

const char dh_await_mark = 0;
lua_State *volatile dh_running;

struct dh_run *dh_run_of(lua_State *L)
{
  return dh_run_from(L);
}

struct dh_loop *dh_loop_of(lua_State *L)
{
  return dh_run_from(L)->host->loop;
}

struct dh_port *dh_port_of(lua_State *L)
{
  return dh_run_from(L)->host->port;
}

const char *dh_run_id(lua_State *L)
{
  return dh_run_from(L)->id;
}

/* Two things are kept in the bytes that Lua leaves to the host in front of each thread: whether it has
 * yielded to the host (then nobody but the host may resume it), and who resumed it last. */
bool dh_waits(lua_State *L)
{
  return *(uintptr_t *)lua_getextraspace(L) & 1;
}

void dh_set_waits(lua_State *L, bool waits)
{
  uintptr_t *at = lua_getextraspace(L);

  *at = (*at & ~(uintptr_t)1) | waits;
}

/* Threads are aligned: the lowest bit of their address is free for the mark. */
lua_State *dh_resumer(lua_State *L)
{
  return (lua_State *)(*(uintptr_t *)lua_getextraspace(L) & ~(uintptr_t)1);
}

void dh_set_resumer(lua_State *L, lua_State *resumer)
{
  *(uintptr_t *)lua_getextraspace(L) = (uintptr_t)resumer | dh_waits(L);
}

static int box_free(lua_State *L)
{
  struct dh_op **box = lua_touserdata(L, 1);
  struct dh_op *op = *box;

  *box = NULL;
  if (!op)
    return 0;
  op->notify = NULL;
  dh_op_cancel(op);
  dh_op_release(op);
  return 0;
}

static struct dh_op **new_box(lua_State *L)
{
  struct dh_op **box = lua_newuserdatauv(L, sizeof *box, 0);

  *box = NULL;
  if (luaL_newmetatable(L, "dh.op")) {
    lua_pushcfunction(L, box_free);
    lua_setfield(L, -2, "__gc");
    lua_pushcfunction(L, box_free);
    lua_setfield(L, -2, "__close");
    lua_pushliteral(L, "protected");
    lua_setfield(L, -2, "__metatable");
  }
  lua_setmetatable(L, -2);
  return box;
}

static int new_box_protected(lua_State *L)
{
  new_box(L);
  return 1;
}

struct dh_op *dh_op_box(lua_State *L, const struct dh_op_class *cls)
{
  struct dh_op **box = new_box(L);

  *box = dh_op_new(dh_loop_of(L), cls);
  if (!*box)
    luaL_error(L, "no memory for %s", cls->name);
  return *box;
}

struct dh_op *dh_op_adopt(lua_State *L, struct dh_op *op)
{
  if (!op)
    luaL_error(L, "no memory for an operation");
  lua_pushcfunction(L, new_box_protected);
  if (lua_pcall(L, 0, 1, 0)) {
    dh_op_release(op);
    lua_error(L);
  }
  *(struct dh_op **)lua_touserdata(L, -1) = op;
  return op;
}

static void resumed(struct dh_op *op)
{
  struct dh_task *t = op->waiter;

  t->op = NULL;
  dh_task_ready(t);
}

void dh_await_drop(struct dh_task *t)
{
  struct dh_op *op = t->op;

  t->op = NULL;
  if (!op)
    return;
  op->notify = NULL;
  dh_op_cancel(op); /* its box releases it */
}

int dh_await_then(lua_State *L, struct dh_op *op, lua_KContext ctx, lua_KFunction then)
{
  struct dh_run *r = dh_run_from(L);
  struct dh_task *t = r->current;
  struct dh_err err;

  if (!t)
    return luaL_error(L, "this word waits, and waiting is possible only inside run");
  if (r->kill)
    return luaL_error(L, "the run was ended");
  if (!lua_isyieldable(L)) /* before it begins: nothing may have left when this is refused */
    return luaL_error(
        L, "this word waits, and cannot do so inside a comparison, a sort or a pattern's function");
  if (op->state == DH_OP_NEW)
    dh_op_start(op, &err);
  if (op->state == DH_OP_DONE)
    return then(L, LUA_OK, ctx);
  op->notify = resumed;
  op->waiter = t;
  t->op = op;
  if (r->cancel_at && op != t->join && --r->cancel_at == 0 && dh_op_deadline(op, 0)) {
    dh_await_drop(t);
    return luaL_error(L, "no memory for a timer");
  }
  lua_pushlightuserdata(L, (void *)&dh_await_mark);
  dh_set_waits(L, true);
  return lua_yieldk(L, 1, ctx, then);
}

static int pushed(lua_State *L, int status, lua_KContext ctx)
{
  struct dh_op *op = (struct dh_op *)ctx;
  struct dh_err err;

  (void)status;
  if (!op->rc) {
    if (op->cls->push)
      return op->cls->push(L, op);
    lua_pushboolean(L, 1);
    return 1;
  }
  if (op->err)
    err = *op->err;
  else
    dh_err_set(&err, op->rc, "%s failed", op->cls->name);
  return dh_fail(L, &err);
}

int dh_await(lua_State *L, struct dh_op *op)
{
  return dh_await_then(L, op, (lua_KContext)op, pushed);
}

static void push_err(lua_State *L, const struct dh_err *err)
{
  lua_createtable(L, 0, 6);
  lua_pushstring(L, dh_err_name(err->code));
  lua_setfield(L, -2, "code");
  lua_pushstring(L, err->text);
  lua_setfield(L, -2, "text");
  lua_pushstring(L, err->seen);
  lua_setfield(L, -2, "seen");
  lua_pushstring(L, err->advice);
  lua_setfield(L, -2, "advice");
  lua_pushboolean(L, err->retryable);
  lua_setfield(L, -2, "retryable");
  if (*err->where) {
    lua_pushstring(L, err->where);
    lua_setfield(L, -2, "where");
  }
  dh_set_error_class(L);
}

int dh_fail(lua_State *L, const struct dh_err *err)
{
  lua_pushnil(L);
  push_err(L, err);
  return 2;
}

int dh_raise(lua_State *L, const struct dh_err *err)
{
  push_err(L, err);
  return lua_error(L);
}

lua_Integer dh_check_int(lua_State *L, int arg, lua_Integer least, lua_Integer most)
{
  lua_Integer v = luaL_checkinteger(L, arg);

  if (v < least || v > most)
    luaL_argerror(L, arg,
                  lua_pushfstring(L, "a whole number from %I to %I", (LUAI_UACINT)least, (LUAI_UACINT)most));
  return v;
}

/* ---- tasks */

struct dh_task *dh_task_new(lua_State *L, struct dh_task *parent, const char *scope)
{
  struct dh_run *r = dh_run_from(L);
  lua_State *thread =
      lua_newthread(L); /* on the thread that runs: an error of memory must find its protection */
  int anchor = luaL_ref(L, LUA_REGISTRYINDEX);
  struct dh_task *t = calloc(1, sizeof *t);

  if (!t) {
    luaL_unref(L, LUA_REGISTRYINDEX, anchor);
    return NULL;
  }
  t->run = r;
  t->parent = parent;
  snprintf(t->scope, sizeof t->scope, "%s", scope);
  t->L = thread;
  t->anchor = anchor;
  if (parent) {
    t->live = parent->live;
    parent->children++;
  }
  t->next = r->tasks;
  r->tasks = t;
  return t;
}

struct dh_task *dh_task_current(lua_State *L)
{
  struct dh_task *t = dh_run_from(L)->current;

  if (!t)
    luaL_error(L, "this word is known only inside run");
  return t;
}

static bool is_called_off(const struct dh_task *t)
{
  return t->run->kill || (t->cancelled && !t->shield);
}

/* Before a run waits for the first time, what loading it has left behind goes: most runs are parked most of
 * their time. So it is before it waits for a person (_tidy). Cannot raise: a collection that finds no memory
 * goes without it. */
static void tidy_once(struct dh_run *r)
{
  if (r->tidy || r->memory < TIDY_BYTES)
    return;
  r->tidy = true;
  lua_gc(r->L, LUA_GCCOLLECT);
}

static void resume(struct dh_task *t)
{
  struct dh_run *r = t->run;
  int status, n;

  /* No line of a robot runs once its run is over, nor one of a branch that is called off before its first
   * step. What a branch holds it may give back: it sees its wait end. */
  if (r->kill || (is_called_off(t) && lua_status(t->L) == LUA_OK)) {
    dh_run_task_ended(r, t, DH_TASK_CALLED_OFF);
    return;
  }
  r->current = t;
  dh_set_waits(t->L, false);
  dh_watch_begin(r->host, r, t->L);
  status = lua_resume(t->L, NULL, lua_status(t->L) == LUA_OK ? lua_gettop(t->L) - 1 : 0, &n);
  dh_watch_end(r->host);
  r->current = NULL;
  if (status == LUA_YIELD) {
    bool waits = n == 1 && lua_touserdata(t->L, -1) == &dh_await_mark;

    lua_pop(t->L, n);
    if (waits && !is_called_off(t)) {
      tidy_once(r);
      return;
    }
    dh_await_drop(t);
    status = waits ? DH_TASK_CALLED_OFF : DH_TASK_YIELDED;
  }
  dh_run_task_ended(r, t, status);
}

/* Never inside itself: whoever wakes a task from within another one, or while walking over tasks, only queues
 * it. */
void dh_task_drain(struct dh_host *h)
{
  if (h->busy)
    return;
  h->busy = true;
  while (h->pending) {
    struct dh_task *t = h->pending;

    h->pending = t->next_pending;
    if (!h->pending)
      h->last_pending = &h->pending;
    t->pending = false;
    resume(t);
  }
  h->busy = false;
}

void dh_task_ready(struct dh_task *t)
{
  struct dh_host *h = t->run->host;

  if (!t->pending && !t->ended) {
    t->pending = true;
    t->next_pending = NULL;
    *h->last_pending = t;
    h->last_pending = &t->next_pending;
  }
  dh_task_drain(h);
}

void dh_task_end(struct dh_task *t)
{
  struct dh_host *h = t->run->host;

  t->ended = true;
  dh_await_drop(t);
  for (struct dh_task **at = &h->pending; t->pending && *at; at = &(*at)->next_pending)
    if (*at == t) {
      *at = t->next_pending;
      t->pending = false;
      break;
    }
  for (h->last_pending = &h->pending; *h->last_pending; h->last_pending = &(*h->last_pending)->next_pending)
    continue;
}

void dh_task_free(struct dh_task *t)
{
  dh_task_end(t);
  free(t->err);
  free(t);
}

void dh_task_cancel(struct dh_task *t)
{
  if (t->ended)
    return;
  t->cancelled = true;
  if (t->shield)
    return; /* it ends at its first wait after the proof */
  if (t->join)
    dh_branch_cancel(t); /* it goes on, and ends, when the last of its branches has */
  else if (t->op)
    dh_op_cancel(t->op);
}
