/* test_host.c - robots driven on a fake port: what the language promises, ends from outside, secrets, memory.
 * Replay, effects and branches are test_replay.c's, hostile robots test_hostile.c's. */
#include "test_world.h"

#include <fcntl.h>
#include <unistd.h>

/* ---- what one run gives */

static const struct {
  const char *body;
  enum dh_outcome outcome;
  const char *part;
} rows[] = {
    {"local s = '' for k in pairs { b = 1, a = 2, [3] = 0, [1] = 0, [2.5] = 0, [true] = 1 } do s = s .. "
     "tostring(k) .. ' ' end return { s }",
     DH_RUN_DONE, "true 1 2.5 3 a b "},
    {"return { (next { z = 1, y = 2 }) }", DH_RUN_DONE, "[\"y\"]"},
    {"for k in pairs { [{}] = 1 } do log(k) end", DH_RUN_FAILED, "a table as a key has no order"},
    {"return { tostring({}), tostring(print), ('%s'):format({}), tostring(coroutine.create(print)), "
     "tostring(nil) }",
     DH_RUN_DONE, "[\"table\",\"function\",\"table\",\"thread\",\"nil\"]"},
    {"return { money '1.00 EUR' .. '', 'x' .. date '2026-11-30' }", DH_RUN_DONE,
     "[\"1.00 EUR\",\"x2026-11-30\"]"},
    {"x = 1", DH_RUN_FAILED, "'x' is written as a global while a case runs"},
    {"pairs = 1", DH_RUN_FAILED, "'pairs' is written as a global"},
    {"_ENV.string = nil", DH_RUN_FAILED, "written as a global"},
    {"string.rep = nil", DH_RUN_FAILED, "cannot be changed"},
    {"local t = ('x'):rep(3) rawset(_ENV, 'pairs', error) return { t, today() ~= nil }", DH_RUN_DONE,
     "[\"xxx\",true]"},
    {"return { load('return type(_ENV), _G == nil')() }", DH_RUN_FAILED, "there is no word '_G'"},
    {"return { foo }", DH_RUN_FAILED, "there is no word 'foo'"},
    {"return { case.kee }", DH_RUN_FAILED, "did you mean 'key'?"},
    {"return { case.key }", DH_RUN_DONE, "[\"K-1\"]"},
    {"local m = money '1,250.00 EUR' return { m + money '0.50 EUR', m:percent(10), m * 3, m > money '2.00 "
     "EUR', -m }",
     DH_RUN_DONE, "1250.50"},
    {"return { money '1.00 EUR' + money '1.00 USD' }", DH_RUN_FAILED, "different currencies"},
    {"return { money '1.00 EUR' + 1 }", DH_RUN_FAILED, "cannot add money and a number"},
    {"return { date '2026-11-30' < date '2026-12-01' }", DH_RUN_DONE, "[true]"},
    {"return { date '2026-02-30' }", DH_RUN_FAILED, "is no date"},
    {"error('boom')", DH_RUN_FAILED, "boom"},
    {"\nerror('boom')", DH_RUN_FAILED, "robot.lua:4"},
    {"error({})", DH_RUN_FAILED, "raised a table, not a text"},
    {"return { pcall(error, 'x'), (select(2, pcall(error, 'x'))) }", DH_RUN_DONE, "[false,\"x\"]"},
    {"pcall(reject, 'too young') return { 1 }", DH_RUN_REJECTED, "too young"},
    {"xpcall(reject, function() return 1 end, 'no') return { 1 }", DH_RUN_REJECTED, "no"},
    {"return { xpcall(error, function(m) return m .. '!' end, 'x') }", DH_RUN_DONE, "[false,\"x!\"]"},
    {"return { (xpcall(error, function() error('again', 0) end, 'x')) }", DH_RUN_DONE, "[false]"},
    {"return { pcall(setmetatable({}, { __call = function(_, a) return a end }), 7) }", DH_RUN_DONE,
     "[true,7]"},
    {"local f = coroutine.wrap(function(a) world('wait', 1) local b = coroutine.yield(a) world('wait', 1) "
     "return b end) return { f(1), f(2) }",
     DH_RUN_DONE, "[1,2]"},
    {"local co = coroutine.create(function() error('in', 0) end) local a, b = coroutine.resume(co) return { "
     "a, b, coroutine.resume(co) }",
     DH_RUN_DONE, "[false,\"in\",false,\"cannot resume dead coroutine\"]"},
    {"return { coroutine.resume(coroutine.running()) }", DH_RUN_DONE,
     "[false,\"cannot resume non-suspended coroutine\"]"},
    {"local f = coroutine.wrap(function() end) f() f()", DH_RUN_FAILED, "cannot resume dead coroutine"},
    {"coroutine.yield(1)", DH_RUN_FAILED, "coroutine.yield outside a coroutine"},
    {"table.sort({ 2, 1 }, function(a, b) world('wait', 1) return a < b end)", DH_RUN_FAILED,
     "cannot do so inside a comparison"},
    {"local ok, e = pcall(table.sort, { 2, 1 }, function(a, b) return coroutine.wrap(function() "
     "world('wait', 1) return a < b end)() end)\n"
     "world('wait', 5) return { ok, world('wait', 5) }",
     DH_RUN_DONE, "[false,true]"},
    {"('a'):gsub('a', function() world('wait', 1) end)", DH_RUN_FAILED, "cannot do so inside a comparison"},
    {"local co\nlocal r = { together({ function() co = coroutine.running() world('wait', 20) return 1 end "
     "},\n"
     "{ function() world('wait', 1) return { coroutine.resume(co) } end }) } return r",
     DH_RUN_DONE, "[1,[false,\"cannot resume a coroutine that waits\"]]"},
    {"local co\nlocal r = { together({ function() co = coroutine.wrap(function() world('wait', 20) return 3 "
     "end) return co() end },\n"
     "{ function() world('wait', 1) return (pcall(co)) end }) } return r",
     DH_RUN_DONE, "[3,false]"},
    {"return { getmetatable('').__index }", DH_RUN_DONE, "{}"},
    {"local _, e = pcall(date, {}) local l = {} for _, v in ipairs { e, money '1.00 EUR', case, '', _ENV, "
     "string, money } do l[#l + 1] = "
     "getmetatable(v) end return l",
     DH_RUN_DONE,
     "[\"protected\",\"protected\",\"protected\",\"protected\",\"protected\",\"protected\",\"protected\"]"},
    {"return { math.random(10), math.random(10) }", DH_RUN_DONE, "["},
    {"return function() end", DH_RUN_FAILED, "is no plain data"},
    {"local t = {} t.t = t return t", DH_RUN_FAILED, "holds itself"},
    {"return { a = { b = print } }", DH_RUN_FAILED, "a.b is no plain data"},
    {"return { ['a\\0b'] = 1 }", DH_RUN_FAILED, "zero byte"},
    {"effect('a', { act = function() today() effect('b', { act = function() end }) end })", DH_RUN_UNKNOWN,
     "cannot stand inside a proof"},
    {"together({ print, 1 }, today())", DH_RUN_FAILED, "together takes calls written down"},
    {"for i in each { { id = 1 }, { id = 1 } } do log(i) end", DH_RUN_FAILED, "no usable key"},
    {"for r in each({ { id = 1 }, { id = 1 } }, 'id') do log(r.id) end", DH_RUN_FAILED, "have the same key"},
    {"return { secret 'a' .. '', ('%s'):format(secret 'a'), tostring(secret 'a') }", DH_RUN_DONE,
     "[\"***\",\"***\",\"***\"]"},
    {"return { secret 'a' }", DH_RUN_FAILED, "secrets are never kept"},
    {"return { wait '1x' }", DH_RUN_FAILED, "wait takes a duration"},
};

