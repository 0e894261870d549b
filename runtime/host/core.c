/* core.c - "core.host": what the language (dsl) and the Lua halves of modules may ask of the host: of the
 * task, the run and its bundle, time, words. The other tables of functions are where their subjects are. */
#include "../base/zone.h"
#include "modules.h"
#include "state.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

/* ---- the task */

/* _live(n) -> was: reads are live (not journaled) while the count is above 0. */
static int l_live(lua_State *L)
{
  struct dh_task *t = dh_task_current(L);

  t->live += (int)luaL_optinteger(L, 1, 0);
  lua_pushboolean(L, t->live > 0);
  return 1;
}

/* _shield(effect | nil): from here the task is not cancelled; nil ends it. */
static int l_shield(lua_State *L)
{
  struct dh_task *t = dh_task_current(L);

  snprintf(t->effect, sizeof t->effect, "%s", luaL_optstring(L, 1, ""));
  t->shield = *t->effect != '\0';
  return 0;
}

static int l_scope(lua_State *L)
{
  lua_pushstring(L, dh_task_current(L)->scope);
  return 1;
}

/* _where() -> "robot.lua:12" */
static int l_where(lua_State *L)
{
  char where[160];

  dh_where(L, where, sizeof where);
  lua_pushstring(L, where);
  return 1;
}

/* _tidy(): the run's garbage is collected at its next wait. */
static int l_tidy(lua_State *L)
{
  dh_run_from(L)->tidy = false;
  return 0;
}

/* _timer(ms): waits. */
static int l_timer(lua_State *L)
{
  lua_Integer ms = luaL_checkinteger(L, 1);

  return dh_await(L, dh_op_adopt(L, dh_timer_new(dh_loop_of(L), ms)));
}

static int l_now(lua_State *L)
{
  lua_pushinteger(L, dh_wall_ms());
  lua_pushinteger(L, dh_mono_ms());
  return 2;
}

/* The iterators of the for loops that run in a thread now, innermost first, are added to the list at 1. What
 * the compiler calls "(for state)" is gone when the loop is left, however it is left. */
static void add_loops(lua_State *L, lua_State *thread)
{
  lua_Debug ar;

  if (!lua_checkstack(thread, 2))
    luaL_error(L, "no memory for names");
  for (int level = 0; lua_getstack(thread, level, &ar); level++) {
    int n = 0;

    while (lua_getlocal(thread, &ar, n + 1)) {
      lua_pop(thread, 1);
      n++;
    }
    for (; n > 0; n--) {
      const char *name = lua_getlocal(thread, &ar, n);

      if (strcmp(name, "(for state)") == 0 && lua_isfunction(thread, -1)) {
        lua_xmove(thread, L, 1);
        lua_rawseti(L, 1, (lua_Integer)lua_rawlen(L, 1) + 1);
      } else {
        lua_pop(thread, 1);
      }
    }
  }
}

/* _loops() -> iterators of all for loops around this call, innermost first, also those around its coroutine
 */
static int l_loops(lua_State *L)
{
  lua_settop(L, 0);
  lua_newtable(L);
  for (lua_State *thread = L; thread; thread = dh_resumer(thread))
    add_loops(L, thread);
  return 1;
}

/* _local(wall ms, zone) -> "2026-11-24", "13:25:12", "+08:00" | nil when there is no such zone */
static int l_local(lua_State *L)
{
  struct dh_zone_time t;
  struct dh_err err;
  char text[32];

  if (dh_zone_local(luaL_checkstring(L, 2), luaL_checkinteger(L, 1), &t, &err))
    return 0;
  snprintf(text, sizeof text, "%04d-%02d-%02d", t.year, t.month, t.day);
  lua_pushstring(L, text);
  snprintf(text, sizeof text, "%02d:%02d:%02d", t.hour, t.minute, t.second);
  lua_pushstring(L, text);
  snprintf(text, sizeof text, "%c%02d:%02d", t.offset_s < 0 ? '-' : '+', abs(t.offset_s) / 3600,
           abs(t.offset_s) / 60 % 60);
  lua_pushstring(L, text);
  return 3;
}

/* _duration("3d") -> ms | nil */
static int l_duration(lua_State *L)
{
  int64_t ms = dh_duration_ms(luaL_checkstring(L, 1));

  if (ms < 0)
    return 0;
  lua_pushinteger(L, ms);
  return 1;
}

/* ---- the run and its bundle */

