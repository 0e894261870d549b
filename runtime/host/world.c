/* world.c - the globals of a robot. Three tables stand behind each other: the robot's own (empty at first),
 * one with what only robots get, and the base with Lua's functions and the libraries as the language itself
 * uses them. So a robot can change nothing that the language stands on, whatever it writes into _ENV. */
#include "state.h"

#include <lauxlib.h>
#include <lualib.h>

static int refuse_write(lua_State *L)
{
  return luaL_error(L, "string, table, math, utf8 and coroutine cannot be changed\n"
                       "do: write a function of your own: local function name(…)");
}

/* A handle's methods are reached by its words; its class is nobody's business. */
static int w_getmetatable(lua_State *L)
{
  luaL_checkany(L, 1);
  if (lua_type(L, 1) == LUA_TUSERDATA) {
    lua_pushliteral(L, "protected");
    return 1;
  }
  if (!lua_getmetatable(L, 1)) {
    lua_pushnil(L);
    return 1;
  }
  luaL_getmetafield(L, 1, "__metatable");
  return 1;
}

/* The table on top gets {__index = the value below it, __newindex = refuse?, __metatable}. Pops nothing. */
static void stand_before(lua_State *L, bool closed)
{
  lua_createtable(L, 0, 3);
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, "__index");
  lua_pushliteral(L, "protected");
  lua_setfield(L, -2, "__metatable");
  if (closed) {
    lua_pushcfunction(L, refuse_write);
    lua_setfield(L, -2, "__newindex");
  }
  lua_setmetatable(L, -2);
}

void dh_world_open(lua_State *L)
{
  static const char *const libs[] = {"string", "table", "math", "utf8", "coroutine"};

  lua_pushglobaltable(L);
  lua_pushvalue(L, -1);
  lua_setfield(L, LUA_REGISTRYINDEX, "dh.base");
  lua_createtable(L, 0, 6);
  for (size_t i = 0; i < sizeof libs / sizeof *libs; i++) {
    lua_getfield(L, -2, libs[i]);
    lua_createtable(L, 0, 0);
    stand_before(L, true);
    lua_remove(L, -2);
    lua_setfield(L, -2, libs[i]);
  }
  lua_pushcfunction(L, w_getmetatable);
  lua_setfield(L, -2, "getmetatable");
  stand_before(L, false);
  lua_createtable(L, 0, 4);
  stand_before(L, false);
  lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS); /* what load and robot.lua get as _ENV */
  lua_pop(L, 2);
}

/* _world() -> the robot's globals, whose metatable's __newindex is for the language to set: _world(function)
 */
static int l_world(lua_State *L)
{
  lua_settop(L, 1);
  lua_pushglobaltable(L);
  lua_getmetatable(L, -1);
  lua_pushvalue(L, 1);
  lua_setfield(L, -2, "__newindex");
  lua_pop(L, 1);
  return 1;
}

/* _setmetatable(t, class): of the language: the class is closed to robots from then on. */
static int l_setmetatable(lua_State *L)
{
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  lua_pushliteral(L, "__metatable");
  if (lua_rawget(L, 2) == LUA_TNIL) {
    lua_pushliteral(L, "protected");
    lua_setfield(L, 2, "__metatable");
  }
  lua_settop(L, 2);
  lua_setmetatable(L, 1);
  return 1;
}

static int l_getmetatable(lua_State *L)
{
  luaL_checkany(L, 1);
  return lua_getmetatable(L, 1) ? 1 : 0;
}

const luaL_Reg dh_world_funcs[] = {
    {"_world", l_world}, {"_setmetatable", l_setmetatable}, {"_getmetatable", l_getmetatable}, {NULL, NULL}};
