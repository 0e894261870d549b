/* sandbox.c - the base functions a robot has: what is safe of Lua's own, the rest replaced.
 * Replay asks for it: sorted pairs, no addresses in texts, no collector, no binary chunks; limits ask for it:
 * an end that has been decided passes through every pcall. */
#include "state.h"

#include <lauxlib.h>
#include <lualib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LOAD_MAX = 256 << 10 };

static const char *const control_codes[] = {"EREJECT", "EWAIT", "EUNKNOWN", "EREPLAY", "ECANCELED"};

bool dh_has_class(lua_State *L, int index, const char *name)
{
  bool is;

  if (!lua_istable(L, index) || !lua_getmetatable(L, index))
    return false;
  luaL_getmetatable(L, name);
  is = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return is;
}

bool dh_is_control(lua_State *L, int index)
{
  bool is = false;

  index = lua_absindex(L, index);
  if (dh_run_from(L)->kill)
    return true;
  if (!dh_has_class(L, index, "dh.error"))
    return false;
  lua_pushliteral(L, "code");
  lua_rawget(L, index);
  for (size_t i = 0; i < sizeof control_codes / sizeof *control_codes && !is; i++)
    is = lua_type(L, -1) == LUA_TSTRING && strcmp(lua_tostring(L, -1), control_codes[i]) == 0;
  lua_pop(L, 1);
  return is;
}

/* ---- pairs and next, sorted */

struct key {
  int type;
  lua_Number n;
  lua_Integer i;
  bool is_int;
  const char *s;
  size_t len;
};

/* Exact, or the order would depend on where qsort began. A float key is no whole number of an integer's
 * range. */
static bool int_before_float(lua_Integer i, lua_Number n)
{
  if (n >= 0x1p63)
    return true;
  if (n < -0x1p63)
    return false;
  return i <= (lua_Integer)floor(n);
}

static int by_key(const void *a, const void *b)
{
  const struct key *x = a, *y = b;
  int c;

  if (x->type != y->type)
    return x->type < y->type ? -1 : 1;
  if (x->type == LUA_TSTRING) {
    c = memcmp(x->s, y->s, x->len < y->len ? x->len : y->len);
    return c ? c : x->len < y->len ? -1 : x->len > y->len;
  }
  if (x->is_int && y->is_int)
    return x->i < y->i ? -1 : x->i > y->i;
  if (x->is_int)
    return int_before_float(x->i, y->n) ? -1 : 1;
  if (y->is_int)
    return int_before_float(y->i, x->n) ? 1 : -1;
  return x->n < y->n ? -1 : x->n > y->n;
}

static void read_key(lua_State *L, struct key *k)
{
  k->type = lua_type(L, -2);
  switch (k->type) {
  case LUA_TNUMBER:
    k->is_int = lua_isinteger(L, -2);
    k->i = k->is_int ? lua_tointeger(L, -2) : 0;
    k->n = lua_tonumber(L, -2);
    return;
  case LUA_TSTRING:
    k->s = lua_tolstring(L, -2, &k->len);
    return;
  case LUA_TBOOLEAN:
    k->i = lua_toboolean(L, -2);
    k->is_int = true;
    return;
  default:
    luaL_error(L,
               "a %s as a key has no order, so pairs cannot visit it the same way twice; use a text or a "
               "number as key",
               luaL_typename(L, -2));
  }
}

static void push_key(lua_State *L, const struct key *k)
{
  if (k->type == LUA_TSTRING)
    lua_pushlstring(L, k->s, k->len);
  else if (k->type == LUA_TBOOLEAN)
    lua_pushboolean(L, (int)k->i);
  else if (k->is_int)
    lua_pushinteger(L, k->i);
  else
    lua_pushnumber(L, k->n);
}

/* Pushes a list of the keys of the table at 1 in order. */
static lua_Integer push_sorted_keys(lua_State *L)
{
  lua_Integer n = 0;
  struct key *keys;

  for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1))
    n++;
  keys = lua_newuserdatauv(L, sizeof *keys * (size_t)(n + 1), 0);
  n = 0;
  for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1))
    read_key(L, &keys[n++]);
  qsort(keys, (size_t)n, sizeof *keys, by_key);
  lua_createtable(L, (int)n, 0);
  for (lua_Integer i = 0; i < n; i++) {
    push_key(L, &keys[i]);
    lua_rawseti(L, -2, i + 1);
  }
  lua_remove(L, -2);
  return n;
}

