/* test_store_front.c - the store thread, the lock, opening and its refusals, blobs, the key, the vault. */
#include "test_store.h"

#include "lock.h"
#include "../host/module.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

struct fixture {
  struct place place;
  struct dh_loop loop;
  struct dh_store *store;
};

static int set_up(void **state)
{
  struct fixture *f = calloc(1, sizeof *f);
  struct dh_err err = {0};

  place_make(&f->place);
  OK(dh_loop_open(&f->loop, &err));
  *state = f;
  return 0;
}

static int tear_down(void **state)
{
  struct fixture *f = *state;

  dh_store_close(&f->store);
  assert_int_equal(dh_loop_close(&f->loop), 0);
  place_drop(&f->place);
  free(f);
  return 0;
}

static void open_threaded(struct fixture *f)
{
  struct dh_store_options o = {
      .url = f->place.db, .mode = DH_STORE_WRITE, .loop = &f->loop, .who = "deskhand serve"};
  struct dh_err err = {0};

  OK(dh_store_open(&o, &f->store, &err));
}

static int open_other(struct fixture *f, enum dh_store_mode mode, int64_t wait_ms, struct dh_store **s,
                      struct dh_err *err)
{
  struct dh_store_options o = {.url = f->place.db, .mode = mode, .who = "test", .wait_ms = wait_ms};

  return dh_store_open(&o, s, err);
}

/* ---- the store thread */

struct add {
  struct dh_job job;
  struct fixture *f;
  int key;
  int say; /* what work returns after it has written */
  int told;
  struct add *then; /* submitted from done */
  bool close;
};
static int told;

static int add_work(struct dh_db *db, struct dh_job *job, struct dh_err *err)
{
  struct add *a = (struct add *)job;
  char key[16];
  struct dh_case_new c = {.queue = "q", .key = key, .input = "\xa0", .input_len = 1, .bundle = bundle_hash};
  int rc;

  snprintf(key, sizeof key, "%d", a->key);
  rc = db->ops->case_add(db, &c, err);
  return rc ? rc : a->say ? dh_err_set(err, a->say, "said so") : 0;
}

static void add_done(struct dh_job *job, int rc, const struct dh_err *err)
{
  struct add *a = (struct add *)job;

  assert_int_equal(rc, a->say);
  assert_true(!rc == !err);
  a->told = ++told;
  if (a->then)
    dh_store_submit(a->f->store, &a->then->job);
  if (a->close)
    dh_store_close(&a->f->store);
}

static void submit(struct fixture *f, struct add *a, int key, bool urgent)
{
  memset(a, 0, sizeof *a);
  a->job.work = add_work;
  a->job.done = add_done;
  a->job.urgent = urgent;
  a->f = f;
  a->key = key;
}

static int64_t count_cases(struct fixture *f)
{
  struct dh_store *s;
  struct dh_err err = {0};
  int64_t counts[DH_CASE_STATES];

  OK(open_other(f, DH_STORE_READ, 0, &s, &err));
  tx(s->db);
  OK(s->db->ops->counts(s->db, NULL, 0, counts, &err));
  tx_end(s->db);
  dh_store_close(&s);
  return counts[DH_CASE_NEW];
}

static void test_groups(void **state)
{
  struct fixture *f = *state;
  struct add a[50];

  open_threaded(f);
  told = 0;
  for (int i = 0; i < 50; i++) {
    submit(f, &a[i], i, i == 49);
    dh_store_submit(f->store, &a[i].job);
  }
  assert_int_equal(told, 0); /* never from inside */
  dh_loop_run(&f->loop);
  for (int i = 0; i < 50; i++)
    assert_int_equal(a[i].told, i + 1);
  assert_int_equal(f->loop.ops, 0);
  assert_int_equal(count_cases(f), 50);
}

static void test_nobody_waits(void **state)
{
  struct fixture *f = *state;
  struct add a;

  open_threaded(f);
  submit(f, &a, 1, false);
  dh_store_submit(f->store, &a.job);
  dh_loop_run(&f->loop); /* ends by itself: written after 5 ms */
  assert_int_equal(count_cases(f), 1);
}

static void test_one_job_fails(void **state)
{
  struct fixture *f = *state;
  struct add a[3];

  open_threaded(f);
  for (int i = 0; i < 3; i++)
    submit(f, &a[i], i, true);
  a[1].say = DH_EUSE;
  for (int i = 0; i < 3; i++)
    dh_store_submit(f->store, &a[i].job);
  dh_loop_run(&f->loop);
  assert_int_equal(count_cases(f), 2); /* what it had written is undone, the others stand */
}

