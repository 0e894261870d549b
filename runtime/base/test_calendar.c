/* test_calendar.c - working calendars from iCalendar files, and what of them is refused. */
#include "calendar.h"
#include "day.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define EVENT(body) \
  "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\n" body "END:VEVENT\r\nEND:VCALENDAR\r\n"

static struct dh_calendar *read_text(const char *text)
{
  struct dh_calendar *c = dh_calendar_new();
  struct dh_err err;

  if (dh_calendar_ics(c, text, strlen(text), "test.ics", &err))
    fail_msg("%s: %s (%s)", err.where, err.text, err.seen);
  return c;
}

/* The kind of a day and its name: "holiday New Year". */
static const char *told(const struct dh_calendar *c, int y, int m, int d)
{
  static const char *const kinds[] = {"work", "weekend", "holiday"};
  static char out[200];
  const char *name;
  enum dh_day_kind kind = dh_calendar_day(c, dh_day_of(y, m, d), &name);

  snprintf(out, sizeof out, "%s%s%s", kinds[kind], *name ? " " : "", name);
  return out;
}

static void without_a_calendar(void **state)
{
  (void)state;
  assert_string_equal(told(NULL, 2026, 11, 27), "work");
  assert_string_equal(told(NULL, 2026, 11, 28), "weekend");
}

static void holidays_and_extra_working_days(void **state)
{
  struct dh_calendar *c = dh_calendar_new();
  struct dh_buf text;
  struct dh_err err;

  (void)state;
  dh_buf_init(&text, 1 << 20);
  assert_int_equal(dh_buf_read_file(&text, "examples/calendars/china-2026.ics", &err), 0);
  assert_int_equal(dh_calendar_ics(c, text.data, text.len, "china-2026.ics", &err), 0);
  dh_buf_fini(&text);
  assert_string_equal(told(c, 2026, 9, 30), "work");
  assert_string_equal(told(c, 2026, 10, 1), "holiday 国庆节");
  assert_string_equal(told(c, 2026, 10, 7), "holiday 国庆节");
  assert_string_equal(told(c, 2026, 10, 8), "work");
  assert_string_equal(told(c, 2026, 10, 10), "work 国庆节 补班"); /* a Saturday */
  assert_string_equal(told(c, 2026, 10, 11), "weekend");
  assert_string_equal(told(c, 2026, 9, 20), "work 国庆节 补班");
  assert_int_equal(dh_calendar_until(c), dh_day_of(2026, 10, 10));
  dh_calendar_free(c);
}

static void lines_are_unfolded_and_unescaped(void **state)
{
  struct dh_calendar *c =
      read_text("\xef\xbb\xbf" EVENT("DTSTART;X-A=\"a:b;c\";VALUE=DATE:2026\r\n 1224\r\nSUMM\r\n ARY:Bank\\, "
                                     "closed\\nal\r\n\tl day\r\nBEGIN:VALARM\r\n"
                                     "DTSTART:never\r\nEND:VALARM\r\n"));

  (void)state;
  assert_string_equal(told(c, 2026, 12, 24), "holiday Bank, closed all day");
  dh_calendar_free(c);
}

static void lengths(void **state)
{
  struct dh_calendar *c = read_text(
      "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260101T000000\nDTEND:20260103T000000\nSUMMARY:a\nEND:VEVENT\n"
      "BEGIN:VEVENT\nDTSTART;VALUE=DATE:20260202\nDURATION:P1W\nSUMMARY:b\nEND:VEVENT\n"
      "BEGIN:VEVENT\nDTSTART;VALUE=DATE:20260302\nDTEND;VALUE=DATE:20260302\nSUMMARY:c\nEND:VEVENT\n"
      "BEGIN:VEVENT\nDTSTART;VALUE=DATE:20260402\nSTATUS:CANCELLED\nSUMMARY:d\nEND:VEVENT\n"
      "END:VCALENDAR");

  (void)state;
  assert_string_equal(told(c, 2026, 1, 2), "holiday a");
  assert_string_equal(told(c, 2026, 1, 5), "work");
  assert_string_equal(told(c, 2026, 2, 6), "holiday b");
  assert_string_equal(told(c, 2026, 2, 9), "work");
  assert_string_equal(told(c, 2026, 3, 2), "holiday c");
  assert_string_equal(told(c, 2026, 3, 3), "work");
  assert_string_equal(told(c, 2026, 4, 2), "work");
  dh_calendar_free(c);
}

