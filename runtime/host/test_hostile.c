/* test_hostile.c - robots that want to keep the CPU, the memory or the process, beside three that want to
 * work: each ends with a clear error in time, the others finish. And the list of everything that a robot can
 * reach. */
#include "test_world.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LIMIT_MS = 300, REFUSED_MS = 5000 /* something else than time must end it before */, LATE_MS = 1000 };

static const struct {
  const char *body, *part;
} rows[] = {
    /* the CPU */
    {"while true do end", "time:"},
    {"::again:: goto again", "time:"},
    {"coroutine.wrap(function() while true do end end)()", "time:"},
    {"while true do pcall(function() while true do end end) end", "time:"},
    {"pcall(function() while true do end end) return { 'swallowed' }", "time:"},
    {"xpcall(function() while true do end end, function() while true do end end)", "time:"},
    {"while true do xpcall(error, function() while true do end end) end", "time:"},
    {"while true do coroutine.resume(coroutine.create(function() while true do end end)) end", "time:"},
    {"local mt = {} local v = setmetatable({}, mt) mt.__close = function() while true do end end\n"
     "coroutine.wrap(function() local x <close> = v error('inside', 0) end)()",
     "inside"},
    {"local mt = {} local v = setmetatable({}, mt) mt.__close = function() while true do end end\n"
     "pcall(function() local x <close> = v error('e') end)",
     "time:"},
    {"local mt = {} local v = setmetatable({}, mt) mt.__close = function() while true do end end local x "
     "<close> = v",
     "time:"},
    {"local mt = {} local v = setmetatable({}, mt) mt.__close = function() while true do end end\n"
     "local x <close> = v while true do end",
     "time:"},
    {"table.sort({ 3, 2, 1 }, function() while true do end end)", "time:"},
    {"('abc'):gsub('.', function() while true do end end)", "time:"},
    {"local t = setmetatable({}, { __index = function() while true do end end }) return t.x", "time:"},
    {"return setmetatable({}, { __eq = function() while true do end end }) == setmetatable({}, {})", "time:"},
    {"return tostring(setmetatable({}, { __tostring = function() while true do end end }))", "time:"},
    {"for _ in pairs(setmetatable({}, { __pairs = function() while true do end end })) do end", "time:"},
    {"while true do world('wait', 1) end", "time:"},
    {"while true do pcall(world, 'wait', 0) end", "time:"},
    {"together({ function() while true do end end }, { world, 'wait', 60000 })", "time:"},
    {"local t = {} for i = 1, 300000 do t[i] = (i * 7919) % 1000003 end while true do table.sort(t, "
     "function(a, b) return a < b end) end",
     "time:"},
    {"local t = {} for i = 1, 1000 do t['k' .. i] = i end while true do for k in pairs(t) do t[k] = 0 end "
     "end",
     "time:"},
    {"return ('a'):rep(400):match(('.-'):rep(12) .. 'b')", "takes too long"},
    {"return ('a'):rep(4000000):gsub(('a-'):rep(8) .. 'b', '')", "o"},
    {"return (''):rep(1e10)", "string.rep"},
    {"return ('x'):rep(1e9)", "string.rep"},
    {"table.move({}, 1, 2e9, 2)", "over 1048576 items"},
    {"table.insert(setmetatable({}, { __len = function() return 1 << 40 end }), 1)", "its own __len"},
    {"table.concat({}, '', 1, 1 << 40)", "over 1048576 items"},
    {"return table.unpack({}, 1, 1e8)", "over 1048576 items"},
    {"assert(load(('x = 1 '):rep(100000)))", "are too much"},
    {"assert(load(('('):rep(100000)))", "overflow"},
    {"assert(load('x = ' .. ('{'):rep(100000)))", "overflow"},
    /* the stack */
    {"local function f() return 1 + f() end f()", "o"}, /* stack overflow, or time on a slow machine */
    {"local function f() coroutine.wrap(f)() end f()", "C stack overflow"},
    {"local function f() ('a'):gsub('a', f) end f()", "C stack overflow"},
    {"local function f() pcall(f) end while true do f() end", "time:"},
    {"local t = setmetatable({}, { __index = function(t, k) return t[k] end }) return t.x",
     "C stack overflow"},
    /* memory */
    {"local t = {} while true do t[#t + 1] = {} end", "memory:"},
    {"local s = 'x' while true do s = s .. s end", "memory:"},
    {"local t = {} for i = 1, 100000 do t[i] = coroutine.create(function() coroutine.yield() end) "
     "coroutine.resume(t[i]) end",
     "memory:"},
    {"while true do pcall(function() local t = {} while true do t[#t + 1] = ('x'):rep(1000000) .. #t end "
     "end) end",
     "memory:"},
    {"while true do coroutine.resume(coroutine.create(function() local t = {} while true do t[#t + 1] = "
     "('x'):rep(1000000) .. #t end end)) end",
     "memory:"},
    {"local t = {} for i = 1, 50 do t = { t, t } end return t", "too large"},
    {"local t = {} for i = 1, 100 do t = { t } end return t", "nested too deeply"},
    {"for i = 1, 1000 do secret('s' .. i) end", "too many secrets"},
    {"return ('x'):rep(16 << 20) .. 'x'", "is too large"},
    /* ways out */
    {"setmetatable({}, { __gc = function() while true do end end })", "__gc is not allowed"},
    {"local mt = {} setmetatable({}, mt) mt.__gc = function() end setmetatable({}, mt)",
     "__gc is not allowed"},
    {"setmetatable({}, { __mode = 'k' })", "__mode is not allowed"},
    {"local _, e = pcall(date, {}) getmetatable(e).__gc = function() end", "attempt to index"},
    {"setmetatable(select(2, pcall(date, {})), {})", "is protected"},
    {"getmetatable('').__index = nil", "attempt to index a string"},
    {"setmetatable(_ENV, nil)", "is protected"},
    {"return debug.sethook()", "no word 'debug'"},
    {"return os.exit(0)", "no word 'os'"},
    {"return io.open('/etc/passwd')", "no word 'io'"},
    {"return package.loaded", "no word 'package'"},
    {"return dofile('/etc/passwd')", "no word 'dofile'"},
    {"return loadfile('/etc/passwd')", "no word 'loadfile'"},
    {"return string.dump(print)", "'dump'"},
    {"return coroutine.close(coroutine.create(print))", "'close'"},
    {"collectgarbage('count')", "collectgarbage is not known"},
    {"assert(load('\\27Lua'))", "attempt to load a binary chunk"},
    {"assert(load('\\27Lua', 'x', 'b'))", "attempt to load a binary chunk"},
    {"require '../other'", "require takes the name of a file"},
    {"require '/etc/passwd'", "require takes the name of a file"},
    {"require 'core.host'", "this robot has no file core/host.lua"},
    {"require 'errors'", "this robot has no file errors.lua"},
    {"error(setmetatable({}, { __tostring = function() while true do end end, __index = function() while "
     "true do end end, __name = 'dh.error' }))",
     "raised a table"},
    {"error(setmetatable({ code = 'EWAIT', text = 'x' }, { __name = 'dh.error' }))", "raised a table"},
};

