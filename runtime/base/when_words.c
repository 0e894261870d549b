/* when_words.c - rules in plain words:
 *
 *   every 10m | every 2h on workdays | every 15m on mondays from 08:00 to 18:00
 *   daily at 08:30 | workdays at 08:30 and 17:00 | weekends at 10:00 | mondays and thursdays at 09:00
 *   on the 1st at 06:00 | on the 1st and 15th at 06:00 | on the last day of the month at 23:00
 *   first monday of the month at 07:00 | last friday of march and june at 07:00
 *   last workday of the month at 17:00 | 3rd workday of the quarter at 09:00 */
#include "when.h"
#include "clock.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { ALL_DAYS = (int)0xfffffffeu, ALL_MONTHS = 0x1ffe, WORD = 16 };

struct words {
  const char *text, *at; /* the whole, and what is left of it */
  struct dh_err *err;
  struct dh_when *w;
};

/* ---- single words; a comma stands for "and" */

static size_t peek(struct words *s, char word[WORD])
{
  size_t n;

  s->at += strspn(s->at, " \t");
  n = *s->at == ',' ? 1 : strcspn(s->at, " \t,");
  snprintf(word, WORD, "%.*s", (int)(n < WORD ? n : WORD - 1), s->at);
  if (*word == ',')
    snprintf(word, WORD, "and");
  return n;
}

static bool accept(struct words *s, const char *wanted)
{
  char word[WORD];
  size_t n = peek(s, word);

  if (strcasecmp(word, wanted) != 0)
    return false;
  s->at += n;
  return true;
}

static int bad(struct words *s, const char *wanted)
{
  char word[WORD];

  peek(s, word);
  dh_err_set(s->err, DH_EUSE, "the schedule \"%.100s\" is not understood", s->text);
  dh_err_seen(s->err, "%s%s%s where %s is wanted", *word ? "'" : "", *word ? word : "its end",
              *word ? "'" : "", wanted);
  return dh_err_advice(s->err,
                       "write \"workdays at 08:30\", \"every 10m\", \"mondays at 09:00\", \"on the 1st at "
                       "06:00\", \"last workday of the month at 17:00\", or a cron line \"30 8 * * *\"");
}

static int time_of_day(struct words *s, int *minute)
{
  char word[WORD], *end;
  size_t n = peek(s, word);
  long hour = strtol(word, &end, 10), min;

  if (!isdigit((unsigned char)*word) || *end != ':' || end - word > 2 || !isdigit((unsigned char)end[1]) ||
      strlen(end + 1) != 2)
    return bad(s, "a time such as 08:30");
  min = strtol(end + 1, &end, 10);
  if (*end || hour > 24 || min > 59 || (hour == 24 && min))
    return bad(s, "a time from 00:00 to 23:59");
  s->at += n;
  *minute = (int)(hour * 60 + min);
  return 0;
}

/* "first", "2nd", "15th", "last" -> 1 … 31, -1; 0 for another word. */
static int ordinal(struct words *s, char word[WORD])
{
  static const char *const names[] = {"last", "first", "second", "third", "fourth", "fifth"};
  char *end;
  long v;

  peek(s, word);
  for (int i = 0; i < 6; i++)
    if (strcasecmp(word, names[i]) == 0)
      return i ? i : -1;
  v = strtol(word, &end, 10);
  if (end == word || v < 1 || v > 31)
    return 0;
  return !*end || !strcasecmp(end, "st") || !strcasecmp(end, "nd") || !strcasecmp(end, "rd") ||
                 !strcasecmp(end, "th") || !strcmp(end, ".")
             ? (int)v
             : 0;
}

/* ---- times */

static int at_times(struct words *s)
{
  int rc, minute;

  if (!accept(s, "at"))
    return bad(s, "\"at 08:30\"");
  do {
    if ((rc = time_of_day(s, &minute)))
      return rc;
    if (minute == 1440)
      return dh_err_set(s->err, DH_EUSE,
                        "24:00 in the schedule \"%.100s\" is 00:00 of the next day: write that", s->text);
    dh_when_add_minute(s->w, minute);
  } while (accept(s, "and"));
  return 0;
}

/* ---- which months: "of the month", "of the quarter", "of march and june". nth decides where in a quarter or
 * a year: what counts from the end stands in its last month. */
static int of_months(struct words *s, int nth)
{
  char word[WORD];
  size_t n;
  int month;

  if (!accept(s, "of"))
    return 0;
  if (accept(s, "every") || accept(s, "each") || accept(s, "the")) {
    if (accept(s, "quarter"))
      s->w->months = nth < 0 ? 1 << 3 | 1 << 6 | 1 << 9 | 1 << 12 : 1 << 1 | 1 << 4 | 1 << 7 | 1 << 10;
    else if (accept(s, "year"))
      s->w->months = nth < 0 ? 1 << 12 : 1 << 1;
    else if (!accept(s, "month"))
      return bad(s, "month, quarter or year");
    return 0;
  }
  s->w->months = 0;
  do {
    n = peek(s, word);
    month = dh_when_month(word, strlen(word));
    if (month < 0)
      return bad(s, "\"the month\" or the name of a month");
    s->w->months |= (uint16_t)(1 << month);
    s->at += n;
  } while (accept(s, "and"));
  return 0;
}

