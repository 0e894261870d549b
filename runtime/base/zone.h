/* zone.h - local time in an IANA zone, from the system's TZif files (RFC 8536). The process's own TZ is never
 * used.
 *
 * Zones are read once per process and never freed. Not thread-safe: the loop's thread. */
#ifndef DH_ZONE_H
#define DH_ZONE_H

#include "err.h"

#include <stdint.h>

struct dh_zone;

struct dh_zone_time {
  int year, month, day; /* 1 is January */
  int hour, minute, second;
  int offset_s; /* east of UTC */
};

/* zone: "UTC", "Europe/Berlin". DH_ENOENT when there is no such zone, DH_EFORMAT for a damaged file. */
int dh_zone_find(const char *name, struct dh_zone **out, struct dh_err *err);
int dh_zone_local(const char *zone, int64_t wall_ms, struct dh_zone_time *out, struct dh_err *err);

/* Moments are seconds since 1970 UTC; local times are seconds too, counted as if the zone were UTC. */
void dh_zone_at(struct dh_zone *z, int64_t t, struct dh_zone_time *out);
int dh_zone_offset(struct dh_zone *z, int64_t t); /* seconds east of UTC */
/* The first moment after t at which the offset is another; INT64_MAX for never. */
int64_t dh_zone_change(struct dh_zone *z, int64_t t);
/* The moments at which clocks show a local time: 1; 2 where clocks were set back, the earlier first; 0 in a
 * gap, *after (may be NULL) being the moment at which it ends. */
int dh_zone_moments(struct dh_zone *z, int64_t local_s, int64_t out[2], int64_t *after);

#endif
