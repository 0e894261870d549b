/* calendar_ics.c - events of an iCalendar file (RFC 5545) as days of a working calendar.
 *
 * An event of whole days is a holiday under the name of its SUMMARY. It is an extra working day when a
 * category of it, or its summary, says so (see is_work), or Apple's calendars mark it. Yearly repetitions
 * (RRULE) of one date, or of the n-th weekday of a month, are followed until LAST_YEAR, without the days of
 * EXDATE. The week is changed by a line X-DESKHAND-WEEK:SU,MO,TU,WE,TH of the calendar. */
#include "calendar.h"
#include "day.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LAST_YEAR = 2100, EVENT_DAYS = 400, EXCEPT_MAX = 64, LINE_MAX_BYTES = 8192 };

struct rrule {
  bool set;
  int interval, count, month, day, nth, weekday; /* 0: not said; weekday -1 */
  int64_t until;
};

struct event {
  int line;
  bool work, marked, cancelled;
  char name[160];
  int64_t first, end; /* days, end exclusive; INT64_MIN: not said */
  int days;           /* of DURATION */
  struct rrule rule;
  int64_t except[EXCEPT_MAX];
  int nexcept;
};

struct found { /* kept until the whole file is read: marks decide which events count */
  struct event *v;
  size_t n, cap;
  bool marked; /* some event of the file has Apple's mark */
};

struct reader {
  struct dh_calendar *c;
  const char *file;
  struct dh_err *err;
  int line;
  int depth, event_depth; /* BEGINs open; that of the VEVENT, 0 outside */
  bool calendar;          /* a VCALENDAR was seen */
  struct event e;
  struct found found;
};

static int bad(struct reader *r, const char *what, const char *seen)
{
  dh_err_set(r->err, DH_EFORMAT, "the calendar cannot be read: %s", what);
  dh_err_seen(r->err, "%.200s", seen);
  snprintf(r->err->where, sizeof r->err->where, "%.120s:%d", r->file, r->line);
  return DH_EFORMAT;
}

/* ---- values */

/* "20261001", or a midnight "20261001T000000": a day. */
static bool read_day(const char *s, int64_t *day)
{
  int y = 0, m = 0, d = 0, n = 0;

  if (sscanf(s, "%4d%2d%2d%n", &y, &m, &d, &n) != 3 || n != 8 || y < 1900 || m < 1 || m > 12 || d < 1 ||
      d > dh_month_days(y, m))
    return false;
  *day = dh_day_of(y, m, d);
  return !s[8] || strcmp(s + 8, "T000000") == 0 || strcmp(s + 8, "T000000Z") == 0;
}

static int take_day(struct reader *r, const char *value, int64_t *day)
{
  if (read_day(value, day))
    return 0;
  bad(r, "an event of a working calendar lasts whole days", value);
  return dh_err_advice(r->err, "write DTSTART;VALUE=DATE:20261001, or leave this event out");
}

static int weekday_of(const char *s)
{
  static const char names[] = "SUMOTUWETHFRSA";

  for (int i = 0; i < 7; i++)
    if (strncasecmp(s, names + 2 * i, 2) == 0)
      return i;
  return -1;
}

/* One part of an RRULE. False: it is not taken. */
static bool rule_part(struct rrule *u, const char *key, const char *value)
{
  char *end;
  long v = strtol(value, &end, 10);
  bool number = end != value && !*end;

  if (strcmp(key, "FREQ") == 0)
    return strcmp(value, "YEARLY") == 0;
  if (strcmp(key, "WKST") == 0)
    return true;
  if (strcmp(key, "INTERVAL") == 0)
    return number && (u->interval = (int)v) > 0 && v < 1000;
  if (strcmp(key, "COUNT") == 0)
    return number && (u->count = (int)v) > 0 && v < 1000;
  if (strcmp(key, "BYMONTH") == 0)
    return number && (u->month = (int)v) >= 1 && v <= 12;
  if (strcmp(key, "BYMONTHDAY") == 0)
    return number && (u->day = (int)v) >= 1 && v <= 31;
  if (strcmp(key, "UNTIL") == 0) {
    char day[9];

    snprintf(day, sizeof day, "%.8s", value);
    return read_day(day, &u->until);
  }
  if (strcmp(key, "BYDAY") != 0)
    return false;
  u->nth = (int)v;
  u->weekday = weekday_of(end);
  return u->weekday >= 0 && strlen(end) == 2 && u->nth && u->nth >= -5 && u->nth <= 5;
}