static void yearly_days(void **state)
{
  struct dh_calendar *c =
      read_text(EVENT("DTSTART;VALUE=DATE:20201003\r\nSUMMARY:Unity\r\nRRULE:FREQ=YEARLY\r\n"
                      "EXDATE;VALUE=DATE:20271003\r\n"));

  (void)state;
  assert_string_equal(told(c, 2022, 10, 3), "holiday Unity");
  assert_string_equal(told(c, 2099, 10, 3), "holiday Unity");
  assert_string_equal(told(c, 2027, 10, 3), "weekend");
  dh_calendar_free(c);
  c = read_text(
      EVENT("DTSTART;VALUE=DATE:20201126\r\nSUMMARY:Thanks\r\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH\r\n"));
  assert_string_equal(told(c, 2026, 11, 26), "holiday Thanks");
  assert_string_equal(told(c, 2027, 11, 25), "holiday Thanks");
  dh_calendar_free(c);
  c = read_text(
      EVENT("DTSTART;VALUE=DATE:20200525\r\nSUMMARY:Memorial\r\nRRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO;"
            "UNTIL=20280101T000000Z\r\n"));
  assert_string_equal(told(c, 2026, 5, 25), "holiday Memorial");
  assert_string_equal(told(c, 2027, 5, 31), "holiday Memorial");
  assert_string_equal(told(c, 2028, 5, 29), "work");
  dh_calendar_free(c);
  c = read_text(EVENT("DTSTART;VALUE=DATE:20240229\r\nSUMMARY:Leap\r\nRRULE:FREQ=YEARLY;COUNT=2\r\n"));
  assert_string_equal(told(c, 2028, 2, 29), "holiday Leap");
  assert_string_equal(told(c, 2026, 3, 1), "weekend");
  assert_string_equal(told(c, 2032, 2, 29), "weekend");
  dh_calendar_free(c);
  c = read_text(
      EVENT("DTSTART;VALUE=DATE:20200102\r\nSUMMARY:Odd\r\nRRULE:FREQ=YEARLY;INTERVAL=2;WKST=MO\r\n"));
  assert_string_equal(told(c, 2025, 1, 2), "work");
  assert_string_equal(told(c, 2026, 1, 2), "holiday Odd");
  dh_calendar_free(c);
}

static void another_week_and_marks_of_apple(void **state)
{
  struct dh_calendar *c = read_text("BEGIN:VCALENDAR\nX-DESKHAND-WEEK:SU,MO,TU,WE,TH\nEND:VCALENDAR\n");

  (void)state;
  assert_string_equal(told(c, 2026, 11, 27), "weekend");
  assert_string_equal(told(c, 2026, 11, 29), "work");
  dh_calendar_free(c);
  c = read_text(
      "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20261001\nSUMMARY:a（休）\n"
      "X-APPLE-SPECIAL-DAY:WORK-HOLIDAY\nEND:VEVENT\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20261010\nSUMMARY:b\n"
      "X-APPLE-SPECIAL-DAY:ALTERNATE-WORKDAY\nEND:VEVENT\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20261102\n"
      "SUMMARY:a feast\nEND:VEVENT\nEND:VCALENDAR\n");
  assert_string_equal(told(c, 2026, 10, 1), "holiday a（休）");
  assert_string_equal(told(c, 2026, 10, 10), "work b");
  assert_string_equal(told(c, 2026, 11, 2), "work");
  dh_calendar_free(c);
}

