/* test_store.c - cases from queue to end: every transition, fences, dead workers, what people look at. */
#include "test_case.h"

static void test_done(void **state)
{
  struct fixture *f = *state;
  struct seen s;
  int finished;
  struct dh_err err;

  begin_case(f, "L-1");
  assert_int_equal(strlen(f->c.run), 32);
  assert_int_equal(f->c.attempt, 1);
  assert_int_equal(f->c.fence, 1);
  assert_false(f->c.resumed);
  assert_state(f->db, "q", "L-1", "leased");
  map_int(&f->data, "balance", 7);
  assert_int_equal(put(f->db, &f->c, DH_REC_RESULT, "", 1, "", &f->data), 0);
  assert_state(f->db, "q", "L-1", "done");
  assert_int_equal(dh_val_int(dh_val_get(case_of(f->db, &s, "q", "L-1"), "result"), "balance", 0), 7);
  assert_int_equal(dh_val_int(s.v, "attempts", 0), 1);
  seen_fini(&s);
  tx(f->db);
  OK(f->db->ops->bundle_finished(f->db, bundle_hash, &finished, &err));
  tx_end(f->db);
  assert_int_equal(finished, 1);
  assert_int_equal(put(f->db, &f->c, DH_REC_LOG, "", 0, "", NULL), DH_EREFUSED); /* it is over */
  dh_claim_fini(&f->c);
  assert_int_equal(claim_one(f->db, "q", "w1", &f->c), 0);
}

static void test_reject(void **state)
{
  struct fixture *f = *state;
  struct dh_err err;

  begin_case(f, "L-1");
  assert_int_equal(put(f->db, &f->c, DH_REC_REJECT, "", 1, "", NULL), 0);
  assert_state(f->db, "q", "L-1", "rejected");
  tx(f->db);
  assert_int_equal(f->db->ops->case_retry(f->db, "q", NULL, "L-1", "ann", &err), DH_EREFUSED);
  assert_non_null(strstr(err.text, "rejected"));
  tx_end(f->db);
  dh_claim_fini(&f->c);
}

static void test_key_stands(void **state)
{
  struct fixture *f = *state;
  struct dh_err err;

  OK(add_case(f->db, "q", "L-1", 0, &err));
  assert_int_equal(add_case(f->db, "q", "L-1", 0, &err), DH_EEXIST);
  assert_non_null(strstr(err.text, "L-1"));
  assert_non_null(strstr(err.text, "new"));
  OK(add_case(f->db, "q", "L-2", 0, &err));
  OK(add_case(f->db, "other", "L-1", 0, &err));
}

static void test_order(void **state)
{
  struct fixture *f = *state;
  const char *queues[] = {"a", "b"};
  struct dh_claim_ask ask = {.worker = "w", .queues = queues, .nqueues = 2, .n = 4};
  struct dh_claim c[4];
  static const char input[] = {(char)0xa0};
  struct dh_case_new later = {
      .queue = "a", .key = "later", .input = input, .input_len = 1, .bundle = bundle_hash};
  const char *order[] = {"urgent", "first", "second", "third"};
  struct dh_err err;
  size_t n;
  int64_t at;

  OK(add_case(f->db, "a", "first", 0, &err));
  OK(add_case(f->db, "b", "second", 0, &err));
  OK(add_case(f->db, "a", "third", 0, &err));
  OK(add_case(f->db, "b", "urgent", 5, &err));
  later.not_before = dh_wall_ms() + 3600000;
  tx(f->db);
  OK(f->db->ops->case_add(f->db, &later, &err));
  OK(f->db->ops->next_due(f->db, queues, 2, &at, &err));
  assert_true(at > 0 && at <= dh_wall_ms());
  OK(f->db->ops->claim(f->db, &ask, c, &n, &err));
  tx_end(f->db);
  assert_int_equal(n, 4);
  for (size_t i = 0; i < n; i++) {
    assert_string_equal(c[i].key, order[i]);
    dh_claim_fini(&c[i]);
  }
  assert_int_equal(claim_one(f->db, "a", "w", &f->c), 0);
  tx(f->db);
  OK(f->db->ops->next_due(f->db, queues, 2, &at, &err));
  tx_end(f->db);
  assert_int_equal(at, later.not_before);
}