/* _this() -> {run, robot, key, period, attempt, case} */
static int l_this(lua_State *L)
{
  struct dh_run *r = dh_run_from(L);

  lua_createtable(L, 0, 6);
  lua_pushstring(L, r->id);
  lua_setfield(L, -2, "run");
  lua_pushstring(L, r->robot);
  lua_setfield(L, -2, "robot");
  lua_pushstring(L, r->key);
  lua_setfield(L, -2, "key");
  lua_pushstring(L, r->period);
  lua_setfield(L, -2, "period");
  lua_pushinteger(L, r->attempt);
  lua_setfield(L, -2, "attempt");
  if (r->input.len)
    dh_push_cbor(L, r->input.data, r->input.len);
  else
    lua_newtable(L);
  lua_setfield(L, -2, "case");
  return 1;
}

/* _rules{times, wait_ms, time_ms, memory, slice_ms}: what robot { } declares, for the host. */
static int l_rules(lua_State *L)
{
  struct dh_run *r = dh_run_from(L);
  int64_t *const at[] = {&r->retry_times, &r->retry_wait_ms, &r->time_ms, &r->slice_ms};
  static const char *const names[] = {"times", "wait_ms", "time_ms", "slice_ms", "memory"};
  static const lua_Integer most[] = {1000, INT64_C(366) * 86400000, 86400000, DH_SLICE_MOST_MS, 1 << 30};

  for (int i = 0; i < 5; i++) {
    lua_getfield(L, 1, names[i]);
    if (lua_isinteger(L, -1)) {
      lua_Integer v = lua_tointeger(L, -1);

      if (v < 0 || v > most[i])
        return luaL_error(L, "robot { }: the limit for %s is too high (%I at most)", names[i],
                          (LUAI_UACINT)most[i]);
      if (i < 4)
        *at[i] = v;
      else
        r->memory_max = (size_t)v;
    }
    lua_pop(L, 1);
  }
  dh_run_restart_clock(r);
  return 0;
}

/* _load(path, env) -> function | nil, text: a file of the robot, compiled once per process. */
static int l_load(lua_State *L)
{
  struct dh_err err;

  if (dh_code_push(L, dh_run_from(L)->code, luaL_checkstring(L, 1), &err)) {
    lua_pushnil(L);
    lua_pushstring(L, err.code == DH_ENOENT ? "" : err.text);
    return 2;
  }
  if (lua_istable(L, 2)) {
    lua_pushvalue(L, 2);
    lua_setupvalue(L, -2, 1);
  }
  return 1;
}

/* _source(path) -> text | nil */
static int l_source(lua_State *L)
{
  const char *p;
  size_t n;

  if (!dh_code_text(dh_run_from(L)->code, luaL_checkstring(L, 1), &p, &n))
    return 0;
  lua_pushlstring(L, p, n);
  return 1;
}

static int l_paths(lua_State *L)
{
  dh_code_paths(L, dh_run_from(L)->code);
  return 1;
}

/* _builtin(name, env) -> chunk | nil: a file of the language or a module's Lua half, with env as its globals.
 */
static int l_builtin(lua_State *L)
{
  if (dh_load_builtin(L, luaL_checkstring(L, 1)))
    return 0;
  if (lua_istable(L, 2)) {
    lua_pushvalue(L, 2);
    if (!lua_setupvalue(L, -2, 1))
      lua_pop(L, 1); /* a chunk that uses no global has no such upvalue */
  }
  return 1;
}

static int l_log(lua_State *L)
{
  int level = dh_level_parse(luaL_checkstring(L, 1));

  dh_log(level < 0 ? DH_INFO : (enum dh_level)level, dh_run_id(L), "%s", luaL_checkstring(L, 2));
  return 0;
}

/* _core("core.NAME") -> table of the module's private C functions | nil, error */
static int l_core(lua_State *L)
{
  const char *name = luaL_checkstring(L, 1);
  const struct dh_module *m;
  struct dh_err err;

  if (strncmp(name, "core.", 5) != 0) {
    dh_err_set(&err, DH_ENOENT, "the language has no file '%s'", name);
    return dh_fail(L, &err);
  }
  if (dh_module_load(name + 5, &m, &err))
    return dh_fail(L, &err);
  lua_newtable(L);
  if (m->funcs)
    luaL_setfuncs(L, m->funcs, 0);
  return 1;
}

/* _module_of(word) -> name | nil */
static int l_module_of(lua_State *L)
{
  lua_pushstring(L, dh_module_of_word(luaL_checkstring(L, 1)));
  return 1;
}

/* _dsl_of(word) -> name of the dsl file that has it | nil; _words() -> every word of language and modules */
static int l_dsl_of(lua_State *L)
{
  lua_pushstring(L, dh_dsl_of_word(luaL_checkstring(L, 1)));
  return 1;
}