static void hostile(void **state)
{
  static const char sibling[] = "local n = 0 for i = 1, 5 do world('wait', 10) n = n + 1 end return { n }";

  int failed = 0;

  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct world *w = world_open(false);
    struct dh_err err;
    int64_t limit = strcmp(rows[i].part, "time:") == 0 ? LIMIT_MS : REFUSED_MS, began, late;

    for (int k = 1; k <= 3; k++)
      assert_int_equal(start(w, k, robot(sibling), 0, &err), 0);
    w->time_ms = limit;
    assert_int_equal(start(w, 0, robot(rows[i].body), 0, &err), 0);
    began = dh_mono_ms();
    failed += !matches(await_end(w, 0), DH_RUN_FAILED, rows[i].part, rows[i].body);
    late = dh_mono_ms() - began - limit;
    if (late > LATE_MS)
      fail_msg("%s\n  ended %d ms too late", rows[i].body, (int)late);
    for (int k = 1; k <= 3; k++)
      expect(await_end(w, k), DH_RUN_DONE, "[5]", rows[i].body);
    world_close(w);
  }
  assert_int_equal(failed, 0);
}

/* What a finalizer that came too late, and a chain of coroutines, do to the end of a run: nothing. */
static void ends_quietly(void **state)
{
  static const char *const bodies[] = {
      "local mt = {} for i = 1, 100 do setmetatable({}, mt) end mt.__gc = function() while true do end end "
      "return { 1 }",
      "local mt = {} local v = setmetatable({}, mt) mt.__close = function() while true do end end\n"
      "local co = coroutine.create(function() local x <close> = v coroutine.yield() end) "
      "coroutine.resume(co) return { 1 }",
      "local t = {} for i = 1, 20000 do t[i] = coroutine.create(function() coroutine.yield() end) "
      "coroutine.resume(t[i]) end return { 1 }",
      "local function nest(n) if n == 0 then coroutine.yield() else coroutine.wrap(nest)(n - 1) end end\n"
      "coroutine.wrap(nest)(100) return { 1 }",
      "local t = {} for i = 1, 200 do t[i] = i end pcall(table.sort, t, function() return true end) return { "
      "1 }",
  };
  struct world *w = world_open(false);

  (void)state;
  for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
    int64_t began = dh_mono_ms();

    expect(run_on(w, robot(bodies[i]), 0), DH_RUN_DONE, "[1]", bodies[i]);
    assert_true(dh_mono_ms() - began < 2000);
  }
  world_close(w);
}

