/* test_store_review.c - questions to people, unknown effects, waits. */
#include "test_case.h"

static void ask(struct dh_buf *b, bool effect)
{
  dh_buf_clear(b);
  dh_put_map(b, 3);
  dh_put_kt(b, "role", "clerk");
  dh_put_kb(b, "effect", effect);
  dh_put_kt(b, "seen", "R-77");
}

static int answer(struct dh_db *db, int64_t id, const char *word, const char *value, const char *who,
                  struct dh_err *err)
{
  struct dh_buf b, out;
  int rc;

  dh_buf_init(&b, 1024);
  dh_buf_init(&out, 1024);
  dh_put_map(&b, 2);
  dh_put_kt(&b, "answer", word);
  dh_put_kt(&b, "value", value);
  tx(db);
  assert_int_equal(db->ops->mark(db, err), 0);
  rc = db->ops->review_answer(db, id, b.data, b.len, who, &out, err);
  if (rc) {
    struct dh_err ignored;

    assert_int_equal(db->ops->unmark(db, true, &ignored), 0);
  }
  tx_end(db);
  dh_buf_fini(&b);
  dh_buf_fini(&out);
  return rc;
}

static int64_t only_review(struct dh_db *db)
{
  struct seen s;
  struct dh_err err;
  int64_t id = 0;

  seen_init(&s);
  tx(db);
  OK(db->ops->review_list(db, NULL, &s.bytes, &err));
  tx_end(db);
  if (seen_parse(&s)->n == 1)
    id = dh_val_int(&s.v->items[0], "id", 0);
  seen_fini(&s);
  return id;
}

static void put_question(struct fixture *f, int64_t position, const char *word, const char *name)
{
  struct dh_record r;
  struct dh_err err;

  ask(&f->data, false);
  r = record(f->c.run, DH_REC_REVIEW, "", position, name, &f->data);
  snprintf(r.word, sizeof r.word, "%s", word);
  tx(f->db);
  OK(f->db->ops->append(f->db, &r, f->c.fence, NULL, &err));
  tx_end(f->db);
}

/* Who made the values of a case: who brought it, who answered it; who signed it did not. */
static void test_makers(void **state)
{
  struct fixture *f = *state;
  struct dh_case_new c = {
      .queue = "q", .key = "L-1", .input = "\xa0", .input_len = 1, .bundle = bundle_hash, .maker = "ann"};
  struct dh_err err;
  struct seen s;

  tx(f->db);
  OK(f->db->ops->bundle_put(f->db, bundle_hash, "q", "b", 1, &err));
  OK(f->db->ops->case_add(f->db, &c, &err));
  tx_end(f->db);
  assert_int_equal(claim_one(f->db, "q", "w1", &f->c), 1);
  put_question(f, 1, "review", "right?");
  put_question(f, 0, "approve", "approve pay #1");
  put_question(f, 0, "approve", "approve pay #2");
  OK(answer(f->db, 1, "yes", "", "bob", &err));
  OK(answer(f->db, 2, "approve", "", "carol", &err));
  seen_init(&s);
  tx(f->db);
  OK(f->db->ops->review_makers(f->db, 3, &s.bytes, &err));
  tx_end(f->db);
  assert_int_equal(seen_parse(&s)->n, 2);
  assert_true(dh_val_is(&s.v->items[0], "ann"));
  assert_true(dh_val_is(&s.v->items[1], "bob"));
  seen_fini(&s);
  dh_claim_fini(&f->c);
}

static void test_review(void **state)
{
  struct fixture *f = *state;
  struct dh_err err;
  int64_t id;

  begin_case(f, "L-1");
  ask(&f->data, false);
  assert_int_equal(put(f->db, &f->c, DH_REC_REVIEW, "", 1, "doubt", &f->data), 0);
  assert_int_equal(put(f->db, &f->c, DH_REC_PUTAWAY, "", 0, "", NULL), 0);
  assert_state(f->db, "q", "L-1", "waiting");
  id = only_review(f->db);
  assert_int_equal(id, 1);
  assert_int_equal(answer(f->db, 99, "yes", NULL, "ann", &err), DH_ENOENT);
  assert_int_equal(answer(f->db, id, "yes", NULL, "ann", &err), 0);
  assert_int_equal(answer(f->db, id, "no", NULL, "bob", &err), DH_EEXIST);
  assert_non_null(strstr(err.text, "ann"));
  assert_non_null(strstr(err.seen, "yes"));
  claim_again(f);
  assert_true(f->c.resumed);
  assert_false(f->c.crashed);
  assert_int_equal(f->c.tries, 1);
  assert_int_equal(standing(&f->c, DH_REC_REVIEW), 1);
  assert_int_equal(standing(&f->c, DH_REC_ANSWER), 1);
  assert_int_equal(put(f->db, &f->c, DH_REC_RESULT, "", 2, "", NULL), 0);
  assert_state(f->db, "q", "L-1", "done");
  dh_claim_fini(&f->c);
}

