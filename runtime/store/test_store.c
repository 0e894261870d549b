/* test_store.c - cases from queue to end: every transition, duplicates, fences, leases, reviews, waits. */
#include "test_store.h"

struct fixture {
  struct place place;
  struct dh_store *store;
  struct dh_db *db;
  struct dh_buf data;
  struct dh_claim c;
};

static int set_up(void **state)
{
  struct fixture *f = calloc(1, sizeof *f);

  place_make(&f->place);
  f->store = store_open(&f->place, DH_STORE_WRITE);
  f->db = f->store->db;
  dh_buf_init(&f->data, 32 << 20);
  *state = f;
  return 0;
}

static int tear_down(void **state)
{
  struct fixture *f = *state;

  dh_buf_fini(&f->data);
  dh_store_close(&f->store);
  place_drop(&f->place);
  free(f);
  return 0;
}

static void begin_case(struct fixture *f, const char *key)
{
  struct dh_err err = {0};

  OK(add_case(f->db, "q", key, 0, &err));
  assert_int_equal(claim_one(f->db, "q", "w1", &f->c), 1);
}

/* The next claim of the only due case in place of the last. */
static void claim_again(struct fixture *f)
{
  dh_claim_fini(&f->c);
  assert_int_equal(claim_one(f->db, "q", "w2", &f->c), 1);
}

static void failed_data(struct dh_buf *b, int64_t times, int64_t wait_ms)
{
  struct dh_err err;

  dh_err_set(&err, DH_EMISMATCH, "the balance is stale");
  dh_buf_clear(b);
  dh_put_map(b, 2);
  dh_put_text(b, "error");
  dh_put_err(b, &err);
  dh_put_text(b, "retry");
  dh_put_map(b, 2);
  dh_put_ki(b, "times", times);
  dh_put_ki(b, "wait_ms", wait_ms);
}

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

/* ---- errors and the journal */

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

/* Reads around an effect, in the robot's own line and in branches. */
static void write_journal(struct fixture *f)
{
  assert_int_equal(put(f->db, &f->c, DH_REC_READ, "", 1, "", NULL), 0);
  assert_int_equal(put(f->db, &f->c, DH_REC_READ, "2.1", 1, "", NULL),
                   0); /* a branch that ended before the effect */
  assert_int_equal(put(f->db, &f->c, DH_REC_INTENT, "", 3, "enter", NULL), 0);
  assert_int_equal(put(f->db, &f->c, DH_REC_CONFIRM, "", 3, "enter", NULL), 0);
  assert_int_equal(put(f->db, &f->c, DH_REC_READ, "", 4, "", NULL), 0);
  assert_int_equal(put(f->db, &f->c, DH_REC_READ, "5.1", 1, "", NULL), 0);
  assert_int_equal(put(f->db, &f->c, DH_REC_STEP, "5.1", 2, "frozen", NULL), 0);
  assert_int_equal(put(f->db, &f->c, DH_REC_READ, "5.2", 1, "", NULL), 0);
  assert_int_equal(put(f->db, &f->c, DH_REC_INTENT, "5.2", 2, "mail", NULL), 0);
  assert_int_equal(put(f->db, &f->c, DH_REC_LOG, "", 0, "", NULL), 0);
}

static void test_crash_keeps_all(void **state)
{
  struct fixture *f = *state;
  struct dh_err err;
  size_t n;

  begin_case(f, "L-1");
  write_journal(f);
  tx(f->db);
  OK(f->db->ops->release(f->db, "w1", NULL, NULL, &n, &err));
  tx_end(f->db);
  assert_int_equal(n, 1);
  assert_state(f->db, "q", "L-1", "retrying");
  assert_int_equal(put(f->db, &f->c, DH_REC_LOG, "", 0, "", NULL), DH_EREFUSED);
  claim_again(f);
  assert_true(f->c.resumed && f->c.crashed);
  assert_int_equal(f->c.crashes, 1);
  assert_int_equal(f->c.tries, 1); /* crashes are counted apart */
  assert_int_equal(standing(&f->c, 0), 9);
  assert_int_equal(standing(&f->c, DH_REC_READ), 5);
  dh_claim_fini(&f->c);
}