/* ---- which days */

/* Behind an ordinal that has been read: "workday of …", "friday of …", "day of …", or a day of the month. */
static int nth_of(struct words *s, int nth)
{
  char word[WORD];
  size_t n = peek(s, word);
  int weekday = dh_when_weekday(word, strlen(word));

  if (accept(s, "workday")) {
    if (nth > 23)
      return bad(s, "at most the 23rd workday");
    s->w->nth_workday = nth;
  } else if (weekday >= 0) {
    if (nth > 5)
      return bad(s, "at most the fifth of a weekday");
    s->at += n;
    s->w->weekdays = 0;
    s->w->nth[weekday] |= nth < 0 ? 1 : (uint8_t)(1 << nth);
  } else {
    bool day = accept(s, "day");

    s->w->days = nth < 0 ? 0 : 1u << nth;
    s->w->last_day = nth < 0;
    while (!day && accept(s, "and")) {
      accept(s, "the");
      nth = ordinal(s, word);
      if (!nth)
        return bad(s, "a day of the month such as 15th");
      s->at += peek(s, word);
      s->w->days |= nth < 0 ? 0 : 1u << nth;
      s->w->last_day |= nth < 0;
      day = accept(s, "day");
    }
  }
  return of_months(s, nth);
}

static int weekday_list(struct words *s)
{
  char word[WORD];

  s->w->weekdays = 0;
  do {
    size_t n = peek(s, word);
    int weekday = dh_when_weekday(word, strlen(word)), to;

    if (weekday < 0)
      return bad(s, "a weekday");
    s->at += n;
    to = weekday;
    if (accept(s, "to")) {
      n = peek(s, word);
      to = dh_when_weekday(word, strlen(word));
      if (to < 0)
        return bad(s, "a weekday");
      s->at += n;
    }
    for (int d = weekday;; d = (d + 1) % 7) {
      s->w->weekdays |= (uint8_t)(1 << d);
      if (d == to)
        break;
    }
  } while (accept(s, "and"));
  return 0;
}

static int days(struct words *s)
{
  char word[WORD];
  int nth;

  if (accept(s, "daily") || accept(s, "day") || accept(s, "days"))
    return 0;
  if (accept(s, "workdays") || accept(s, "workday")) {
    s->w->workdays = true;
    return 0;
  }
  if (accept(s, "weekends") || accept(s, "weekend")) {
    s->w->weekdays = 1 << 0 | 1 << 6;
    return 0;
  }
  accept(s, "on");
  accept(s, "the");
  nth = ordinal(s, word);
  if (nth) {
    s->at += peek(s, word);
    return nth_of(s, nth);
  }
  return weekday_list(s);
}

/* ---- every so often */

static int interval(struct words *s)
{
  char word[WORD];
  size_t n = peek(s, word);
  int64_t ms = dh_duration_ms(word);
  int rc, minute;

  if (ms < 1000 || ms > DH_DAY_S * 1000LL || ms % 1000 || DH_DAY_S * 1000LL % ms) {
    dh_err_set(s->err, DH_EUSE, "the schedule \"%.100s\": %s is no part of a day", s->text, word);
    return dh_err_advice(s->err,
                         "an interval goes into 24 hours without a rest: 30s, 1m, 5m, 10m, 15m, 20m, 30m, "
                         "1h, 2h, 3h, 4h, 6h, 8h, 12h; for days write \"daily at 08:30\", \"mondays at "
                         "08:30\"");
  }
  s->at += n;
  s->w->every_s = (int)(ms / 1000);
  if (accept(s, "on") && (rc = days(s)))
    return rc;
  if (!accept(s, "from"))
    return 0;
  if ((rc = time_of_day(s, &minute)))
    return rc;
  s->w->from_s = minute * 60;
  if (!accept(s, "to"))
    return bad(s, "\"to 18:00\"");
  if ((rc = time_of_day(s, &minute)))
    return rc;
  s->w->to_s = minute * 60;
  return s->w->from_s <= s->w->to_s ? 0 : bad(s, "an end that is later than the beginning");
}

int dh_when_words(const char *text, struct dh_when *w, struct dh_err *err)
{
  struct words s = {.text = text, .at = text, .err = err, .w = w};
  char word[WORD];
  int rc;

  memset(w, 0, sizeof *w);
  w->to_s = -1;
  w->months = ALL_MONTHS;
  w->days = (uint32_t)ALL_DAYS;
  w->weekdays = DH_ALL_WEEK;
  if (accept(&s, "every") && peek(&s, word) && isdigit((unsigned char)*word)) {
    rc = interval(&s);
  } else {
    rc = days(&s);
    if (!rc)
      rc = at_times(&s);
  }
  if (!rc && peek(&s, word))
    rc = bad(&s, "nothing more");
  return rc;
}