/* The answer comes while a branch still runs; or there is nothing left to wait for. */
static void test_answer_while_leased(void **state)
{
  struct fixture *f = *state;
  struct dh_err err;

  begin_case(f, "L-1");
  ask(&f->data, false);
  assert_int_equal(put(f->db, &f->c, DH_REC_REVIEW, "1", 1, "doubt", &f->data), 0);
  assert_int_equal(answer(f->db, only_review(f->db), "yes", NULL, "ann", &err), 0);
  assert_state(f->db, "q", "L-1", "leased");
  assert_int_equal(put(f->db, &f->c, DH_REC_PUTAWAY, "", 0, "", NULL), 0);
  assert_state(f->db, "q", "L-1", "retrying");
  claim_again(f);
  assert_int_equal(standing(&f->c, DH_REC_ANSWER), 1);
  dh_claim_fini(&f->c);
}

static void test_withdraw(void **state)
{
  struct fixture *f = *state;
  struct dh_err err;
  int64_t id;

  begin_case(f, "L-1");
  ask(&f->data, false);
  assert_int_equal(put(f->db, &f->c, DH_REC_REVIEW, "1", 1, "doubt", &f->data), 0);
  id = only_review(f->db);
  assert_int_equal(put(f->db, &f->c, DH_REC_WITHDRAW, "1", 1, "doubt", NULL), 0);
  assert_int_equal(only_review(f->db), 0);
  assert_int_equal(answer(f->db, id, "yes", NULL, "ann", &err), DH_EREFUSED);
  assert_int_equal(put(f->db, &f->c, DH_REC_REVIEW, "1", 1, "doubt", &f->data),
                   0); /* asked again in a later attempt */
  assert_int_equal(put(f->db, &f->c, DH_REC_REJECT, "", 2, "", NULL), 0);
  assert_int_equal(only_review(f->db), 0); /* an ended case asks nobody */
  dh_claim_fini(&f->c);
}

/* An effect that may have happened: parked until a person says. */
static void park_unknown(struct fixture *f, const char *key)
{
  begin_case(f, key);
  assert_int_equal(put(f->db, &f->c, DH_REC_INTENT, "", 1, "enter", NULL), 0);
  ask(&f->data, true);
  assert_int_equal(put(f->db, &f->c, DH_REC_REVIEW, "", 1, "enter", &f->data), 0);
  assert_int_equal(put(f->db, &f->c, DH_REC_PARKED, "", 0, "", NULL), 0);
  assert_state(f->db, "q", key, "parked");
}

static void test_effect_happened(void **state)
{
  struct fixture *f = *state;
  struct dh_err err;
  struct seen s;
  const struct dh_val *effect;

  park_unknown(f, "L-1");
  assert_int_equal(answer(f->db, 1, "perhaps", NULL, "ann", &err), DH_EUSE);
  assert_int_equal(answer(f->db, 1, "happened", "R-88", "ann", &err), 0);
  claim_again(f);
  assert_int_equal(standing(&f->c, DH_REC_CONFIRM), 1);
  assert_int_equal(standing(&f->c, DH_REC_INTENT), 1);
  seen_init(&s);
  tx(f->db);
  OK(f->db->ops->run_show(f->db, f->c.run, &s.bytes, &err));
  tx_end(f->db);
  effect = dh_val_get(seen_parse(&s), "effects");
  assert_int_equal(effect->n, 1);
  assert_true(dh_val_is(dh_val_get(&effect->items[0], "shows"), "R-88"));
  assert_true(dh_val_is(dh_val_get(&effect->items[0], "state"), "confirmed"));
  seen_fini(&s);
  dh_claim_fini(&f->c);
}

static void test_effect_accepted(void **state)
{
  struct fixture *f = *state;
  struct dh_val *v = NULL;
  struct dh_record r;
  struct dh_err err;

  begin_case(f, "L-1"); /* the proof was there before anything was begun: no intent */
  ask(&f->data, true);
  assert_int_equal(put(f->db, &f->c, DH_REC_REVIEW, "", 1, "enter", &f->data), 0);
  assert_int_equal(answer(f->db, 1, "accept", NULL, "ann", &err), DH_EREFUSED); /* a worker has it */
  assert_int_equal(put(f->db, &f->c, DH_REC_PARKED, "", 0, "", NULL), 0);
  assert_int_equal(answer(f->db, 1, "accept", NULL, "ann", &err), 0);
  claim_again(f);
  OK(dh_val_parse_buf(&f->c.journal, &v, &err));
  OK(dh_record_get(&v->items[v->n - 1], &r, &err));
  assert_int_equal(r.kind, DH_REC_CONFIRM);
  assert_int_equal(r.len, 5);
  assert_memory_equal(r.data, "\x64R-77", 5); /* what the proof showed */
  free(v);
  dh_claim_fini(&f->c);
}

