/* test_host.c - robots driven on a fake port: what the language promises, replay, effects at every place a
 * process can die, branches, secrets, memory. Hostile robots are test_hostile.c's. */
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

/* ---- replay */

static void answers_from_the_journal(void **state)
{
  const char *text =
      robot("local a = today() local b = step('look', world, 'look') log('x') local r = math.random(1000)\n"
            "local c = step('look again', world, 'look') return { tostring(a), b, c, r }");
  struct world *w = world_open(false);
  char first[4096];
  int n;

  (void)state;
  expect(run_on(w, text, 0), DH_RUN_DONE, ",1,2,", "first");
  snprintf(first, sizeof first, "%s", w->ends[0].json);
  n = w->n - 1; /* without its result */
  w->zone = "Asia/Shanghai";
  expect(run_on(w, text, n), DH_RUN_DONE, first, "second");
  assert_int_equal(w->looks, 2);
  expect(run_on(w, robot("local b = step('look', world, 'look') return { b }"), n), DH_RUN_FAILED,
         "this run went another way", "another way");
  expect(run_on(w, robot("local a, b = today(), now() return { b }"), n), DH_RUN_FAILED,
         "then step look, now now", "another word");
  world_close(w);
}

static void errors_from_the_journal(void **state)
{
  const char *text = robot("local ok, e = pcall(today) return { ok, tostring(e) }");
  struct world *w = world_open(false);
  int n;

  (void)state;
  w->zone = "Nowhere/At-all";
  expect(run_on(w, text, 0), DH_RUN_DONE, "[false,\"there is no time zone", "first");
  n = w->n - 1;
  w->zone = "UTC";
  expect(run_on(w, text, n), DH_RUN_DONE, "[false,\"there is no time zone", "second");
  world_close(w);
}

/* ---- effects */

#define ENTER                                                                        \
  "local function enter(name, ms) return effect(name, { values = { name = name },\n" \
  "proof = function() return world('seen', name) end,\n"                             \
  "act = function() if ms then world('wait', ms) end world('act', name) end }) end\n"

static void proof_before(void **state)
{
  struct world *w = world_open(false);

  (void)state;
  *count_of(w, "a") = 1;
  expect(run_on(w, robot(ENTER "pcall(enter, 'a') return { 1 }"), 0), DH_RUN_UNKNOWN,
         "its proof is there already", "before");
  assert_int_equal(count_records(w, DH_REC_REVIEW, "a"), 1);
  assert_int_equal(count_records(w, DH_REC_INTENT, NULL), 0);
  assert_int_equal(*count_of(w, "a"), 1);
  world_close(w);
}

static void proof_after_a_crash(void **state)
{
  const char *text = robot(ENTER "return { enter('a').entry }");
  struct world *w = world_open(false);
  int intent = 0;

  (void)state;
  expect(run_on(w, text, 0), DH_RUN_DONE, "[\"a\"]", "first");
  while (w->records[intent].kind != DH_REC_INTENT)
    intent++;
  expect(run_on(w, text, intent + 1), DH_RUN_DONE, "[\"a\"]", "the proof is there");
  assert_int_equal(*count_of(w, "a"), 1);
  assert_int_equal(count_records(w, DH_REC_INTENT, "a"), 1);
  *count_of(w, "a") = 0;
  expect(run_on(w, text, intent + 1), DH_RUN_DONE, "[\"a\"]", "the proof is not there");
  assert_int_equal(*count_of(w, "a"), 1);
  w->blind = true;
  expect(run_on(w, text, intent + 1), DH_RUN_UNKNOWN, "the proof cannot be asked", "blind");
  assert_int_equal(count_records(w, DH_REC_REVIEW, "a"), 1);
  assert_int_equal(*count_of(w, "a"), 1);
  world_close(w);
}

static void other_values(void **state)
{
  struct world *w = world_open(false);
  int n = 0;

  (void)state;
  expect(run_on(w, robot("effect('a', { values = { n = 1 }, act = function() end })"), 0), DH_RUN_DONE, "",
         "first");
  while (w->records[n].kind != DH_REC_INTENT)
    n++;
  expect(run_on(w, robot("effect('a', { values = { n = 2 }, act = function() end })"), n + 1), DH_RUN_FAILED,
         "was begun with other values", "second");
  world_close(w);
}

