/* test_conf.c - the configuration: order of sources, unknown keys, the environment's spelling, lax files. */
#include "conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/deskhand-conf-XXXXXX";
static char file[128];

static void write_file(const char *text, unsigned mode)
{
  struct dh_err err;

  snprintf(file, sizeof file, "%s/deskhand.conf", folder);
  assert_int_equal(dh_file_write(file, text, strlen(text), mode, &err), 0);
  chmod(file, mode);
}

static void test_file(void **state)
{
  struct dh_conf *c;
  struct dh_err err;

  (void)state;
  write_file(
      "# sources\n\n  workers = 3 \nsource.gleif.url=https://one.example/v1?a=b\nlimit.slice = 1m30s\n",
      0644);
  assert_int_equal(dh_conf_new(&c, &err), 0);
  assert_int_equal(dh_conf_read(c, file, &err), 0);
  assert_int_equal(dh_conf_int(c, "workers", 0), 3);
  assert_string_equal(dh_conf_get(c, "source.gleif.url"), "https://one.example/v1?a=b");
  assert_int_equal(dh_conf_time_ms(c, "limit.slice", 0), 90000);
  assert_string_equal(dh_conf_get(c, "log.level"), "info");
  assert_null(dh_conf_get(c, "tls.ca"));
  assert_int_equal(dh_conf_size(c, "limit.memory", 7), 7);
  dh_conf_close(&c);
  assert_null(c);
}

static void test_missing_file_is_fine(void **state)
{
  struct dh_conf *c;
  struct dh_err err;

  (void)state;
  assert_int_equal(dh_conf_new(&c, &err), 0);
  assert_int_equal(dh_conf_read(c, "/nonexistent/deskhand.conf", &err), 0);
  dh_conf_close(&c);
}

static void expect_error(const char *text, const char *said, const char *advice)
{
  struct dh_conf *c;
  struct dh_err err;

  write_file(text, 0600);
  assert_int_equal(dh_conf_new(&c, &err), 0);
  assert_int_equal(dh_conf_read(c, file, &err), DH_EUSE);
  if (!strstr(err.text, said) || !strstr(err.advice, advice))
    fail_msg("said: %s / %s", err.text, err.advice);
  dh_conf_close(&c);
}

static void test_unknown_keys(void **state)
{
  (void)state;
  expect_error("zone = Asia/Shanghai\nwrokers = 2\n", "deskhand.conf:2: there is no setting 'wrokers'",
               "'workers'");
  expect_error("source.gleif.ulr = x\n", "source.gleif.ulr", "'source.gleif.url'");
  expect_error("nothing.like.this.at.all = 1\n", "nothing.like", "config show --all");
  expect_error("workers = many\n", "'workers' wants a whole number", "");
  expect_error("workers 3\n", "no 'key = value'", "");
}

static void test_environment(void **state)
{
  char *env[] = {"PATH=/bin", "DESKHAND_SOURCE_UK_REGISTRY_URL=https://two.example",
                 "DESKHAND_LOG_LEVEL=debug", NULL};
  char *bad[] = {"DESKHAND_LOG_LEVLE=debug", NULL};
  struct dh_conf *c;
  struct dh_err err;

  (void)state;
  assert_int_equal(dh_conf_new(&c, &err), 0);
  assert_int_equal(dh_conf_set(c, "log.level", "warn", "file", &err), 0);
  assert_int_equal(dh_conf_environment(c, env, &err), 0);
  assert_string_equal(dh_conf_get(c, "source.uk_registry.url"), "https://two.example");
  assert_string_equal(dh_conf_get(c, "log.level"), "debug");
  assert_int_equal(dh_conf_environment(c, bad, &err), DH_EUSE);
  assert_non_null(strstr(err.text, "DESKHAND_LOG_LEVLE"));
  assert_string_equal(err.advice, "did you mean 'log.level'?");
  dh_conf_close(&c);
}

static void test_secrets_want_a_private_file(void **state)
{
  struct dh_conf *c;
  struct dh_err err;

  (void)state;
  write_file("source.companies_house.key = abc\n", 0644);
  assert_int_equal(dh_conf_new(&c, &err), 0);
  assert_int_equal(dh_conf_read(c, file, &err), DH_EACCES);
  assert_non_null(strstr(err.advice, "chmod 600"));
  assert_null(strstr(err.text, "abc"));
  chmod(file, 0600);
  assert_int_equal(dh_conf_read(c, file, &err), 0);
  dh_conf_close(&c);
}

static void test_as_message(void **state)
{
  struct dh_conf *a, *b;
  struct dh_val *v;
  struct dh_buf buf;
  struct dh_err err;

  (void)state;
  dh_buf_init(&buf, 1 << 16);
  assert_int_equal(dh_conf_new(&a, &err), 0);
  assert_int_equal(dh_conf_new(&b, &err), 0);
  dh_conf_set(a, "zone", "Asia/Shanghai", "x", &err);
  dh_conf_set(a, "desks", "4", "x", &err);
  assert_int_equal(dh_conf_put(a, &buf), 0);
  assert_int_equal(dh_val_parse_buf(&buf, &v, &err), 0);
  assert_int_equal(dh_conf_take(b, v, &err), 0);
  assert_string_equal(dh_conf_get(b, "zone"), "Asia/Shanghai");
  assert_int_equal(dh_conf_int(b, "desks", 0), 4);
  free(v);
  dh_buf_fini(&buf);
  dh_conf_close(&a);
  dh_conf_close(&b);
}

static int set_up(void **state)
{
  (void)state;
  return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
  (void)state;
  unlink(file);
  return rmdir(folder);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_file),         cmocka_unit_test(test_missing_file_is_fine),
      cmocka_unit_test(test_unknown_keys), cmocka_unit_test(test_environment),
      cmocka_unit_test(test_as_message),   cmocka_unit_test(test_secrets_want_a_private_file),
  };

  return cmocka_run_group_tests(tests, set_up, tear_down);
}
