/* test_store_period.c - when a period is over, and that its finish case is added once, whatever comes later.
 */
#include "test_case.h"

static int add(struct fixture *f, const char *period, const char *key, int wants)
{
  static const char input[] = {(char)0xa0}; /* {} */
  struct dh_case_new c = {.queue = "q",
                          .period = period,
                          .key = key,
                          .input = input,
                          .input_len = 1,
                          .bundle = bundle_hash,
                          .wants = wants};
  struct dh_err err = {0};
  int rc;

  tx(f->db);
  OK(f->db->ops->bundle_put(f->db, bundle_hash, "q", "text", 4, &err));
  rc = f->db->ops->case_add(f->db, &c, &err);
  tx_end(f->db);
  return rc;
}

static void end_next(struct fixture *f, enum dh_record_kind kind)
{
  assert_int_equal(claim_one(f->db, "q", "w", &f->c), 1);
  if (kind == DH_REC_FAILED)
    failed_data(&f->data, 0, 0);
  assert_int_equal(put(f->db, &f->c, kind, "", 0, "", kind == DH_REC_FAILED ? &f->data : NULL), 0);
  dh_claim_fini(&f->c);
}

/* How many periods are over; s holds them. */
static size_t over(struct fixture *f, struct seen *s)
{
  const char *queue = "q";
  struct dh_err err = {0};

  seen_init(s);
  tx(f->db);
  OK(f->db->ops->period_over(f->db, &queue, 1, &s->bytes, &err));
  tx_end(f->db);
  return seen_parse(s)->n;
}

static int end_period(struct fixture *f, const char *period, int64_t open, bool *added)
{
  struct dh_period_end e = {
      .queue = "q", .period = period, .bundle = bundle_hash, .open = open, .input = "\xa0", .input_len = 1};
  struct dh_err err = {0};
  int rc;

  tx(f->db);
  rc = f->db->ops->period_end(f->db, &e, added, &err);
  tx_end(f->db);
  return rc;
}

static int64_t open_of(const struct seen *s, size_t i)
{
  return dh_val_int(&s->v->items[i], "open", 0);
}

static void test_over_when_all_are_final(void **state)
{
  static const enum dh_record_kind ends[] = {DH_REC_RESULT, DH_REC_REJECT, DH_REC_FAILED};
  struct fixture *f = *state;
  char key[8];
  struct seen s;
  bool added;

  for (int i = 0; i < 3; i++) {
    snprintf(key, sizeof key, "L-%d", i);
    assert_int_equal(add(f, "2026-11", key, DH_WANTS_TABLE | DH_WANTS_FINISH), 0);
  }
  for (int i = 0; i < 3; i++) {
    assert_int_equal(over(f, &s), 0);
    seen_fini(&s);
    end_next(f, ends[i]);
  }
  assert_int_equal(over(f, &s), 1);
  assert_true(dh_val_is(dh_val_get(&s.v->items[0], "period"), "2026-11"));
  assert_true(dh_val_is(dh_val_get(&s.v->items[0], "finish"), ""));
  assert_true(dh_val_bool(&s.v->items[0], "newest", false));
  assert_int_equal(dh_val_int(&s.v->items[0], "wants", 0), DH_WANTS_TABLE | DH_WANTS_FINISH);
  assert_int_equal(end_period(f, "2026-11", open_of(&s, 0), &added), 0);
  assert_true(added);
  assert_int_equal(end_period(f, "2026-11", open_of(&s, 0), &added), DH_EREFUSED); /* dealt with */
  seen_fini(&s);
  assert_int_equal(over(f, &s), 0);
  seen_fini(&s);
  end_next(f, DH_REC_RESULT); /* the finish case */
  assert_state(f->db, "q", DH_FINISH_KEY, "done");
}

