/* test_schedule.c - slots of single schedules: clock changes, holidays, moves, what was missed. The property
 * over every zone stands in test_schedule_zones.c. */
#include "day.h"
#include "schedule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct dh_schedule s;

/* A schedule of pairs key, value; calendar: the example of China, or none. */
static int make(bool calendar, struct dh_err *err, const char *const *pairs)
{
  struct dh_calendar *c = dh_calendar_new();
  struct dh_buf b, text;
  struct dh_val *v;
  size_t n = 0;
  int rc;

  while (pairs[2 * n])
    n++;
  dh_buf_init(&b, 1 << 20);
  dh_buf_init(&text, 1 << 20);
  dh_put_map(&b, n + calendar);
  for (size_t i = 0; i < n; i++)
    dh_put_kt(&b, pairs[2 * i], pairs[2 * i + 1]);
  if (calendar) {
    assert_int_equal(dh_buf_read_file(&text, "examples/calendars/china-2026.ics", NULL), 0);
    assert_int_equal(dh_calendar_ics(c, text.data, text.len, "china-2026.ics", NULL), 0);
    dh_put_text(&b, "calendar");
    dh_calendar_put(&b, c);
  }
  assert_int_equal(dh_val_parse_buf(&b, &v, NULL), 0);
  dh_schedule_fini(&s);
  rc = dh_schedule_take(v, NULL, &s, err);
  free(v);
  dh_buf_fini(&b);
  dh_buf_fini(&text);
  dh_calendar_free(c);
  return rc;
}

#define MAKE(calendar, ...)                                              \
  do {                                                                   \
    struct dh_err err_;                                                  \
    if (make(calendar, &err_, (const char *const[]){__VA_ARGS__, NULL})) \
      fail_msg("%s; %s", err_.text, err_.seen);                          \
  } while (0)

static int64_t utc(int y, int m, int d, int h, int min)
{
  return dh_day_of(y, m, d) * DH_DAY_S + h * 3600 + min * 60;
}

/* The slots after a moment, one a line with why; and the same backwards. */
static void slots(int64_t after, int n, const char *const *wanted)
{
  struct dh_slot slot, back;
  char text[DH_SLOT_TEXT], why[200], seen[300];

  for (int i = 0; i < n; i++) {
    assert_true(dh_schedule_next(&s, after, &slot));
    dh_slot_why(&s, &slot, why, sizeof why);
    snprintf(seen, sizeof seen, "%s%s%s", dh_slot_text(&s, slot.at, text), *why ? " " : "", why);
    assert_string_equal(seen, wanted[i]);
    assert_true(dh_schedule_last(&s, slot.at, &back));
    assert_int_equal(back.at, slot.at);
    if (dh_schedule_last(&s, slot.at - 1, &back))
      assert_true(back.at <= after);
    after = slot.at;
  }
}
#define SLOTS(after, ...) \
  slots(after, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *), (const char *const[]){__VA_ARGS__})