static void test_failure_drops_reads(void **state)
{
  struct fixture *f = *state;
  struct seen s;
  struct dh_err err;
  const struct dh_val *records;
  size_t dropped = 0;

  begin_case(f, "L-1");
  write_journal(f);
  failed_data(&f->data, 3, 0);
  assert_int_equal(put(f->db, &f->c, DH_REC_FAILED, "", 0, "", &f->data), 0);
  claim_again(f);
  assert_false(f->c.resumed);
  /* kept: ""/1 and 2.1/1 (before the confirm), ""/4 and 5.1/1 (before the step inside); dropped: 5.2/1 beside
   * it */
  assert_int_equal(standing(&f->c, DH_REC_READ), 4);
  assert_int_equal(standing(&f->c, DH_REC_STEP), 1);
  assert_int_equal(standing(&f->c, DH_REC_INTENT), 2);
  assert_int_equal(standing(&f->c, DH_REC_CONFIRM), 1);
  seen_init(&s);
  tx(f->db);
  OK(f->db->ops->run_show(f->db, f->c.run, &s.bytes, &err));
  tx_end(f->db);
  records = dh_val_get(seen_parse(&s), "records");
  assert_int_equal(records->n, 11); /* nothing is forgotten */
  for (size_t i = 0; i < records->n; i++)
    dropped += !dh_val_bool(&records->items[i], "stands", true);
  assert_int_equal(dropped, 1);
  assert_int_equal(put(f->db, &f->c, DH_REC_READ, "5.2", 1, "", NULL), 0); /* its place is free again */
  seen_fini(&s);
  dh_claim_fini(&f->c);
}

static void test_void_frees_intent(void **state)
{
  struct fixture *f = *state;

  begin_case(f, "L-1");
  assert_int_equal(put(f->db, &f->c, DH_REC_INTENT, "", 1, "enter", NULL), 0);
  assert_int_equal(put(f->db, &f->c, DH_REC_VOID, "", 1, "enter", NULL), 0);
  assert_int_equal(put(f->db, &f->c, DH_REC_INTENT, "", 1, "enter", NULL), 0);
  assert_int_equal(put(f->db, &f->c, DH_REC_VOID, "", 1, "enter", NULL), 0);
  dh_claim_fini(&f->c);
}

/* One batch: what is refused falls out alone, and its run's stream ends there. */
static void test_refused_alone(void **state)
{
  struct fixture *f = *state;
  struct dh_claim other;
  struct dh_record a, b;
  struct dh_err err;

  begin_case(f, "L-1");
  OK(add_case(f->db, "q", "L-2", 0, &err));
  assert_int_equal(claim_one(f->db, "q", "w2", &other), 1);
  a = record(f->c.run, DH_REC_READ, "", 1, "", NULL);
  b = record(other.run, DH_REC_READ, "", 1, "", NULL);
  tx(f->db);
  OK(f->db->ops->append(f->db, &a, f->c.fence, NULL, &err));
  assert_int_equal(f->db->ops->append(f->db, &b, other.fence - 1, NULL, &err), DH_EREFUSED);
  assert_non_null(strstr(err.text, other.run));
  OK(f->db->ops->append(f->db, &b, other.fence, NULL, &err));
  assert_int_equal(f->db->ops->append(f->db, &b, other.fence, NULL, &err), DH_EEXIST);
  b.position = 2;
  assert_int_equal(f->db->ops->append(f->db, &b, other.fence, NULL, &err), DH_EREFUSED);
  a.position = 2;
  OK(f->db->ops->append(f->db, &a, f->c.fence, NULL, &err)); /* the neighbour goes on */
  a.kind = DH_REC_WAIT;                                      /* no data of a wait */
  a.position = 3;
  a.data = "\xff";
  assert_int_equal(f->db->ops->append(f->db, &a, f->c.fence, NULL, &err), DH_EFORMAT);
  tx_end(f->db);
  assert_int_equal(put(f->db, &f->c, DH_REC_INTENT, "", 4, "enter", NULL), DH_EREFUSED);
  failed_data(&f->data, 1, 0); /* but why it ended may be said */
  assert_int_equal(put(f->db, &f->c, DH_REC_FAILED, "", 0, "", &f->data), 0);
  assert_state(f->db, "q", "L-1", "retrying");
  tx(f->db);
  OK(f->db->ops->release(f->db, NULL, NULL, NULL, NULL, &err));
  tx_end(f->db);
  claim_again(f);
  assert_string_equal(f->c.key, "L-1");
  assert_int_equal(standing(&f->c, 0), 0); /* reads without anything after them */
  dh_claim_fini(&other);
  dh_claim_fini(&f->c);
}

