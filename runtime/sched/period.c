/* period.c - see period.h. */
#include "period.h"
#include "../base/clock.h"
#include "../base/zone.h"

#include <stdio.h>
#include <string.h>

void dh_period_text(const char *once_a, const char *zone, char out[16])
{
  dh_period_at(once_a, zone, dh_wall_ms(), out);
}

/* By bisection over the texts: whatever the zone does at midnight. */
int64_t dh_period_turn(const char *once_a, const char *zone, int64_t ms)
{
  int64_t within = ms, beyond = ms + (int64_t)367 * 24 * 3600 * 1000;
  char now[16], then[16];

  dh_period_at(once_a, zone, ms, now);
  if (!*now)
    return 0;
  while (beyond - within > 1) {
    int64_t middle = within + (beyond - within) / 2;

    dh_period_at(once_a, zone, middle, then);
    if (strcmp(now, then) == 0)
      within = middle;
    else
      beyond = middle;
  }
  return beyond;
}

void dh_period_at(const char *once_a, const char *zone, int64_t now, char out[16])
{
  struct dh_zone_time t;

  *out = '\0';
  if ((!zone || !*zone || dh_zone_local(zone, now, &t, NULL)) && dh_zone_local("UTC", now, &t, NULL))
    return;
  if (strcmp(once_a, "day") == 0)
    snprintf(out, 16, "%04d-%02d-%02d", t.year, t.month, t.day);
  else if (strcmp(once_a, "month") == 0)
    snprintf(out, 16, "%04d-%02d", t.year, t.month);
  else if (strcmp(once_a, "year") == 0)
    snprintf(out, 16, "%04d", t.year);
}