static const char everything[] =
    ENTER "local day = today()\n"
          "local n = step('look', world, 'look')\n"
          "enter('first')\n"
          "for row in each({ { id = 'x' }, { id = 'y' }, { id = 'z' } }, 'id') do\n"
          "  if row.id == 'z' then break end\n"
          "  effect('loop', { values = row, proof = function() return world('seen', 'loop' .. row.id) end,\n"
          "    act = function() world('act', 'loop' .. row.id) end })\n"
          "end\n"
          "for row in each({ { id = 'x' }, { id = 'y' } }, 'id') do\n"
          "  coroutine.wrap(function()\n"
          "    world('wait', 1)\n"
          "    for n in each { 1, 2 } do effect('inner', { values = { n = n }, proof = function() return "
          "world('seen', 'in' .. row.id .. n) end,\n"
          "      act = function() world('act', 'in' .. row.id .. n) end }) end\n"
          "  end)()\n"
          "  together({ function() step('branch', world, 'look') effect('branch', {\n"
          "    proof = function() return world('seen', 'branch' .. row.id) end, act = function() "
          "world('act', 'branch' .. row.id) end }) end })\n"
          "end\n"
          "enter('plain')\n"
          "local a, b = together({ enter, 'left', 3 }, { function() local t = now() enter('right', 1) return "
          "t ~= nil end })\n"
          "enter('last')\n"
          "return { day ~= nil, n ~= nil, a.entry, b }";

static const char *const all_keys[] = {"first",   "loopx",   "loopy", "inx1", "inx2",  "iny1", "iny2",
                                       "branchx", "branchy", "plain", "left", "right", "last"};

/* The process dies after k records; the next one finds those, and the world as it is. */
static void dies_everywhere(void **state)
{
  struct world *w = world_open(false);
  int total;

  (void)state;
  expect(run_on(w, robot(everything), 0), DH_RUN_DONE, "[true,true,\"left\",true]", "whole");
  total = w->n;
  assert_int_equal(count_records(w, DH_REC_CONFIRM, "loop[x]"), 1);
  assert_int_equal(count_records(w, DH_REC_CONFIRM, "inner[y][2]"), 1);
  assert_int_equal(count_records(w, DH_REC_CONFIRM, "branch[x]"), 1);
  assert_int_equal(count_records(w, DH_REC_CONFIRM, "plain"),
                   1); /* the loop's suffix has gone with its break */
  for (int k = 0; k < total; k++) {
    int64_t before = dh_mono_ms();

    w->n_keys = 0;
    memset(w->counts, 0, sizeof w->counts);
    w->crash_at = k;
    expect(run_on(w, robot(everything), 0), DH_RUN_LOST, "", "dies");
    assert_int_equal(w->n, k);
    w->crash_at = -1;
    expect(run_on(w, robot(everything), k), DH_RUN_DONE, "[true,true,\"left\",true]", "resumed");
    for (size_t i = 0; i < sizeof all_keys / sizeof *all_keys; i++)
      if (*count_of(w, all_keys[i]) != 1)
        fail_msg("killed after %d of %d records: %s happened %d times", k, total, all_keys[i],
                 *count_of(w, all_keys[i]));
    assert_true(dh_mono_ms() - before < 10000);
  }
  world_close(w);
}

/* ---- branches */