/* A rollback tears a run's stream; the rest of that attempt must not be taken. */
static void test_torn_stream(void **state)
{
  struct fixture *f = *state;
  struct dh_record r;
  struct dh_err err;

  begin_case(f, "L-1");
  r = record(f->c.run, DH_REC_READ, "", 1, "", NULL);
  tx(f->db);
  OK(f->db->ops->append(f->db, &r, f->c.fence, NULL, &err));
  f->db->ops->rollback(f->db);
  assert_int_equal(put(f->db, &f->c, DH_REC_INTENT, "", 2, "enter", NULL), DH_EREFUSED);
  tx(f->db);
  OK(f->db->ops->mark(f->db, &err));
  OK(f->db->ops->release_run(f->db, f->c.run, f->c.fence, &err));
  OK(f->db->ops->unmark(f->db, false, &err));
  tx_end(f->db);
  claim_again(f);
  tx(f->db);
  OK(f->db->ops->mark(f->db, &err));
  r.attempt = 2;
  OK(f->db->ops->append(f->db, &r, f->c.fence, NULL, &err));
  OK(f->db->ops->unmark(f->db, false, &err));
  OK(f->db->ops->mark(f->db, &err));
  r.position = 2;
  OK(f->db->ops->append(f->db, &r, f->c.fence, NULL, &err));
  OK(f->db->ops->unmark(f->db, true, &err)); /* only this job's records are lost … */
  tx_end(f->db);
  r.position = 3;
  assert_int_equal(put(f->db, &f->c, DH_REC_READ, "", 3, "", NULL),
                   DH_EREFUSED); /* … and the stream ends there */
  tx(f->db);
  OK(f->db->ops->release(f->db, NULL, NULL, NULL, NULL, &err));
  tx_end(f->db);
  claim_again(f);
  assert_int_equal(standing(&f->c, 0), 1);
  dh_claim_fini(&f->c);
}

static void test_large_data(void **state)
{
  static const size_t sizes[] = {100, DH_DATA_ROW + 1, DH_DATA_TABLE + 1, DH_DATA_MAX};
  struct fixture *f = *state;
  struct dh_val *v = NULL;
  struct dh_err err;
  struct dh_record r;
  char path[256];

  begin_case(f, "L-1");
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    char *text = malloc(sizes[i]);

    memset(text, 'a' + (int)i, sizes[i]);
    r = record(f->c.run, DH_REC_READ, "", (int64_t)i + 1, "", NULL);
    r.data = text;
    r.len = sizes[i];
    tx(f->db);
    OK(f->db->ops->append(f->db, &r, f->c.fence, NULL, &err));
    tx_end(f->db);
    free(text);
  }
  r.position = 9;
  r.len = DH_DATA_MAX + 1;
  tx(f->db);
  assert_int_equal(f->db->ops->append(f->db, &r, f->c.fence, NULL, &err), DH_ELIMIT);
  assert_non_null(strstr(err.advice, "files"));
  OK(f->db->ops->release(f->db, NULL, NULL, NULL, NULL, &err));
  tx_end(f->db);
  claim_again(f);
  OK(dh_val_parse_buf(&f->c.journal, &v, &err));
  assert_int_equal(v->n, 4);
  for (size_t i = 0; i < v->n; i++) {
    OK(dh_record_get(&v->items[i], &r, &err));
    assert_int_equal(r.len, sizes[i]);
    assert_int_equal(r.data[r.len - 1], 'a' + (int)i);
  }
  free(v);
  snprintf(path, sizeof path, "find %s/store.db.blobs -type f | wc -l | grep -qx 2", f->place.dir);
  assert_int_equal(system(path), 0);
  dh_claim_fini(&f->c);
}

