/* test_when.c - cron lines and plain words: which days and times they name; what is refused, and how it is
 * told. */
#include "day.h"
#include "when.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The days of a month that a rule names, and its times: "1,15,31 08:30,17:00". */
static void days_of(const char *text, int year, int month, char *out, size_t size)
{
  struct dh_when w;
  struct dh_err err;
  size_t n = 0;

  *out = '\0';
  if (dh_when_read(text, &w, &err)) {
    snprintf(out, size, "%s", err.text);
    return;
  }
  for (int d = 1; d <= dh_month_days(year, month); d++)
    if (dh_when_day(&w, NULL, dh_day_of(year, month, d)))
      n += (size_t)snprintf(out + n, size - n, "%s%d", n ? "," : "", d);
  if (w.every_s) {
    n += (size_t)snprintf(out + n, size - n, " every %d", w.every_s);
    if (w.to_s >= 0)
      snprintf(out + n, size - n, " %d-%d", w.from_s / 60, w.to_s / 60);
    return;
  }
  for (int m = 0, first = 1; m < 1440; m++)
    if (dh_when_minute(&w, m)) {
      n += (size_t)snprintf(out + n, size - n, "%s%02d:%02d", first ? " " : ",", m / 60, m % 60);
      first = 0;
    }
}

#define NOVEMBER "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30"
#define WORKED "2,3,4,5,6,9,10,11,12,13,16,17,18,19,20,23,24,25,26,27,30"

/* November 2026 begins on a Sunday. */
static const struct {
  const char *text, *days;
} rules[] = {
    {"daily at 08:30", NOVEMBER " 08:30"},
    {"every day at 8:30", NOVEMBER " 08:30"},
    {"Daily at 08:30, 12:00 and 17:15", NOVEMBER " 08:30,12:00,17:15"},
    {"workdays at 08:30", WORKED " 08:30"},
    {"every workday at 08:30", WORKED " 08:30"},
    {"weekends at 10:00", "1,7,8,14,15,21,22,28,29 10:00"},
    {"mondays at 09:00", "2,9,16,23,30 09:00"},
    {"every monday at 09:00", "2,9,16,23,30 09:00"},
    {"on mondays, wednesdays and friday at 09:00", "2,4,6,9,11,13,16,18,20,23,25,27,30 09:00"},
    {"sat to mon at 09:00", "1,2,7,8,9,14,15,16,21,22,23,28,29,30 09:00"},
    {"on the 1st at 06:00", "1 06:00"},
    {"on the 1st and 15th at 06:00", "1,15 06:00"},
    {"on the 15th and last day of the month at 06:00", "15,30 06:00"},
    {"on the last day of the month at 23:00", "30 23:00"},
    {"last day of the month at 23:00", "30 23:00"},
    {"last workday of the month at 17:00", "30 17:00"},
    {"first workday of the month at 17:00", "2 17:00"},
    {"3rd workday of november at 09:00", "4 09:00"},
    {"last workday of the quarter at 17:00", " 17:00"},
    {"first monday of the month at 07:00", "2 07:00"},
    {"second tuesday of the month at 07:00", "10 07:00"},
    {"last sunday of the month at 07:00", "29 07:00"},
    {"fifth monday of the month at 07:00", "30 07:00"},
    {"11th of november at 11:11", "11 11:11"},
    {"every 10m", NOVEMBER " every 600"},
    {"every 2h on workdays from 08:00 to 18:00", WORKED " every 7200 480-1080"},
    {"every 30s on mondays", "2,9,16,23,30 every 30"},
    {"30 8 * * *", NOVEMBER " 08:30"},
    {"30 8 * * MON-FRI", WORKED " 08:30"},
    {"0,30 8-9 * * 1-5", WORKED " 08:00,08:30,09:00,09:30"},
    {"*/20 */12 1 * *", "1 00:00,00:20,00:40,12:00,12:20,12:40"},
    {"0 6 L * *", "30 06:00"},
    {"0 6 1,15,L * ?", "1,15,30 06:00"},
    {"0 6 13 * FRI", "6,13,20,27 06:00"}, /* both asked: either is enough */
    {"0 6 */10 * MON", " 06:00"},         /* a step asks both */
    {"0 6 * * 7", "1,8,15,22,29 06:00"},
    {"0 6 * * FRI-SUN", "1,6,7,8,13,14,15,20,21,22,27,28,29 06:00"},
    {"0 6 * * 5L", "27 06:00"},
    {"0 6 * * fril", "27 06:00"},
    {"0 6 * * MON#2", "9 06:00"},
    {"5/15 6 1 nov *", "1 06:05,06:20,06:35,06:50"},
    {"0 6 * dec *", " 06:00"},
    {"@monthly", "1 00:00"},
};