/* upvalues: keys, position */
static int pairs_step(lua_State *L)
{
  lua_Integer i = lua_tointeger(L, lua_upvalueindex(2));

  for (;;) {
    if (lua_rawgeti(L, lua_upvalueindex(1), ++i) == LUA_TNIL)
      return 1;
    lua_pushvalue(L, -1);
    if (lua_rawget(L, 1) != LUA_TNIL) /* a key removed on the way is not visited, as in plain Lua */
      break;
    lua_pop(L, 2);
  }
  lua_pushinteger(L, i);
  lua_copy(L, -1, lua_upvalueindex(2));
  lua_pop(L, 1);
  return 2;
}

static int b_pairs(lua_State *L)
{
  luaL_checkany(L, 1);
  if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
    lua_pushvalue(L, 1);
    lua_call(L, 1, 3);
    return 3;
  }
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  push_sorted_keys(L);
  lua_pushinteger(L, 0);
  lua_pushcclosure(L, pairs_step, 2);
  lua_pushvalue(L, 1);
  lua_pushnil(L);
  return 3;
}

static int b_next(lua_State *L)
{
  luaL_checktype(L, 1, LUA_TTABLE);
  if (!lua_isnoneornil(L, 2))
    return luaL_error(L, "next(t, key) is not known here; use: for key, value in pairs(t) do");
  lua_settop(L, 1);
  if (push_sorted_keys(L) == 0) {
    lua_pushnil(L);
    return 1;
  }
  lua_rawgeti(L, -1, 1);
  lua_pushvalue(L, -1);
  lua_rawget(L, 1);
  return 2;
}

/* ---- texts without addresses */
void dh_push_text(lua_State *L, int index)
{
  index = lua_absindex(L, index);
  if (luaL_getmetafield(L, index, "__tostring") != LUA_TNIL) {
    lua_pushvalue(L, index);
    lua_call(L, 1, 1);
    if (!lua_isstring(L, -1))
      luaL_error(L, "__tostring must return a text");
    return;
  }
  switch (lua_type(L, index)) {
  case LUA_TTABLE:
  case LUA_TFUNCTION:
  case LUA_TUSERDATA:
  case LUA_TLIGHTUSERDATA:
  case LUA_TTHREAD:
    lua_pushstring(L, luaL_typename(L, index));
    return;
  default:
    luaL_tolstring(L, index, NULL);
  }
}

static int b_tostring(lua_State *L)
{
  luaL_checkany(L, 1);
  dh_push_text(L, 1);
  return 1;
}

/* ---- protected calls */
static bool has_failed(lua_State *L, int status)
{
  struct dh_run *r = dh_run_from(L);

  /* who used up all memory once would live on by catching it; test files may */
  if (status == LUA_ERRMEM && !r->kill && !r->host->opt.test_file)
    r->kill = DH_EMEMORY;
  return status != LUA_OK && status != LUA_YIELD;
}

static int pcall_end(lua_State *L, int status, lua_KContext extra)
{
  if (has_failed(L, status)) {
    if (dh_is_control(L, -1))
      return lua_error(L);
    lua_pushboolean(L, 0);
    lua_pushvalue(L, -2);
    return 2;
  }
  return lua_gettop(L) - (int)extra;
}

static int b_pcall(lua_State *L)
{
  luaL_checkany(L, 1);
  lua_pushboolean(L, 1);
  lua_insert(L, 1);
  return pcall_end(L, lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, pcall_end), 0);
}

static int language_end(lua_State *L, int status, lua_KContext extra)
{
  if (!has_failed(L, status))
    return lua_gettop(L) - (int)extra;
  if (dh_run_from(L)->kill)
    return lua_error(L);
  lua_pushboolean(L, 0);
  lua_insert(L, -2);
  return 2;
}

int dh_pcall_language(lua_State *L)
{
  luaL_checkany(L, 1);
  lua_pushboolean(L, 1);
  lua_insert(L, 1);
  return language_end(L, lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, language_end), 0);
}

