/* calendar.c - the days of a working calendar: a sorted list of those that are not as their weekday says. See
 * calendar.h. The reader of files is calendar_ics.c. */
#include "calendar.h"
#include "day.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WEEK = 0x3e /* Monday to Friday */, DAYS_MAX = 200000 };

struct entry {
  int64_t day;
  bool work;
  char *name;
};

struct dh_calendar {
  unsigned week;
  int64_t until;
  struct entry *days; /* ascending, one a day */
  size_t n, cap;
};

struct dh_calendar *dh_calendar_new(void)
{
  struct dh_calendar *c = calloc(1, sizeof *c);

  if (c) {
    c->week = WEEK;
    c->until = INT64_MIN;
  }
  return c;
}

void dh_calendar_free(struct dh_calendar *c)
{
  for (size_t i = 0; c && i < c->n; i++)
    free(c->days[i].name);
  if (c)
    free(c->days);
  free(c);
}

/* Where the day stands, or should stand. */
static size_t place(const struct dh_calendar *c, int64_t day)
{
  size_t lo = 0, hi = c->n;

  while (lo < hi) {
    size_t mid = (lo + hi) / 2;

    if (c->days[mid].day < day)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo;
}

enum dh_day_kind dh_calendar_day(const struct dh_calendar *c, int64_t day, const char **name)
{
  size_t i = c ? place(c, day) : 0;
  bool told = c && i < c->n && c->days[i].day == day;

  if (name)
    *name = told ? c->days[i].name : "";
  if (told)
    return c->days[i].work ? DH_DAY_WORK : DH_DAY_HOLIDAY;
  return dh_calendar_works(c, dh_day_weekday(day)) ? DH_DAY_WORK : DH_DAY_WEEKEND;
}

bool dh_calendar_works(const struct dh_calendar *c, int weekday)
{
  return (c ? c->week : (unsigned)WEEK) >> weekday & 1;
}

int64_t dh_calendar_until(const struct dh_calendar *c)
{
  return c ? c->until : INT64_MIN;
}

void dh_calendar_told(struct dh_calendar *c, int64_t day)
{
  if (day > c->until)
    c->until = day;
}

void dh_calendar_week(struct dh_calendar *c, unsigned weekdays)
{
  c->week = weekdays;
}

static int add_day(struct dh_calendar *c, int64_t day, bool work, const char *name)
{
  size_t i = place(c, day);
  char *copy;

  if (i < c->n && c->days[i].day == day) { /* the first name stays, a working day wins */
    if (!work || c->days[i].work)
      return 0;
    copy = strdup(name);
    if (!copy)
      return DH_ENOMEM;
    free(c->days[i].name);
    c->days[i].name = copy;
    c->days[i].work = true;
    return 0;
  }
  if (c->n == DAYS_MAX)
    return DH_ELIMIT;
  if (c->n == c->cap) {
    struct entry *more = realloc(c->days, (c->cap ? 2 * c->cap : 64) * sizeof *more);

    if (!more)
      return DH_ENOMEM;
    c->days = more;
    c->cap = c->cap ? 2 * c->cap : 64;
  }
  copy = strdup(name);
  if (!copy)
    return DH_ENOMEM;
  memmove(&c->days[i + 1], &c->days[i], (c->n - i) * sizeof *c->days);
  c->days[i] = (struct entry){.day = day, .work = work, .name = copy};
  c->n++;
  return 0;
}

int dh_calendar_add(struct dh_calendar *c, int64_t day, int days, bool work, const char *name)
{
  int rc = 0;

  for (int i = 0; !rc && i < days; i++)
    rc = add_day(c, day + i, work, name);
  return rc;
}

int dh_calendar_put(struct dh_buf *b, const struct dh_calendar *c)
{
  int rc = dh_put_map(b, 3);

  if (!rc)
    rc = dh_put_ki(b, "week", c->week);
  if (!rc)
    rc = dh_put_ki(b, "until", c->until);
  if (!rc)
    rc = dh_put_text(b, "days");
  if (!rc)
    rc = dh_put_list(b, c->n);
  for (size_t i = 0; !rc && i < c->n; i++) {
    rc = dh_put_list(b, 3);
    if (!rc)
      rc = dh_put_int(b, c->days[i].day);
    if (!rc)
      rc = dh_put_bool(b, c->days[i].work);
    if (!rc)
      rc = dh_put_text(b, c->days[i].name);
  }
  return rc;
}

static bool is_entry(const struct dh_val *v)
{
  return v->type == DH_LIST && v->n == 3 && v->items[0].type == DH_INT && v->items[1].type == DH_BOOL &&
         v->items[2].type == DH_TEXT;
}

int dh_calendar_take(const struct dh_val *v, struct dh_calendar **out, struct dh_err *err)
{
  const struct dh_val *days = dh_val_get(v, "days");
  struct dh_calendar *c = dh_calendar_new();
  char name[200];
  int rc = 0;

  *out = NULL;
  if (!c)
    return dh_err_set(err, DH_ENOMEM, "no memory for a calendar");
  c->week = (unsigned)dh_val_int(v, "week", WEEK);
  c->until = dh_val_int(v, "until", INT64_MIN);
  for (size_t i = 0; !rc && days && days->type == DH_LIST && i < days->n; i++) {
    const struct dh_val *d = &days->items[i];

    if (!is_entry(d)) {
      rc = DH_EFORMAT;
      break;
    }
    snprintf(name, sizeof name, "%.*s", (int)d->items[2].n, d->items[2].s);
    rc = add_day(c, d->items[0].i, d->items[1].b, name);
  }
  if (rc) {
    dh_calendar_free(c);
    return dh_err_set(err, rc, "a calendar cannot be taken from its message");
  }
  *out = c;
  return 0;
}