static void rules_name_days(void **state)
{
  char seen[1000];

  (void)state;
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
    days_of(rules[i].text, 2026, 11, seen, sizeof seen);
    if (strcmp(seen, rules[i].days))
      fail_msg("%s\n  wanted: %s\n  seen:   %s", rules[i].text, rules[i].days, seen);
  }
  days_of("last workday of the quarter at 17:00", 2027, 3, seen, sizeof seen);
  assert_string_equal(seen, "31 17:00");
  days_of("first workday of the year at 09:00", 2027, 1, seen, sizeof seen);
  assert_string_equal(seen, "1 09:00");
  days_of("0 0 29 2 *", 2028, 2, seen, sizeof seen);
  assert_string_equal(seen, "29 00:00");
}

static void nonsense_is_refused(void **state)
{
  static const struct {
    const char *text, *part; /* of what is said */
  } bad[] = {
      {"", "not understood"},
      {"soon", "'soon'"},
      {"daily", "\"at 08:30\""},
      {"daily at", "a time such as"},
      {"daily at 8", "'8'"},
      {"daily at 25:00", "23:59"},
      {"daily at 08:60", "23:59"},
      {"daily at 24:00", "next day"},
      {"daily at 08:30 sharp", "'sharp'"},
      {"every 7m", "no part of a day"},
      {"every 2d", "no part of a day"},
      {"every 500ms", "no part of a day"},
      {"every 10m from 18:00 to 08:00", "later than"},
      {"on the 32nd at 08:00", "'32nd'"},
      {"sixth monday of the month at 08:00", "'sixth'"},
      {"6th monday of the month at 08:00", "fifth"},
      {"mondays and at 08:00", "'at'"},
      {"first monday of smarch at 07:00", "'smarch'"},
      {"* * * *", "4 fields"},
      {"* * * * * *", "6 fields"},
      {"60 * * * *", "minute"},
      {"* 24 * * *", "hour"},
      {"* * 0 * *", "day of the month"},
      {"* * * 13 *", "month"},
      {"* * * * 8", "day of the week"},
      {"*/0 * * * *", "minute"},
      {"5-1 * * * *", "minute"},
      {"1,,2 * * * *", "minute"},
      {"1, * * * *", "minute"},
      {"* * * * MON#6", "day of the week"},
      {"* * 15W * *", "day of the month"},
      {"1x * * * *", "not understood"},
  };
  struct dh_when w;
  struct dh_err err;
  char all[2000];

  (void)state;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    if (dh_when_read(bad[i].text, &w, &err) != DH_EUSE)
      fail_msg("\"%s\" was taken", bad[i].text);
    snprintf(all, sizeof all, "%s | %s | %s", err.text, err.seen, err.advice);
    if (!strstr(all, bad[i].part))
      fail_msg("\"%s\": no '%s' in: %s", bad[i].text, bad[i].part, all);
  }
}

/* Whatever bytes: an answer, nothing else. */
static void any_bytes_are_answered(void **state)
{
  static const char *const parts[] = {"every", "10m",   "daily",  "at",   "08:30",   "*",
                                      "*/5",   "1-5",   "L",      "last", "workday", "of",
                                      "the",   "1st",   "and",    ",",    "MON",     "#",
                                      "-",     "month", "@daily", "  ",   "\xff",    "99999999999999999999",
                                      ":",     "to",    "from",   "on"};
  uint32_t seed = 7;
  struct dh_when w;
  struct dh_err err;

  (void)state;
  for (int round = 0; round < 50000; round++) {
    char text[300] = "";
    int n;

    seed = seed * 1664525 + 1013904223;
    n = (int)(seed >> 24) % 9;
    for (int i = 0; i < n; i++) {
      seed = seed * 1664525 + 1013904223;
      strcat(text, parts[(seed >> 16) % (sizeof parts / sizeof *parts)]);
      if (seed >> 28 & 3)
        strcat(text, " ");
    }
    if (!dh_when_read(text, &w, &err))
      for (int d = 20000; d < 20040; d++)
        dh_when_day(&w, NULL, d);
    else
      assert_int_equal(err.code, DH_EUSE);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rules_name_days),
      cmocka_unit_test(nonsense_is_refused),
      cmocka_unit_test(any_bytes_are_answered),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
