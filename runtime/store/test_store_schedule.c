/* test_store_schedule.c - slots of schedules: taken once, held, skipped, in the place of others; rules that
 * wait for another queue; a store of schema 1 is brought forward. */
#include "test_case.h"

#include <sqlite3.h>

static const char rule[] = "daily at 08:30, UTC";

/* Decides a slot at this second of the mark; the fate. */
static enum dh_slot_fate take(struct fixture *f, int64_t slot, enum dh_overlap_rule overlap)
{
  static const char input[] = {(char)0xa0};
  char key[32];
  struct dh_case_new c = {.queue = "q", .key = key, .input = input, .input_len = 1, .bundle = bundle_hash};
  struct dh_slot_new s = {.queue = "q", .rule = rule, .slot = slot, .overlap = overlap, .c = &c};
  enum dh_slot_fate fate;
  int64_t since, decided;
  struct dh_err err;

  snprintf(key, sizeof key, "slot %lld", (long long)slot);
  tx(f->db);
  OK(f->db->ops->bundle_put(f->db, bundle_hash, "q", "text", 4, &err));
  OK(f->db->ops->schedule_open(f->db, "q", rule, NULL, &since, &decided, &err));
  s.from = decided;
  s.decided = decided + 1;
  OK(f->db->ops->slot_take(f->db, &s, &fate, &err));
  tx_end(f->db);
  return fate;
}

static size_t release(struct fixture *f, size_t *held)
{
  struct dh_err err;
  size_t released;

  tx(f->db);
  OK(f->db->ops->slot_release(f->db, "q", &released, held, &err));
  tx_end(f->db);
  return released;
}

static void finish(struct fixture *f)
{
  assert_int_equal(put(f->db, &f->c, DH_REC_RESULT, "", 1, "", NULL), 0);
  dh_claim_fini(&f->c);
}

static void test_once(void **state)
{
  struct fixture *f = *state;
  struct dh_slot_new s = {.queue = "q", .rule = rule, .slot = 7, .fate = DH_SLOT_MISSED};
  enum dh_slot_fate fate;
  int64_t since, decided;
  struct dh_err err;

  assert_int_equal(take(f, 5, DH_OVERLAP_QUEUE), DH_SLOT_ADDED);
  assert_state(f->db, "q", "slot 5", "new");
  assert_int_equal(take(f, 5, DH_OVERLAP_QUEUE), DH_SLOT_STANDS);
  assert_int_equal(take(f, 5, DH_OVERLAP_REPLACE), DH_SLOT_STANDS); /* it does not make room for itself */
  assert_state(f->db, "q", "slot 5", "new");
  tx(f->db); /* a mark that is not where it was read */
  OK(f->db->ops->schedule_open(f->db, "q", rule, NULL, &since, &decided, &err));
  s.from = decided - 1;
  OK(f->db->ops->slot_take(f->db, &s, &fate, &err));
  assert_int_equal(fate, DH_SLOT_OTHER);
  s.from = decided;
  s.decided = decided + 100;
  OK(f->db->ops->slot_take(f->db, &s, &fate, &err));
  assert_int_equal(fate, DH_SLOT_MISSED);
  OK(f->db->ops->schedule_open(f->db, "q", rule, NULL, &since, &decided, &err));
  tx_end(f->db);
  assert_int_equal(decided, s.decided);
}

static void test_queue(void **state)
{
  struct fixture *f = *state;
  size_t held;

  assert_int_equal(take(f, 1, DH_OVERLAP_QUEUE), DH_SLOT_ADDED);
  assert_int_equal(claim_one(f->db, "q", "w1", &f->c), 1);
  assert_int_equal(take(f, 2, DH_OVERLAP_QUEUE), DH_SLOT_HELD);
  assert_int_equal(take(f, 3, DH_OVERLAP_QUEUE), DH_SLOT_HELD);
  assert_int_equal(release(f, &held), 0);
  assert_int_equal(held, 2);
  finish(f);
  assert_int_equal(release(f, &held), 1);
  assert_int_equal(held, 1);
  assert_int_equal(claim_one(f->db, "q", "w1", &f->c), 1);
  assert_string_equal(f->c.key, "slot 2");
  assert_int_equal(release(f, &held), 0);
  finish(f);
  assert_int_equal(release(f, &held), 1);
  assert_int_equal(claim_one(f->db, "q", "w1", &f->c), 1);
  assert_string_equal(f->c.key, "slot 3");
  finish(f);
  assert_int_equal(take(f, 4, DH_OVERLAP_QUEUE), DH_SLOT_ADDED);
}

static void test_skip(void **state)
{
  struct fixture *f = *state;

  assert_int_equal(take(f, 1, DH_OVERLAP_SKIP), DH_SLOT_ADDED);
  assert_int_equal(take(f, 2, DH_OVERLAP_SKIP), DH_SLOT_SKIPPED);
  assert_int_equal(claim_one(f->db, "q", "w1", &f->c), 1);
  assert_int_equal(take(f, 3, DH_OVERLAP_SKIP), DH_SLOT_SKIPPED);
  assert_int_equal(put(f->db, &f->c, DH_REC_REVIEW, "", 1, "look", NULL), 0);
  assert_int_equal(take(f, 4, DH_OVERLAP_SKIP), DH_SLOT_SKIPPED);
  assert_int_equal(put(f->db, &f->c, DH_REC_PUTAWAY, "", 0, "", NULL), 0); /* waits for a person */
  dh_claim_fini(&f->c);
  assert_int_equal(take(f, 5, DH_OVERLAP_SKIP), DH_SLOT_ADDED);
}