static int take_rule(struct reader *r, char *value)
{
  struct rrule *u = &r->e.rule;
  char whole[200], *rest = value, *part;

  snprintf(whole, sizeof whole, "%s", value);
  *u = (struct rrule){.set = true, .interval = 1, .weekday = -1, .until = INT64_MAX};
  while ((part = strsep(&rest, ";"))) {
    char *equals = strchr(part, '=');

    if (equals)
      *equals = '\0';
    if (!equals || !rule_part(u, part, equals + 1)) {
      bad(r, "this repetition is not taken", whole);
      return dh_err_advice(
          r->err, "yearly ones are: FREQ=YEARLY, with INTERVAL, COUNT, UNTIL, BYMONTH and BYMONTHDAY, "
                  "or BYMONTH and BYDAY=2MO; write others as single events");
    }
  }
  return 0;
}

static bool is_work(const char *text)
{
  static const char *const words[] = {"workday", "working day", "work day", "补班", "上班", "（班）", "(班)"};

  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strcasestr(text, words[i]))
      return true;
  return strcasecmp(text, "work") == 0;
}

static void unescape(const char *s, char *out, size_t size)
{
  size_t n = 0;

  for (; *s && n + 1 < size; s++) {
    bool escaped = *s == '\\' && s[1];

    s += escaped;
    out[n++] = escaped && (*s == 'n' || *s == 'N') ? ' ' : *s;
  }
  while (*s && n && ((unsigned char)*s & 0xc0) == 0x80) /* cut before a whole letter */
    s = &out[--n];
  out[n] = '\0';
}

/* ---- lines */

static int except_days(struct reader *r, char *value)
{
  char *part;

  while ((part = strsep(&value, ","))) {
    if (r->e.nexcept == EXCEPT_MAX)
      return bad(r, "too many EXDATE", part);
    if (take_day(r, part, &r->e.except[r->e.nexcept++]))
      return r->err->code;
  }
  return 0;
}

static int duration(struct reader *r, const char *value)
{
  char *end;
  long v = *value == 'P' ? strtol(value + 1, &end, 10) : 0;

  if (v < 1 || v > EVENT_DAYS || (strcmp(end, "D") && strcmp(end, "W")))
    return bad(r, "an event of a working calendar lasts whole days", value);
  r->e.days = (int)v * (*end == 'W' ? 7 : 1);
  return 0;
}

static int in_event(struct reader *r, const char *name, char *value)
{
  struct event *e = &r->e;

  if (strcmp(name, "DTSTART") == 0)
    return take_day(r, value, &e->first);
  if (strcmp(name, "DTEND") == 0)
    return take_day(r, value, &e->end);
  if (strcmp(name, "DURATION") == 0)
    return duration(r, value);
  if (strcmp(name, "RRULE") == 0)
    return take_rule(r, value);
  if (strcmp(name, "EXDATE") == 0)
    return except_days(r, value);
  if (strcmp(name, "RDATE") == 0 || strcmp(name, "RECURRENCE-ID") == 0 || strcmp(name, "EXRULE") == 0) {
    bad(r, "this kind of repetition is not taken", name);
    return dh_err_advice(r->err, "write the days as single events");
  }
  if (strcmp(name, "SUMMARY") == 0) {
    unescape(value, e->name, sizeof e->name);
    e->work |= is_work(e->name);
  } else if (strcmp(name, "CATEGORIES") == 0) {
    char *part;

    while ((part = strsep(&value, ",")))
      e->work |= is_work(part);
  } else if (strcmp(name, "STATUS") == 0) {
    e->cancelled = strcasecmp(value, "CANCELLED") == 0;
  } else if (strcmp(name, "X-APPLE-SPECIAL-DAY") == 0) {
    e->marked = true;
    e->work |= strcasecmp(value, "ALTERNATE-WORKDAY") == 0;
  }
  return 0;
}