/* As the language asks: the effect by its name, what the proof showed in `show`; a killed run asks without a
 * place. */
static void test_effect_by_name(void **state)
{
  struct fixture *f = *state;
  struct dh_val *v = NULL;
  struct dh_record r;
  struct dh_err err;

  begin_case(f, "L-1");
  assert_int_equal(put(f->db, &f->c, DH_REC_INTENT, "2.1", 3, "enter", NULL), 0);
  dh_buf_clear(&f->data);
  dh_put_map(&f->data, 2);
  dh_put_kt(&f->data, "effect", "enter");
  dh_put_text(&f->data, "show");
  dh_put_map(&f->data, 2);
  dh_put_kt(&f->data, "text", "it is not known");
  dh_put_kt(&f->data, "proof", "R-5");
  assert_int_equal(put(f->db, &f->c, DH_REC_REVIEW, "", 0, "enter", &f->data), 0);
  assert_int_equal(put(f->db, &f->c, DH_REC_PARKED, "", 0, "", NULL), 0);
  assert_int_equal(answer(f->db, 1, "happened", NULL, "ann", &err), 0);
  assert_state(f->db, "q", "L-1", "retrying");
  claim_again(f);
  OK(dh_val_parse_buf(&f->c.journal, &v, &err));
  OK(dh_record_get(&v->items[v->n - 1], &r, &err));
  assert_int_equal(r.kind, DH_REC_CONFIRM);
  assert_string_equal(r.scope, "2.1");
  assert_int_equal(r.position, 3);
  assert_memory_equal(r.data, "\x63R-5", 4);
  free(v);
  dh_claim_fini(&f->c);
}

static void test_effect_refused(void **state)
{
  struct fixture *f = *state;
  struct dh_err err;
  struct seen s;

  begin_case(f, "L-1");
  ask(&f->data, true);
  assert_int_equal(put(f->db, &f->c, DH_REC_REVIEW, "", 1, "enter", &f->data), 0);
  assert_int_equal(put(f->db, &f->c, DH_REC_PARKED, "", 0, "", NULL), 0);
  assert_int_equal(answer(f->db, 1, "refuse", NULL, "ann", &err), 0);
  assert_state(f->db, "q", "L-1", "failed");
  dh_val_err(dh_val_get(case_of(f->db, &s, "q", "L-1"), "error"), &err);
  assert_non_null(strstr(err.text, "ann"));
  seen_fini(&s);
  tx(f->db);
  OK(f->db->ops->case_retry(f->db, "q", NULL, "L-1", "ann", &err));
  tx_end(f->db);
  claim_again(f);
  assert_int_equal(standing(&f->c, 0), 0); /* asked anew */
  dh_claim_fini(&f->c);
}

static void test_effect_not_happened(void **state)
{
  struct fixture *f = *state;
  struct dh_err err;

  park_unknown(f, "L-1");
  assert_int_equal(answer(f->db, 1, "not-happened", NULL, "ann", &err), 0);
  claim_again(f);
  assert_int_equal(standing(&f->c, 0), 0);
  assert_int_equal(put(f->db, &f->c, DH_REC_INTENT, "", 1, "enter", NULL), 0); /* may be begun anew */
  dh_claim_fini(&f->c);
}

static void test_wait(void **state)
{
  struct fixture *f = *state;
  struct dh_err err;
  int64_t at, until = dh_wall_ms() + 3600000;
  const char *queue = "q";

  begin_case(f, "L-1");
  map_int(&f->data, "until", until);
  assert_int_equal(put(f->db, &f->c, DH_REC_WAIT, "", 1, "", &f->data), 0);
  assert_int_equal(put(f->db, &f->c, DH_REC_PUTAWAY, "", 0, "", NULL), 0);
  assert_state(f->db, "q", "L-1", "waiting");
  tx(f->db);
  OK(f->db->ops->next_due(f->db, &queue, 1, &at, &err));
  tx_end(f->db);
  assert_int_equal(at, until);
  dh_claim_fini(&f->c);
  assert_int_equal(claim_one(f->db, "q", "w", &f->c), 0);
  begin_case(f, "L-2");
  map_int(&f->data, "until", dh_wall_ms());
  assert_int_equal(put(f->db, &f->c, DH_REC_WAIT, "", 1, "", &f->data), 0);
  assert_int_equal(put(f->db, &f->c, DH_REC_PUTAWAY, "", 0, "", NULL), 0);
  claim_again(f);
  assert_string_equal(f->c.key, "L-2");
  assert_int_equal(standing(&f->c, DH_REC_ANSWER), 1);
  dh_claim_fini(&f->c);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(test_review),         T(test_makers),          T(test_answer_while_leased),
      T(test_withdraw),       T(test_effect_happened), T(test_effect_accepted),
      T(test_effect_by_name), T(test_effect_refused),  T(test_effect_not_happened),
      T(test_wait),
  };

  return cmocka_run_group_tests_name("store review", tests, NULL, NULL);
}
