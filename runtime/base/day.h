/* day.h - days of the Gregorian calendar as numbers: 0 is 1970-01-01, and day % 7 tells the weekday. Plain
 * arithmetic, no zones. */
#ifndef DH_DAY_H
#define DH_DAY_H

#include <stdint.h>

struct dh_date {
  int year, month, day; /* 1 is January */
};

int64_t dh_day_of(int64_t year, int month, int day);
struct dh_date dh_day_date(int64_t day);
int dh_day_weekday(int64_t day); /* 0 is Sunday */
int dh_month_days(int64_t year, int month);

#endif
