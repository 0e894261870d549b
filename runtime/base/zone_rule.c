/* zone_rule.c - reads the POSIX TZ string of a TZif file and answers for the times after the last transition.
 * See zone_rule.h. */
#include "zone_rule.h"
#include "day.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool read_name(const char **s)
{
  const char *p = *s;

  if (*p == '<') {
    while (*p && *p != '>')
      p++;
    if (*p)
      p++;
  } else {
    while ((*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z'))
      p++;
  }
  if (p == *s)
    return false;
  *s = p;
  return true;
}

static bool read_hms(const char **s, int *seconds)
{
  const char *p = *s;
  int sign = 1, part[3] = {0, 0, 0};

  if (*p == '-' || *p == '+')
    sign = *p++ == '-' ? -1 : 1;
  for (int i = 0; i < 3; i++) {
    char *end;

    if (*p < '0' || *p > '9')
      return false;
    part[i] = (int)strtol(p, &end, 10);
    p = end;
    if (*p != ':')
      break;
    p++;
  }
  *seconds = sign * (part[0] * 3600 + part[1] * 60 + part[2]);
  *s = p;
  return true;
}

static bool read_turn(const char **s, struct dh_zone_turn *r)
{
  const char *p = *s;
  int n = 0;

  r->time_s = 7200;
  if (*p == 'M') {
    if (sscanf(p, "M%d.%d.%d%n", &r->a, &r->b, &r->c, &n) != 3)
      return false;
    r->kind = 'M';
  } else {
    r->kind = *p == 'J' ? 'J' : 'N';
    if (sscanf(p + (*p == 'J'), "%d%n", &r->a, &n) != 1)
      return false;
    n += *p == 'J';
  }
  p += n;
  if (*p == '/') {
    p++;
    if (!read_hms(&p, &r->time_s))
      return false;
  }
  *s = p;
  return true;
}

bool dh_zone_rule_read(const char *s, struct dh_zone_rule *f)
{
  int west;

  memset(f, 0, sizeof *f);
  if (!read_name(&s) || !read_hms(&s, &west))
    return false;
  f->std_s = -west;
  if (!*s)
    return true;
  f->has_dst = true;
  if (!read_name(&s))
    return false;
  f->dst_s = f->std_s + 3600;
  if (*s != ',') {
    if (!read_hms(&s, &west))
      return false;
    f->dst_s = -west;
  }
  return *s++ == ',' && read_turn(&s, &f->begin) && *s++ == ',' && read_turn(&s, &f->end) && !*s;
}

/* Seconds since 1970, in local time, at which the rule falls in a year. */
static int64_t turn_at(const struct dh_zone_turn *r, int64_t year)
{
  int64_t day;

  if (r->kind == 'M') {
    int64_t first = dh_day_of(year, r->a, 1);

    day = first + (r->c - dh_day_weekday(first) + 7) % 7 + 7 * (r->b - 1);
    while (day >= first + dh_month_days(year, r->a))
      day -= 7;
  } else {
    day = dh_day_of(year, 1, 1) + r->a -
          (r->kind == 'J' ? 1 - (dh_month_days(year, 2) == 29 && r->a >= 60) : 0);
  }
  return day * 86400 + r->time_s;
}

static int year_of(const struct dh_zone_rule *r, int64_t t)
{
  int64_t local = t + r->std_s;

  return dh_day_date(local / 86400 - (local % 86400 < 0)).year;
}

int dh_zone_rule_offset(const struct dh_zone_rule *r, int64_t t)
{
  int64_t begin, end;
  int year;

  if (!r->has_dst)
    return r->std_s;
  year = year_of(r, t);
  begin = turn_at(&r->begin, year) - r->std_s;
  end = turn_at(&r->end, year) - r->dst_s;
  if (begin < end)
    return t >= begin && t < end ? r->dst_s : r->std_s;
  return t >= end && t < begin ? r->std_s : r->dst_s;
}

int64_t dh_zone_rule_change(const struct dh_zone_rule *r, int64_t t)
{
  int64_t best = INT64_MAX;
  int year = year_of(r, t);

  /* a turn may fall into the year before or after, and one that changes nothing (summer all year) is none */
  for (int y = year - 1; r->has_dst && y <= year + 2; y++)
    for (int i = 0; i < 2; i++) {
      int64_t at = i ? turn_at(&r->end, y) - r->dst_s : turn_at(&r->begin, y) - r->std_s;

      if (at > t && at < best && dh_zone_rule_offset(r, at) != dh_zone_rule_offset(r, at - 1))
        best = at;
    }
  return best;
}
