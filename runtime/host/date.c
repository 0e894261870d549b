/* date.c - dates: days of the proleptic Gregorian calendar, without time and zone. */
#include "state.h"

#include <inttypes.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

static void set_class(lua_State *L);

static int64_t days_of(int y, int m, int d)
{
  int64_t era;
  int yoe, doy, doe;

  y -= m <= 2;
  era = (y >= 0 ? y : y - 399) / 400;
  yoe = (int)(y - era * 400);
  doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
  doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return era * 146097 + doe - 719468;
}

static void civil_of(int64_t days, int *y, int *m, int *d)
{
  int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
  int doe = (int)(z - era * 146097), yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  int doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;

  *d = doy - (153 * mp + 2) / 5 + 1;
  *m = mp < 10 ? mp + 3 : mp - 9;
  *y = (int)(yoe + era * 400) + (*m <= 2);
}

static bool parse_date(const char *s, int64_t *days)
{
  int y, m, d, n = 0, yy, mm, dd;

  if (sscanf(s, "%4d-%2d-%2d%n", &y, &m, &d, &n) != 3 || s[n] || n != 10 || m < 1 || m > 12 || d < 1)
    return false;
  *days = days_of(y, m, d);
  civil_of(*days, &yy, &mm, &dd);
  return yy == y && mm == m && dd == d;
}

static void push_days(lua_State *L, int64_t days)
{
  int64_t *p = lua_newuserdatauv(L, sizeof *p, 0);

  *p = days;
  set_class(L);
}

void dh_push_date(lua_State *L, const char *iso)
{
  int64_t days;

  if (!parse_date(iso, &days))
    luaL_error(L, "\"%s\" is no date (2026-11-30)", iso);
  push_days(L, days);
}

static const char *date_text(int64_t days, char out[16])
{
  int y, m, d;

  civil_of(days, &y, &m, &d);
  snprintf(out, 16, "%04d-%02d-%02d", y % 10000, m % 100, d % 100);
  return out;
}

const char *dh_date_at(lua_State *L, int index, char out[16])
{
  int64_t *p = luaL_testudata(L, index, "dh.date");

  return p ? date_text(*p, out) : NULL;
}

/* _date(text) -> date | nil, why */
static int l_date(lua_State *L)
{
  int64_t days;

  if (!parse_date(luaL_checkstring(L, 1), &days)) {
    lua_pushnil(L);
    lua_pushliteral(L, "it is no day of the calendar written as 2026-11-30");
    return 2;
  }
  push_days(L, days);
  return 1;
}

static int date_add(lua_State *L)
{
  int at = luaL_testudata(L, 1, "dh.date") ? 1 : 2;
  int64_t *d = luaL_checkudata(L, at, "dh.date");
  int ok;
  lua_Integer n = lua_tointegerx(L, 3 - at, &ok);

  if (!ok || n > 4000000 || n < -4000000)
    return luaL_error(L, "a whole number of days can be added to a date");
  push_days(L, *d + n);
  return 1;
}

static int date_sub(lua_State *L)
{
  int64_t *a = luaL_checkudata(L, 1, "dh.date"), *b = luaL_testudata(L, 2, "dh.date");
  int ok;
  lua_Integer n;

  if (b) {
    lua_pushinteger(L, *a - *b);
    return 1;
  }
  n = lua_tointegerx(L, 2, &ok);
  if (!ok || n > 4000000 || n < -4000000)
    return luaL_error(L, "a date minus a date gives days; a date minus a whole number of days gives a date");
  push_days(L, *a - n);
  return 1;
}

static int date_cmp(lua_State *L, int *order)
{
  int64_t *a = luaL_testudata(L, 1, "dh.date"), *b = luaL_testudata(L, 2, "dh.date");

  if (!a || !b)
    return luaL_error(L, "cannot compare a date and a %s; write the other as date too: date \"2026-11-30\"",
                      luaL_typename(L, a ? 2 : 1));
  *order = *a < *b ? -1 : *a > *b;
  return 0;
}

static int date_eq(lua_State *L)
{
  int64_t *a = luaL_testudata(L, 1, "dh.date"), *b = luaL_testudata(L, 2, "dh.date");

  lua_pushboolean(L, a && b && *a == *b);
  return 1;
}

static int date_lt(lua_State *L)
{
  int o = 0;

  date_cmp(L, &o);
  lua_pushboolean(L, o < 0);
  return 1;
}

static int date_le(lua_State *L)
{
  int o = 0;

  date_cmp(L, &o);
  lua_pushboolean(L, o <= 0);
  return 1;
}

static int date_tostring(lua_State *L)
{
  char t[16];

  lua_pushstring(L, date_text(*(int64_t *)luaL_checkudata(L, 1, "dh.date"), t));
  return 1;
}

static int date_index(lua_State *L)
{
  int64_t *p = luaL_checkudata(L, 1, "dh.date");
  const char *k = luaL_checkstring(L, 2);
  int y, m, d;

  civil_of(*p, &y, &m, &d);
  if (strcmp(k, "year") == 0)
    lua_pushinteger(L, y);
  else if (strcmp(k, "month") == 0)
    lua_pushinteger(L, m);
  else if (strcmp(k, "day") == 0)
    lua_pushinteger(L, d);
  else if (strcmp(k, "weekday") == 0) /* 1 is Monday */
    lua_pushinteger(L, ((*p + 3) % 7 + 7) % 7 + 1);
  else
    return luaL_error(L, "a date has no '%s': it has year, month, day, weekday", k);
  return 1;
}

bool dh_date_valid(const char *iso)
{
  int64_t days;

  return parse_date(iso, &days);
}

static void set_class(lua_State *L)
{
  static const luaL_Reg methods[] = {{"__add", date_add},
                                     {"__sub", date_sub},
                                     {"__eq", date_eq},
                                     {"__lt", date_lt},
                                     {"__le", date_le},
                                     {"__tostring", date_tostring},
                                     {"__concat", dh_concat_texts},
                                     {"__index", date_index},
                                     {NULL, NULL}};

  dh_set_class(L, "dh.date", methods);
}

const luaL_Reg dh_date_funcs[] = {{"_date", l_date}, {NULL, NULL}};
