/* libs.c - string, table, math, utf8 with ceilings: what one C call may cost is bounded by its arguments,
 * since nothing can interrupt it. Matching and formatting are texts.c's. */
#include "state.h"

#include <lauxlib.h>
#include <lualib.h>
#include <string.h>

enum { TEXT_MAX = 16 << 20, RANGE_MAX = 1 << 20 };

static int s_rep(lua_State *L)
{
  size_t len, sep_len;
  lua_Integer n = luaL_checkinteger(L, 2);

  luaL_checklstring(L, 1, &len);
  luaL_optlstring(L, 3, "", &sep_len);
  if (n > 0 && (n > TEXT_MAX || (len + sep_len) * (size_t)n > TEXT_MAX))
    return luaL_error(L, "string.rep: the text would have over %d bytes", TEXT_MAX);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, 1);
  return 1;
}

static int checked_table(lua_State *L, const char *name)
{
  luaL_checktype(L, 1, LUA_TTABLE);
  if (luaL_getmetafield(L, 1, "__len") != LUA_TNIL)
    return luaL_error(L, "%s: a table with its own __len is not allowed", name);
  if (lua_rawlen(L, 1) > RANGE_MAX)
    return luaL_error(L, "%s: the table has over %d items", name, RANGE_MAX);
  return 0;
}

static int call_original(lua_State *L)
{
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  return lua_gettop(L);
}

static int t_guarded(lua_State *L)
{
  checked_table(L, lua_tostring(L, lua_upvalueindex(2)));
  return call_original(L);
}

/* table.concat(t, sep, i, j), table.unpack(t, i, j), table.move(t, f, e, …): the range is an argument. */
static int t_ranged(lua_State *L)
{
  const char *name = lua_tostring(L, lua_upvalueindex(2));
  int first = (int)lua_tointeger(L, lua_upvalueindex(3));
  lua_Integer from = luaL_optinteger(L, first, 1);
  lua_Integer to;

  checked_table(L, name);
  to = luaL_optinteger(L, first + 1, (lua_Integer)lua_rawlen(L, 1));
  if (to >= from && (lua_Unsigned)to - (lua_Unsigned)from >= RANGE_MAX)
    return luaL_error(L, "%s: over %d items", name, RANGE_MAX);
  return call_original(L);
}

/* ---- random numbers: seeded by the run, so that a replay sees the same (xoshiro256**, public domain design)
 */
static uint64_t rotl(uint64_t x, int k)
{
  return x << k | x >> (64 - k);
}

static uint64_t next_random(uint64_t s[4])
{
  uint64_t result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;

  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotl(s[3], 45);
  return result;
}

static int m_random(lua_State *L)
{
  uint64_t v = next_random(dh_run_from(L)->random);
  lua_Integer low, high;

  switch (lua_gettop(L)) {
  case 0:
    lua_pushnumber(L, (lua_Number)(v >> 11) * 0x1p-53);
    return 1;
  case 1:
    low = 1;
    high = luaL_checkinteger(L, 1);
    if (high == 0) { /* all bits, as in Lua */
      lua_pushinteger(L, (lua_Integer)v);
      return 1;
    }
    break;
  default:
    low = luaL_checkinteger(L, 1);
    high = luaL_checkinteger(L, 2);
  }
  luaL_argcheck(L, low <= high, lua_gettop(L), "interval is empty");
  if ((uint64_t)high - (uint64_t)low == UINT64_MAX)
    lua_pushinteger(L, (lua_Integer)v);
  else
    lua_pushinteger(L, (lua_Integer)((uint64_t)low + v % ((uint64_t)high - (uint64_t)low + 1)));
  return 1;
}

static void wrap(lua_State *L, const char *lib, const char *name, lua_CFunction f, int first)
{
  char full[40];

  snprintf(full, sizeof full, "%s.%s", lib, name);
  lua_getfield(L, -1, name);
  lua_pushstring(L, full);
  lua_pushinteger(L, first);
  lua_pushcclosure(L, f, 3);
  lua_setfield(L, -2, name);
}

static void drop(lua_State *L, const char *name)
{
  lua_pushnil(L);
  lua_setfield(L, -2, name);
}

void dh_string_push(lua_State *L)
{
  lua_pushcfunction(L, luaopen_string);
  lua_call(L, 0, 1);
  wrap(L, "string", "rep", s_rep, 0);
  drop(L, "dump");
  dh_texts_open(L);
  lua_pushliteral(L, ""); /* texts share one metatable: lock it */
  lua_getmetatable(L, -1);
  lua_pushliteral(L, "protected");
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 2);
}

void dh_table_push(lua_State *L)
{
  lua_pushcfunction(L, luaopen_table);
  lua_call(L, 0, 1);
  wrap(L, "table", "insert", t_guarded, 0);
  wrap(L, "table", "remove", t_guarded, 0);
  wrap(L, "table", "sort", t_guarded, 0);
  wrap(L, "table", "concat", t_ranged, 3);
  wrap(L, "table", "unpack", t_ranged, 2);
  wrap(L, "table", "move", t_ranged, 2);
}

void dh_math_push(lua_State *L)
{
  lua_pushcfunction(L, luaopen_math);
  lua_call(L, 0, 1);
  drop(L, "randomseed");
  lua_pushcfunction(L, m_random);
  lua_setfield(L, -2, "random");
}

void dh_utf8_push(lua_State *L)
{
  lua_pushcfunction(L, luaopen_utf8);
  lua_call(L, 0, 1);
}