static void test_retry_wait(void **state)
{
  int64_t least = 1000, sum = 0;

  (void)state;
  assert_int_equal(dh_retry_wait_ms(0, 5, "a"), 0);
  for (int64_t i = 0; i < 64; i++, least = least * 2 < 3600000 ? least * 2 : 3600000) {
    int64_t ms = dh_retry_wait_ms(1000, i, "0123456789abcdef");

    assert_true(ms >= least && ms <= least + least / 4);
    assert_int_equal(ms, dh_retry_wait_ms(1000, i, "0123456789abcdef"));
  }
  least = dh_retry_wait_ms(7200000, 9, "a");
  assert_true(least >= 7200000 && least <= 9000000);
  for (char run[2] = "0"; run[0] < 'z'; run[0]++) /* spread: not all the same, nor all at one end */
    sum += dh_retry_wait_ms(60000, 0, run) - 60000;
  sum /= 'z' - '0';
  assert_true(sum > 4000 && sum < 11000);
}

static void test_hold(void **state)
{
  struct fixture *f = *state;
  const char *queue = "a";
  struct dh_err err;
  int64_t at;

  tx(f->db);
  assert_int_equal(f->db->ops->queue_hold(f->db, "nobody", DH_HOLD_PAUSED, "x", &err), DH_ENOENT);
  tx_end(f->db);
  OK(add_case(f->db, "a", "begun", 0, &err));
  assert_int_equal(claim_one(f->db, "a", "w", &f->c), 1);
  OK(add_case(f->db, "a", "fresh", 9, &err));
  tx(f->db);
  OK(f->db->ops->release(f->db, "w", NULL, NULL, NULL, &err));
  OK(f->db->ops->queue_hold(f->db, "a", DH_HOLD_PAUSED, "x", &err));
  OK(f->db->ops->next_due(f->db, &queue, 1, &at, &err));
  tx_end(f->db);
  assert_int_equal(at, 0);
  dh_claim_fini(&f->c);
  assert_int_equal(claim_one(f->db, "a", "w", &f->c), 0);
  tx(f->db);
  OK(f->db->ops->queue_hold(f->db, "a", DH_HOLD_DRAINING, "x", &err));
  OK(f->db->ops->next_due(f->db, &queue, 1, &at, &err));
  tx_end(f->db);
  assert_int_equal(at, 1);
  assert_int_equal(claim_one(f->db, "a", "w", &f->c), 1);
  assert_string_equal(f->c.key, "begun");
  dh_claim_fini(&f->c);
  assert_int_equal(claim_one(f->db, "a", "w", &f->c), 0);
  tx(f->db);
  OK(f->db->ops->next_due(f->db, &queue, 1, &at, &err));
  assert_int_equal(at, 0);
  OK(f->db->ops->queue_hold(f->db, "a", DH_HOLD_NONE, "x", &err));
  tx_end(f->db);
  assert_int_equal(claim_one(f->db, "a", "w", &f->c), 1);
  assert_string_equal(f->c.key, "fresh");
  dh_claim_fini(&f->c);
}

static void test_one_case(void **state)
{
  struct fixture *f = *state;
  const char *queue = "q";
  struct dh_claim_ask ask = {.worker = "w", .queues = &queue, .nqueues = 1, .n = 1, .key = "L-2"};
  struct dh_err err;
  size_t n;

  OK(add_case(f->db, "q", "L-1", 9, &err));
  OK(add_case(f->db, "q", "L-2", 0, &err));
  tx(f->db);
  OK(f->db->ops->claim(f->db, &ask, &f->c, &n, &err));
  tx_end(f->db);
  assert_int_equal(n, 1);
  assert_string_equal(f->c.key, "L-2");
  dh_claim_fini(&f->c);
}

