/* period.c - see period.h. */
#include "period.h"
#include "../base/clock.h"
#include "../base/zone.h"

#include <stdio.h>
#include <string.h>

void dh_period_text(const char *once_a, const char *zone, char out[16])
{
  int64_t now = dh_wall_ms();
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
