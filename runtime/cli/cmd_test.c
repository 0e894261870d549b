/* cmd_test.c - test: runs test files, each in an isolate of its own over a store of its own that is gone
 * afterwards. */
#include "util.h"
#include "../sched/local.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct outcome {
  const char *file;
  int64_t passed, failed;
};

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
  (void)st;
  (void)flag;
  (void)ftw;
  return remove(path);
}

static void ended(void *self, const struct dh_claim *claim, const struct dh_run_end *end)
{
  struct outcome *o = self;
  struct dh_val *v = NULL;
  struct dh_err err;

  (void)claim;
  if (!end)
    return;
  if (end->outcome == DH_RUN_DONE && !dh_val_parse(end->data, end->len, &v, &err)) {
    o->passed += dh_val_int(v, "passed", 0);
    o->failed += dh_val_int(v, "failed", 0);
  } else {
    o->failed++;
    err = end->err ? *end->err
                   : (struct dh_err){.code = DH_EIO, .text = "the test file ended without a result"};
    if (strncmp(err.where, "robot.lua:", 10) == 0) {
      char line[32];

      snprintf(line, sizeof line, "%s", err.where + 9);
      snprintf(err.where, sizeof err.where, "%s%s", o->file, line);
    }
    dh_say_error(&err, NULL);
  }
  free(v);
}

/* The test file takes the robot's place: it is the bundle's only file, under its own name. */
static int make_robot(const char *file, struct dh_robot *r, struct dh_err *err)
{
  const char *slash = strrchr(file, '/');
  struct dh_buf text;
  int rc;

  memset(r, 0, sizeof *r);
  dh_buf_init(&r->bundle, 8 << 20);
  dh_buf_init(&r->declaration, 64);
  dh_buf_init(&text, 4 << 20);
  snprintf(r->path, sizeof r->path, "%s", file);
  snprintf(r->name, sizeof r->name, "test");
  rc = dh_buf_read_file(&text, file, err);
  if (!rc && (dh_put_map(&r->bundle, 1) || dh_put_text(&r->bundle, slash ? slash + 1 : file) ||
              dh_put_bytes(&r->bundle, text.data, text.len) || dh_put_map(&r->declaration, 0)))
    rc = dh_err_set(err, DH_ENOMEM, "no memory for %s", file);
  if (!rc)
    rc = dh_val_parse_buf(&r->declaration, &r->declared, err);
  dh_sha256_hex(r->bundle.data, r->bundle.len, r->hash);
  dh_buf_fini(&text);
  return rc;
}

static int add_work(struct dh_db *db, void *self, struct dh_err *err)
{
  struct dh_buf out;
  int rc;

  dh_buf_init(&out, 1 << 20);
  rc = dh_change_apply(db, self, &out, err);
  dh_buf_fini(&out);
  return rc;
}

static int add_case(struct dh_local *local, const struct dh_robot *robot, struct dh_err *err)
{
  struct dh_intake in;
  struct dh_val *request = NULL;
  struct dh_buf b;
  int rc;

  dh_intake_init(&in, dh_store_blobs(dh_local_store(local)));
  dh_buf_init(&b, 16 << 20);
  rc = dh_intake_empty(&in, robot, err);
  if (!rc && dh_change_put_add(&b, robot, &in))
    rc = dh_err_set(err, DH_ENOMEM, "no memory for a test");
  if (!rc)
    rc = dh_val_parse_buf(&b, &request, err);
  if (!rc)
    rc = dh_local_do(local, add_work, request, err);
  free(request);
  dh_buf_fini(&b);
  dh_intake_fini(&in);
  return rc;
}

static int run_in(struct dh_cli *cli, const struct dh_robot *robot, struct outcome *o, struct dh_err *err)
{
  struct dh_local_options lo = {
      .conf = cli->conf, .event = ended, .self = o, .test_file = o->file, .test_conf = cli->conf};
  struct dh_local *local = NULL;
  int rc = dh_local_open(&lo, &local, err);

  if (!rc)
    rc = add_case(local, robot, err);
  if (!rc)
    rc = dh_local_run(local, robot->name, "", NULL, err);
  dh_local_close(&local);
  return rc;
}

static int run_file(struct dh_cli *cli, const char *file, struct outcome *o, struct dh_err *err)
{
  char temp[] = "/tmp/deskhand-test-XXXXXX", url[200];
  struct dh_robot robot;
  int rc;

  if (!mkdtemp(temp))
    return dh_err_errno(err, "cannot make a folder for the test's store");
  setenv("TMPDIR", temp, 1);
  snprintf(url, sizeof url, "sqlite:%s/store.db", temp);
  rc = dh_conf_set(cli->conf, "store", url, "the test", err);
  o->file = file;
  if (!rc)
    rc = make_robot(file, &robot, err);
  if (!rc) {
    printf("# %s\n", file);
    rc = run_in(cli, &robot, o, err);
    dh_robot_fini(&robot);
  }
  nftw(temp, remove_one, 16, FTW_DEPTH | FTW_PHYS);
  return rc;
}

/* A robot's tests are its test_robot.lua. */
static int file_of(const char *word, char *out, size_t size, struct dh_err *err)
{
  struct stat st;

  if (stat(word, &st))
    return dh_err_errno(err, "there is no %s", word);
  snprintf(out, size, S_ISDIR(st.st_mode) ? "%s/test_robot.lua" : "%s", word);
  if (S_ISDIR(st.st_mode) && access(out, R_OK)) {
    dh_err_set(err, DH_ENOENT, "%s has no test_robot.lua", word);
    return dh_err_advice(err, "deskhand new NAME makes a robot with one; copy its form");
  }
  return 0;
}

static int exec_test(struct dh_cli *cli)
{
  struct outcome o = {NULL, 0, 0};
  int unable = 0;

  for (int i = 0; i < cli->nwords; i++) {
    char file[DH_PATH];
    struct dh_err err;

    if (file_of(cli->words[i], file, sizeof file, &err) || run_file(cli, file, &o, &err)) {
      dh_say_error(&err, NULL);
      unable++;
    }
  }
  printf("%lld passed, %lld failed\n", (long long)o.passed, (long long)o.failed + unable);
  return o.failed || unable ? DH_EXIT_FAILED : DH_EXIT_DONE;
}

const struct dh_command dh_cmd_test = {
    .name = "test",
    .summary = "Runs the tests of robots, with recorded services",
    .usage = "ROBOT|FILE…",
    .help = "Runs test_robot.lua of each robot, or the test files that are named. Each file runs in an "
            "isolate and a "
            "store of its own; what it leaves is removed. A test file is Lua:\n\n"
            "  local t = require \"test\"\n"
            "  t.case(\"an active company is approved\", function()\n"
            "    local r = t.run { case = { id = \"A-1\" }, replay = \"services\" }\n"
            "    t.eq(r.status, 0)\n"
            "  end)\n\n"
            "The last line counts: N passed, N failed.",
    .least = 1,
    .most = -1,
    .exec = exec_test,
};
