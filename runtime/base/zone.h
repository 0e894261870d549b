/* zone.h - local time in an IANA zone, from the system's TZif files (RFC 8536). The process's own TZ is never
 * used. */
#ifndef DH_ZONE_H
#define DH_ZONE_H

#include "err.h"

#include <stdint.h>

struct dh_zone_time {
  int year, month, day; /* 1 is January */
  int hour, minute, second;
  int offset_s; /* east of UTC */
};

/* zone: "UTC", "Europe/Berlin". DH_ENOENT when there is no such zone, DH_EFORMAT for a damaged file. Zones
 * are read once per process. Not thread-safe: the loop's thread. */
int dh_zone_local(const char *zone, int64_t wall_ms, struct dh_zone_time *out, struct dh_err *err);

#endif
