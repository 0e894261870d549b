/* error.c - errors between Lua and C: what was raised, and the line of the robot it belongs to. */
#include "state.h"

#include <lauxlib.h>
#include <string.h>

/* The robot's own files are the only chunks with a name and lines; the language is stripped. */
static bool where_in(lua_State *L, char *out, size_t size)
{
  lua_Debug ar;

  for (int level = 0; lua_getstack(L, level, &ar); level++) {
    lua_getinfo(L, "Sl", &ar);
    if (ar.source[0] == '@' && ar.currentline > 0) {
      snprintf(out, size, "%s:%d", ar.source + 1, ar.currentline);
      return true;
    }
  }
  return false;
}

void dh_where(lua_State *L, char *out, size_t size)
{
  struct dh_run *r = dh_run_from(L);

  *out = '\0';
  if (!where_in(L, out, size) && r->current && r->current->L != L)
    where_in(r->current->L, out, size);
}

static void text_field(lua_State *L, const char *key, char *out, size_t size)
{
  lua_pushstring(L, key);
  lua_rawget(L, -2);
  snprintf(out, size, "%s", lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "");
  lua_pop(L, 1);
}

static void take_table(lua_State *L, struct dh_err *err)
{
  char code[32];

  memset(err, 0, sizeof *err);
  text_field(L, "code", code, sizeof code);
  text_field(L, "text", err->text, sizeof err->text);
  text_field(L, "seen", err->seen, sizeof err->seen);
  text_field(L, "advice", err->advice, sizeof err->advice);
  text_field(L, "where", err->where, sizeof err->where);
  err->code = dh_err_code(code);
  if (!err->code)
    err->code = DH_ESCRIPT;
  lua_pushliteral(L, "retryable");
  lua_rawget(L, -2);
  err->retryable = lua_isnil(L, -1) ? dh_err_retryable(err->code) : lua_toboolean(L, -1);
  lua_pop(L, 1);
  if (!*err->text)
    snprintf(err->text, sizeof err->text, "the robot raised a table without a text");
}

/* Copies the part of a text after a marker at a line's begin, up to the next line. */
static void take_line(char *text, const char *marker, char *out, size_t size)
{
  char *at = strstr(text, marker), *end;

  if (!at)
    return;
  end = strchr(at + 1, '\n');
  snprintf(out, size, "%.*s", (int)((end ? end : at + strlen(at)) - at - (long)strlen(marker)),
           at + strlen(marker));
  if (end)
    memmove(at, end, strlen(end) + 1);
  else
    *at = '\0';
}

/* "robot.lua:12: text\nseen: …\ndo: …", as luaL_error and robots raise them. */
static void take_text(const char *s, struct dh_err *err)
{
  char text[2048];
  const char *colon = strstr(s, ".lua:");

  dh_err_set(err, DH_ESCRIPT, "%s", "");
  if (strncmp(s, "?:-1: ", 6) == 0) /* raised in the language, which has no lines */
    s += 6;
  snprintf(text, sizeof text, "%s", s);
  if (colon && strcspn(s, " \n") >= (size_t)(colon - s)) {
    size_t n = (size_t)(colon - s) + 5;

    n += strspn(s + n, "0123456789");
    if (n < sizeof err->where && s[n] == ':') {
      snprintf(err->where, sizeof err->where, "%.*s", (int)n, s);
      snprintf(text, sizeof text, "%s", s + n + 1 + (s[n + 1] == ' '));
    }
  }
  take_line(text, "\nseen: ", err->seen, sizeof err->seen);
  take_line(text, "\ndo: ", err->advice, sizeof err->advice);
  snprintf(err->text, sizeof err->text, "%.500s", text);
}

/* (error value, light dh_err) */
static int take_protected(lua_State *L)
{
  struct dh_err *err = lua_touserdata(L, 2);

  lua_settop(L, 1);
  if (dh_has_class(L, 1, "dh.error"))
    take_table(L, err);
  else
    dh_err_set(err, DH_ESCRIPT, "the robot raised a table, not a text");
  return 0;
}

/* A table is read on the main state, under protection: this thread may be dead, and memory used up. */
static void take_value(lua_State *L, struct dh_err *err)
{
  lua_State *M = dh_run_from(L)->L;

  dh_err_set(err, DH_EMEMORY, "memory: no room to read the error");
  if (!lua_checkstack(M, 4))
    return;
  lua_pushcfunction(M, take_protected);
  if (L == M)
    lua_pushvalue(L, -2);
  else
    lua_xmove(L, M, 1), lua_pushnil(L);
  lua_pushlightuserdata(M, err);
  if (lua_pcall(M, 2, 0, 0))
    lua_pop(M, 1);
}

void dh_err_of_lua(lua_State *L, struct dh_err *err)
{
  char where[sizeof err->where] = "";

  where_in(L, where, sizeof where);
  if (lua_istable(L, -1))
    take_value(L, err);
  else if (lua_type(L, -1) == LUA_TSTRING)
    take_text(lua_tostring(L, -1), err);
  else
    dh_err_set(err, DH_ESCRIPT, "the robot raised a %s, not a text", luaL_typename(L, -1));
  if (!*err->where)
    memcpy(err->where, where, sizeof where);
  dh_mask_text(err->text, strlen(err->text));
  dh_mask_text(err->seen, strlen(err->seen));
  dh_mask_text(err->advice, strlen(err->advice));
  lua_pop(L, 1);
}

static int error_tostring(lua_State *L)
{
  lua_pushliteral(L, "text");
  lua_rawget(L, 1);
  return 1;
}

void dh_set_error_class(lua_State *L)
{
  static const luaL_Reg methods[] = {
      {"__tostring", error_tostring}, {"__concat", dh_concat_texts}, {NULL, NULL}};

  dh_set_class(L, "dh.error", methods);
}