static void clocks_change(void **state)
{
  (void)state;
  MAKE(false, "text", "daily at 02:30", "zone", "Europe/Berlin");
  SLOTS(utc(2026, 3, 28, 0, 0), "2026-03-28T02:30+01:00",
        "2026-03-29T03:00+02:00 its time is left out by a clock change: the first moment after",
        "2026-03-30T02:30+02:00");
  SLOTS(utc(2026, 10, 24, 0, 0), "2026-10-24T02:30+02:00",
        "2026-10-25T02:30+02:00 its time comes twice by a clock change: the first", "2026-10-26T02:30+01:00");
  MAKE(false, "text", "daily at 02:30", "zone", "Europe/Berlin", "missing_hour", "skip", "repeated_hour",
       "second");
  SLOTS(utc(2026, 3, 28, 0, 0), "2026-03-28T02:30+01:00", "2026-03-30T02:30+02:00");
  SLOTS(utc(2026, 10, 24, 3, 0), "2026-10-25T02:30+01:00 its time comes twice by a clock change: the second",
        "2026-10-26T02:30+01:00");
  MAKE(false, "text", "daily at 02:15 and 02:45", "zone", "Europe/Berlin", "repeated_hour", "both");
  SLOTS(utc(2026, 10, 24, 3, 0), "2026-10-25T02:15+02:00 its time comes twice by a clock change: the first",
        "2026-10-25T02:45+02:00 its time comes twice by a clock change: the first",
        "2026-10-25T02:15+01:00 its time comes twice by a clock change: the second",
        "2026-10-25T02:45+01:00 its time comes twice by a clock change: the second",
        "2026-10-26T02:15+01:00");
  /* several times in one gap are one slot, and one that stands there already is the same */
  MAKE(false, "text", "daily at 02:15, 02:45 and 03:00", "zone", "Europe/Berlin");
  SLOTS(utc(2026, 3, 29, 0, 0),
        "2026-03-29T03:00+02:00 its time is left out by a clock change: the first moment after",
        "2026-03-30T02:15+02:00");
  /* a cron line that names no hour goes on through both */
  MAKE(false, "text", "30 * * * *", "zone", "Europe/Berlin");
  SLOTS(utc(2026, 10, 24, 23, 40), "2026-10-25T02:30+02:00 its time comes twice by a clock change: the first",
        "2026-10-25T02:30+01:00 its time comes twice by a clock change: the second",
        "2026-10-25T03:30+01:00");
  /* a day that never was */
  MAKE(false, "text", "daily at 08:30", "zone", "Pacific/Apia");
  SLOTS(utc(2011, 12, 29, 12, 0), "2011-12-29T08:30-10:00",
        "2011-12-31T00:00+14:00 its time is left out by a clock change: the first moment after",
        "2011-12-31T08:30+14:00");
}

static void every_so_often(void **state)
{
  (void)state;
  MAKE(false, "text", "every 6h", "zone", "Asia/Kolkata");
  SLOTS(utc(2026, 11, 24, 0, 0), "2026-11-24T06:00+05:30", "2026-11-24T12:00+05:30", "2026-11-24T18:00+05:30",
        "2026-11-25T00:00+05:30");
  MAKE(false, "text", "every 1h", "zone", "Europe/Berlin"); /* by the time that passes */
  SLOTS(utc(2026, 3, 29, 0, 0), "2026-03-29T03:00+02:00");
  SLOTS(utc(2026, 10, 24, 23, 0), "2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00",
        "2026-10-25T03:00+01:00");
  MAKE(false, "text", "every 2h on workdays from 08:00 to 12:30", "zone", "UTC");
  SLOTS(utc(2026, 11, 27, 9, 0), "2026-11-27T10:00+00:00", "2026-11-27T12:00+00:00",
        "2026-11-30T08:00+00:00");
  MAKE(false, "text", "every 2s");
  SLOTS(utc(2026, 11, 27, 9, 0), "2026-11-27T09:00:02+00:00", "2026-11-27T09:00:04+00:00");
  assert_int_equal(s.missed, DH_MISSED_NONE);
  assert_int_equal(s.overlap, DH_OVERLAP_SKIP);
  MAKE(false, "text", "every 12h", "zone", "America/Havana"); /* midnight comes twice */
  SLOTS(utc(2026, 10, 31, 17, 0), "2026-11-01T00:00-04:00", "2026-11-01T11:00-05:00",
        "2026-11-01T23:00-05:00", "2026-11-02T00:00-05:00");
}