static int week(struct reader *r, char *value)
{
  unsigned bits = 0;
  char *part;

  while ((part = strsep(&value, ","))) {
    if (strlen(part) != 2 || weekday_of(part) < 0)
      return bad(r, "X-DESKHAND-WEEK lists weekdays as MO,TU,WE,TH,FR", part);
    bits |= 1u << weekday_of(part);
  }
  dh_calendar_week(r->c, bits);
  return 0;
}

static int end_event(struct reader *r)
{
  struct event *e = &r->e;
  struct found *f = &r->found;

  r->event_depth = 0;
  if (e->cancelled)
    return 0;
  if (e->first == INT64_MIN)
    return bad(r, "an event has no DTSTART", e->name);
  if (e->end == INT64_MIN)
    e->end = e->first + (e->days ? e->days : 1);
  if (e->end == e->first) /* some programs write one day so */
    e->end++;
  if (e->end < e->first || e->end - e->first > EVENT_DAYS)
    return bad(r, "an event ends before it begins, or lasts longer than a year", e->name);
  if (f->n == f->cap) {
    struct event *more = realloc(f->v, (f->cap ? 2 * f->cap : 64) * sizeof *more);

    if (!more)
      return dh_err_set(r->err, DH_ENOMEM, "no memory for a calendar");
    f->v = more;
    f->cap = f->cap ? 2 * f->cap : 64;
  }
  f->v[f->n++] = *e;
  f->marked |= e->marked;
  return 0;
}

static int begin_or_end(struct reader *r, bool begin, const char *what)
{
  if (begin) {
    r->depth++;
    r->calendar |= strcasecmp(what, "VCALENDAR") == 0;
    if (strcasecmp(what, "VEVENT") == 0 && !r->event_depth) {
      r->event_depth = r->depth;
      r->e = (struct event){.line = r->line, .first = INT64_MIN, .end = INT64_MIN};
    }
    return 0;
  }
  if (r->depth-- == 0)
    return bad(r, "END without BEGIN", what);
  return r->event_depth == r->depth + 1 ? end_event(r) : 0;
}

/* NAME;PARAM="a:b":VALUE */
static int content_line(struct reader *r, char *s)
{
  bool quoted = false;
  char *value = s, name[40];

  if (!*s)
    return 0;
  for (; *value && (quoted || *value != ':'); value++)
    quoted ^= *value == '"';
  if (!*value)
    return bad(r, "a line without a colon", s);
  *value++ = '\0';
  snprintf(name, sizeof name, "%.*s", (int)strcspn(s, ";"), s);
  for (char *p = name; *p; p++)
    *p = (char)toupper((unsigned char)*p);
  if (strcmp(name, "BEGIN") == 0 || strcmp(name, "END") == 0)
    return begin_or_end(r, *name == 'B', value);
  if (!r->calendar)
    return bad(r, "it does not begin with BEGIN:VCALENDAR", s);
  if (strcmp(name, "X-DESKHAND-WEEK") == 0 && !r->event_depth)
    return week(r, value);
  return r->event_depth && r->depth == r->event_depth ? in_event(r, name, value) : 0;
}

/* ---- events as days */

