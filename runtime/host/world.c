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

/* ---- the libraries: an empty table each, closed, which finds its functions when the first is asked for */

enum { STRING, TABLE, MATH, UTF8, COROUTINE, LIBRARIES };

static const struct {
  const char *name;
  void (*push)(lua_State *L);
} libraries[LIBRARIES] = {[STRING] = {"string", dh_string_push},
                          [TABLE] = {"table", dh_table_push},
                          [MATH] = {"math", dh_math_push},
                          [UTF8] = {"utf8", dh_utf8_push},
                          [COROUTINE] = {"coroutine", dh_coroutine_push}};

/* __index of a library until then: (library, name). upvalue: which */
static int open_library(lua_State *L)
{
  libraries[lua_tointeger(L, lua_upvalueindex(1))].push(L);
  lua_getmetatable(L, 1);
  lua_pushvalue(L, -2);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  lua_pushvalue(L, 2);
  lua_gettable(L, -2);
  return 1;
}

static void put_library(lua_State *L, int which)
{
  lua_createtable(L, 0, 0);
  lua_createtable(L, 0, 3);
  lua_pushinteger(L, which);
  lua_pushcclosure(L, open_library, 1);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, refuse_write);
  lua_setfield(L, -2, "__newindex");
  lua_pushliteral(L, "protected");
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_setfield(L, -2, libraries[which].name);
}

/* Arithmetic with texts is the string library's: it brings a metatable of its own. */
static int text_arithmetic(lua_State *L, int op)
{
  lua_settop(L, op == LUA_OPUNM ? 1 : 2);
  lua_getfield(L, LUA_REGISTRYINDEX, "dh.base");
  lua_getfield(L, -1, "string");
  lua_getfield(L, -1, "len");
  lua_pop(L, 3);
  lua_arith(L, op);
  return 1;
}

#define ARITHMETIC(name, op)       \
  static int name(lua_State *L)    \
  {                                \
    return text_arithmetic(L, op); \
  }
ARITHMETIC(text_add, LUA_OPADD)
ARITHMETIC(text_sub, LUA_OPSUB)
ARITHMETIC(text_mul, LUA_OPMUL)
ARITHMETIC(text_mod, LUA_OPMOD)
ARITHMETIC(text_pow, LUA_OPPOW)
ARITHMETIC(text_div, LUA_OPDIV)
ARITHMETIC(text_idiv, LUA_OPIDIV)
ARITHMETIC(text_unm, LUA_OPUNM)

/* What texts have until the string library is opened. */
static void open_texts(lua_State *L)
{
  static const luaL_Reg methods[] = {{"__add", text_add},   {"__sub", text_sub}, {"__mul", text_mul},
                                     {"__mod", text_mod},   {"__pow", text_pow}, {"__div", text_div},
                                     {"__idiv", text_idiv}, {"__unm", text_unm}, {NULL, NULL}};

  lua_pushliteral(L, "");
  lua_createtable(L, 0, 10);
  luaL_setfuncs(L, methods, 0);
  lua_getfield(L, -3, "string");
  lua_setfield(L, -2, "__index");
  lua_pushliteral(L, "protected");
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_pop(L, 1);
}

/* ---- the three tables */

/* The table on top gets {__index = the value below it, __metatable}. Pops nothing. */
static void stand_before(lua_State *L)
{
  lua_createtable(L, 0, 3);
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, "__index");
  lua_pushliteral(L, "protected");
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
}

void dh_world_open(lua_State *L)
{
  lua_pushglobaltable(L);
  for (int i = 0; i < LIBRARIES; i++)
    put_library(L, i);
  open_texts(L);
  lua_pushvalue(L, -1);
  lua_setfield(L, LUA_REGISTRYINDEX, "dh.base");
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, w_getmetatable);
  lua_setfield(L, -2, "getmetatable");
  stand_before(L);
  lua_createtable(L, 0, 4);
  stand_before(L);
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