static void language(void **state)
{
  struct world *w = world_open(false);

  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    expect(run_on(w, robot(rows[i].body), 0), rows[i].outcome, rows[i].part, rows[i].body);
  world_close(w);
}

/* ---- from outside */

static void stopped_while_a_commit_waits(void **state)
{
  struct world *w = world_open(false);
  struct dh_err err;

  (void)state;
  w->hold = true;
  assert_int_equal(start(w, 0, robot(ENTER "enter('a')"), 0, &err), 0);
  while (count_records(w, DH_REC_INTENT, NULL) == 0)
    uv_run(&w->loop.uv, UV_RUN_ONCE);
  dh_run_stop(w->host, "00000000000000000000000000000000");
  assert_int_equal(await_end(w, 0)->outcome, DH_RUN_LOST);
  assert_int_equal(dh_run_count(w->host), 0);
  assert_int_equal(*count_of(w, "a"), 0);
  world_close(w); /* the commit's answer comes now */
}

static void closed_with_runs_inside(void **state)
{
  struct world *w = world_open(false);
  struct dh_err err;

  (void)state;
  assert_int_equal(
      start(w, 1, robot("together({ world, 'wait', 60000 }, { world, 'wait', 60000 })"), 0, &err), 0);
  assert_int_equal(start(w, 2, robot("coroutine.wrap(function() world('wait', 60000) end)()"), 0, &err), 0);
  for (int i = 0; i < 5; i++)
    uv_run(&w->loop.uv, UV_RUN_NOWAIT);
  w->hold = true;
  assert_int_equal(start(w, 3, robot("return { 1 }"), 0, &err), 0);
  while (count_records(w, DH_REC_RESULT, NULL) == 0)
    uv_run(&w->loop.uv, UV_RUN_ONCE);
  assert_int_equal(start(w, 4, robot("return { 1 }"), 0, &err), 0); /* not begun */
  world_close(w);
  /* ASan sees what is left */
}

