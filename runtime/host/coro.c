/* coro.c - a robot's own coroutines. A wait inside one passes up to the host through every level; the end of
 * a run passes through resume and wrap as through pcall; the watchdog learns which thread runs. */
#include "state.h"

#include <lauxlib.h>
#include <lualib.h>

static int resume_again(lua_State *L, int status, lua_KContext wrapped);

/* The results or the error of the coroutine at index 1 lie on top of co. */
static int settle(lua_State *L, lua_State *co, int status, int n, bool wrapped)
{
  if (status == LUA_YIELD && n == 1 && lua_touserdata(co, -1) == &dh_await_mark) {
    lua_pop(co, 1);
    if (!lua_isyieldable(L)) {
      dh_await_drop(dh_run_from(L)->current);
      return luaL_error(
          L, "this word waits, and cannot do so inside a comparison, a sort or a pattern's function");
    }
    lua_pushlightuserdata(L, (void *)&dh_await_mark);
    dh_set_waits(L, true);
    return lua_yieldk(L, 1, wrapped, resume_again);
  }
  if (status == LUA_OK || status == LUA_YIELD) {
    if (!wrapped)
      lua_pushboolean(L, 1);
    luaL_checkstack(L, n, "too many results");
    lua_xmove(co, L, n);
    return n + !wrapped;
  }
  if (status == LUA_ERRMEM && !dh_run_from(L)->kill && !dh_run_from(L)->host->opt.test_file)
    dh_run_from(L)->kill = DH_EMEMORY;
  lua_xmove(co, L, 1);
  if (wrapped || dh_is_control(L, -1))
    return lua_error(L);
  lua_pushboolean(L, 0);
  lua_insert(L, -2);
  return 2;
}

/* Not one that runs or has resumed another: that one's resumer stays who it is, and Lua refuses the call. */
static bool is_suspended(lua_State *co)
{
  lua_Debug ar;

  return lua_status(co) == LUA_YIELD || (lua_status(co) == LUA_OK && !lua_getstack(co, 0, &ar));
}

static int run_co(lua_State *L, lua_State *co, int nargs, bool wrapped)
{
  lua_State *outer = dh_running;
  int n, status;

  dh_running = co;
  if (is_suspended(co))
    dh_set_resumer(co, L);
  status = lua_resume(co, L, nargs, &n);
  dh_running = outer;
  return settle(L, co, status, n, wrapped);
}

static lua_State *co_of(lua_State *L, bool wrapped)
{
  return lua_tothread(L, wrapped ? lua_upvalueindex(1) : 1);
}

static int resume_again(lua_State *L, int status, lua_KContext wrapped)
{
  lua_State *co = co_of(L, wrapped);

  (void)status;
  lua_settop(L, wrapped ? 0 : 1);
  dh_set_waits(co, false);
  return run_co(L, co, 0, wrapped);
}

static int refused(lua_State *L, const char *why, bool wrapped)
{
  if (wrapped)
    return luaL_error(L, "%s", why);
  lua_pushboolean(L, 0);
  lua_pushstring(L, why);
  return 2;
}

static int start_co(lua_State *L, lua_State *co, int nargs, bool wrapped)
{
  if (!lua_checkstack(co, nargs))
    return luaL_error(L, "too many arguments to a coroutine");
  if (dh_waits(co)) /* by another branch, or by itself: only the host knows what it waits for */
    return refused(L, "cannot resume a coroutine that waits", wrapped);
  if (lua_status(co) == LUA_OK && lua_gettop(co) == 0)
    return refused(L, "cannot resume dead coroutine", wrapped);
  lua_xmove(L, co, nargs);
  return run_co(L, co, nargs, wrapped);
}

static int c_resume(lua_State *L)
{
  lua_State *co = lua_tothread(L, 1);

  luaL_argexpected(L, co, 1, "coroutine");
  return start_co(L, co, lua_gettop(L) - 1, false);
}

static int wrapped_call(lua_State *L)
{
  return start_co(L, co_of(L, true), lua_gettop(L), true);
}

static int c_create(lua_State *L)
{
  lua_State *co;

  luaL_checktype(L, 1, LUA_TFUNCTION);
  co = lua_newthread(L);
  lua_pushvalue(L, 1);
  lua_xmove(L, co, 1);
  return 1;
}

static int c_wrap(lua_State *L)
{
  c_create(L);
  lua_pushcclosure(L, wrapped_call, 1);
  return 1;
}

void dh_coroutine_push(lua_State *L)
{
  static const luaL_Reg ours[] = {{"create", c_create}, {"resume", c_resume}, {"wrap", c_wrap}, {NULL, NULL}};

  lua_pushcfunction(L, luaopen_coroutine);
  lua_call(L, 0, 1);
  luaL_setfuncs(L, ours, 0);
  lua_pushnil(L);
  lua_setfield(L, -2, "close");
}
