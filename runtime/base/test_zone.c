/* test_zone.c - every zone of the system against zdump: offsets and changes from 1900 to 2090; local times
 * that exist once, twice, never. */
#include "buf.h"
#include "day.h"
#include "zone.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define ZONES "/usr/share/zoneinfo"

static int zones, lines;

static int64_t seconds(int year, int month, int day, int h, int m, int s)
{
  return dh_day_of(year, month, day) * 86400 + h * 3600 + m * 60 + s;
}

/* One line of zdump: the offset at that second. Lines come in pairs, the second before a change and the
 * change; some change the name alone. */
static void check_line(const char *name, struct dh_zone *z, const char *line, int64_t *before, int *offset)
{
  static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  char month[8], local_month[8];
  int day, h, m, s, year, lday, lh, lm, ls, lyear, wanted;
  int64_t t;
  struct dh_zone_time l;

  if (sscanf(line, "%*s %*s %3s %d %d:%d:%d %d UT = %*s %3s %d %d:%d:%d %d %*s isdst=%*d gmtoff=%d", month,
             &day, &h, &m, &s, &year, local_month, &lday, &lh, &lm, &ls, &lyear, &wanted) != 13)
    return;
  t = seconds(year, (int)(strstr(months, month) - months) / 3 + 1, day, h, m, s);
  dh_zone_at(z, t, &l);
  if (l.offset_s != wanted || l.year != lyear || l.day != lday || l.hour != lh || l.minute != lm ||
      l.second != ls)
    fail_msg("%s: %sours: %04d-%02d-%02d %02d:%02d:%02d offset %d", name, line, l.year, l.month, l.day,
             l.hour, l.minute, l.second, l.offset_s);
  if (*before == t - 1) {
    int64_t change = dh_zone_change(z, t - 1);

    if ((change == t) != (*offset != wanted))
      fail_msg("%s: %sthe next change is said to be at %lld, not %lld", name, line, (long long)change,
               (long long)t);
  }
  *before = t;
  *offset = wanted;
  lines++;
}

static void check_zone(const char *name)
{
  char command[300], line[400];
  int64_t before = 0;
  int offset = 0;
  struct dh_zone *z;
  struct dh_err err;
  FILE *f;

  if (dh_zone_find(name, &z, &err))
    fail_msg("%s: %s", name, err.text);
  snprintf(command, sizeof command, "zdump -v -c 1900,2090 %s", name);
  f = popen(command, "r");
  assert_non_null(f);
  while (fgets(line, sizeof line, f))
    check_line(name, z, line, &before, &offset);
  assert_int_equal(pclose(f), 0);
  zones++;
}

static void check_folder(const char *prefix)
{
  char path[300], name[600], magic[4];
  struct dirent **list;
  int n;

  snprintf(path, sizeof path, ZONES "/%s", prefix);
  n = scandir(path, &list, NULL, alphasort);
  assert_true(n > 0);
  for (int i = 0; i < n; i++) {
    const char *file = list[i]->d_name;
    char whole[900];
    struct stat st;
    FILE *f;

    snprintf(name, sizeof name, "%s%s%s", prefix, *prefix ? "/" : "", file);
    snprintf(whole, sizeof whole, ZONES "/%s", name);
    /* posix/ holds the same zones again, right/ counts leap seconds, localtime is this machine's */
    if (*file != '.' && strcmp(name, "posix") && strcmp(name, "right") && strcmp(name, "localtime") &&
        !stat(whole, &st)) {
      if (S_ISDIR(st.st_mode)) {
        check_folder(name);
      } else if ((f = fopen(whole, "rb"))) {
        if (fread(magic, 1, 4, f) == 4 && memcmp(magic, "TZif", 4) == 0)
          check_zone(name);
        fclose(f);
      }
    }
    free(list[i]);
  }
  free(list);
}

static void every_zone_agrees_with_zdump(void **state)
{
  (void)state;
  check_folder("");
  printf("%d zones, %d lines of zdump\n", zones, lines);
  assert_true(zones > 400 && lines > 50000);
}

