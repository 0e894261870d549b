/* test_files_unit.c - what lies beneath the allowed folders is reached, nothing else is. */
#include "beneath.h"
#include "glob.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/deskhand-files-XXXXXX", in[64], in2[64];
static char *folders[] = {in, in2};
static const struct dh_roots roots = {folders, 2};

static void put(const char *rel, const char *text)
{
  char path[300];
  FILE *f;

  snprintf(path, sizeof path, "%s/%s", dir, rel);
  f = fopen(path, "w");
  assert_non_null(f);
  fputs(text, f);
  fclose(f);
}

static int set_up(void **state)
{
  char path[300];

  (void)state;
  assert_non_null(mkdtemp(dir));
  snprintf(in, sizeof in, "%s/in", dir);
  snprintf(in2, sizeof in2, "%s/in2/", dir);
  mkdir(in, 0700);
  mkdir(in2, 0700);
  snprintf(path, sizeof path, "%s/in/sub", dir);
  mkdir(path, 0700);
  put("outside", "no");
  put("in/a.txt", "a");
  put("in/b.txt", "bb");
  put("in/.hidden.txt", "h");
  put("in/sub/c.txt", "ccc");
  put("in2/d.txt", "d");
  snprintf(path, sizeof path, "%s/in/up", dir);
  assert_int_equal(symlink("../outside", path), 0);
  snprintf(path, sizeof path, "%s/in/abs", dir);
  assert_int_equal(symlink("/etc/passwd", path), 0);
  snprintf(path, sizeof path, "%s/in/link.txt", dir);
  assert_int_equal(symlink("sub/c.txt", path), 0);
  snprintf(path, sizeof path, "%s/in/out", dir);
  assert_int_equal(symlink("..", path), 0);
  snprintf(path, sizeof path, "%s/in/pipe.txt", dir);
  assert_int_equal(mkfifo(path, 0600), 0);
  return 0;
}

static int tear_down(void **state)
{
  char command[100];

  (void)state;
  snprintf(command, sizeof command, "rm -rf %s", dir);
  return system(command);
}

static int reading(const char *path, const char *want)
{
  struct dh_buf b;
  struct dh_err err = {0};
  int rc;

  dh_buf_init(&b, 100);
  rc = dh_beneath_read(&roots, path, &b, &err);
  if (!rc)
    assert_string_equal(b.data, want);
  else
    assert_true(*err.text);
  dh_buf_fini(&b);
  return rc;
}

static void reads(void **state)
{
  char path[300];

  (void)state;
  assert_int_equal(reading("a.txt", "a"), 0);
  assert_int_equal(reading("sub/../b.txt", "bb"), 0);
  assert_int_equal(reading("link.txt", "ccc"), 0);
  snprintf(path, sizeof path, "%s/in2/d.txt", dir);
  assert_int_equal(reading(path, "d"), 0);
  assert_int_equal(reading("none.txt", ""), DH_ENOENT);
  assert_int_equal(reading("sub", ""), DH_EUSE);
  assert_int_equal(reading("pipe.txt", ""), DH_EUSE);
  assert_int_equal(reading("", ""), DH_EUSE);
}

static void never_outside(void **state)
{
  char path[300];

  (void)state;
  assert_int_equal(reading("../outside", ""), DH_EREFUSED);
  assert_int_equal(reading("up", ""), DH_EREFUSED);
  assert_int_equal(reading("abs", ""), DH_EREFUSED);
  assert_int_equal(reading("out/outside", ""), DH_EREFUSED);
  assert_int_equal(reading("/etc/passwd", ""), DH_EREFUSED);
  snprintf(path, sizeof path, "%s/in2x/d.txt", dir);
  assert_int_equal(reading(path, ""), DH_EREFUSED);
  snprintf(path, sizeof path, "%s/in/../outside", dir);
  assert_int_equal(reading(path, ""), DH_EREFUSED);
}

