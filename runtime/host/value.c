/* value.c - strict records and files: tables whose missing fields are errors; and the classes of all values.
 */
#include "state.h"

#include <inttypes.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

/* Made whole before it is known by its name: an error of memory leaves no class open to robots. */
static void make_class(lua_State *L, const char *name, const luaL_Reg *methods)
{
  int index = 0;

  lua_createtable(L, 0, 4);
  for (; methods->name; methods++) {
    if (methods->name[0] == '_') {
      lua_pushcfunction(L, methods->func);
      lua_setfield(L, index ? index - 1 : -2, methods->name);
      continue;
    }
    if (!index) {
      lua_createtable(L, 0, 4);
      lua_pushvalue(L, -1);
      lua_setfield(L, -3, "__index");
      index = lua_gettop(L);
    }
    lua_pushcfunction(L, methods->func);
    lua_setfield(L, index, methods->name);
  }
  if (index)
    lua_pop(L, 1);
  lua_pushliteral(L, "protected");
  lua_setfield(L, -2, "__metatable");
  lua_pushvalue(L, -1);
  lua_setfield(L, LUA_REGISTRYINDEX, name);
}

void dh_set_class(lua_State *L, const char *name, const luaL_Reg *methods)
{
  if (luaL_getmetatable(L, name) == LUA_TNIL) {
    lua_pop(L, 1);
    make_class(L, name, methods);
  }
  lua_setmetatable(L, -2);
}

int dh_concat_texts(lua_State *L)
{
  lua_settop(L, 2);
  dh_push_text(L, 1);
  dh_push_text(L, 2);
  lua_concat(L, 2);
  return 1;
}

/* ---- strict records and files: tables whose missing fields are errors */
/* The texts among a table's keys go behind the n that names holds. Leaves the table where it stands. */
static size_t gather_names(lua_State *L, int index, const char *names[], size_t n, size_t max)
{
  for (lua_pushnil(L); n < max && lua_next(L, index); lua_pop(L, 1))
    if (lua_type(L, -2) == LUA_TSTRING)
      names[n++] = lua_tostring(L, -2);
  return n;
}

static int by_text(const void *a, const void *b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, each once: a robot that catches the error sees the same text in every try. */
static size_t sort_names(const char *names[], size_t n)
{
  size_t kept = 0;

  qsort(names, n, sizeof *names, by_text);
  for (size_t i = 0; i < n; i++)
    if (!kept || strcmp(names[kept - 1], names[i]))
      names[kept++] = names[i];
  return kept;
}

static int strict_missing(lua_State *L)
{
  const char *names[256], *close;
  char seen[400] = "";
  size_t n, used = 0;
  const char *key;

  lua_settop(L, 2);
  luaL_getmetafield(L, 1, "what");
  if (lua_type(L, 2) != LUA_TSTRING)
    return luaL_error(L, "%s has no field of that kind (a %s)", lua_tostring(L, -1), luaL_typename(L, 2));
  key = lua_tostring(L, 2);
  n = gather_names(L, 1, names, 0, 256);
  if (luaL_getmetafield(L, 1, "empty") != LUA_TNIL) {
    lua_pushvalue(L, 2);
    if (lua_rawget(L, 4) != LUA_TNIL)
      return lua_pushnil(L), 1;
    lua_settop(L, 4);
    n = gather_names(L, 4, names, n, 256);
  }
  n = sort_names(names, n);
  for (size_t i = 0; i < n && used + 40 < sizeof seen; i++)
    used += (size_t)snprintf(seen + used, sizeof seen - used, "%s%.36s", used ? ", " : "", names[i]);
  lua_settop(L, 4);
  close = dh_closest(key, names, n);
  lua_pushfstring(L, "%s has no field '%s'.\nseen: %s", lua_tostring(L, 3), key,
                  *seen ? seen : "no fields at all");
  if (close)
    lua_pushfstring(L, "\ndo: did you mean '%s'?", close), lua_concat(L, 2);
  luaL_where(L, 1);
  lua_insert(L, -2);
  lua_concat(L, 2);
  return lua_error(L);
}

static int strict_new(lua_State *L)
{
  luaL_getmetafield(L, 1, "what");
  return luaL_error(L, "%s cannot be changed (field '%s'); make a table of your own for new values",
                    lua_tostring(L, -1),
                    lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : luaL_typename(L, 2));
}

void dh_make_strict(lua_State *L, int index, const char *what)
{
  index = lua_absindex(L, index);
  lua_createtable(L, 0, 6);
  lua_pushcfunction(L, strict_missing);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, strict_new);
  lua_setfield(L, -2, "__newindex");
  lua_pushstring(L, what);
  lua_setfield(L, -2, "what");
  lua_pushliteral(L, "dh.strict");
  lua_setfield(L, -2, "__name");
  lua_pushliteral(L, "protected");
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, index);
}