static void holidays_skip_and_move(void **state)
{
  char why[100];

  (void)state;
  MAKE(true, "text", "workdays at 08:30", "zone", "Asia/Shanghai");
  SLOTS(utc(2026, 9, 30, 0, 0), "2026-09-30T08:30+08:00", "2026-10-08T08:30+08:00", "2026-10-09T08:30+08:00",
        "2026-10-10T08:30+08:00 a working day: 国庆节 补班", "2026-10-12T08:30+08:00");
  assert_true(dh_schedule_leaves_out(&s, dh_day_of(2026, 10, 2), why, sizeof why));
  assert_string_equal(why, "国庆节");
  assert_false(dh_schedule_leaves_out(&s, dh_day_of(2026, 10, 3), why, sizeof why)); /* a Saturday */
  MAKE(true, "text", "mondays at 09:00", "zone", "Asia/Shanghai"); /* skip, when a calendar is named */
  SLOTS(utc(2026, 9, 28, 2, 0), "2026-10-12T09:00+08:00");
  assert_true(dh_schedule_leaves_out(&s, dh_day_of(2026, 10, 5), why, sizeof why));
  MAKE(true, "text", "mondays at 09:00", "zone", "Asia/Shanghai", "on_holiday", "run");
  SLOTS(utc(2026, 9, 28, 2, 0), "2026-10-05T09:00+08:00", "2026-10-12T09:00+08:00");
  MAKE(true, "text", "on the 1st at 06:00", "zone", "Asia/Shanghai", "on_holiday", "after");
  SLOTS(utc(2026, 9, 2, 0, 0), "2026-10-08T06:00+08:00 moved from 2026-10-01: 国庆节",
        "2026-11-01T06:00+08:00");
  MAKE(true, "text", "on the 1st at 06:00", "zone", "Asia/Shanghai", "on_holiday", "before", "on_weekend",
       "before");
  SLOTS(utc(2026, 9, 2, 0, 0), "2026-09-30T06:00+08:00 moved from 2026-10-01: 国庆节",
        "2026-10-30T06:00+08:00 moved from 2026-11-01: weekend", "2026-12-01T06:00+08:00");
  MAKE(true, "text", "last workday of the month at 17:00", "zone", "Asia/Shanghai");
  SLOTS(utc(2026, 2, 1, 0, 0), "2026-02-28T17:00+08:00 a working day: 春节 补班", "2026-03-31T17:00+08:00");
  /* days that move to where one stands are that one */
  MAKE(true, "text", "daily at 06:00", "zone", "Asia/Shanghai", "on_holiday", "after", "on_weekend", "after");
  SLOTS(utc(2026, 9, 30, 0, 0), "2026-10-08T06:00+08:00", "2026-10-09T06:00+08:00");
}

static void wrong_rules_are_told(void **state)
{
  struct dh_err err;

  (void)state;
  assert_int_equal(
      make(false, &err, (const char *const[]){"text", "daily at 08:30", "zone", "Mars/Olympus", NULL}),
      DH_ENOENT);
  assert_int_equal(
      make(false, &err, (const char *const[]){"text", "daily at 08:30", "missed", "twice", NULL}), DH_EUSE);
  assert_string_equal(err.text, "a schedule's missed knows no \"twice\"");
  assert_string_equal(err.advice, "write one of \"once\", \"all\", \"none\"");
  assert_int_equal(make(false, &err, (const char *const[]){"text", "0 0 31 2 *", NULL}), DH_EUSE);
  assert_string_equal(err.text, "the schedule \"0 0 31 2 *\" never happens");
  assert_int_equal(make(false, &err, (const char *const[]){"text", "soon", NULL}), DH_EUSE);
}

/* What is decided at a moment: fired slots, then "missed" when some were passed over, then the next. */
static void decide(struct dh_schedule_mark *mark, int64_t now, char *out, size_t size)
{
  struct dh_schedule_step step;
  char text[DH_SLOT_TEXT];
  size_t n = 0;

  *out = '\0';
  for (;;) {
    dh_schedule_step(&s, mark, now, &step);
    mark->decided = step.decided;
    if (step.missed)
      n += (size_t)snprintf(out + n, size - n, "missed ");
    if (!step.fire)
      break;
    n += (size_t)snprintf(out + n, size - n, "%.16s ", dh_slot_text(&s, step.slot.at, text));
  }
  snprintf(out + n, size - n, "-> %.16s", dh_slot_text(&s, step.wake, text));
}