static void ceilings(void **state)
{
  char text[102] = "";

  (void)state;
  memset(text, 'x', 100);
  put("in/hundred", text);
  assert_int_equal(reading("hundred", text), 0);
  text[100] = 'x';
  put("in/more", text);
  assert_int_equal(reading("more", ""), DH_ELIMIT);
}

static void writes(void **state)
{
  struct dh_err err;
  char hash[DH_SHA256_HEX], want[DH_SHA256_HEX], path[300];
  long long size;

  (void)state;
  assert_int_equal(dh_beneath_write(&roots, "new.txt", "new", 3, &err), 0);
  assert_int_equal(reading("new.txt", "new"), 0);
  assert_int_equal(dh_beneath_write(&roots, "sub/new.txt", "newer", 5, &err), 0);
  assert_int_equal(dh_beneath_write(&roots, "sub/new.txt", "newest", 6, &err), 0);
  assert_int_equal(dh_beneath_hash(&roots, "sub/new.txt", hash, &size, &err), 0);
  dh_sha256_hex("newest", 6, want);
  assert_string_equal(hash, want);
  assert_int_equal(size, 6);
  assert_int_equal(dh_beneath_write(&roots, "up", "x", 1, &err), 0); /* the link is replaced, not followed */
  snprintf(path, sizeof path, "%s/outside", dir);
  assert_int_equal(dh_beneath_write(&roots, path, "x", 1, &err), DH_EREFUSED);
  assert_int_equal(dh_beneath_write(&roots, "out/x", "x", 1, &err), DH_EREFUSED);
  assert_int_equal(dh_beneath_write(&roots, "none/x", "x", 1, &err), DH_ENOENT);
  assert_int_equal(dh_beneath_write(&roots, "sub/..", "x", 1, &err), DH_EUSE);
  assert_int_equal(dh_beneath_write(&roots, "sub/", "x", 1, &err), DH_EUSE);
}

static void lists_as(const char *pattern, const char *json)
{
  struct dh_buf cbor, text;
  struct dh_val *v;
  struct dh_err err = {0};

  dh_buf_init(&cbor, 1 << 20);
  dh_buf_init(&text, 1 << 20);
  if (dh_glob(&roots, pattern, &cbor, &err))
    fail_msg("%s: %s", pattern, err.text);
  assert_int_equal(dh_val_parse_buf(&cbor, &v, &err), 0);
  dh_val_json(&text, v, false);
  assert_string_equal(text.data, json);
  free(v);
  dh_buf_fini(&cbor);
  dh_buf_fini(&text);
}

static void lists(void **state)
{
  char pattern[300], want[300];
  struct dh_buf cbor;
  struct dh_err err;

  (void)state;
  lists_as("[ab].txt", "[\"a.txt\",\"b.txt\"]");
  lists_as("l*.txt", "[\"link.txt\"]");
  lists_as("s*/c.txt", "[\"sub/c.txt\"]");
  lists_as("sub/c.*", "[\"sub/c.txt\"]");
  lists_as("a.txt", "[\"a.txt\"]");
  lists_as("none/*", "[]");
  lists_as(".h*", "[\".hidden.txt\"]");
  lists_as("p*", "[]");
  lists_as("out/*", "[]");
  lists_as("../*", "[]");
  snprintf(pattern, sizeof pattern, "%s/in2/*.txt", dir);
  snprintf(want, sizeof want, "[\"%s/in2/d.txt\"]", dir);
  lists_as(pattern, want);
  dh_buf_init(&cbor, 1000);
  assert_int_equal(dh_glob(&roots, "/etc/*", &cbor, &err), DH_EREFUSED);
  dh_buf_fini(&cbor);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads), cmocka_unit_test(never_outside), cmocka_unit_test(ceilings),
      cmocka_unit_test(lists), cmocka_unit_test(writes),
  };

  return cmocka_run_group_tests(tests, set_up, tear_down);
}