static bool named(lua_State *L, int index, const char *name)
{
  bool is;

  if (!lua_istable(L, index) || luaL_getmetafield(L, index, "__name") == LUA_TNIL)
    return false;
  is = lua_type(L, -1) == LUA_TSTRING && strcmp(lua_tostring(L, -1), name) == 0;
  lua_pop(L, 1);
  return is;
}

bool dh_is_strict(lua_State *L, int index)
{
  return named(L, index, "dh.strict");
}

bool dh_is_file(lua_State *L, int index)
{
  return dh_has_class(L, index, "dh.file");
}

static int file_tostring(lua_State *L)
{
  lua_pushliteral(L, "name");
  if (lua_rawget(L, 1) != LUA_TSTRING)
    lua_pushliteral(L, "file");
  return 1;
}

void dh_make_file(lua_State *L, int index)
{
  index = lua_absindex(L, index);
  if (luaL_newmetatable(L, "dh.file")) {
    lua_pushcfunction(L, file_tostring);
    lua_setfield(L, -2, "__tostring");
    lua_pushcfunction(L, dh_concat_texts);
    lua_setfield(L, -2, "__concat");
    lua_pushcfunction(L, strict_missing);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, strict_new);
    lua_setfield(L, -2, "__newindex");
    lua_pushliteral(L, "a file");
    lua_setfield(L, -2, "what");
    lua_pushliteral(L, "protected");
    lua_setfield(L, -2, "__metatable");
  }
  lua_setmetatable(L, index);
}

/* _strict(table, what, empty?) -> table. empty = { name = true }: fields that may be nil. */
static int l_strict(lua_State *L)
{
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 3);
  dh_make_strict(L, 1, luaL_checkstring(L, 2));
  if (lua_istable(L, 3)) {
    lua_getmetatable(L, 1);
    lua_insert(L, 3);
    lua_setfield(L, 3, "empty");
  }
  lua_settop(L, 1);
  return 1;
}

/* ---- decimals: numbers that a float cannot hold, kept as they were written; money is made of their text */
static int decimal_tostring(lua_State *L)
{
  luaL_checkudata(L, 1, "dh.decimal");
  lua_getiuservalue(L, 1, 1);
  return 1;
}

static int decimal_eq(lua_State *L)
{
  lua_getiuservalue(L, 1, 1);
  lua_getiuservalue(L, 2, 1);
  lua_pushboolean(L, lua_rawequal(L, -1, -2));
  return 1;
}

void dh_push_decimal(lua_State *L, const char *text, size_t n)
{
  static const luaL_Reg methods[] = {
      {"__tostring", decimal_tostring}, {"__eq", decimal_eq}, {"__concat", dh_concat_texts}, {NULL, NULL}};

  lua_newuserdatauv(L, 0, 1);
  lua_pushlstring(L, text, n);
  lua_setiuservalue(L, -2, 1);
  dh_set_class(L, "dh.decimal", methods);
}

const char *dh_decimal_at(lua_State *L, int index, size_t *n)
{
  const char *s;

  if (!luaL_testudata(L, index, "dh.decimal"))
    return NULL;
  lua_getiuservalue(L, index, 1);
  s = lua_tolstring(L, -1, n);
  lua_pop(L, 1); /* the userdata keeps it */
  return s;
}

/* _kind(value): "money" "date" "file" "secret" "record", or Lua's type name */
static int l_kind(lua_State *L)
{
  lua_pushstring(L, luaL_testudata(L, 1, "dh.money")     ? "money"
                    : luaL_testudata(L, 1, "dh.date")    ? "date"
                    : luaL_testudata(L, 1, "dh.secret")  ? "secret"
                    : luaL_testudata(L, 1, "dh.decimal") ? "decimal"
                    : dh_is_file(L, 1)                   ? "file"
                    : dh_has_class(L, 1, "dh.error")     ? "error"
                    : dh_is_strict(L, 1)                 ? "record"
                                                         : luaL_typename(L, 1));
  return 1;
}

/* _file{name, sha256, size} -> file value; _error{code, text, …} -> error value */
static int l_file(lua_State *L)
{
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  dh_make_file(L, 1);
  return 1;
}

static int l_error(lua_State *L)
{
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  dh_set_error_class(L);
  return 1;
}

void dh_set_list_class(lua_State *L)
{
  static const luaL_Reg none[] = {{NULL, NULL}};

  dh_set_class(L, "dh.list", none);
}

/* _list(t) -> t, marked as a list even when it is empty */
static int l_list(lua_State *L)
{
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  dh_set_list_class(L);
  return 1;
}

const luaL_Reg dh_value_funcs[] = {{"_list", l_list}, {"_strict", l_strict}, {"_kind", l_kind},
                                   {"_file", l_file}, {"_error", l_error},   {NULL, NULL}};