static void test_long_journal(void **state)
{
  struct fixture *f = *state;
  char *bytes = calloc(1, DH_DATA_MAX);
  struct dh_err err;
  struct dh_record r;
  struct seen s;

  begin_case(f, "L-1");
  for (int i = 1; i <= 2; i++) {
    r = record(f->c.run, DH_REC_READ, "", i, "", NULL);
    r.data = bytes;
    r.len = DH_DATA_MAX;
    tx(f->db);
    OK(f->db->ops->append(f->db, &r, f->c.fence, NULL, &err));
    tx_end(f->db);
  }
  free(bytes);
  tx(f->db);
  OK(f->db->ops->release(f->db, NULL, NULL, NULL, NULL, &err));
  tx_end(f->db);
  OK(add_case(f->db, "q", "L-2", -1, &err));
  dh_claim_fini(&f->c);
  assert_int_equal(claim_one(f->db, "q", "w", &f->c), 1);
  assert_string_equal(f->c.key, "L-2");
  assert_state(f->db, "q", "L-1", "parked");
  dh_val_err(dh_val_get(case_of(f->db, &s, "q", "L-1"), "error"), &err);
  assert_int_equal(err.code, DH_ELIMIT);
  seen_fini(&s);
  dh_claim_fini(&f->c);
}

/* Another version of the robot: effects stand by name, reads are taken again, places are free. */
static void test_rebundle(void **state)
{
  struct fixture *f = *state;
  struct dh_err err;

  begin_case(f, "L-1");
  for (int i = 0; i < 2; i++) { /* twice: old places never collide */
    assert_int_equal(put(f->db, &f->c, DH_REC_READ, "", 1, "", NULL), 0);
    assert_int_equal(put(f->db, &f->c, DH_REC_INTENT, "", 2, i ? "mail" : "enter", NULL), 0);
    assert_int_equal(put(f->db, &f->c, DH_REC_CONFIRM, "", 2, i ? "mail" : "enter", NULL), 0);
    failed_data(&f->data, 3, 0);
    assert_int_equal(put(f->db, &f->c, DH_REC_FAILED, "", 0, "", &f->data), 0);
    tx(f->db);
    OK(f->db->ops->bundle_put(f->db, i ? "two" : "one", "q", "text", 4, &err));
    OK(f->db->ops->case_rebundle(f->db, "q", NULL, "L-1", i ? "two" : "one", &err));
    tx_end(f->db);
    claim_again(f);
    assert_string_equal(f->c.bundle, i ? "two" : "one");
    assert_int_equal(standing(&f->c, DH_REC_READ), 0);
    assert_int_equal(standing(&f->c, DH_REC_CONFIRM), i + 1);
  }
  dh_claim_fini(&f->c);
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

/* ---- people and times */

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

/* ---- what people look at */

static void test_lists(void **state)
{
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
  assert_true(dh_val_is(dh_val_get(seen_parse(&s), "worker"), "w1"));
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

static void test_check_is_clean(void **state)
{
  struct fixture *f = *state;
  struct dh_err err;
  struct seen s;

  begin_case(f, "L-1");
  write_journal(f);
  seen_init(&s);
  OK(f->db->ops->check(f->db, &s.bytes, &err));
  assert_int_equal(dh_val_get(seen_parse(&s), "problems")->n, 0);
  assert_int_equal(dh_val_int(s.v, "rows", 0), 10);
  seen_fini(&s);
  dh_claim_fini(&f->c);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      T(test_done),
      T(test_reject),
      T(test_key_stands),
      T(test_order),
      T(test_one_case),
      T(test_retry_rule),
      T(test_crash_keeps_all),
      T(test_failure_drops_reads),
      T(test_void_frees_intent),
      T(test_refused_alone),
      T(test_torn_stream),
      T(test_large_data),
      T(test_charges),
      T(test_review),
      T(test_answer_while_leased),
      T(test_withdraw),
      T(test_effect_happened),
      T(test_effect_accepted),
      T(test_effect_not_happened),
      T(test_wait),
      T(test_lists),
      T(test_secrets_and_audit),
      T(test_check_is_clean),
      T(test_effect_by_name),
      T(test_effect_refused),
      T(test_long_journal),
      T(test_rebundle),
      T(test_refused_again),
  };

  return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