static void a_failure_cancels_the_others(void **state)
{
  struct world *w = world_open(false);

  (void)state;
  expect(
      run_on(
          w,
          robot(ENTER
                "together({ world, 'wait', 60000 }, { function() world('wait', 2) error('left', 0) end })"),
          0),
      DH_RUN_FAILED, "left", "cancel");
  expect(
      run_on(w,
             robot(ENTER "together({ enter, 'slow', 40 }, { function() world('wait', 5) reject('no') end })"),
             0),
      DH_RUN_REJECTED, "no", "shield");
  assert_int_equal(*count_of(w, "slow"), 1);
  assert_int_equal(count_records(w, DH_REC_CONFIRM, "slow"), 1);
  /* the one that fails stands outside, the effect two levels down: its parents wait for it */
  expect(run_on(w,
                robot(ENTER "together({ function() return together({ enter, 'deep', 40 }, { world, 'wait', "
                            "60000 }) end },\n"
                            "{ function() world('wait', 5) error('outer', 0) end })"),
                0),
         DH_RUN_FAILED, "outer", "nested");
  assert_int_equal(count_records(w, DH_REC_CONFIRM, "deep"), 1);
  /* called off before its first step */
  expect(run_on(w, robot("together({ error, 'first', 0 }, { world, 'act', 'never' })"), 0), DH_RUN_FAILED,
         "first", "unbegun");
  assert_int_equal(*count_of(w, "never"), 0);
  world_close(w);
}

static void put_answer(struct world *w, const char *name, const char *scope, int64_t position,
                       const char *answer)
{
  struct dh_record rec = {.kind = DH_REC_ANSWER, .position = position};
  struct dh_buf b;

  snprintf(rec.name, sizeof rec.name, "%s", name);
  snprintf(rec.scope, sizeof rec.scope, "%s", scope);
  snprintf(rec.word, sizeof rec.word, "review");
  dh_buf_init(&b, 1024);
  dh_put_map(&b, 1);
  dh_put_kt(&b, "decision", answer);
  rec.data = b.data;
  rec.len = b.len;
  fake_record(&w->port, &rec, NULL, NULL);
  dh_buf_fini(&b);
}

static void two_reviews_at_once(void **state)
{
  const char *text = robot("local function ask(n) return review(n, { ask = { 'yes', 'no' } }).decision end\n"
                           "local a, b = together({ ask, 'one' }, { ask, 'two' }) return { a, b }");
  struct world *w = world_open(false);

  (void)state;
  expect(run_on(w, text, 0), DH_RUN_WAITING, "", "asked");
  assert_int_equal(count_records(w, DH_REC_REVIEW, "one"), 1);
  assert_int_equal(count_records(w, DH_REC_REVIEW, "two"), 1);
  assert_int_equal(count_records(w, DH_REC_PUTAWAY, NULL), 1);
  put_answer(w, "one", "1.1", 1, "yes");
  expect(run_on(w, text, w->n), DH_RUN_WAITING, "", "one answered");
  assert_int_equal(count_records(w, DH_REC_REVIEW, NULL), 2);
  put_answer(w, "two", "1.2", 1, "no");
  expect(run_on(w, text, w->n), DH_RUN_DONE, "[\"yes\",\"no\"]", "both answered");
  world_close(w);
}

static void waits_are_put_away(void **state)
{
  const char *text = robot("wait '3d' return { 1 }");
  struct world *w = world_open(false);
  int i = 0;

  (void)state;
  expect(run_on(w, text, 0), DH_RUN_WAITING, "", "waits");
  while (w->records[i].kind != DH_REC_WAIT)
    i++;
  put_answer(w, w->records[i].name, "", w->records[i].position, "");
  snprintf(w->records[w->n - 1].word, sizeof w->records[0].word, "wait");
  expect(run_on(w, text, w->n), DH_RUN_DONE, "[1]", "answered");
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
      cmocka_unit_test(answers_from_the_journal),
      cmocka_unit_test(errors_from_the_journal),
      cmocka_unit_test(proof_before),
      cmocka_unit_test(proof_after_a_crash),
      cmocka_unit_test(other_values),
      cmocka_unit_test(a_failure_cancels_the_others),
      cmocka_unit_test(two_reviews_at_once),
      cmocka_unit_test(waits_are_put_away),
      cmocka_unit_test(stopped_while_a_commit_waits),
      cmocka_unit_test(closed_with_runs_inside),
      cmocka_unit_test(kill_asks_for_every_begun_effect),
      cmocka_unit_test(secrets_stay_inside),
      cmocka_unit_test(the_cap_is_exact),
      cmocka_unit_test(every_allocation_fails),
      cmocka_unit_test(dies_everywhere),
  };

  dh_log_open(DH_INFO, false, "test");
  return cmocka_run_group_tests(tests, NULL, NULL);
}
