/* clock.c - reads the system's clocks and writes times as text. */
#include "clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int64_t read_us(clockid_t id)
{
  struct timespec t;

  clock_gettime(id, &t);
  return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t dh_wall_ms(void)
{
  return read_us(CLOCK_REALTIME) / 1000;
}

int64_t dh_mono_ms(void)
{
  return read_us(CLOCK_BOOTTIME) / 1000;
}

int64_t dh_cpu_us(void)
{
  return read_us(CLOCK_THREAD_CPUTIME_ID);
}

char *dh_time_text(int64_t wall_ms, char out[DH_TIME_TEXT])
{
  time_t s = (time_t)(wall_ms / 1000);
  struct tm tm;

  gmtime_r(&s, &tm);
  snprintf(out, DH_TIME_TEXT, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", (tm.tm_year + 1900) % 10000,
           (tm.tm_mon + 1) % 100, tm.tm_mday % 100, tm.tm_hour % 100, tm.tm_min % 100, tm.tm_sec % 100,
           (int)(wall_ms % 1000));
  return out;
}

int64_t dh_duration_ms(const char *s)
{
  int64_t total = 0;

  if (!*s)
    return -1;
  while (*s) {
    char *end;
    double v = strtod(s, &end);
    int64_t unit;

    if (end == s || !(v >= 0 && v < 1e9))
      return -1;
    switch (*end) {
    case 'm':
      unit = end[1] == 's' ? 1 : 60000;
      end += end[1] == 's';
      break;
    case 'h':
      unit = 3600000;
      break;
    case 'd':
      unit = 86400000;
      break;
    case 's':
    case '\0':
      unit = 1000;
      break;
    default:
      return -1;
    }
    total += (int64_t)(v * (double)unit);
    s = end + (*end != '\0');
  }
  return total;
}
