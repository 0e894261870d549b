/* period.h - which period now belongs to: cases stand once in a period. */
#ifndef DH_PERIOD_H
#define DH_PERIOD_H

#include <stdint.h>

/* once_a: "day", "month", "year", else none. zone: an IANA name, NULL or "": UTC. out gets "2026-11-24",
 * "2026-11", "2026" or "". A zone that is not known counts as UTC; deskhand doctor names it. */
void dh_period_text(const char *once_a, const char *zone, char out[16]);
/* The period of a wall time. */
void dh_period_at(const char *once_a, const char *zone, int64_t ms, char out[16]);
/* When the period of a wall time ends: the first millisecond of the next. 0: never. */
int64_t dh_period_turn(const char *once_a, const char *zone, int64_t ms);

#endif