static void kill_asks_for_every_begun_effect(void **state)
{
  struct world *w = world_open(false);

  (void)state;
  w->time_ms = 150;
  expect(run_on(w, robot(ENTER "together({ enter, 'a', 60000 }, { enter, 'b', 60000 })"), 0), DH_RUN_UNKNOWN,
         "", "two effects");
  assert_int_equal(count_records(w, DH_REC_REVIEW, "a"), 1);
  assert_int_equal(count_records(w, DH_REC_REVIEW, "b"), 1);
  world_close(w);
}

/* ---- secrets */

static void secrets_stay_inside(void **state)
{
  struct world *w = world_open(false);
  char path[] = "/tmp/dh_test_XXXXXX", log[65536];
  int saved = dup(2), fd = mkstemp(path);
  ssize_t n;

  (void)state;
  dup2(fd, 2);
  run_on(w,
         robot("local s = secret 'core.user' log(s) log('x' .. s) print(s)\n"
               "effect('a', { values = { s = s, t = '"
               "c4n4ry-7f3e91d2b5a80466"
               "' }, act = function() end })\n"
               "step('b', function() return 'c4n4ry-7f3e91d2b5a80466' end)\n"
               "log('c4n4ry-7f3e91d2b5a80466') error('it was c4n4ry-7f3e91d2b5a80466')"),
         0);
  dup2(saved, 2);
  close(saved);
  n = pread(fd, log, sizeof log - 1, 0);
  log[n > 0 ? n : 0] = '\0';
  close(fd);
  unlink(path);
  assert_int_equal(w->ends[0].outcome, DH_RUN_FAILED);
  assert_null(strstr(log, canary));
  assert_null(strstr(w->ends[0].err.text, canary));
  for (int i = 0; i < w->n; i++)
    assert_null(memmem(w->records[i].data, w->records[i].len, canary, strlen(canary)));
  world_close(w);
}

/* ---- memory */

static void the_cap_is_exact(void **state)
{
  struct world *w = world_open(false);
  struct dh_err err;
  size_t most = 0;

  (void)state;
  w->memory = 2 << 20;
  assert_int_equal(start(w, 0,
                         robot("local t = {} for i = 1, 1e7 do t[i] = ('x'):rep(1000) .. i if i % 100 == 0 "
                               "then world('wait', 1) end end"),
                         0, &err),
                   0);
  while (!w->ends[0].told) {
    if (w->host->runs && w->host->runs->memory > most)
      most = w->host->runs->memory;
    uv_run(&w->loop.uv, UV_RUN_ONCE);
  }
  expect(&w->ends[0], DH_RUN_FAILED, "memory: the robot needs more than the 2 MB", "cap");
  if (most > 2 << 20 || most < 1 << 20)
    fail_msg("%zu bytes", most);
  world_close(w);
}

/* Every growing allocation of a whole run fails once, with all after it: the run ends in an error, nothing is
 * left. */
static void every_allocation_fails(void **state)
{
  const char *text = robot(ENTER "local d = today() log(d) step('s', world, 'look')\n"
                                 "together({ world, 'wait', 0 }, { enter, 'a' }) return { { d, 'x' } }");
  bool done = false;
  int64_t n;

  (void)state;
  for (n = 1; !done && n < 20000; n += n < 3000 ? 1 : 7) {
    struct world *w = world_open(false);
    struct dh_err err;

    w->host->fail_alloc = n;
    if (start(w, 0, text, 0, &err) == 0) {
      struct end *e = await_end(w, 0);

      done = e->outcome == DH_RUN_DONE;
      if (!done && e->outcome != DH_RUN_FAILED && e->outcome != DH_RUN_UNKNOWN)
        fail_msg("allocation %d: %s %s", (int)n, outcome_name(e->outcome), e->err.text);
    }
    world_close(w);
  }
  assert_true(done);
  print_message("a run makes about %d growing allocations\n", (int)n);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(language),
      cmocka_unit_test(stopped_while_a_commit_waits),
      cmocka_unit_test(closed_with_runs_inside),
      cmocka_unit_test(kill_asks_for_every_begun_effect),
      cmocka_unit_test(secrets_stay_inside),
      cmocka_unit_test(the_cap_is_exact),
      cmocka_unit_test(every_allocation_fails),
  };

  dh_log_open(DH_INFO, false, "test");
  return cmocka_run_group_tests(tests, NULL, NULL);
}