static int l_words(lua_State *L)
{
  dh_push_words(L);
  return 1;
}

static int l_closest(lua_State *L)
{
  const char *names[512];
  size_t n = 0;
  lua_Integer count = (lua_Integer)lua_rawlen(L, 2);

  for (lua_Integer i = 1; i <= count && n < 512; i++) {
    lua_rawgeti(L, 2, i);
    if (lua_type(L, -1) == LUA_TSTRING)
      names[n++] = lua_tostring(L, -1);
    lua_pop(L, 1);
  }
  lua_pushstring(L, dh_closest(luaL_checkstring(L, 1), names, n));
  return 1;
}

static int l_conf(lua_State *L)
{
  struct dh_port *port = dh_port_of(L);

  lua_pushstring(L, port ? port->ops->conf(port, luaL_checkstring(L, 1)) : NULL);
  return 1;
}

/* _recording() -> {record = DIR} | {replay = DIR} | nil */
static int l_recording(lua_State *L)
{
  struct dh_host *h = dh_run_from(L)->host;

  if (!h->record_dir && !h->replay_dir)
    return 0;
  lua_newtable(L);
  lua_pushstring(L, h->record_dir ? h->record_dir : h->replay_dir);
  lua_setfield(L, -2, h->record_dir ? "record" : "replay");
  return 1;
}

/* _raise(error table): raises it with the robot's line in it. */
static int l_raise(lua_State *L)
{
  char where[160];

  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_getfield(L, 1, "where");
  if (lua_isnil(L, -1)) {
    dh_where(L, where, sizeof where);
    lua_pushstring(L, where);
    lua_setfield(L, 1, "where");
  }
  lua_settop(L, 1);
  dh_set_error_class(L);
  return lua_error(L);
}

static const luaL_Reg funcs[] = {{"_live", l_live},
                                 {"_shield", l_shield},
                                 {"_scope", l_scope},
                                 {"_where", l_where},
                                 {"_loops", l_loops},
                                 {"_timer", l_timer},
                                 {"_tidy", l_tidy},
                                 {"_now", l_now},
                                 {"_local", l_local},
                                 {"_duration", l_duration},
                                 {"_this", l_this},
                                 {"_rules", l_rules},
                                 {"_load", l_load},
                                 {"_source", l_source},
                                 {"_paths", l_paths},
                                 {"_builtin", l_builtin},
                                 {"_log", l_log},
                                 {"_core", l_core},
                                 {"_module_of", l_module_of},
                                 {"_dsl_of", l_dsl_of},
                                 {"_words", l_words},
                                 {"_closest", l_closest},
                                 {"_conf", l_conf},
                                 {"_recording", l_recording},
                                 {"_raise", l_raise},
                                 {"_pcall", dh_pcall_language},
                                 {NULL, NULL}};

/* ---- the table itself: a function comes into it when it is asked for, since a run asks for few of them */

enum { FUNCS_MAX = 160 };

static luaL_Reg sorted[FUNCS_MAX]; /* of all tables, by name; made once a process, on the loop's thread */
static size_t n_sorted;

static int by_name(const void *a, const void *b)
{
  return strcmp(((const luaL_Reg *)a)->name, ((const luaL_Reg *)b)->name);
}

static void sort_functions(void)
{
  static const luaL_Reg *const tables[] = {
      funcs,           dh_record_funcs, dh_value_funcs,   dh_money_funcs, dh_date_funcs,    dh_secret_funcs,
      dh_branch_funcs, dh_lend_funcs,   dh_testing_funcs, dh_world_funcs, dh_schedule_funcs};

  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
    for (const luaL_Reg *f = tables[i]; f->name && n_sorted < FUNCS_MAX; f++)
      sorted[n_sorted++] = *f;
  qsort(sorted, n_sorted, sizeof *sorted, by_name);
}

static int find_function(lua_State *L)
{
  const luaL_Reg wanted = {.name = luaL_checkstring(L, 2)}, *f;

  f = bsearch(&wanted, sorted, n_sorted, sizeof *sorted, by_name);
  if (!f)
    return 0;
  lua_pushcfunction(L, f->func);
  lua_pushvalue(L, 2);
  lua_pushvalue(L, -2);
  lua_rawset(L, 1);
  return 1;
}

void dh_core_open(lua_State *L)
{
  if (!n_sorted)
    sort_functions();
  lua_createtable(L, 0, 32);
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, find_function);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
  lua_setfield(L, LUA_REGISTRYINDEX, "dh.core");
}
