/* test_texts.c - string.find, match, gmatch, gsub against Lua's own: random patterns and texts, equal results
 * or equal errors; and what Lua's own do not have: a budget, a ceiling, no addresses. */
#include "state.h"

#include <lauxlib.h>
#include <lualib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CASES = 1000000 };

static struct dh_run run;

static void *plain_alloc(void *self, void *p, size_t old, size_t size)
{
  (void)self;
  (void)old;
  if (size)
    return realloc(p, size);
  free(p);
  return NULL;
}

static lua_State *ours(void)
{
  lua_State *L = lua_newstate(plain_alloc, &run);

  luaL_requiref(L, "_G", luaopen_base, 1);
  dh_string_push(L);
  lua_setglobal(L, "string");
  dh_table_push(L);
  lua_setglobal(L, "table");
  dh_math_push(L);
  lua_setglobal(L, "math");
  lua_settop(L, 0);
  return L;
}

static lua_State *stock(void)
{
  lua_State *L = luaL_newstate();

  luaL_openlibs(L);
  return L;
}

/* One function per verb in both states: collects everything a call gives into one text. */
static const char driver[] =
    "local verb, text, pattern, extra = ...\n"
    "local function show(ok, ...)\n"
    "  local t = table.pack(...)\n"
    "  for i = 1, t.n do t[i] = math.type(t[i]) and '#' .. t[i] or tostring(t[i]) end\n"
    "  return tostring(ok) .. '|' .. table.concat(t, '|')\n"
    "end\n"
    "if verb ~= 'gmatch' then return show(pcall(string[verb], text, pattern, extra)) end\n"
    "return show(pcall(function()\n"
    "  local all = {}\n"
    "  for a, b in string.gmatch(text, pattern, extra) do\n"
    "    all[#all + 1] = tostring(a) .. ',' .. tostring(b)\n"
    "    if #all > 50 then break end\n"
    "  end\n"
    "  return table.concat(all, ';')\n"
    "end))\n";

static uint64_t seed = 88172645463325252u;

static unsigned rnd(unsigned n)
{
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return (unsigned)(seed >> 33) % n;
}

static void make_text(char *out, size_t *n)
{
  static const char bytes[] = "aaabbbccAB01 .,()[]%-^$\n\t\0\xe4";

  *n = rnd(14);
  for (size_t i = 0; i < *n; i++)
    out[i] = bytes[rnd(sizeof bytes - 1)];
}

static void make_pattern(char *out, size_t *n)
{
  static const char *const parts[] = {
      "a",  "b",  "c",  ".",    "%a",   "%d",    "%s",    "%w",    "%W",   "%p",   "%x",   "%l",    "%u",
      "%c", "%g", "%z", "[ab]", "[^a]", "[a-c]", "[%a1]", "[%w_]", "[]a]", "[^]]", "[a-]", "[-a]",  "[a-%z]",
      "(",  ")",  "()", "(a)",  "(.)",  "(.-)",  "%1",    "%2",    "%0",   "%bab", "%b()", "%f[a]", "%f[%A]",
      "*",  "+",  "-",  "?",    "^",    "$",     "%",     "[",     "[a",   "%b",   "%ba",  "%f",    "%f[a",
      "%%", "%(", "]",  "a*",   "a-",   "b+",    "c?",    ".*",    ".-",   "%s*",  "(a*)", "(%a+)", "\0x"};
  unsigned count = rnd(6);

  *n = 0;
  for (unsigned i = 0; i < count; i++) {
    const char *p = parts[rnd(sizeof parts / sizeof *parts)];
    size_t len = *p ? strlen(p) : 1;

    memcpy(out + *n, p, len);
    *n += len;
  }
}

/* The last argument: init, plain's place is not reached; for gsub the replacement. */
static void push_extra(lua_State *L, const char *verb, unsigned which)
{
  static const char *const templates[] = {"x", "<%0>", "%1", "%1%1", "%2-", "%%", "%", "%a", "[%9]", ""};

  if (strcmp(verb, "gsub") == 0) {
    if (which < 10)
      lua_pushstring(L, templates[which]);
    else if (which == 10)
      luaL_loadstring(L,
                      "local a, b = ... if a == 'b' then return nil end return tostring(a) .. tostring(b)");
    else if (which == 11)
      luaL_loadstring(L, "return { a = 'A', b = false, c = 7, [1] = 'one' }"), lua_call(L, 0, 1);
    else if (which == 12)
      luaL_loadstring(L, "return {}");
    else
      lua_pushinteger(L, 42);
    return;
  }
  if (which < 5)
    lua_pushnil(L);
  else
    lua_pushinteger(L, (lua_Integer)which - 10);
}

