/* test_store_crash.c - a writing child is killed with SIGKILL at any moment, again and again. Afterwards: the
 * file is whole, what was acknowledged is there, and no run's stream has a hole, so a durable intent implies
 * everything before it. DH_KILLS says how often (soak: hundreds). */
#include "test_store.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

enum { RUNS = 8, WORDS = 5 /* reads before each intent */, PER_STORE = 10 /* kills */ };

/* What the child was told to be on the disk; outlives it. */
struct shared {
  int64_t acknowledged[RUNS]; /* last position per case */
  int64_t groups;
  int begun; /* a pipe: gets one byte when the child's first group is acknowledged */
};

/* ---- the child: RUNS streams at once, each "reads, then an intent", over the store thread. */

struct stream {
  struct dh_job job;
  struct dh_store *store;
  struct shared *shared;
  struct dh_claim claim;
  int index;
  int64_t next, sent;
  bool first;
};

static int stream_work(struct dh_db *db, struct dh_job *job, struct dh_err *err)
{
  struct stream *s = (struct stream *)job;
  int rc = 0;

  for (int i = 0; i <= WORDS && !rc; i++) {
    enum dh_record_kind kind = i == WORDS ? DH_REC_INTENT : DH_REC_READ;
    struct dh_record r =
        record(s->claim.run, kind, "", s->next + i, kind == DH_REC_INTENT ? "enter" : "", NULL);

    rc = db->ops->append(db, &r, s->claim.fence, NULL, err);
  }
  s->sent = s->next + WORDS;
  return rc;
}

static void stream_done(struct dh_job *job, int rc, const struct dh_err *err)
{
  struct stream *s = (struct stream *)job;

  if (rc) {
    fprintf(stderr, "child: %s\n", err->text);
    _exit(3);
  }
  s->shared->acknowledged[s->index] = s->sent;
  s->shared->groups++;
  if (s->first)
    (void)!write(s->shared->begun, "", 1);
  s->first = false;
  s->next = s->sent + 1;
  dh_store_submit(s->store, &s->job);
}

struct claim_job {
  struct dh_job job;
  struct stream *streams;
  struct dh_store *store;
};

static int claim_work(struct dh_db *db, struct dh_job *job, struct dh_err *err)
{
  struct claim_job *c = (struct claim_job *)job;
  const char *queue = "q";
  struct dh_claim_ask ask = {.worker = "w", .queues = &queue, .nqueues = 1, .n = RUNS};
  struct dh_claim claims[RUNS];
  size_t n = 0;
  int rc = db->ops->release(db, NULL, NULL, NULL, NULL, err);

  if (!rc)
    rc = db->ops->claim(db, &ask, claims, &n, err);
  for (size_t i = 0; i < n; i++)
    c->streams[i].claim = claims[i];
  return rc ? rc : n == RUNS ? 0 : dh_err_set(err, DH_ENOENT, "%zu of %d cases were due", n, RUNS);
}

static void claim_done(struct dh_job *job, int rc, const struct dh_err *err)
{
  struct claim_job *c = (struct claim_job *)job;

  if (rc) {
    fprintf(stderr, "child: %s\n", err->text);
    _exit(3);
  }
  for (int i = 0; i < RUNS; i++) {
    struct stream *s = &c->streams[i];

    s->index = atoi(s->claim.key);
    s->store = c->store;
    s->first = i == 0;
    /* What was written but not acknowledged stands, too: go on behind it. */
    s->next = (int64_t)standing(&s->claim, 0) + 1;
    s->job.work = stream_work;
    s->job.done = stream_done;
    s->job.urgent = true;
    dh_store_submit(c->store, &s->job);
  }
}

static void child(const struct place *p, struct shared *shared)
{
  struct stream *streams = calloc(RUNS, sizeof *streams);
  struct claim_job c = {.streams = streams};
  struct dh_loop loop;
  struct dh_err err;
  struct dh_store_options o = {
      .url = p->db, .mode = DH_STORE_WRITE, .loop = &loop, .who = "child", .wait_ms = 5000};

  signal(SIGPIPE, SIG_IGN); /* nobody may be listening to `begun` any more */
  if (dh_loop_open(&loop, &err) || dh_store_open(&o, &c.store, &err)) {
    fprintf(stderr, "child: %s\n", err.text);
    _exit(3);
  }
  for (int i = 0; i < RUNS; i++)
    streams[i].shared = shared;
  c.job.work = claim_work;
  c.job.done = claim_done;
  c.job.urgent = true;
  dh_store_submit(c.store, &c.job);
  dh_loop_run(&loop);
  _exit(4); /* it never ends by itself */
}

