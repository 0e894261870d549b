/* test_store_fault.c - the disk refuses, memory ends: at every write, sync and allocation of a small story,
 * once and for good. Each transaction is either acknowledged and stands, or refused with a reason and leaves
 * nothing; no stream gets a hole. */
#include "test_store.h"
#include "test_disk.h"

/* ---- memory that ends */

#ifndef __SANITIZE_ADDRESS__  /* which has a malloc of its own */
static long memory_left = -1; /* allocations until the refusal; < 0: never */

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);

static bool memory_refuses(void)
{
  if (memory_left < 0)
    return false;
  if (memory_left > 0) {
    memory_left--;
    return false;
  }
  memory_left = -1; /* once */
  return true;
}

void *malloc(size_t n)
{
  return memory_refuses() ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
  return memory_refuses() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
  return memory_refuses() ? NULL : __libc_realloc(p, n);
}
#endif

/* ---- the story: two cases, reads in front of an intent, a confirm, a result with the next claim */

enum { STEPS = 7 };

struct story {
  struct dh_db *db;
  struct dh_claim c;
  bool claimed;
  bool ok[STEPS]; /* acknowledged */
  struct dh_err err;
};

static int append(struct story *s, enum dh_record_kind kind, int64_t position, const char *name, size_t size)
{
  struct dh_record r = record(s->c.run, kind, "", position, name, NULL);
  static char large[DH_DATA_ROW + 5];

  if (size) {
    large[0] = 0x5a; /* CBOR: 0x10000 bytes */
    large[2] = 1;
    r.data = large;
    r.len = size;
  }
  return s->db->ops->append(s->db, &r, s->c.fence, NULL, &s->err);
}

static int add(struct story *s, const char *key)
{
  struct dh_case_new c = {.queue = "q", .key = key, .input = "\xa0", .input_len = 1, .bundle = bundle_hash};

  return s->db->ops->case_add(s->db, &c, &s->err);
}

static int claim(struct story *s)
{
  const char *queue = "q";
  struct dh_claim_ask ask = {.worker = "w", .queues = &queue, .nqueues = 1, .n = 1};
  struct dh_claim c;
  size_t n = 0;
  int rc = s->db->ops->claim(s->db, &ask, &c, &n, &s->err);

  if (rc || !n)
    return rc;
  if (s->claimed)
    dh_claim_fini(&s->c);
  s->c = c;
  s->claimed = true;
  return 0;
}

/* A queue of its own whose one case ends, and its period with it. */
static int whole_period(struct story *s)
{
  const char *queue = "p";
  struct dh_case_new c = {.queue = queue,
                          .key = "x",
                          .input = "\xa0",
                          .input_len = 1,
                          .bundle = bundle_hash,
                          .wants = DH_WANTS_FINISH};
  struct dh_period_end e = {
      .queue = queue, .period = "", .bundle = bundle_hash, .open = 1, .input = "\xa0", .input_len = 1};
  struct dh_claim_ask ask = {.worker = "w", .queues = &queue, .nqueues = 1, .n = 1};
  struct dh_claim got;
  struct dh_buf over;
  bool added = false;
  size_t n = 0;
  int rc = s->db->ops->bundle_put(s->db, bundle_hash, queue, "text", 4, &s->err);

  dh_buf_init(&over, 1 << 20);
  if (!rc)
    rc = s->db->ops->case_add(s->db, &c, &s->err);
  if (!rc)
    rc = s->db->ops->claim(s->db, &ask, &got, &n, &s->err);
  if (!rc) {
    struct dh_record r = record(got.run, DH_REC_RESULT, "", 1, "", NULL);

    rc = s->db->ops->append(s->db, &r, got.fence, NULL, &s->err);
    dh_claim_fini(&got);
  }
  if (!rc)
    rc = s->db->ops->period_over(s->db, &queue, 1, &over, &s->err);
  if (!rc)
    rc = s->db->ops->period_end(s->db, &e, &added, &s->err);
  assert_true(rc || added);
  dh_buf_fini(&over);
  return rc;
}

