/* when.c - what both forms of a rule share: names, and whether a day is meant. The forms are in when_cron.c
 * and when_words.c. */
#include "when.h"
#include "day.h"

#include <string.h>
#include <strings.h>

static int name_of(const char *const *names, int n, const char *word, size_t len)
{
  for (int i = 0; i < n; i++)
    if (len >= 3 && len <= strlen(names[i]) && strncasecmp(names[i], word, len) == 0)
      return i;
  return -1;
}

int dh_when_month(const char *word, size_t n)
{
  static const char *const months[] = {"january", "february", "march",     "april",   "may",      "june",
                                       "july",    "august",   "september", "october", "november", "december"};
  int i = name_of(months, 12, word, n);

  return i < 0 ? -1 : i + 1;
}

int dh_when_weekday(const char *word, size_t n)
{
  static const char *const days[] = {"sundays",   "mondays", "tuesdays", "wednesdays",
                                     "thursdays", "fridays", "saturdays"};

  return name_of(days, 7, word, n);
}

int dh_when_read(const char *text, struct dh_when *w, struct dh_err *err)
{
  const char *at = text + strspn(text, " \t");
  size_t first = strcspn(at, " \t");

  /* the first word of a cron line holds figures and signs only, or is a name such as @daily */
  if (*at == '@' || (first && strspn(at, "0123456789*/,-?") == first))
    return dh_when_cron(text, w, err);
  return dh_when_words(text, w, err);
}

static bool is_nth_workday(const struct dh_when *w, const struct dh_calendar *c, int64_t day,
                           const struct dh_date *date)
{
  int64_t first = day - date->day + 1, last = first + dh_month_days(date->year, date->month) - 1;
  int left = w->nth_workday < 0 ? -w->nth_workday : w->nth_workday;
  int step = w->nth_workday < 0 ? -1 : 1;

  for (int64_t d = step < 0 ? last : first; d >= first && d <= last; d += step)
    if (dh_calendar_day(c, d, NULL) == DH_DAY_WORK && --left == 0)
      return d == day;
  return false;
}

bool dh_when_day(const struct dh_when *w, const struct dh_calendar *c, int64_t day)
{
  struct dh_date date = dh_day_date(day);
  int weekday = dh_day_weekday(day), nth = (date.day - 1) / 7 + 1;
  bool of_month, of_week;

  if (!(w->months >> date.month & 1))
    return false;
  if (w->workdays && dh_calendar_day(c, day, NULL) != DH_DAY_WORK)
    return false;
  if (w->nth_workday)
    return is_nth_workday(w, c, day, &date);
  of_month = w->days >> date.day & 1 || (w->last_day && date.day == dh_month_days(date.year, date.month));
  of_week = w->weekdays >> weekday & 1 || w->nth[weekday] >> nth & 1 ||
            (w->nth[weekday] & 1 && date.day + 7 > dh_month_days(date.year, date.month));
  return w->either ? of_month || of_week : of_month && of_week;
}
