/* zone.c - reads TZif files, version 2 and later: transitions, then the rule in the footer for times after
 * the last. */
#include "zone.h"
#include "buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rule {  /* of a POSIX TZ string: when summer or standard time begins */
  char kind;   /* 'M', 'J', 'N' (n without J); 0: none */
  int a, b, c; /* Mm.w.d; or the day in a */
  int time_s;
};

struct footer {
  int std_s, dst_s; /* offsets east of UTC */
  struct rule begin, end;
  bool has_dst;
};

struct zone {
  struct zone *next;
  char name[64];
  struct dh_buf file;
  size_t n;                                   /* transitions */
  const unsigned char *times, *types, *kinds; /* 8, 1, 6 bytes each */
  size_t n_kinds;
  struct footer footer;
  bool has_footer;
};

static struct zone *zones;

static int64_t be(const unsigned char *p, int n)
{
  uint64_t v = p[0] & 0x80 ? UINT64_MAX : 0;

  for (int i = 0; i < n; i++)
    v = v << 8 | p[i];
  return (int64_t)v;
}

/* ---- the footer: "CET-1CEST,M3.5.0,M10.5.0/3" or "<+0330>-3:30" */

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

static bool read_rule(const char **s, struct rule *r)
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

static bool read_footer(const char *s, struct footer *f)
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
  return *s++ == ',' && read_rule(&s, &f->begin) && *s++ == ',' && read_rule(&s, &f->end) && !*s;
}

/* ---- the calendar */

static int64_t days_of(int64_t y, int m, int d)
{
  int64_t era, yoe;

  y -= m <= 2;
  era = (y >= 0 ? y : y - 399) / 400;
  yoe = y - era * 400;
  return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1 -
         719468;
}

static void civil_of(int64_t z, struct dh_zone_time *t)
{
  int64_t era, yoe;
  int doe, doy, mp;

  z += 719468;
  era = (z >= 0 ? z : z - 146096) / 146097;
  doe = (int)(z - era * 146097);
  yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  doy = doe - (int)(365 * yoe + yoe / 4 - yoe / 100);
  mp = (5 * doy + 2) / 153;
  t->day = doy - (153 * mp + 2) / 5 + 1;
  t->month = mp < 10 ? mp + 3 : mp - 9;
  t->year = (int)(yoe + era * 400) + (t->month <= 2);
}

static bool leap(int64_t y)
{
  return y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
}

/* Seconds since 1970, in local time, at which the rule falls in a year. */
static int64_t rule_at(const struct rule *r, int64_t year)
{
  int64_t day;

  if (r->kind == 'M') {
    int64_t first = days_of(year, r->a, 1),
            next = r->a == 12 ? days_of(year + 1, 1, 1) : days_of(year, r->a + 1, 1);
    int weekday = (int)(((first + 4) % 7 + 7) % 7);

    day = first + (r->c - weekday + 7) % 7 + 7 * (r->b - 1);
    while (day >= next)
      day -= 7;
  } else {
    day = days_of(year, 1, 1) + r->a - (r->kind == 'J' ? 1 - (leap(year) && r->a >= 60) : 0);
  }
  return day * 86400 + r->time_s;
}

static int footer_offset(const struct footer *f, int64_t t)
{
  struct dh_zone_time l;
  int64_t begin, end;

  if (!f->has_dst)
    return f->std_s;
  civil_of((t + f->std_s) / 86400 - ((t + f->std_s) % 86400 < 0), &l);
  begin = rule_at(&f->begin, l.year) - f->std_s;
  end = rule_at(&f->end, l.year) - f->dst_s;
  if (begin < end)
    return t >= begin && t < end ? f->dst_s : f->std_s;
  return t >= end && t < begin ? f->std_s : f->dst_s;
}

/* ---- the file */

static bool skip_block(const unsigned char **p, const unsigned char *end, int time_size, struct zone *z)
{
  const unsigned char *h = *p;
  int64_t isut, isstd, leaps, times, kinds, chars, size;

  if (end - h < 44 || memcmp(h, "TZif", 4) != 0)
    return false;
  isut = be(h + 20, 4), isstd = be(h + 24, 4), leaps = be(h + 28, 4);
  times = be(h + 32, 4), kinds = be(h + 36, 4), chars = be(h + 40, 4);
  if (isut < 0 || isstd < 0 || leaps < 0 || times < 0 || kinds < 1 || chars < 0 || times > 100000 ||
      kinds > 256)
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

static bool parse(struct zone *z)
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
  z->has_footer = *text && read_footer(text, &z->footer);
  return true;
}

static int open_zone(const char *name, struct zone **out, struct dh_err *err)
{
  struct zone *z;
  char path[200];

  for (z = zones; z; z = z->next)
    if (strcmp(z->name, name) == 0) {
      *out = z;
      return 0;
    }
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
  return err ? err->code : DH_ENOENT;
}

static int offset_at(const struct zone *z, int64_t t)
{
  size_t lo = 0, hi = z->n;

  while (lo < hi) { /* first transition after t */
    size_t mid = (lo + hi) / 2;

    if (be(z->times + 8 * mid, 8) <= t)
      lo = mid + 1;
    else
      hi = mid;
  }
  if (lo == z->n && z->has_footer)
    return footer_offset(&z->footer, t);
  if (lo == 0) { /* before all: the first kind (RFC 8536, 3.2) */
    return (int)be(z->kinds, 4);
  }
  return (int)be(z->kinds + 6 * z->types[lo - 1], 4);
}

int dh_zone_local(const char *zone, int64_t wall_ms, struct dh_zone_time *out, struct dh_err *err)
{
  int64_t t = wall_ms / 1000 - (wall_ms % 1000 < 0), local, day;
  struct zone *z = NULL;

  out->offset_s = 0;
  if (strcmp(zone, "UTC") != 0) {
    int rc = open_zone(zone, &z, err);

    if (rc)
      return rc;
    out->offset_s = offset_at(z, t);
  }
  local = t + out->offset_s;
  day = local / 86400 - (local % 86400 < 0);
  civil_of(day, out);
  local -= day * 86400;
  out->hour = (int)(local / 3600);
  out->minute = (int)(local / 60 % 60);
  out->second = (int)(local % 60);
  return 0;
}
