/* identifier.c - the module: the plain functions of identifier.h for Lua. */
#include "identifier.h"

#include "deskhand.h"

/* _check(kind, text) -> valid, canonical, why */
static int l_check(lua_State *L)
{
  const char *kind = luaL_checkstring(L, 1);
  size_t n;
  const char *text = luaL_checklstring(L, 2, &n);
  struct dh_ident one;

  if (dh_ident_check(kind, text, n, &one) < 0)
    return luaL_argerror(L, 1, lua_pushfstring(L, "there is no kind of number \"%s\"", kind));
  lua_pushboolean(L, one.valid);
  lua_pushstring(L, one.canonical);
  lua_pushstring(L, one.why);
  return 3;
}

/* _guess(text) -> list of kinds */
static int l_guess(lua_State *L)
{
  size_t n;
  const char *text = luaL_checklstring(L, 1, &n);
  const char *kinds[DH_IDENT_KINDS];
  size_t count = dh_ident_guess(text, n, kinds);

  lua_createtable(L, (int)count, 0);
  for (size_t i = 0; i < count; i++) {
    lua_pushstring(L, kinds[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

/* _repair(kind, text) -> the one suggestion, or nil */
static int l_repair(lua_State *L)
{
  const char *kind = luaL_checkstring(L, 1);
  size_t n;
  const char *text = luaL_checklstring(L, 2, &n);
  struct dh_ident one;
  int count = dh_ident_check(kind, "", 0, &one);

  if (count < 0)
    return luaL_argerror(L, 1, lua_pushfstring(L, "there is no kind of number \"%s\"", kind));
  count = dh_ident_repair(kind, text, n, &one);
  if (count != 1)
    return 0;
  lua_pushstring(L, one.canonical);
  return 1;
}

static const luaL_Reg funcs[] = {
    {"_check", l_check}, {"_guess", l_guess}, {"_repair", l_repair}, {NULL, NULL}};

DH_EXPORT const struct dh_module dh_module = {
    .abi = DH_MODULE_ABI, .name = "identifier", .funcs = funcs, .lua = dh_module_lua};