static void test_submit_and_close_from_done(void **state)
{
  struct fixture *f = *state;
  struct add a[3];

  open_threaded(f);
  told = 0;
  for (int i = 0; i < 3; i++)
    submit(f, &a[i], i, true);
  a[0].then = &a[1];
  a[1].close = true;
  dh_store_submit(f->store, &a[0].job);
  dh_store_submit(f->store, &a[2].job);
  dh_loop_run(&f->loop);
  assert_int_equal(told, 3);
  assert_null(f->store);
  assert_int_equal(count_cases(f), 3);
}

static void test_close_finishes(void **state)
{
  struct fixture *f = *state;
  struct add a;

  open_threaded(f);
  submit(f, &a, 1, false);
  told = 0;
  dh_store_submit(f->store, &a.job);
  dh_store_close(&f->store);
  assert_int_equal(told, 1);
  assert_int_equal(count_cases(f), 1);
}

/* ---- the lock */

static void test_second_opener(void **state)
{
  struct fixture *f = *state;
  struct dh_store *s;
  struct dh_err err;
  char who[64], pid_text[32];
  int pid;

  open_threaded(f);
  assert_int_equal(open_other(f, DH_STORE_WRITE, 0, &s, &err), DH_EUNAVAILABLE);
  assert_null(s);
  snprintf(pid_text, sizeof pid_text, "pid %d (deskhand serve)", (int)getpid());
  assert_non_null(strstr(err.text, pid_text));
  OK(dh_store_holder(f->place.db, NULL, &pid, who, &err));
  assert_int_equal(pid, getpid());
  assert_string_equal(who, "deskhand serve");
  dh_store_close(&f->store);
  OK(dh_store_holder(f->place.db, NULL, &pid, who, &err));
  assert_int_equal(pid, 0);
  OK(open_other(f, DH_STORE_WRITE, 0, &s, &err));
  dh_store_close(&s);
}

/* The old tree: a child that outlives its supervisor keeps the store taken. */
static void test_children_hold_the_lock(void **state)
{
  struct fixture *f = *state;
  struct dh_store *s;
  struct dh_err err;
  int go[2];
  pid_t child;

  open_threaded(f);
  assert_int_equal(pipe(go), 0);
  child = fork();
  if (!child) {
    char c;

    close(go[1]);
    (void)!read(go[0], &c, 1);
    _exit(0);
  }
  close(go[0]);
  dh_store_close(&f->store);
  assert_int_equal(open_other(f, DH_STORE_WRITE, 0, &s, &err), DH_EUNAVAILABLE);
  close(go[1]); /* it ends, and the next opener gets the lock without asking again and again */
  OK(open_other(f, DH_STORE_WRITE, 10000, &s, &err));
  dh_store_close(&s);
  waitpid(child, NULL, 0);
}

static void test_owner_and_disk(void **state)
{
  struct fixture *f = *state;
  struct dh_err err;
  char path[128];

  open_threaded(f);
  assert_int_equal(dh_owner_check(f->place.db, geteuid(), &err), 0);
  assert_int_equal(dh_owner_check(f->place.db, geteuid() + 1, &err), DH_EACCES);
  assert_non_null(strstr(err.advice, "sudo -u "));
  assert_non_null(strstr(err.advice, "test_store_front"));
  snprintf(path, sizeof path, "%s/none.db", f->place.dir);
  assert_int_equal(dh_owner_check(path, geteuid(), &err), 0);
  assert_true(dh_disk_is_network(0x6969));
  assert_false(dh_disk_is_network(0xef53));
  assert_int_equal(dh_disk_check(f->place.db, &err), 0);
}

static void assert_mode(const struct fixture *f, const char *suffix, unsigned mode)
{
  char path[160];
  struct stat st;

  snprintf(path, sizeof path, "%s%s", f->place.db, suffix);
  assert_int_equal(stat(path, &st), 0);
  assert_int_equal(st.st_mode & 0777, mode);
}