/* The handler runs after the stack was unwound: inside it nothing could stop a loop. */
static int xpcall_end(lua_State *L, int status, lua_KContext extra)
{
  int n = pcall_end(L, status, extra);

  if (status == LUA_OK || status == LUA_YIELD)
    return n;
  lua_pushvalue(L, 1); /* handler */
  lua_pushvalue(L, -2);
  status = lua_pcall(L, 1, 1, 0);
  if (has_failed(L, status) && dh_is_control(L, -1))
    return lua_error(L);
  lua_pushboolean(L, 0);
  lua_insert(L, -2);
  return 2;
}

static int b_xpcall(lua_State *L)
{
  int n = lua_gettop(L);

  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_pushvalue(L, 2); /* f, handler, args… -> handler, true, f, args… */
  lua_pushboolean(L, 1);
  lua_pushvalue(L, 1);
  lua_rotate(L, 1, 3);
  lua_remove(L, 4);
  lua_remove(L, 4);
  return xpcall_end(L, lua_pcallk(L, n - 2, LUA_MULTRET, 0, 1, xpcall_end), 1);
}

static int b_setmetatable(lua_State *L)
{
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_argexpected(L, lua_isnil(L, 2) || lua_istable(L, 2), 2, "nil or table");
  if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
    return luaL_error(L, "this table's metatable is protected");
  if (lua_istable(L, 2)) {
    static const char *const refused[] = {"__gc", "__close", "__mode"};

    for (int i = 0; i < 3; i++) {
      lua_pushstring(L, refused[i]);
      if (lua_rawget(L, 2) != LUA_TNIL)
        return luaL_error(L, "a metatable with %s is not allowed in a robot", refused[i]);
      lua_pop(L, 1);
    }
  }
  lua_settop(L, 2);
  lua_setmetatable(L, 1);
  return 1;
}

static int b_load(lua_State *L)
{
  size_t n;
  const char *s = luaL_checklstring(L, 1, &n);
  const char *chunk = luaL_optstring(L, 2, "=load");

  if (n > LOAD_MAX)
    return luaL_error(L, "load: %d bytes are too much (%d at most)", (int)n, LOAD_MAX);
  if (luaL_loadbufferx(L, s, n, chunk, "t")) {
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
  }
  if (!lua_isnone(L, 4)) {
    lua_pushvalue(L, 4);
    lua_setupvalue(L, -2, 1);
  }
  return 1;
}

static int b_print(lua_State *L)
{
  luaL_Buffer b;
  int n = lua_gettop(L);

  luaL_buffinit(L, &b);
  for (int i = 1; i <= n; i++) {
    if (i > 1)
      luaL_addchar(&b, '\t');
    lua_pushcfunction(L, b_tostring);
    lua_pushvalue(L, i);
    lua_call(L, 1, 1);
    luaL_addvalue(&b);
  }
  luaL_pushresult(&b);
  lua_getfield(L, LUA_REGISTRYINDEX, "dh.log"); /* dsl's log word */
  lua_insert(L, -2);
  if (lua_isfunction(L, -2))
    lua_call(L, 1, 0);
  return 0;
}

static int b_collectgarbage(lua_State *L)
{
  return luaL_error(L, "collectgarbage is not known here: memory is looked after by itself");
}

void dh_sandbox_open(lua_State *L)
{
  static const luaL_Reg ours[] = {
      {"pairs", b_pairs}, {"next", b_next},     {"tostring", b_tostring},
      {"pcall", b_pcall}, {"xpcall", b_xpcall}, {"setmetatable", b_setmetatable},
      {"load", b_load},   {"print", b_print},   {"collectgarbage", b_collectgarbage},
      {NULL, NULL}};

  luaL_requiref(L, "_G", luaopen_base, 1);
  lua_pushnil(L);
  lua_setfield(L, -2, "dofile");
  lua_pushnil(L);
  lua_setfield(L, -2, "loadfile");
  lua_pushnil(L);
  lua_setfield(L, -2, "warn");
  luaL_setfuncs(L, ours, 0);
  lua_pop(L, 1);
}