static void call(lua_State *L, const char *verb, const char *text, size_t n, const char *pattern, size_t len,
                 unsigned which)
{
  lua_settop(L, 1);
  lua_pushvalue(L, 1);
  lua_pushstring(L, verb);
  lua_pushlstring(L, text, n);
  lua_pushlstring(L, pattern, len);
  push_extra(L, verb, which);
  assert_int_equal(lua_pcall(L, 4, 1, 0), LUA_OK);
}

static void same_as_lua(void **state)
{
  static const char *const verbs[] = {"find", "match", "gmatch", "gsub"};
  lua_State *a = ours(), *b = stock();

  (void)state;
  assert_int_equal(luaL_loadstring(a, driver), LUA_OK);
  assert_int_equal(luaL_loadstring(b, driver), LUA_OK);
  for (int i = 0; i < CASES; i++) {
    char text[64], pattern[64];
    size_t n, len;
    const char *verb = verbs[rnd(4)];
    unsigned which = rnd(20);

    make_text(text, &n);
    make_pattern(pattern, &len);
    call(a, verb, text, n, pattern, len, which);
    call(b, verb, text, n, pattern, len, which);
    if (strcmp(lua_tostring(a, -1), lua_tostring(b, -1)) != 0)
      fail_msg("case %d: %s(\"%.*s\", \"%.*s\", %u)\n  ours: %s\n  Lua:  %s", i, verb, (int)n, text, (int)len,
               pattern, which, lua_tostring(a, -1), lua_tostring(b, -1));
    if (i % 100000 == 0)
      lua_gc(a, LUA_GCCOLLECT);
  }
  lua_close(a);
  lua_close(b);
}

/* Runs a script in our state; its text must come back: "ok" or the error. */
static void says(const char *script, const char *part)
{
  lua_State *L = ours();
  int64_t before = dh_mono_ms();

  if (luaL_dostring(L, script) == LUA_OK)
    lua_settop(L, 1);
  if (!strstr(luaL_tolstring(L, -1, NULL), part))
    fail_msg("%s\n  gave: %s\n  not:  %s", script, lua_tostring(L, -1), part);
  if (dh_mono_ms() - before > 2000)
    fail_msg("%s took %d ms", script, (int)(dh_mono_ms() - before));
  lua_close(L);
}

static void has_a_budget(void **state)
{
  (void)state;
  says("return ('a'):rep(400):match(('.-'):rep(12)..'b')", "takes too long on this text (400 bytes)");
  says("return ('a'):rep(400):find(('.*'):rep(12)..'b')", "do: use fewer of");
  says("return ('a'):rep(30000):gsub('.-b', 'x')", "takes too long");
  says("for _ in ('a'):rep(400):gmatch(('a-'):rep(12)..'b') do end", "takes too long");
  says("return ('('):rep(30000):find('%b()')", "takes too long");
  says("return ('a'):rep(4000000):find(('a'):rep(2000000)..'b', 1, true)", "nil");
  says("local s = ('word '):rep(200000) local _, n = s:gsub('%s+', '_') return n", "200000");
}

static void kill_ends_a_match(void **state)
{
  (void)state;
  run.kill = DH_ETIME;
  says("return ('a'):rep(400):match(('.-'):rep(12)..'b')", "the run was ended");
  run.kill = 0;
}

static void has_ceilings(void **state)
{
  (void)state;
  says("return ('a'):rep(1 << 20):gsub('a', ('x'):rep(100))", "string.gsub: the text would have over");
  says("return ('a'):find(('a'):rep(10001)..'.')", "the pattern has over 10000 bytes");
  says("return ('x'):rep(1 << 40)", "string.rep: the text would have over");
  says("return (''):rep(10000000000)", "string.rep");
}

static void shows_no_address(void **state)
{
  (void)state;
  says("return ('%s %s %10s'):format({}, print, coroutine)", "table function        nil");
  says("return ('%p'):format({})", "%p is not known here");
  says("return ('%5.1f|%d|%q|%s|%%'):format(1.25, 3, 'a\"b', nil)", "  1.2|3|\"a\\\"b\"|nil|%");
  says("return ('%s'):format(setmetatable({}, { __tostring = function() return 'mine' end }))", "mine");
  says("return ('%d'):format()", "bad argument #2");
  says("return ('%y'):format(1)", "invalid conversion '%y'");
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(same_as_lua), cmocka_unit_test(has_a_budget),
                                     cmocka_unit_test(kill_ends_a_match), cmocka_unit_test(has_ceilings),
                                     cmocka_unit_test(shows_no_address)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
