/* zone.c - reads TZif files, version 2 and later: transitions, then the rule in the footer for times after
 * the last. */
#include "zone.h"
#include "buf.h"
#include "day.h"
#include "zone_rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct dh_zone {
  struct dh_zone *next;
  char name[64];
  struct dh_buf file;
  size_t n;                                   /* transitions */
  const unsigned char *times, *types, *kinds; /* 8, 1, 6 bytes each */
  size_t n_kinds;
  struct dh_zone_rule rule;
  bool has_rule;
  int64_t from, until; /* where dh_zone_offset was last: its offset holds from, and not until */
  int offset;
};

static const unsigned char utc_kind[6];
static struct dh_zone utc = {
    .name = "UTC", .kinds = utc_kind, .n_kinds = 1, .from = INT64_MIN, .until = INT64_MAX};
static struct dh_zone *zones = &utc;

static int64_t be(const unsigned char *p, int n)
{
  uint64_t v = p[0] & 0x80 ? UINT64_MAX : 0;

  for (int i = 0; i < n; i++)
    v = v << 8 | p[i];
  return (int64_t)v;
}

/* ---- the file */

static bool skip_block(const unsigned char **p, const unsigned char *end, int time_size, struct dh_zone *z)
{
  const unsigned char *h = *p;
  int64_t isut, isstd, leaps, times, kinds, chars, size;

  if (end - h < 44 || memcmp(h, "TZif", 4) != 0)
    return false;
  isut = be(h + 20, 4), isstd = be(h + 24, 4), leaps = be(h + 28, 4);
  times = be(h + 32, 4), kinds = be(h + 36, 4), chars = be(h + 40, 4);
  if (isut < 0 || isstd < 0 || leaps < 0 || times < 0 || kinds < 1 || chars < 0 || times > 100000 ||
      kinds > 256 || leaps > 0) /* files that count leap seconds ("right/…") are not for wall clocks */
    return false;
  size = times * (time_size + 1) + kinds * 6 + chars + leaps * (time_size + 4) + isstd + isut;
  if (end - h - 44 < size)
    return false;
  z->n = (size_t)times;
  z->n_kinds = (size_t)kinds;
  z->times = h + 44;
  z->types = z->times + times * time_size;
  z->kinds = z->types + times;
  *p = h + 44 + size;
  return true;
}

static bool parse(struct dh_zone *z)
{
  const unsigned char *p = (const unsigned char *)z->file.data, *end = p + z->file.len;
  char text[128];
  size_t n;

  if (!skip_block(&p, end, 4, z) || z->file.data[4] < '2' || !skip_block(&p, end, 8, z))
    return false;
  for (size_t i = 0; i < z->n; i++)
    if (z->types[i] >= z->n_kinds)
      return false;
  if (p >= end || *p != '\n')
    return true;
  n = strcspn((const char *)p + 1, "\n");
  snprintf(text, sizeof text, "%.*s", (int)n, (const char *)p + 1);
  z->has_rule = *text && dh_zone_rule_read(text, &z->rule);
  return true;
}

int dh_zone_find(const char *name, struct dh_zone **out, struct dh_err *err)
{
  struct dh_zone *z;
  struct dh_err local;
  char path[200];

  if (!err)
    err = &local;
  for (z = zones; z; z = z->next)
    if (strcmp(z->name, name) == 0) {
      *out = z;
      return 0;
    }
  *out = NULL;
  if (strlen(name) >= sizeof z->name || strstr(name, "..") || *name == '/' || !*name)
    return dh_err_set(err, DH_ENOENT, "there is no time zone \"%.60s\"", name);
  z = calloc(1, sizeof *z);
  if (!z)
    return dh_err_set(err, DH_ENOMEM, "no memory for a time zone");
  strcpy(z->name, name);
  dh_buf_init(&z->file, 1 << 20);
  snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
  if (dh_buf_read_file(&z->file, path, NULL)) {
    dh_err_set(err, DH_ENOENT, "there is no time zone \"%s\"", name);
    dh_err_advice(err, "the zones are those of the package tzdata, such as Europe/Berlin");
  } else if (!parse(z)) {
    dh_err_set(err, DH_EFORMAT, "%s is no time zone file", path);
  } else {
    z->next = zones;
    *out = zones = z;
    return 0;
  }
  dh_buf_fini(&z->file);
  free(z);
  return err->code;
}