static void what_is_not_taken_is_told(void **state)
{
  static const struct {
    const char *text, *part;
  } bad[] = {
      {"", "no calendar"},
      {"hello\n", "without a colon"},
      {"SUMMARY:x\n", "BEGIN:VCALENDAR"},
      {"BEGIN:VCALENDAR\n", "cut off"},
      {"END:VCALENDAR\n", "END without BEGIN"},
      {EVENT("SUMMARY:x\n"), "no DTSTART"},
      {EVENT("DTSTART:20260101T083000\n"), "whole days"},
      {EVENT("DTSTART;VALUE=DATE:20260231\n"), "whole days"},
      {EVENT("DTSTART;VALUE=DATE:20260101\nDURATION:PT1H\n"), "whole days"},
      {EVENT("DTSTART;VALUE=DATE:20260110\nDTEND;VALUE=DATE:20260101\n"), "before it begins"},
      {EVENT("DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=MONTHLY\n"), "FREQ=MONTHLY"},
      {EVENT("DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=YEARLY;BYDAY=MO\n"), "BYDAY=MO"},
      {EVENT("DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=YEARLY;BYDAY=1MO\n"), "wants BYMONTH"},
      {EVENT("DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=YEARLY;BYMONTH=1,2\n"), "not taken"},
      {EVENT("DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=YEARLY;BYEASTER=1\n"), "not taken"},
      {EVENT("DTSTART;VALUE=DATE:20260101\nRDATE;VALUE=DATE:20260105\n"), "RDATE"},
      {"BEGIN:VCALENDAR\nX-DESKHAND-WEEK:MONDAY\nEND:VCALENDAR\n", "MO,TU"},
  };

  (void)state;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct dh_calendar *c = dh_calendar_new();
    struct dh_err err;
    char all[2000];

    if (dh_calendar_ics(c, bad[i].text, strlen(bad[i].text), "bad.ics", &err) != DH_EFORMAT)
      fail_msg("taken: %s", bad[i].text);
    snprintf(all, sizeof all, "%s %s %s", err.where, err.text, err.seen);
    if (!strstr(all, bad[i].part) || strncmp(err.where, "bad.ics:", 8))
      fail_msg("no '%s' in: %s", bad[i].part, all);
    dh_calendar_free(c);
  }
}

/* Cut and damaged files, byte by byte: an answer, nothing else. */
static void damaged_files_are_answered(void **state)
{
  struct dh_buf text;
  uint32_t seed = 3;

  (void)state;
  dh_buf_init(&text, 1 << 20);
  assert_int_equal(dh_buf_read_file(&text, "examples/calendars/china-2026.ics", NULL), 0);
  for (int round = 0; round < 2000; round++) {
    struct dh_calendar *c = dh_calendar_new();
    size_t at;
    char was;

    seed = seed * 1664525 + 1013904223;
    at = (seed >> 8) % text.len;
    was = text.data[at];
    text.data[at] = (char)(seed >> 3);
    dh_calendar_ics(c, text.data, round & 1 ? at : text.len, "damaged.ics", NULL);
    text.data[at] = was;
    dh_calendar_free(c);
  }
  dh_buf_fini(&text);
}

static void calendars_travel(void **state)
{
  struct dh_calendar *c = read_text(
                         "BEGIN:VCALENDAR\nX-DESKHAND-WEEK:SU,MO\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20261001\n"
                         "SUMMARY:a\nEND:VEVENT\nEND:VCALENDAR\n"),
                     *copy;
  struct dh_val *v;
  struct dh_buf b;

  (void)state;
  dh_buf_init(&b, 1 << 20);
  assert_int_equal(dh_calendar_put(&b, c), 0);
  assert_int_equal(dh_val_parse_buf(&b, &v, NULL), 0);
  assert_int_equal(dh_calendar_take(v, &copy, NULL), 0);
  free(v);
  dh_buf_fini(&b);
  assert_string_equal(told(copy, 2026, 10, 1), "holiday a");
  assert_string_equal(told(copy, 2026, 10, 2), "weekend");
  assert_int_equal(dh_calendar_until(copy), dh_day_of(2026, 10, 1));
  dh_calendar_free(copy);
  dh_calendar_free(c);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(without_a_calendar),
      cmocka_unit_test(holidays_and_extra_working_days),
      cmocka_unit_test(lines_are_unfolded_and_unescaped),
      cmocka_unit_test(lengths),
      cmocka_unit_test(yearly_days),
      cmocka_unit_test(another_week_and_marks_of_apple),
      cmocka_unit_test(what_is_not_taken_is_told),
      cmocka_unit_test(damaged_files_are_answered),
      cmocka_unit_test(calendars_travel),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