/* A C function that never returns is beyond the VM: the process ends itself, a second after the slice. */
static void a_hang_ends_the_process(void **state)
{
  int64_t began = dh_mono_ms();
  int status;
  pid_t child = fork();

  (void)state;
  if (child == 0) {
    struct world *w = world_open(true);

    freopen("/dev/null", "w", stderr);
    w->time_ms = LIMIT_MS;
    run_on(w, robot("world('spin')"), 0);
    _exit(7);
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
  assert_true(dh_mono_ms() - began < LIMIT_MS + 2000);
}

/* ---- what can be reached */

struct list {
  char *lines[2000];
  int n;
};

static void add_line(struct list *l, const char *path, const char *what)
{
  size_t size = strlen(path) + strlen(what) + 4;

  assert_true(l->n < 2000);
  l->lines[l->n] = malloc(size);
  snprintf(l->lines[l->n++], size, "%s  %s", path, what);
}

static const char *what_it_is(lua_State *L)
{
  return lua_iscfunction(L, -1) ? "C function" : luaL_typename(L, -1);
}

/* Everything below the value on top, tables once (seen: table at 1). An __index that is a table is a way on.
 */
static void walk(lua_State *L, struct list *l, const char *path)
{
  int t = lua_gettop(L);

  luaL_checkstack(L, 10, "deep");
  lua_pushvalue(L, t);
  if (lua_rawget(L, 1) != LUA_TNIL) {
    lua_settop(L, t);
    return;
  }
  lua_pushvalue(L, t);
  lua_pushboolean(L, 1);
  lua_rawset(L, 1);
  lua_settop(L, t);
  for (lua_pushnil(L); lua_next(L, t); lua_pop(L, 1)) {
    char name[300];

    if (lua_type(L, -2) != LUA_TSTRING)
      continue;
    snprintf(name, sizeof name, "%s.%s", path, lua_tostring(L, -2));
    add_line(l, name, what_it_is(L));
    if (lua_istable(L, -1))
      walk(L, l, name);
  }
  if (lua_getmetatable(L, t)) {
    char name[300];

    lua_getfield(L, -1, "__metatable");
    if (lua_isnil(L, -1)) {
      snprintf(name, sizeof name, "%s (its metatable)", path);
      add_line(l, name, "OPEN");
    }
    lua_pop(L, 1);
    lua_getfield(L, -1, "__index");
    if (lua_istable(L, -1))
      walk(L, l, path);
  }
  lua_settop(L, t);
}

static int by_line(const void *a, const void *b)
{
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static int collect(lua_State *L)
{
  static const char *const libraries[] = {"string", "table", "math", "utf8", "coroutine"};
  struct list *l = lua_touserdata(L, 1);
  size_t n;

  lua_settop(L, 0);
  lua_newtable(L);
  lua_pushglobaltable(L);
  dh_push_words(L);
  n = lua_rawlen(L, -1);
  for (size_t i = 1; i <= n; i++) { /* words load on first use; those of modules are their modules' */
    const char *word = (lua_rawgeti(L, 3, (lua_Integer)i), lua_tostring(L, -1));

    if (dh_dsl_of_word(word)) {
      char name[100];

      lua_getfield(L, 2, word);
      snprintf(name, sizeof name, ".%s", word);
      add_line(l, name, what_it_is(L));
      if (lua_istable(L, -1))
        walk(L, l, name);
    }
    lua_settop(L, 3);
  }
  for (int i = 0; i < 5; i++) { /* so do libraries */
    lua_getglobal(L, libraries[i]);
    lua_getfield(L, -1, "any");
  }
  lua_settop(L, 2);
  walk(L, l, "");
  lua_pushliteral(L, "");
  lua_getmetatable(L, -1);
  walk(L, l, "(a text's metatable)");
  return 0;
}

static struct list reachable_list;

static int l_reach(lua_State *L)
{
  lua_pushcfunction(L, collect);
  lua_pushlightuserdata(L, &reachable_list);
  lua_call(L, 1, 0);
  return 0;
}

static void reachable(void **state)
{
  struct world *w = world_open(false);
  char text[100000] = "", golden[100000];
  const char *path = "tests/golden/reachable.txt", *made = "/tmp/deskhand-reachable.txt";
  struct dh_err err;
  size_t used = 0;
  FILE *f;

  (void)state;
  assert_int_equal(start(w, 0, robot("world_reach()"), 0, &err), 0);
  lua_getfield(w->host->runs->L, LUA_REGISTRYINDEX, "dh.base");
  lua_pushcfunction(w->host->runs->L, l_reach);
  lua_setfield(w->host->runs->L, -2, "world_reach");
  lua_pop(w->host->runs->L, 1);
  expect(await_end(w, 0), DH_RUN_DONE, "", "walk");
  world_close(w);
  qsort(reachable_list.lines, (size_t)reachable_list.n, sizeof *reachable_list.lines, by_line);
  for (int i = 0; i < reachable_list.n; i++) {
    if (!strstr(reachable_list.lines[i], ".world") &&
        (i == 0 || strcmp(reachable_list.lines[i], reachable_list.lines[i - 1])))
      used += (size_t)snprintf(text + used, sizeof text - used, "%s\n", reachable_list.lines[i]);
  }
  for (int i = 0; i < reachable_list.n; i++)
    free(reachable_list.lines[i]);
  f = fopen(path, "r");
  golden[f ? fread(golden, 1, sizeof golden - 1, f) : 0] = '\0';
  if (f)
    fclose(f);
  if (strcmp(text, golden) == 0)
    return;
  f = fopen(made, "w");
  fputs(text, f);
  fclose(f);
  fail_msg(
      "what a robot can reach differs from %s: see diff %s %s; copy it there when every new line is meant",
      path, path, made);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(reachable), cmocka_unit_test(ends_quietly),
                                     cmocka_unit_test(a_hang_ends_the_process), cmocka_unit_test(hostile)};

  dh_log_open(DH_ERROR, false, "test");
  return cmocka_run_group_tests(tests, NULL, NULL);
}
