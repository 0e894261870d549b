/* calendar.h - working calendars: which days are worked, which are holidays, and why. Days are numbers
 * (day.h).
 *
 * Filled from iCalendar files (RFC 5545): an event is a holiday, or an extra working day when it says so
 * (see dh_calendar_ics). Without any, Monday to Friday are worked. */
#ifndef DH_CALENDAR_H
#define DH_CALENDAR_H

#include "val.h"

#include <stdint.h>

enum dh_day_kind { DH_DAY_WORK, DH_DAY_WEEKEND, DH_DAY_HOLIDAY };

struct dh_calendar;

struct dh_calendar *dh_calendar_new(void); /* NULL: no memory */
void dh_calendar_free(struct dh_calendar *c);
/* The kind of a day, and (name may be NULL) what the calendar calls it: "" for an ordinary one. c NULL: an
 * empty calendar. The name lives as long as c. */
enum dh_day_kind dh_calendar_day(const struct dh_calendar *c, int64_t day, const char **name);
/* The last day the calendar speaks of by a single event (yearly ones have no end); INT64_MIN when it has
 * none. */
int64_t dh_calendar_until(const struct dh_calendar *c);

bool dh_calendar_works(const struct dh_calendar *c, int weekday); /* in an ordinary week; c may be NULL */

/* A day or several: DH_ENOMEM, DH_ELIMIT. A working day wins over a holiday. */
int dh_calendar_add(struct dh_calendar *c, int64_t day, int days, bool work, const char *name);
void dh_calendar_week(struct dh_calendar *c, unsigned weekdays); /* worked ones, bit 0 is Sunday */
void dh_calendar_told(struct dh_calendar *c, int64_t day);       /* see dh_calendar_until */

/* Adds the events of an iCalendar file; `file` names it in errors. DH_EFORMAT says in which line what is
 * wrong, or what is not taken: times of day, repetitions other than simple yearly ones. */
int dh_calendar_ics(struct dh_calendar *c, const char *text, size_t n, const char *file, struct dh_err *err);

/* As CBOR {week, until, days: [[day, work, name]…]}, and back, between processes. */
int dh_calendar_put(struct dh_buf *b, const struct dh_calendar *c);
int dh_calendar_take(const struct dh_val *v, struct dh_calendar **out, struct dh_err *err);

#endif