static void missed_times(void **state)
{
  struct dh_schedule_mark mark;
  int64_t monday = utc(2026, 11, 23, 12, 0);
  char seen[300];

  (void)state;
  MAKE(false, "text", "daily at 08:30", "missed", "once");
  mark = (struct dh_schedule_mark){monday, monday};
  decide(&mark, monday, seen, sizeof seen);
  assert_string_equal(seen, "-> 2026-11-24T08:30");
  decide(&mark, utc(2026, 11, 24, 8, 30), seen, sizeof seen);
  assert_string_equal(seen, "2026-11-24T08:30 -> 2026-11-25T08:30");
  decide(&mark, utc(2026, 11, 28, 12, 0), seen, sizeof seen);
  assert_string_equal(seen, "missed 2026-11-28T08:30 -> 2026-11-29T08:30");
  MAKE(false, "text", "daily at 08:30", "missed", "all");
  mark = (struct dh_schedule_mark){monday, monday};
  decide(&mark, utc(2026, 11, 26, 12, 0), seen, sizeof seen);
  assert_string_equal(seen, "2026-11-24T08:30 2026-11-25T08:30 2026-11-26T08:30 -> 2026-11-27T08:30");
  MAKE(false, "text", "daily at 08:30", "missed", "none");
  mark = (struct dh_schedule_mark){monday, monday};
  decide(&mark, utc(2026, 11, 26, 12, 0), seen, sizeof seen);
  assert_string_equal(seen, "missed -> 2026-11-27T08:30");
  decide(&mark, utc(2026, 11, 27, 8, 31), seen, sizeof seen); /* a minute late is not missed */
  assert_string_equal(seen, "2026-11-27T08:30 -> 2026-11-28T08:30");
  decide(&mark, utc(2026, 11, 28, 8, 32), seen, sizeof seen);
  assert_string_equal(seen, "missed -> 2026-11-29T08:30");
}

static void the_clock_is_set(void **state)
{
  struct dh_schedule_mark mark;
  int64_t now = utc(2026, 11, 24, 12, 0);
  char seen[300];

  (void)state;
  MAKE(false, "text", "daily at 08:30", "missed", "none");
  mark = (struct dh_schedule_mark){now, now};
  decide(&mark, now + DH_DAY_S, seen, sizeof seen); /* a day ahead by mistake */
  assert_string_equal(seen, "missed -> 2026-11-26T08:30");
  decide(&mark, now + 60, seen, sizeof seen); /* and back: tomorrow's comes again */
  assert_string_equal(seen, "-> 2026-11-25T08:30");
  decide(&mark, utc(2026, 11, 25, 8, 30), seen, sizeof seen);
  assert_string_equal(seen, "2026-11-25T08:30 -> 2026-11-26T08:30");
  /* killed while the clock was ahead, back when it is right: what was missed meanwhile is still looked for */
  MAKE(false, "text", "daily at 08:30", "missed", "once");
  mark = (struct dh_schedule_mark){now, utc(2026, 11, 26, 12, 0)};
  decide(&mark, utc(2026, 11, 25, 13, 0), seen, sizeof seen);
  assert_string_equal(seen, "2026-11-25T08:30 -> 2026-11-26T08:30");
  /* but nothing from before the schedule was known */
  mark = (struct dh_schedule_mark){now, utc(2026, 11, 26, 12, 0)};
  decide(&mark, now, seen, sizeof seen);
  assert_string_equal(seen, "-> 2026-11-25T08:30");
}

static int forget(void **state)
{
  (void)state;
  dh_schedule_fini(&s);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(clocks_change, forget),
      cmocka_unit_test_teardown(every_so_often, forget),
      cmocka_unit_test_teardown(holidays_skip_and_move, forget),
      cmocka_unit_test_teardown(wrong_rules_are_told, forget),
      cmocka_unit_test_teardown(missed_times, forget),
      cmocka_unit_test_teardown(the_clock_is_set, forget),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