static void test_replace(void **state)
{
  struct fixture *f = *state;
  struct seen s;
  char reason[200];
  size_t held;

  assert_int_equal(take(f, 1, DH_OVERLAP_REPLACE), DH_SLOT_ADDED);
  assert_int_equal(take(f, 2, DH_OVERLAP_REPLACE), DH_SLOT_ADDED); /* 1 had not begun */
  assert_state(f->db, "q", "slot 1", "rejected");
  dh_val_text(dh_val_get(case_of(f->db, &s, "q", "slot 1"), "result"), "reason", reason, sizeof reason);
  assert_string_equal(reason, "not begun when slot 2 came, which takes its place");
  seen_fini(&s);
  assert_int_equal(claim_one(f->db, "q", "w1", &f->c), 1);
  assert_int_equal(take(f, 3, DH_OVERLAP_REPLACE), DH_SLOT_HELD); /* 2 runs: it is let end */
  assert_int_equal(take(f, 4, DH_OVERLAP_REPLACE), DH_SLOT_HELD);
  assert_state(f->db, "q", "slot 3", "rejected");
  finish(f);
  assert_int_equal(release(f, &held), 1);
  assert_int_equal(claim_one(f->db, "q", "w1", &f->c), 1);
  assert_string_equal(f->c.key, "slot 4");
  dh_claim_fini(&f->c);
}

static enum dh_slot_fate queue_take(struct fixture *f, bool finished)
{
  static const char input[] = {(char)0xa0};
  struct dh_case_new c = {.queue = "report", .input = input, .input_len = 1, .bundle = bundle_hash};
  const char *waits = finished ? "when q is finished" : "when q has cases";
  struct dh_slot_new s = {.queue = "report", .rule = waits, .overlap = DH_OVERLAP_QUEUE, .c = &c};
  enum dh_slot_fate fate;
  int64_t since, decided;
  struct dh_err err;

  tx(f->db);
  OK(f->db->ops->schedule_open(f->db, "report", waits, "q", &since, &decided, &err));
  OK(f->db->ops->queue_take(f->db, &s, "q", finished, &fate, &err));
  tx_end(f->db);
  return fate;
}

static void test_another_queue(void **state)
{
  struct fixture *f = *state;
  struct dh_err err;

  OK(add_case(f->db, "q", "old", 0, &err));
  assert_int_equal(claim_one(f->db, "q", "w1", &f->c), 1);
  finish(f);
  assert_int_equal(queue_take(f, true), DH_SLOT_NONE); /* begins now */
  assert_int_equal(queue_take(f, false), DH_SLOT_NONE);
  OK(add_case(f->db, "q", "A", 0, &err));
  OK(add_case(f->db, "q", "B", 0, &err));
  assert_int_equal(queue_take(f, true), DH_SLOT_NONE);
  assert_int_equal(queue_take(f, false), DH_SLOT_ADDED);
  assert_state(f->db, "report", "q #3", "new");
  assert_int_equal(queue_take(f, false), DH_SLOT_NONE);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(claim_one(f->db, "q", "w1", &f->c), 1);
    assert_int_equal(queue_take(f, true), DH_SLOT_NONE);
    finish(f);
  }
  assert_int_equal(queue_take(f, true), DH_SLOT_STANDS); /* the other rule has made this case */
  assert_int_equal(queue_take(f, true), DH_SLOT_NONE);
  OK(add_case(f->db, "q", "C", 0, &err));
  assert_int_equal(claim_one(f->db, "q", "w1", &f->c), 1);
  finish(f);
  assert_int_equal(queue_take(f, true), DH_SLOT_ADDED);
}

static void test_list(void **state)
{
  struct fixture *f = *state;
  struct seen s;
  struct dh_err err;
  char text[64];

  take(f, 5, DH_OVERLAP_SKIP);
  seen_init(&s);
  tx(f->db);
  OK(f->db->ops->schedule_list(f->db, &s.bytes, &err));
  tx_end(f->db);
  seen_parse(&s);
  assert_int_equal(s.v->n, 1);
  assert_string_equal(dh_val_text(&s.v->items[0], "rule", text, sizeof text), rule);
  assert_string_equal(dh_val_text(&s.v->items[0], "fate", text, sizeof text), "added");
  assert_string_equal(dh_val_text(&s.v->items[0], "key", text, sizeof text), "slot 5");
  seen_fini(&s);
}

extern const char *const dh_schema[];

static void test_schema_1(void **state)
{
  struct fixture *f = *state;
  sqlite3 *sql;

  if (elsewhere())
    skip(); /* other databases begin with later schemas */
  dh_store_close(&f->store);
  unlink(f->place.db);
  assert_int_equal(sqlite3_open(f->place.db, &sql), SQLITE_OK);
  assert_int_equal(sqlite3_exec(sql, dh_schema[0], NULL, NULL, NULL), SQLITE_OK);
  assert_int_equal(
      sqlite3_exec(sql,
                   "PRAGMA application_id = 1146309448; PRAGMA user_version = 1; INSERT INTO cases (queue, "
                   "period, key, state, due, priority, deadline, not_before, bundle, input, added) VALUES "
                   "('q', '', 'old', 1, 0, 0, 0, 0, 'b', x'a0', 0)",
                   NULL, NULL, NULL),
      SQLITE_OK);
  sqlite3_close(sql);
  f->store = store_open(&f->place, DH_STORE_WRITE);
  f->db = f->store->db;
  assert_state(f->db, "q", "old", "new");
  assert_int_equal(take(f, 5, DH_OVERLAP_SKIP), DH_SLOT_ADDED);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(test_once),          T(test_queue), T(test_skip),     T(test_replace),
      T(test_another_queue), T(test_list),  T(test_schema_1),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