/* Where a yearly rule falls in a year; INT64_MIN: not at all (February 29). */
static int64_t falls(const struct event *e, const struct dh_date *first, int year)
{
  const struct rrule *u = &e->rule;
  int month = u->month ? u->month : first->month, day = u->day ? u->day : first->day;
  int length = dh_month_days(year, month);

  if (u->weekday >= 0) {
    int64_t begin = dh_day_of(year, month, 1);

    day = u->nth > 0 ? 1 + (u->weekday - dh_day_weekday(begin) + 7) % 7 + 7 * (u->nth - 1)
                     : length - (dh_day_weekday(begin + length - 1) - u->weekday + 7) % 7 + 7 * (u->nth + 1);
  }
  return day >= 1 && day <= length ? dh_day_of(year, month, day) : INT64_MIN;
}

static int place_once(struct reader *r, const struct event *e, int64_t day)
{
  int rc;

  for (int i = 0; i < e->nexcept; i++)
    if (e->except[i] == day)
      return 0;
  rc = dh_calendar_add(r->c, day, (int)(e->end - e->first), e->work, e->name);
  return rc ? dh_err_set(r->err, rc, "the calendar %s holds too many days", r->file) : 0;
}

static int place_event(struct reader *r, const struct event *e)
{
  const struct rrule *u = &e->rule;
  struct dh_date first = dh_day_date(e->first);
  int rc = 0, count = 0;

  r->line = e->line;
  if (!u->set) {
    dh_calendar_told(r->c, e->end - 1);
    return place_once(r, e, e->first);
  }
  if (u->weekday >= 0 && (!u->month || u->day))
    return bad(r, "this repetition is not taken: BYDAY=2MO wants BYMONTH, and no BYMONTHDAY", e->name);
  for (int y = first.year; !rc && y <= LAST_YEAR && (!u->count || count < u->count); y += u->interval) {
    int64_t day = falls(e, &first, y);

    if (day > u->until)
      break;
    if (day != INT64_MIN && day >= e->first) {
      rc = place_once(r, e, day);
      count++;
    }
  }
  return rc;
}

/* Takes one logical line off the text: lines that begin with a space or tab go on the one before. */
static int next_line(struct reader *r, const char **p, const char *end, char *out)
{
  size_t n = 0;

  for (bool first = true; *p < end && (first || **p == ' ' || **p == '\t'); first = false) {
    const char *eol = memchr(*p, '\n', (size_t)(end - *p));
    const char *from = first ? *p : *p + 1, *to = eol ? eol : end;
    size_t len;

    r->line++;
    *p = eol ? eol + 1 : end;
    if (to > from && to[-1] == '\r')
      to--;
    len = (size_t)(to - from);
    if (memchr(from, '\0', len))
      return bad(r, "it is no text", "a byte of zero");
    if (n + len >= LINE_MAX_BYTES) /* descriptions may be long; names and dates are not */
      len = LINE_MAX_BYTES - 1 - n;
    memcpy(out + n, from, len);
    n += len;
  }
  out[n] = '\0';
  return 0;
}

int dh_calendar_ics(struct dh_calendar *c, const char *text, size_t n, const char *file, struct dh_err *err)
{
  struct dh_err local = {.code = 0};
  struct reader r = {.c = c, .file = file, .err = err ? err : &local};
  const char *p = text, *end = text + n;
  char line[LINE_MAX_BYTES];
  int rc = 0;

  if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
    p += 3;
  while (!rc && p < end) {
    rc = next_line(&r, &p, end, line);
    if (!rc)
      rc = content_line(&r, line);
  }
  if (!rc && (!r.calendar || r.depth))
    rc = bad(&r, r.calendar ? "it is cut off: a BEGIN without END" : "it holds no calendar", file);
  for (size_t i = 0; !rc && i < r.found.n; i++)
    if (!r.found.marked || r.found.v[i].marked) /* Apple's also list feasts that are no days off */
      rc = place_event(&r, &r.found.v[i]);
  free(r.found.v);
  return rc;
}