static int step(struct story *s, int i)
{
  int rc = 0;

  switch (i) {
  case 0:
    rc = s->db->ops->bundle_put(s->db, bundle_hash, "q", "text", 4, &s->err);
    rc = rc ? rc : add(s, "one");
    return rc ? rc : add(s, "two");
  case 1:
    return claim(s);
  case 2:
    rc = append(s, DH_REC_READ, 1, "", 0);
    rc = rc ? rc : append(s, DH_REC_READ, 2, "", DH_DATA_ROW + 5);
    return rc ? rc : append(s, DH_REC_INTENT, 3, "enter", 0);
  case 3:
    return append(s, DH_REC_CONFIRM, 3, "enter", 0);
  case 4:
    return append(s, DH_REC_READ, 4, "", 0);
  case 5:
    rc = append(s, DH_REC_RESULT, 5, "", 0);
    return rc ? rc : claim(s);
  default:
    return whole_period(s);
  }
}

static void run_story(struct story *s)
{
  for (int i = 0; i < STEPS; i++) {
    int rc;

    memset(&s->err, 0, sizeof s->err);
    if (i > 1 && i < 6 && !s->claimed)
      continue;
    rc = s->db->ops->begin(s->db, &s->err);
    if (!rc && !(rc = step(s, i)))
      rc = s->db->ops->commit(s->db, &s->err);
    else if (rc)
      s->db->ops->rollback(s->db);
    s->ok[i] = !rc;
    if (rc) {
      assert_int_equal(s->err.code, rc);
      assert_true(strlen(s->err.text) > 10); /* it says so */
      if (i == 1 && s->claimed) {
        dh_claim_fini(&s->c);
        s->claimed = false;
      }
    }
  }
}

/* What stands is what was acknowledged, whatever happened to the rest. */
static void judge(const struct place *p, const struct story *s)
{
  struct dh_store *store = store_open(p, DH_STORE_WRITE);
  struct dh_db *db = store->db;
  int64_t counts[DH_CASE_STATES], total = 0;
  struct dh_err err;
  struct seen seen;

  seen_init(&seen);
  OK(db->ops->check(db, &seen.bytes, &err));
  assert_int_equal(dh_val_get(seen_parse(&seen), "problems")->n, 0);
  seen_fini(&seen);
  tx(db);
  OK(db->ops->counts(db, NULL, 0, counts, &err));
  tx_end(db);
  for (int i = 0; i < DH_CASE_STATES; i++)
    total += counts[i];
  assert_int_equal(total, (s->ok[0] ? 2 : 0) + (s->ok[6] ? 2 : 0)); /* a case, and its finish */
  if (s->claimed) {
    static const int64_t rows[STEPS] = {0, 0, 3, 1, 1, 1, 0};
    const struct dh_val *records;
    int64_t expected = 0, last = 0;

    seen_init(&seen);
    tx(db);
    OK(db->ops->run_list(db, "q", 0, 0, &seen.bytes, &err));
    tx_end(db);
    assert_true(seen_parse(&seen)->n >= 1);
    seen_fini(&seen);
    for (int i = 2; i < STEPS; i++) {
      expected += s->ok[i] ? rows[i] : 0;
      if (s->ok[i])
        assert_true(i == 2 || i == 6 || s->ok[i - 1]); /* no hole */
    }
    seen_init(&seen);
    tx(db);
    OK(db->ops->case_show(db, "q", NULL, "one", &seen.bytes, &err));
    tx_end(db);
    char run[DH_RUN_ID];
    dh_val_text(seen_parse(&seen), "run", run, sizeof run);
    seen_fini(&seen);
    tx(db);
    OK(db->ops->run_show(db, run, &seen.bytes, &err));
    tx_end(db);
    records = dh_val_get(seen_parse(&seen), "records");
    assert_int_equal(records->n, expected);
    for (size_t i = 0; i < records->n; i++) {
      int64_t position = dh_val_int(&records->items[i], "position", 0);

      assert_true(position == last || position == last + 1);
      last = position;
    }
    seen_fini(&seen);
  }
  dh_store_close(&store);
}

