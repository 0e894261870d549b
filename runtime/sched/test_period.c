/* test_period.c - which period a moment belongs to, and when it ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "period.h"

#include <string.h>
#include <time.h>

static int64_t utc(const char *text)
{
  struct tm tm = {0};

  assert_non_null(strptime(text, "%Y-%m-%d %H:%M", &tm));
  return (int64_t)timegm(&tm) * 1000;
}

static const struct {
  const char *once_a, *zone, *at, *period, *turn;
} rows[] = {
    {"day", "UTC", "2026-11-24 00:00", "2026-11-24", "2026-11-25 00:00"},
    {"day", "UTC", "2026-11-24 23:59", "2026-11-24", "2026-11-25 00:00"},
    {"day", "Asia/Shanghai", "2026-11-24 15:59", "2026-11-24", "2026-11-24 16:00"},
    {"day", "Asia/Shanghai", "2026-11-24 16:00", "2026-11-25", "2026-11-25 16:00"},
    {"day", "Europe/Berlin", "2026-03-29 00:30", "2026-03-29", "2026-03-29 22:00"}, /* 23 hours */
    {"day", "Europe/Berlin", "2026-10-25 00:30", "2026-10-25", "2026-10-25 23:00"}, /* 25 hours */
    {"month", "UTC", "2026-02-10 12:00", "2026-02", "2026-03-01 00:00"},
    {"month", "America/New_York", "2026-12-31 23:00", "2026-12", "2027-01-01 05:00"},
    {"year", "UTC", "2026-01-01 00:00", "2026", "2027-01-01 00:00"},
    {"year", "UTC", "2028-01-01 00:00", "2028", "2029-01-01 00:00"}, /* 366 days */
    {"day", "Nowhere/At-all", "2026-11-24 12:00", "2026-11-24", "2026-11-25 00:00"},
};

static void test_periods(void **state)
{
  char period[16];

  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    dh_period_at(rows[i].once_a, rows[i].zone, utc(rows[i].at), period);
    assert_string_equal(period, rows[i].period);
    assert_int_equal(dh_period_turn(rows[i].once_a, rows[i].zone, utc(rows[i].at)), utc(rows[i].turn));
  }
  dh_period_at("", NULL, utc("2026-11-24 12:00"), period);
  assert_string_equal(period, "");
  assert_int_equal(dh_period_turn("", NULL, utc("2026-11-24 12:00")), 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_periods)};

  return cmocka_run_group_tests_name("periods", tests, NULL, NULL);
}