static void test_retry_rule(void **state)
{
  struct fixture *f = *state;
  struct seen s;
  struct dh_err err;
  char run[DH_RUN_ID];

  begin_case(f, "L-1");
  snprintf(run, sizeof run, "%s", f->c.run);
  failed_data(&f->data, 1, 0);
  assert_int_equal(put(f->db, &f->c, DH_REC_FAILED, "", 0, "", &f->data), 0);
  assert_state(f->db, "q", "L-1", "retrying");
  claim_again(f);
  assert_string_equal(f->c.run, run);
  assert_int_equal(f->c.tries, 2);
  assert_int_equal(put(f->db, &f->c, DH_REC_FAILED, "", 0, "", &f->data), 0);
  assert_state(f->db, "q", "L-1", "failed");
  dh_val_err(dh_val_get(case_of(f->db, &s, "q", "L-1"), "error"), &err);
  assert_int_equal(err.code, DH_EMISMATCH);
  assert_int_equal(dh_val_int(s.v, "attempts", 0), 2);
  seen_fini(&s);
  tx(f->db);
  OK(f->db->ops->case_retry(f->db, "q", NULL, "L-1", "ann", &err));
  tx_end(f->db);
  claim_again(f);
  assert_string_equal(f->c.run, run);
  assert_int_equal(f->c.attempt, 3);
  failed_data(&f->data, 1, 3600000); /* the rule begins anew after a person's retry */
  assert_int_equal(put(f->db, &f->c, DH_REC_FAILED, "", 0, "", &f->data), 0);
  assert_state(f->db, "q", "L-1", "retrying");
  dh_claim_fini(&f->c);
  assert_int_equal(claim_one(f->db, "q", "w", &f->c), 0); /* not before its time */
}

/* ---- dead workers */

static void test_charges(void **state)
{
  struct fixture *f = *state;
  struct dh_err err;
  struct dh_claim other;
  struct seen s;
  size_t n;

  begin_case(f, "bad");
  OK(add_case(f->db, "q", "good", -1, &err));
  for (int i = 1; i <= DH_CHARGES_MAX; i++) {
    if (i > 1)
      claim_again(f);
    assert_int_equal(f->c.charges, i - 1);
    assert_int_equal(claim_one(f->db, "q", "w", &other), 1);
    tx(f->db);
    OK(f->db->ops->hand_over(f->db, f->c.run, f->c.fence, "w", &err));
    OK(f->db->ops->release(f->db, "w", f->c.run, "SIGSEGV", &n, &err));
    tx_end(f->db);
    assert_int_equal(n, 2);
    assert_state(f->db, "q", "good", "retrying"); /* the neighbour is not charged */
    dh_claim_fini(&other);
  }
  assert_state(f->db, "q", "bad", "parked");
  dh_val_err(dh_val_get(case_of(f->db, &s, "q", "bad"), "error"), &err);
  assert_string_equal(err.seen, "SIGSEGV");
  assert_int_equal(dh_val_int(s.v, "crashes", 0), 3);
  seen_fini(&s);
  tx(f->db);
  OK(f->db->ops->case_retry(f->db, "q", NULL, "bad", "ann", &err));
  tx_end(f->db);
  claim_again(f);
  assert_string_equal(f->c.key, "bad");
  assert_int_equal(f->c.charges, 0);
  dh_claim_fini(&f->c);
}

/* What is refused once is refused again: not for ever. */
static void test_refused_again(void **state)
{
  struct fixture *f = *state;
  struct dh_err err;

  begin_case(f, "L-1");
  for (int i = 1; i <= DH_CHARGES_MAX; i++) {
    if (i > 1)
      claim_again(f);
    else
      assert_int_equal(put(f->db, &f->c, DH_REC_READ, "", 1, "", NULL), 0);
    assert_int_equal(put(f->db, &f->c, DH_REC_READ, "", 1, "", NULL), DH_EEXIST);
    tx(f->db);
    OK(f->db->ops->release_run(f->db, f->c.run, f->c.fence, &err));
    tx_end(f->db);
  }
  assert_state(f->db, "q", "L-1", "parked");
  dh_claim_fini(&f->c);
}