/* ---- the judge */

static void assert_whole(struct dh_db *db)
{
  struct dh_err err;
  struct seen s;

  seen_init(&s);
  OK(db->ops->check(db, &s.bytes, &err));
  assert_int_equal(dh_val_get(seen_parse(&s), "problems")->n, 0);
  seen_fini(&s);
}

/* Positions 1, 2, 3 … without a hole, in the order they were written; intents where they belong. */
static int64_t assert_stream(struct dh_db *db, const char *key)
{
  struct seen c, s;
  struct dh_err err;
  char run[DH_RUN_ID];
  const struct dh_val *records;
  int64_t rows;

  dh_val_text(case_of(db, &c, "q", key), "run", run, sizeof run);
  seen_fini(&c);
  if (!*run) /* killed before its first claim */
    return 0;
  seen_init(&s);
  tx(db);
  OK(db->ops->run_show(db, run, &s.bytes, &err));
  tx_end(db);
  records = dh_val_get(seen_parse(&s), "records");
  for (size_t i = 0; i < records->n; i++) {
    int64_t position = dh_val_int(&records->items[i], "position", 0);

    assert_int_equal(position, i + 1);
    assert_int_equal(dh_val_is(dh_val_get(&records->items[i], "kind"), "intent"),
                     position % (WORDS + 1) == 0);
  }
  rows = (int64_t)records->n;
  seen_fini(&s);
  return rows;
}

/* One child from its start to its kill; judged afterwards. late: it has begun to write. */
static void kill_once(const struct place *p, struct shared *shared, bool late)
{
  struct timespec moment = {.tv_nsec = rand() % 30000000};
  struct dh_store *store;
  char key[16], byte;
  int status, begun[2];
  pid_t pid;

  assert_int_equal(pipe(begun), 0);
  shared->begun = begun[1];
  pid = fork();
  if (!pid)
    child(p, shared);
  close(begun[1]);
  if (late)
    assert_int_equal(read(begun[0], &byte, 1), 1);
  close(begun[0]);
  nanosleep(&moment, NULL); /* the kill must hit any moment of its work */
  kill(pid, SIGKILL);
  waitpid(pid, &status, 0);
  assert_true(WIFSIGNALED(status)); /* else it met an error */
  store = store_open(p, DH_STORE_WRITE);
  assert_whole(store->db);
  for (int k = 0; k < RUNS; k++) {
    snprintf(key, sizeof key, "%d", k);
    assert_true(assert_stream(store->db, key) >= shared->acknowledged[k]);
  }
  dh_store_close(&store);
}

static void test_kill(void **state)
{
  const char *kills = getenv("DH_KILLS");
  struct shared *shared =
      mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int64_t groups = 0;
  int n = kills ? atoi(kills) : 30;

  (void)state;
  srand(20261124);
  for (int i = 0; i < n;) {
    struct place p = {.dir = ""};
    struct dh_store *store;
    struct dh_err err;
    char key[16];

    place_make(&p);
    memset(shared, 0, sizeof *shared);
    store = store_open(&p, DH_STORE_WRITE);
    for (int k = 0; k < RUNS; k++) {
      snprintf(key, sizeof key, "%d", k);
      OK(add_case(store->db, "q", key, 0, &err));
    }
    dh_store_close(&store);
    for (int k = 0; k < PER_STORE && i < n; k++, i++)
      kill_once(&p, shared, i % 4); /* every fourth is killed while it opens, recovers, claims */
    groups += shared->groups;
    place_drop(&p);
  }
  print_message("%d kills, %lld groups acknowledged\n", n, (long long)groups);
  assert_true(groups > 0);
  munmap(shared, sizeof *shared);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_kill)};

  return cmocka_run_group_tests_name("store crash", tests, NULL, NULL);
}
