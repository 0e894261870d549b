/* test_store_journal.c - what stands after a crash, an error, a refusal, a rollback; large data. */
#include "test_case.h"
#include "sqlite.h"

#include <sys/stat.h>

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
  if (!elsewhere())
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

/* The log is moved into the database while the writer goes on. */
static void test_checkpoints(void **state)
{
  struct fixture *f = *state;
  char *bytes;
  struct stat st;
  struct dh_err err;

  if (elsewhere())
    skip(); /* other databases look after their own log */
  bytes = calloc(1, DH_DATA_ROW);
  begin_case(f, "L-1");
  for (int i = 1; i <= 40; i++) { /* 40 commits of 1 MB: the first thousand pages are behind after four */
    tx(f->db);
    for (int j = 0; j < 16; j++) {
      struct dh_record r = record(f->c.run, DH_REC_READ, "", i * 16 + j, "", NULL);

      r.data = bytes;
      r.len = DH_DATA_ROW;
      OK(f->db->ops->append(f->db, &r, f->c.fence, NULL, &err));
    }
    tx_end(f->db);
  }
  sq_checkpoint_stop(sq_lite_of(sq_of(f->db))); /* waits for the copy that goes on */
  assert_int_equal(stat(f->place.db, &st), 0);
  assert_true(st.st_size > 1 << 20);
  free(bytes);
  dh_claim_fini(&f->c);
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
  const struct CMUnitTest tests[] = {
      T(test_crash_keeps_all), T(test_failure_drops_reads), T(test_void_frees_intent), T(test_refused_alone),
      T(test_torn_stream),     T(test_large_data),          T(test_long_journal),      T(test_rebundle),
      T(test_check_is_clean),  T(test_checkpoints),
  };

  return cmocka_run_group_tests_name("store journal", tests, NULL, NULL);
}