static void test_rights(void **state)
{
  struct fixture *f = *state;
  struct dh_err err;
  struct add a;
  char hash[DH_SHA256_HEX];

  snprintf(f->place.db, sizeof f->place.db, "%s/a/b/s.db", f->place.dir);
  open_threaded(f);
  submit(f, &a, 1, true);
  dh_store_submit(f->store, &a.job);
  dh_loop_run(&f->loop);
  OK(dh_blob_put(dh_store_blobs(f->store), "x", 1, hash, &err));
  assert_mode(f, "", 0600);
  assert_mode(f, "-wal", 0600);
  assert_mode(f, ".lock", 0600);
  assert_mode(f, ".blobs", 0700);
  snprintf(f->place.db, sizeof f->place.db, "%s/a/b", f->place.dir);
  assert_mode(f, "", 0700);
}

/* ---- refusals */

static void run_sql(const char *path, const char *sql)
{
  sqlite3 *db;

  assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
  sqlite3_close(db);
}

static void test_versions(void **state)
{
  struct fixture *f = *state;
  struct dh_store *s;
  struct dh_err err;

  assert_int_equal(open_other(f, DH_STORE_READ, 0, &s, &err), DH_ENOENT);
  OK(open_other(f, DH_STORE_WRITE, 0, &s, &err));
  dh_store_close(&s);
  run_sql(f->place.db, "PRAGMA user_version = 99");
  assert_int_equal(open_other(f, DH_STORE_WRITE, 0, &s, &err), DH_EFORMAT);
  assert_non_null(strstr(err.text, "schema 99"));
  assert_non_null(strstr(err.text, "knows schema 5"));
  run_sql(f->place.db, "PRAGMA user_version = 1; PRAGMA application_id = 7");
  assert_int_equal(open_other(f, DH_STORE_WRITE, 0, &s, &err), DH_EFORMAT);
  assert_non_null(strstr(err.text, "no store of Deskhand"));
}

static void test_no_store(void **state)
{
  struct fixture *f = *state;
  struct dh_store *s;
  struct dh_err err;
  FILE *file = fopen(f->place.db, "w");

  for (int i = 0; i < 100; i++)
    fputs("this is a letter, not a database\n", file);
  fclose(file);
  assert_int_equal(open_other(f, DH_STORE_WRITE, 0, &s, &err), DH_EFORMAT);
  snprintf(f->place.db, sizeof f->place.db, "mysql:db");
  assert_int_equal(open_other(f, DH_STORE_WRITE, 0, &s, &err), DH_EUSE);
}

static void test_reading(void **state)
{
  struct fixture *f = *state;
  struct dh_store *s;
  struct dh_err err;
  struct add a;

  open_threaded(f);
  submit(f, &a, 1, true);
  dh_store_submit(f->store, &a.job);
  dh_loop_run(&f->loop);
  assert_int_equal(count_cases(f), 1); /* beside the writer */
  OK(open_other(f, DH_STORE_READ, 0, &s, &err));
  assert_int_equal(dh_store_lock_fd(s), -1);
  tx(s->db);
  assert_int_equal(s->db->ops->secret_set(s->db, "a", "b", 1, "ann", &err), DH_EACCES);
  s->db->ops->rollback(s->db);
  dh_store_close(&s);
}

static int refuse(struct dh_db *db, void *self, struct dh_err *err)
{
  struct dh_case_new c = {.queue = "q", .key = "k", .input = "\xa0", .input_len = 1, .bundle = bundle_hash};
  int rc = db->ops->case_add(db, &c, err);

  return rc ? rc : *(int *)self;
}

static void test_do(void **state)
{
  struct fixture *f = *state;
  struct dh_err err;
  int say = DH_EUSE;

  OK(open_other(f, DH_STORE_WRITE, 0, &f->store, &err));
  assert_int_equal(dh_store_do(f->store, refuse, &say, &err), DH_EUSE);
  say = 0;
  OK(dh_store_do(f->store, refuse, &say, &err)); /* so the first was undone */
  assert_int_equal(dh_store_do(f->store, refuse, &say, &err), DH_EEXIST);
}

/* ---- files */

