/* day.c - days as numbers, and back; eras of 400 years, years that begin in March. */
#include "day.h"

int64_t dh_day_of(int64_t y, int m, int d)
{
  int64_t era, yoe;

  y -= m <= 2;
  era = (y >= 0 ? y : y - 399) / 400;
  yoe = y - era * 400;
  return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1 -
         719468;
}

struct dh_date dh_day_date(int64_t z)
{
  struct dh_date t;
  int64_t era, yoe;
  int doe, doy, mp;

  z += 719468;
  era = (z >= 0 ? z : z - 146096) / 146097;
  doe = (int)(z - era * 146097);
  yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  doy = doe - (int)(365 * yoe + yoe / 4 - yoe / 100);
  mp = (5 * doy + 2) / 153;
  t.day = doy - (153 * mp + 2) / 5 + 1;
  t.month = mp < 10 ? mp + 3 : mp - 9;
  t.year = (int)(yoe + era * 400) + (t.month <= 2);
  return t;
}

int dh_day_weekday(int64_t day)
{
  return (int)(((day + 4) % 7 + 7) % 7);
}

int dh_month_days(int64_t year, int month)
{
  return (int)((month == 12 ? dh_day_of(year + 1, 1, 1) : dh_day_of(year, month + 1, 1)) -
               dh_day_of(year, month, 1));
}