static void zones_that_are_none(void **state)
{
  static const char *const names[] = {"Mars/Olympus", "../../etc/passwd", "", "/etc/passwd", "Europe"};
  struct dh_zone *z;
  struct dh_err err;

  (void)state;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    assert_int_equal(dh_zone_find(names[i], &z, &err), DH_ENOENT);
  if (access(ZONES "/right/Europe/Berlin", F_OK) == 0)
    assert_int_equal(dh_zone_find("right/Europe/Berlin", &z, &err), DH_EFORMAT);
}

static void local_times_exist_once_twice_never(void **state)
{
  struct dh_zone *berlin, *apia, *lord_howe, *utc;
  int64_t at[2], after;

  (void)state;
  assert_int_equal(dh_zone_find("Europe/Berlin", &berlin, NULL), 0);
  assert_int_equal(dh_zone_find("Pacific/Apia", &apia, NULL), 0);
  assert_int_equal(dh_zone_find("Australia/Lord_Howe", &lord_howe, NULL), 0);
  assert_int_equal(dh_zone_find("UTC", &utc, NULL), 0);
  assert_int_equal(dh_zone_moments(utc, 12345, at, &after), 1);
  assert_int_equal(at[0], 12345);
  assert_int_equal(dh_zone_moments(berlin, seconds(2026, 7, 1, 8, 30, 0), at, &after), 1);
  assert_int_equal(at[0], seconds(2026, 7, 1, 6, 30, 0));
  /* 2026-03-29: 02:00 becomes 03:00 */
  assert_int_equal(dh_zone_moments(berlin, seconds(2026, 3, 29, 1, 59, 59), at, &after), 1);
  assert_int_equal(dh_zone_moments(berlin, seconds(2026, 3, 29, 2, 0, 0), at, &after), 0);
  assert_int_equal(after, seconds(2026, 3, 29, 1, 0, 0));
  assert_int_equal(dh_zone_moments(berlin, seconds(2026, 3, 29, 2, 59, 59), at, &after), 0);
  assert_int_equal(after, seconds(2026, 3, 29, 1, 0, 0));
  assert_int_equal(dh_zone_moments(berlin, seconds(2026, 3, 29, 3, 0, 0), at, &after), 1);
  assert_int_equal(at[0], seconds(2026, 3, 29, 1, 0, 0));
  /* 2026-10-25: 03:00 becomes 02:00; and in 2080, by the rule */
  assert_int_equal(dh_zone_moments(berlin, seconds(2026, 10, 25, 2, 30, 0), at, &after), 2);
  assert_int_equal(at[0], seconds(2026, 10, 25, 0, 30, 0));
  assert_int_equal(at[1], seconds(2026, 10, 25, 1, 30, 0));
  assert_int_equal(dh_zone_moments(berlin, seconds(2080, 10, 27, 2, 30, 0), at, &after), 2);
  /* half an hour, and a whole day that was left out */
  assert_int_equal(dh_zone_moments(lord_howe, seconds(2026, 4, 5, 1, 45, 0), at, &after), 2);
  assert_int_equal(at[1] - at[0], 1800);
  assert_int_equal(dh_zone_moments(apia, seconds(2011, 12, 30, 8, 30, 0), at, &after), 0);
  assert_int_equal(after, seconds(2011, 12, 30, 10, 0, 0));
}

static void days_are_numbers(void **state)
{
  (void)state;
  assert_int_equal(dh_day_of(1970, 1, 1), 0);
  assert_int_equal(dh_day_weekday(0), 4);
  assert_int_equal(dh_day_weekday(-4), 0);
  assert_int_equal(dh_month_days(2000, 2), 29);
  assert_int_equal(dh_month_days(2100, 2), 28);
  assert_int_equal(dh_month_days(2026, 12), 31);
  for (int64_t day = -800000; day < 800000; day += 13) {
    struct dh_date d = dh_day_date(day);

    assert_int_equal(dh_day_of(d.year, d.month, d.day), day);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_zone_agrees_with_zdump),
      cmocka_unit_test(zones_that_are_none),
      cmocka_unit_test(local_times_exist_once_twice_never),
      cmocka_unit_test(days_are_numbers),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