/* ---- asking */

static int offset_of(const struct dh_zone *z, size_t transitions)
{
  return (int)be(z->kinds + (transitions ? 6 * z->types[transitions - 1] : 0), 4); /* RFC 8536, 3.2 */
}

static int64_t time_of(const struct dh_zone *z, size_t i)
{
  return be(z->times + 8 * i, 8);
}

/* How many transitions are not after t. */
static size_t passed(const struct dh_zone *z, int64_t t)
{
  size_t lo = 0, hi = z->n;

  while (lo < hi) {
    size_t mid = (lo + hi) / 2;

    if (time_of(z, mid) <= t)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo;
}

int dh_zone_offset(struct dh_zone *z, int64_t t)
{
  size_t i;

  if (t >= z->from && t < z->until)
    return z->offset;
  i = passed(z, t);
  if (i == z->n && z->has_rule) {
    z->offset = dh_zone_rule_offset(&z->rule, t);
    z->from = t;
    z->until = dh_zone_rule_change(&z->rule, t);
  } else {
    z->offset = offset_of(z, i);
    z->from = i ? time_of(z, i - 1) : INT64_MIN;
    z->until = i < z->n ? time_of(z, i) : INT64_MAX;
  }
  return z->offset;
}

int64_t dh_zone_change(struct dh_zone *z, int64_t t)
{
  for (size_t i = passed(z, t); i < z->n; i++)
    if (offset_of(z, i + 1) != offset_of(z, i))
      return time_of(z, i);
  if (z->n && t < time_of(z, z->n - 1))
    t = time_of(z, z->n - 1);
  return z->has_rule ? dh_zone_rule_change(&z->rule, t) : INT64_MAX;
}

enum { REACH_S = 27 * 3600 /* more than the widest offset and its change */ };

int dh_zone_moments(struct dh_zone *z, int64_t local_s, int64_t out[2], int64_t *after)
{
  int64_t t = local_s - REACH_S, next, gap = INT64_MAX;
  int n = 0;

  for (;; t = next) { /* spans of one offset each */
    int64_t at = local_s - dh_zone_offset(z, t);

    next = dh_zone_change(z, t);
    if (at >= t && at < next && n < 2)
      out[n++] = at;
    if (next > local_s + REACH_S)
      break;
    if (gap == INT64_MAX && next + dh_zone_offset(z, next) > local_s && at >= next)
      gap = next;
  }
  if (after)
    *after = n ? 0 : gap;
  return n;
}

void dh_zone_at(struct dh_zone *z, int64_t t, struct dh_zone_time *out)
{
  int64_t local, day;
  struct dh_date date;

  out->offset_s = dh_zone_offset(z, t);
  local = t + out->offset_s;
  day = local / 86400 - (local % 86400 < 0);
  date = dh_day_date(day);
  out->year = date.year, out->month = date.month, out->day = date.day;
  local -= day * 86400;
  out->hour = (int)(local / 3600);
  out->minute = (int)(local / 60 % 60);
  out->second = (int)(local % 60);
}

int dh_zone_local(const char *zone, int64_t wall_ms, struct dh_zone_time *out, struct dh_err *err)
{
  struct dh_zone *z;
  int rc = dh_zone_find(zone, &z, err);

  if (!rc)
    dh_zone_at(z, wall_ms / 1000 - (wall_ms % 1000 < 0), out);
  return rc;
}
