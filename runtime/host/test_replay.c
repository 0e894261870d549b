/* test_replay.c - robots driven on a fake port: answers from the journal, effects at every place a process
 * can die, branches, reviews. */
#include "test_world.h"

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
  expect(
      run_on(w,
             robot(ENTER "together({ function() enter('only', 40) world('wait', 1) enter('never', 1) end },\n"
                         "{ function() world('wait', 5) reject('no') end })"),
             0),
      DH_RUN_REJECTED, "no", "shield, and no further");
  assert_int_equal(*count_of(w, "only"), 1);
  assert_int_equal(*count_of(w, "never"), 0);
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

static void put_record(struct world *w, enum dh_record_kind kind, const char *name, const char *scope,
                       int64_t position, const char *decision)
{
  struct dh_record rec = {.kind = kind, .position = position};
  struct dh_buf b;

  snprintf(rec.name, sizeof rec.name, "%s", name);
  snprintf(rec.scope, sizeof rec.scope, "%s", scope);
  snprintf(rec.word, sizeof rec.word, "review");
  dh_buf_init(&b, 1024);
  dh_put_map(&b, 1);
  dh_put_kt(&b, "decision", decision);
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
  put_record(w, DH_REC_ANSWER, "one", "1.1", 1, "yes");
  expect(run_on(w, text, w->n), DH_RUN_WAITING, "", "one answered");
  assert_int_equal(count_records(w, DH_REC_REVIEW, NULL), 2);
  put_record(w, DH_REC_ANSWER, "two", "1.2", 1, "no");
  expect(run_on(w, text, w->n), DH_RUN_DONE, "[\"yes\",\"no\"]", "both answered");
  world_close(w);
}

/* The questions of the branches beside one that fails are withdrawn: of this attempt and of an earlier one;
 * what is asked on the robot's own line stays. */
static void a_failure_withdraws_reviews(void **state)
{
  const char *text =
      robot("local function ask(n) return review(n, { ask = { 'yes' } }).decision end\n"
            "local function fails() step('slow', world, 'wait', 20) error('left', 0) end\n"
            "local function deep() return together({ ask, 'two' }, { world, 'wait', 60000 }) end\n"
            "local ok = pcall(together, { ask, 'one' }, { deep }, { fails })\n"
            "return { ok, ask('three') }");
  struct world *w = world_open(false);

  (void)state;
  expect(run_on(w, text, 0), DH_RUN_WAITING, "", "withdrawn");
  assert_int_equal(count_records(w, DH_REC_REVIEW, NULL), 3);
  assert_int_equal(count_records(w, DH_REC_WITHDRAW, "one"), 1);
  assert_int_equal(count_records(w, DH_REC_WITHDRAW, "two"), 1);
  assert_int_equal(count_records(w, DH_REC_WITHDRAW, "three"), 0);
  for (int i = 0; i < w->n; i++)
    if (w->records[i].kind == DH_REC_WITHDRAW)
      assert_string_equal(w->records[i].scope, strcmp(w->records[i].name, "one") ? "1.2/1.1" : "1.1");
  world_close(w);
  /* asked in an earlier attempt, not come to in this one */
  text = robot("local function ask() world('wait', 60000) return review('one', { ask = { 'yes' } }) end\n"
               "together({ ask }, { function() world('wait', 5) error('left', 0) end })");
  w = world_open(false);
  put_record(w, DH_REC_REVIEW, "one", "1.1", 1, "open");
  expect(run_on(w, text, w->n), DH_RUN_FAILED, "left", "of an earlier attempt");
  assert_int_equal(count_records(w, DH_REC_WITHDRAW, "one"), 1);
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
  put_record(w, DH_REC_ANSWER, w->records[i].name, "", w->records[i].position, "");
  snprintf(w->records[w->n - 1].word, sizeof w->records[0].word, "wait");
  expect(run_on(w, text, w->n), DH_RUN_DONE, "[1]", "answered");
  world_close(w);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(answers_from_the_journal),
      cmocka_unit_test(errors_from_the_journal),
      cmocka_unit_test(proof_before),
      cmocka_unit_test(proof_after_a_crash),
      cmocka_unit_test(other_values),
      cmocka_unit_test(a_failure_cancels_the_others),
      cmocka_unit_test(two_reviews_at_once),
      cmocka_unit_test(a_failure_withdraws_reviews),
      cmocka_unit_test(waits_are_put_away),
      cmocka_unit_test(dies_everywhere),
  };

  dh_log_open(DH_INFO, false, "test");
  return cmocka_run_group_tests(tests, NULL, NULL);
}
