/* schedule.c - what the language asks of schedules and calendars: whether they can be understood. Nothing is
 * kept; slots are found elsewhere (sched). */
#include "state.h"
#include "../base/schedule.h"

#include <lauxlib.h>
#include <stdlib.h>

static int push_error(lua_State *L, const struct dh_err *err)
{
  lua_pushstring(L, err->text);
  lua_pushstring(L, err->seen);
  lua_pushstring(L, err->advice);
  lua_pushstring(L, err->where);
  return 4;
}

/* _schedule(rule) -> nothing, or what is wrong with it: text, seen, advice, where. rule: a table {text, zone,
 * …} as dsl/schedule.lua makes it, without its calendar. */
static int l_schedule(lua_State *L)
{
  struct dh_buf *b = dh_buf_box(L, 64 << 10);
  struct dh_schedule s;
  struct dh_val *v = NULL;
  struct dh_err err;
  int rc;

  dh_to_cbor(L, 1, b);
  rc = dh_val_parse_buf(b, &v, &err);
  if (!rc && !(rc = dh_schedule_take(v, NULL, &s, &err)))
    dh_schedule_fini(&s);
  free(v);
  return rc ? push_error(L, &err) : 0;
}

/* _calendar(text, file) -> nothing, or what is wrong with an iCalendar file: text, seen, advice, where */
static int l_calendar(lua_State *L)
{
  size_t n;
  const char *text = luaL_checklstring(L, 1, &n), *file = luaL_checkstring(L, 2);
  struct dh_calendar *c = dh_calendar_new();
  struct dh_err err;
  int rc =
      c ? dh_calendar_ics(c, text, n, file, &err) : dh_err_set(&err, DH_ENOMEM, "no memory for a calendar");

  dh_calendar_free(c);
  return rc ? push_error(L, &err) : 0;
}

const luaL_Reg dh_schedule_funcs[] = {{"_schedule", l_schedule}, {"_calendar", l_calendar}, {NULL, NULL}};
