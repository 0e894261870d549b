/* when.h - on which days and at which times of day something happens, from a cron line or plain words. Knows
 * no zone: that a time exists on a day at all, once or twice, is schedule.c's. Plain data, nothing to free.
 */
#ifndef DH_WHEN_H
#define DH_WHEN_H

#include "calendar.h"
#include "err.h"

#include <stdbool.h>
#include <stdint.h>

enum { DH_DAY_S = 86400, DH_ALL_WEEK = 0x7f };

struct dh_when {
  uint16_t months;  /* bit 1 is January */
  uint32_t days;    /* of the month, bit 1 is the 1st */
  bool last_day;    /* of the month */
  uint8_t weekdays; /* bit 0 is Sunday */
  uint8_t nth[7];   /* bit n: the n-th of this weekday in its month, bit 0: the last */
  bool either;      /* one of the two is enough: what cron means by naming both */
  bool workdays;    /* working days of the calendar alone */
  int nth_workday;  /* of the month: 1 the first, -1 the last, 0: any */
  /* times: every so many seconds from and to a time of day (to_s < 0: all day), or at these minutes */
  int every_s, from_s, to_s;
  uint64_t minutes[23]; /* a bit a minute of the day */
  bool any_hour;        /* a cron line that names no hour */
};

/* "workdays at 08:30", "every 10m", "30 8 * * MON-FRI". DH_EUSE says what was not understood and what could
 * be written. */
int dh_when_read(const char *text, struct dh_when *w, struct dh_err *err);
/* The two forms; dh_when_read chooses. */
int dh_when_cron(const char *text, struct dh_when *w, struct dh_err *err);
int dh_when_words(const char *text, struct dh_when *w, struct dh_err *err);

/* Does it name this day? c may be NULL: Monday to Friday are worked. */
bool dh_when_day(const struct dh_when *w, const struct dh_calendar *c, int64_t day);

static inline bool dh_when_minute(const struct dh_when *w, int minute)
{
  return w->minutes[minute / 64] >> minute % 64 & 1;
}
static inline void dh_when_add_minute(struct dh_when *w, int minute)
{
  w->minutes[minute / 64] |= 1ull << minute % 64;
}

/* "january", "jan" -> 1; "sunday", "sun", "sundays" -> 0; -1 for another word. Any case. */
int dh_when_month(const char *word, size_t n);
int dh_when_weekday(const char *word, size_t n);

#endif
