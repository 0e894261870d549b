/* clock.h - time. Wall time is for people and records, monotonic time for waiting. */
#ifndef DH_CLOCK_H
#define DH_CLOCK_H

#include <stddef.h>
#include <stdint.h>

int64_t dh_wall_ms(void); /* milliseconds since 1970 UTC */
int64_t dh_mono_ms(void); /* CLOCK_BOOTTIME: goes on while the machine sleeps, never jumps */
int64_t dh_cpu_us(void);  /* CPU time of the calling thread, microseconds */

/* "2026-11-24T13:25:12.345Z" */
enum { DH_TIME_TEXT = 32 };
char *dh_time_text(int64_t wall_ms, char out[DH_TIME_TEXT]);

/* "90s", "10m", "3h", "2d", "1h30m", a bare number of seconds -> milliseconds; -1 when it is no duration. */
int64_t dh_duration_ms(const char *s);

#endif