static void test_blobs(void **state)
{
  struct fixture *f = *state;
  struct dh_err err;
  struct dh_buf b;
  char hash[DH_SHA256_HEX], path[256], dir[128];
  FILE *file;

  snprintf(dir, sizeof dir, "%s.blobs", f->place.db);
  dh_buf_init(&b, 100);
  OK(dh_blob_put(dir, "hello", 5, hash, &err));
  OK(dh_blob_put(dir, "hello", 5, hash, &err));
  OK(dh_blob_get(dir, hash, &b, &err));
  assert_string_equal(b.data, "hello");
  OK(dh_blob_path(dir, hash, path, sizeof path, &err));
  file = fopen(path, "w");
  fputs("hxllo", file);
  fclose(file);
  assert_int_equal(dh_blob_get(dir, hash, &b, &err), DH_EFORMAT);
  OK(dh_blob_put(dir, "hello", 5, hash, &err)); /* mends it */
  OK(dh_blob_get(dir, hash, &b, &err));
  OK(dh_blob_put(dir, "", 0, hash, &err));
  hash[3] = hash[3] == 'a' ? 'b' : 'a';
  assert_int_equal(dh_blob_get(dir, hash, &b, &err), DH_ENOENT);
  assert_int_equal(dh_blob_get(dir, "../../etc/passwd", &b, &err), DH_EUSE);
  dh_buf_fini(&b);
}

static void test_key(void **state)
{
  struct fixture *f = *state;
  unsigned char key[32], again[32];
  char path[256], conf[128];
  struct dh_err err;

  unsetenv("CREDENTIALS_DIRECTORY");
  snprintf(conf, sizeof conf, "%s/conf", f->place.dir);
  assert_int_equal(dh_key_load(conf, false, key, path, sizeof path, &err), DH_ENOENT);
  assert_non_null(strstr(err.advice, "secret set"));
  OK(dh_key_load(conf, true, key, path, sizeof path, &err));
  OK(dh_key_load(conf, false, again, path, sizeof path, &err));
  assert_memory_equal(key, again, 32);
  assert_int_equal(chmod(path, 0640), 0);
  assert_int_equal(dh_key_load(conf, true, key, path, sizeof path, &err), DH_EACCES);
  assert_non_null(strstr(err.advice, "chmod 600"));
  setenv("CREDENTIALS_DIRECTORY", conf, 1);
  snprintf(conf, sizeof conf, "%s/none", f->place.dir);
  OK(dh_key_load(conf, false, again, path, sizeof path, &err)); /* a service manager may show its group */
  assert_int_equal(chmod(path, 0644), 0);
  assert_int_equal(dh_key_load(conf, false, again, path, sizeof path, &err), DH_EACCES);
  assert_int_equal(chmod(path, 0600), 0);
  assert_int_equal(truncate(path, 31), 0);
  assert_int_equal(dh_key_load(conf, false, again, path, sizeof path, &err), DH_EFORMAT);
  unsetenv("CREDENTIALS_DIRECTORY");
}

extern const struct dh_module dh_module;

static void test_vault(void **state)
{
  const struct dh_vault *v = dh_module.vault;
  unsigned char key[32];
  struct dh_buf box, value;
  struct dh_err err;

  (void)state;
  dh_buf_init(&box, 1000);
  dh_buf_init(&value, 1000);
  OK(v->new_key(key));
  OK(v->seal(key, "core.user", "hunter2", 7, &box, &err));
  assert_null(memmem(box.data, box.len, "hunter2", 7));
  OK(v->open(key, "core.user", box.data, box.len, &value, &err));
  assert_string_equal(value.data, "hunter2");
  dh_buf_clear(&value);
  assert_int_equal(v->open(key, "core.admin", box.data, box.len, &value, &err), DH_EAUTH);
  for (size_t i = 0; i < box.len; i++) {
    box.data[i] ^= 1;
    assert_int_not_equal(v->open(key, "core.user", box.data, box.len, &value, &err), 0);
    box.data[i] ^= 1;
  }
  assert_int_equal(v->open(key, "core.user", box.data, 20, &value, &err), DH_EFORMAT);
  assert_int_equal(value.len, 0);
  key[0] ^= 1;
  assert_int_equal(v->open(key, "core.user", box.data, box.len, &value, &err), DH_EAUTH);
  dh_buf_fini(&box);
  dh_buf_fini(&value);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      T(test_groups),
      T(test_nobody_waits),
      T(test_one_job_fails),
      T(test_submit_and_close_from_done),
      T(test_close_finishes),
      T(test_reading),
      T(test_do),
  };
  const struct CMUnitTest files[] = {
      T(test_second_opener),  T(test_children_hold_the_lock),
      T(test_owner_and_disk), T(test_rights),
      T(test_versions),       T(test_no_store),
      T(test_blobs),          T(test_key),
      T(test_vault),
  };
  int failed = cmocka_run_group_tests_name("store front", tests, NULL, NULL);

  return failed + (elsewhere() ? 0 : cmocka_run_group_tests_name("store files", files, NULL, NULL));
}