/* What comes while the end is being dealt with must be in its table: the end is told again. */
static void test_opened_meanwhile(void **state)
{
  struct fixture *f = *state;
  struct seen s;
  int64_t open;
  bool added;

  assert_int_equal(add(f, "", "A", DH_WANTS_FINISH), 0);
  end_next(f, DH_REC_RESULT);
  assert_int_equal(over(f, &s), 1);
  open = open_of(&s, 0);
  seen_fini(&s);
  assert_int_equal(add(f, "", "B", DH_WANTS_FINISH), 0);
  assert_int_equal(end_period(f, "", open, &added), DH_EREFUSED); /* B is open */
  end_next(f, DH_REC_RESULT);
  assert_int_equal(end_period(f, "", open, &added), DH_EREFUSED); /* it is final, but nobody has seen it */
  assert_false(added);
  assert_int_equal(over(f, &s), 1);
  assert_int_equal(end_period(f, "", open_of(&s, 0), &added), 0);
  assert_true(added);
  seen_fini(&s);
}

/* A case added or tried again after finish: told once more, finish stands as it is. */
static void test_later_cases(void **state)
{
  struct fixture *f = *state;
  struct dh_err err = {0};
  struct seen s;
  bool added;

  assert_int_equal(add(f, "", "A", DH_WANTS_FINISH), 0);
  end_next(f, DH_REC_FAILED);
  assert_int_equal(over(f, &s), 1);
  assert_int_equal(end_period(f, "", open_of(&s, 0), &added), 0);
  seen_fini(&s);
  end_next(f, DH_REC_RESULT); /* finish */
  tx(f->db);
  OK(f->db->ops->case_retry(f->db, "q", NULL, "A", "ann", &err));
  tx_end(f->db);
  assert_int_equal(over(f, &s), 0);
  seen_fini(&s);
  end_next(f, DH_REC_RESULT);
  assert_int_equal(add(f, "", "B", DH_WANTS_FINISH), 0);
  end_next(f, DH_REC_RESULT);
  assert_int_equal(over(f, &s), 1);
  assert_true(dh_val_is(dh_val_get(&s.v->items[0], "finish"), "done"));
  assert_int_equal(end_period(f, "", open_of(&s, 0), &added), 0);
  assert_false(added);
  seen_fini(&s);
  assert_int_equal(over(f, &s), 0);
  seen_fini(&s);
}

static void test_each_period_alone(void **state)
{
  const char *queue = "q";
  struct fixture *f = *state;
  struct dh_err err = {0};
  int64_t counts[DH_CASE_STATES];
  struct seen s;
  bool added;

  assert_int_equal(add(f, "2026-10", "A", DH_WANTS_TABLE), 0);
  assert_int_equal(add(f, "2026-11", "A", DH_WANTS_FINISH), 0);
  assert_int_equal(add(f, "2026-09", "A", 0), 0); /* nobody waits for its end */
  end_next(f, DH_REC_RESULT);
  assert_int_equal(over(f, &s), 1);
  assert_true(dh_val_is(dh_val_get(&s.v->items[0], "period"), "2026-10"));
  assert_false(dh_val_bool(&s.v->items[0], "newest", true));
  assert_int_equal(end_period(f, "2026-10", open_of(&s, 0), &added), 0);
  seen_fini(&s);
  seen_init(&s);
  tx(f->db);
  OK(f->db->ops->period_list(f->db, "q", "2026-10", &s.bytes, &err));
  OK(f->db->ops->period_finishes(f->db, &queue, 1, counts, &err));
  tx_end(f->db);
  assert_int_equal(seen_parse(&s)->n, 1); /* not its finish case */
  assert_int_equal(counts[DH_CASE_NEW], 1);
  seen_fini(&s);
  seen_init(&s);
  tx(f->db);
  OK(f->db->ops->period_list(f->db, "q", NULL, &s.bytes, &err));
  tx_end(f->db);
  assert_true(dh_val_is(dh_val_get(&seen_parse(&s)->items[0], "period"), "2026-11"));
  seen_fini(&s);
}

int main(void)
{
  const struct CMUnitTest tests[] = {T(test_over_when_all_are_final), T(test_opened_meanwhile),
                                     T(test_later_cases), T(test_each_period_alone)};

  return cmocka_run_group_tests_name("store: periods", tests, NULL, NULL);
}
