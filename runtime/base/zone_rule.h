/* zone_rule.h - the POSIX TZ string at the end of a TZif file: what holds after its last transition. Only
 * zone.c includes it. */
#ifndef DH_ZONE_RULE_H
#define DH_ZONE_RULE_H

#include <stdbool.h>
#include <stdint.h>

struct dh_zone_turn { /* when summer or standard time begins in a year */
  char kind;          /* 'M', 'J', 'N' (n without J) */
  int a, b, c;        /* Mm.w.d; or the day in a */
  int time_s;
};

struct dh_zone_rule {
  int std_s, dst_s; /* offsets east of UTC */
  struct dh_zone_turn begin, end;
  bool has_dst;
};

/* "CET-1CEST,M3.5.0,M10.5.0/3" or "<+0330>-3:30". */
bool dh_zone_rule_read(const char *text, struct dh_zone_rule *r);
int dh_zone_rule_offset(const struct dh_zone_rule *r, int64_t t);
/* The first moment after t at which the offset changes; INT64_MAX for never. */
int64_t dh_zone_rule_change(const struct dh_zone_rule *r, int64_t t);

#endif