/* ---- what people look at */

static void test_lists(void **state)
{
  char worker[128];
  struct fixture *f = *state;
  int64_t counts[DH_CASE_STATES];
  struct dh_err err;
  struct seen s;

  begin_case(f, "L-1");
  OK(add_case(f->db, "q", "L-2", 0, &err));
  OK(add_case(f->db, "q", "L-3", 0, &err));
  seen_init(&s);
  tx(f->db);
  OK(f->db->ops->case_list(f->db, "q", DH_CASE_NEW, 0, &s.bytes, &err));
  OK(f->db->ops->counts(f->db, NULL, 0, counts, &err));
  assert_int_equal(f->db->ops->case_show(f->db, "q", NULL, "L-9", &s.bytes, &err), DH_ENOENT);
  assert_non_null(strstr(err.seen, "L-3"));
  tx_end(f->db);
  assert_int_equal(counts[DH_CASE_NEW], 2);
  assert_int_equal(counts[DH_CASE_LEASED], 1);
  assert_int_equal(seen_parse(&s)->n, 2);
  assert_true(dh_val_is(dh_val_get(&s.v->items[0], "key"), "L-2"));
  seen_fini(&s);

  tx(f->db);
  OK(f->db->ops->run_list(f->db, NULL, 0, 0, &s.bytes, &err));
  tx_end(f->db);
  assert_int_equal(seen_parse(&s)->n, 1);
  seen_fini(&s);
  f->c.run[5] = '\0';
  tx(f->db);
  OK(f->db->ops->run_show(f->db, f->c.run, &s.bytes, &err));
  assert_int_equal(f->db->ops->run_show(f->db, "zz", &s.bytes, &err), DH_ENOENT);
  tx_end(f->db);
  dh_val_text(seen_parse(&s), "worker", worker, sizeof worker); /* of a fleet: HOST#1/w1 */
  assert_string_equal(worker + strlen(worker) - 2, "w1");
  seen_fini(&s);
  dh_claim_fini(&f->c);
  assert_int_equal(claim_one(f->db, "q", "w1", &f->c), 1);
  dh_claim_fini(&f->c);
  tx(f->db);
  assert_int_equal(f->db->ops->run_show(f->db, "", &s.bytes, &err), DH_EAMBIGUOUS);
  tx_end(f->db);
  seen_fini(&s);
}

static void test_secrets_and_audit(void **state)
{
  struct fixture *f = *state;
  struct dh_err err;
  struct seen s;

  seen_init(&s);
  tx(f->db);
  OK(f->db->ops->secret_set(f->db, "core.clerk.password", "sealed", 6, "ann", &err));
  OK(f->db->ops->secret_get(f->db, "core.clerk.password", &s.bytes, &err));
  assert_string_equal(s.bytes.data, "sealed");
  dh_buf_clear(&s.bytes);
  OK(f->db->ops->secret_list(f->db, &s.bytes, &err));
  assert_int_equal(seen_parse(&s)->n, 1);
  seen_fini(&s);
  OK(f->db->ops->secret_remove(f->db, "core.clerk.password", "ann", &err));
  assert_int_equal(f->db->ops->secret_remove(f->db, "core.clerk.password", "ann", &err), DH_ENOENT);
  assert_int_equal(f->db->ops->secret_get(f->db, "core.clerk.password", &s.bytes, &err), DH_ENOENT);
  OK(f->db->ops->audit_list(f->db, 0, &s.bytes, &err));
  tx_end(f->db);
  assert_int_equal(seen_parse(&s)->n, 2);
  assert_true(dh_val_is(dh_val_get(&s.v->items[0], "what"), "remove secret"));
  seen_fini(&s);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(test_done),    T(test_reject),        T(test_key_stands), T(test_order),
      T(test_hold),    T(test_retry_wait),    T(test_one_case),   T(test_retry_rule),
      T(test_charges), T(test_refused_again), T(test_lists),      T(test_secrets_and_audit),
  };

  return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