/* Runs the story with the fault armed by `arm(n)` for n = 0, 1, 2 … until it is no longer met. */
static long sweep(void (*arm)(long n), bool (*met)(void), void (*disarm)(void))
{
  long n = 0;

  for (bool hit = true; hit; n++) {
    struct place p = {.dir = ""};
    struct story s = {.claimed = false};
    struct dh_store *store;

    place_make(&p);
    store = store_open(&p, DH_STORE_WRITE);
    s.db = store->db;
    arm(n);
    run_story(&s);
    hit = met();
    disarm();
    dh_store_close(&store);
    judge(&p, &s);
    if (s.claimed)
      dh_claim_fini(&s.c);
    if (!hit)
      for (int i = 0; i < STEPS; i++)
        assert_true(s.ok[i]);
    place_drop(&p);
  }
  return n;
}

static void arm_once(long n)
{
  disk.refused = 0;
  disk.for_good = false;
  disk.code = SQLITE_IOERR_WRITE;
  disk.left = n;
}

static void arm_full(long n)
{
  arm_once(n);
  disk.for_good = true;
  disk.code = SQLITE_FULL;
}

static bool disk_met(void)
{
  return disk.refused > 0;
}

static void disk_disarm(void)
{
  disk.left = -1;
}

static void test_disk_once(void **state)
{
  (void)state;
  print_message("%ld writes and syncs refused once\n", sweep(arm_once, disk_met, disk_disarm) - 1);
}

static void test_disk_full(void **state)
{
  (void)state;
  print_message("disk full from %ld writes and syncs on\n", sweep(arm_full, disk_met, disk_disarm) - 1);
}

#ifndef __SANITIZE_ADDRESS__
static void arm_memory(long n)
{
  memory_left = n;
}

static bool memory_met(void)
{
  return memory_left < 0;
}

static void memory_disarm(void)
{
  memory_left = -1;
}

static void test_memory(void **state)
{
  (void)state;
  print_message("%ld allocations refused\n", sweep(arm_memory, memory_met, memory_disarm) - 1);
}
#endif

/* The whole batch of the store thread: everybody is told, nothing stands, and later it works again. */
struct told {
  struct dh_job job;
  struct dh_store *store;
  int rc;
  char text[512];
};

static int told_work(struct dh_db *db, struct dh_job *job, struct dh_err *err)
{
  char key[32];
  struct dh_case_new c = {.queue = "q", .key = key, .input = "\xa0", .input_len = 1, .bundle = bundle_hash};
  int rc;

  snprintf(key, sizeof key, "%p", (void *)job);
  rc = db->ops->case_add(db, &c, err);
  return rc == DH_EEXIST ? 0 : rc;
}

static void told_done(struct dh_job *job, int rc, const struct dh_err *err)
{
  struct told *t = (struct told *)job;

  t->rc = rc;
  snprintf(t->text, sizeof t->text, "%s", rc ? err->text : "");
}

static void test_full_batch(void **state)
{
  struct place p = {.dir = ""};
  struct dh_loop loop;
  struct dh_err err;
  struct told t[5];
  struct dh_store *store;
  struct dh_store_options o = {.url = p.db, .mode = DH_STORE_WRITE, .loop = &loop, .who = "test"};

  (void)state;
  place_make(&p);
  OK(dh_loop_open(&loop, &err));
  OK(dh_store_open(&o, &store, &err));
  for (int round = 0; round < 2; round++) {
    if (!round)
      arm_full(0);
    else
      disk_disarm();
    for (int i = 0; i < 5; i++) {
      t[i] = (struct told){.job = {.work = told_work, .done = told_done, .urgent = i == 4}};
      dh_store_submit(store, &t[i].job);
    }
    dh_loop_run(&loop);
    for (int i = 0; i < 5; i++) {
      assert_int_equal(t[i].rc, round ? 0 : DH_EIO);
      if (!round)
        assert_non_null(strstr(t[i].text, "no space is left"));
    }
  }
  dh_store_close(&store);
  assert_int_equal(dh_loop_close(&loop), 0);
  place_drop(&p);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_disk_once),
      cmocka_unit_test(test_disk_full),
#ifndef __SANITIZE_ADDRESS__
      cmocka_unit_test(test_memory),
#endif
      cmocka_unit_test(test_full_batch),
  };

  if (!access("/dev/shm", W_OK)) /* what is refused here is refused by us: no need of a real disk */
    setenv("TMPDIR", "/dev/shm", 1);
  return cmocka_run_group_tests_name("store faults", tests, disk_register, NULL);
}
