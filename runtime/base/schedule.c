/* schedule.c - the slots of a schedule. Days first (which days have slots, moved ones too), then the moments
 * of a day. See schedule.h. What is read from a declaration is in schedule_take.c. */
#include "schedule.h"
#include "day.h"

#include <stdio.h>
#include <string.h>

enum { SEARCH_DAYS = 12 * 366, MOVE_DAYS = 31, BACK_S = 86400 };

/* ---- days */

static enum dh_off_rule off_rule(const struct dh_schedule *s, enum dh_day_kind kind)
{
  return kind == DH_DAY_HOLIDAY ? s->on_holiday : kind == DH_DAY_WEEKEND ? s->on_weekend : DH_OFF_RUN;
}

static enum dh_day_kind kind_of(const struct dh_schedule *s, int64_t day)
{
  return dh_calendar_day(s->calendar, day, NULL);
}

/* The day that is moved to this working day from before (step -1) or after (step 1); 0: none. */
static int64_t moved_here(const struct dh_schedule *s, int64_t day, int step)
{
  enum dh_off_rule wanted = step < 0 ? DH_OFF_AFTER : DH_OFF_BEFORE;

  if (s->on_holiday != wanted && s->on_weekend != wanted)
    return 0;
  for (int i = 1; i <= MOVE_DAYS; i++) {
    enum dh_day_kind kind = kind_of(s, day + i * step);

    if (kind == DH_DAY_WORK)
      return 0;
    if (off_rule(s, kind) == wanted && dh_when_day(&s->when, s->calendar, day + i * step))
      return day + i * step;
  }
  return 0;
}

/* Does this day have slots? For which day they were meant. */
static bool has_slots(const struct dh_schedule *s, int64_t day, int64_t *for_day)
{
  enum dh_day_kind kind = kind_of(s, day);

  *for_day = day;
  if (off_rule(s, kind) == DH_OFF_RUN && dh_when_day(&s->when, s->calendar, day))
    return true;
  if (kind != DH_DAY_WORK)
    return false;
  *for_day = moved_here(s, day, -1);
  if (!*for_day)
    *for_day = moved_here(s, day, 1);
  return *for_day != 0;
}

/* ---- moments of a day */

/* The one wanted: the smallest after a moment, or the largest not after it. */
struct search {
  const struct dh_schedule *s;
  bool forward;
  int64_t from;
  bool found;
  struct dh_slot best;
};

static void consider(struct search *q, const struct dh_slot *slot)
{
  bool fits = q->forward ? slot->at > q->from : slot->at <= q->from;
  bool better = !q->found || (q->forward ? slot->at < q->best.at : slot->at > q->best.at);

  if (fits && better) {
    q->best = *slot;
    q->found = true;
  }
}

static void at_minute(struct search *q, struct dh_slot slot, int minute)
{
  const struct dh_schedule *s = q->s;
  int64_t at[2], after;
  int n = dh_zone_moments(s->zone, slot.day * DH_DAY_S + minute * 60, at, &after);

  if (n == 0 && s->missing_hour == DH_MISSING_AFTER) {
    slot.gap = true;
    slot.at = after;
    consider(q, &slot);
  }
  for (int i = 0; i < n; i++) {
    if (n == 2 && s->repeated_hour == (i ? DH_REPEATED_FIRST : DH_REPEATED_SECOND))
      continue;
    slot.repeated = n == 2 ? i + 1 : 0;
    slot.at = at[i];
    consider(q, &slot);
  }
}

/* The first moment at which the clocks show this time of day or a later one. */
static int64_t moment_of(struct dh_zone *z, int64_t local_s)
{
  int64_t at[2], after;

  return dh_zone_moments(z, local_s, at, &after) ? at[0] : after;
}

static void every(struct search *q, struct dh_slot slot)
{
  const struct dh_when *w = &q->s->when;
  int64_t begin = moment_of(q->s->zone, slot.day * DH_DAY_S + w->from_s), k, last;

  if (w->to_s < 0) /* until the next day begins, which has its own first one */
    last = (moment_of(q->s->zone, (slot.day + 1) * DH_DAY_S) - 1 - begin) / w->every_s;
  else
    last = (moment_of(q->s->zone, slot.day * DH_DAY_S + w->to_s) - begin) / w->every_s;
  if (q->from < begin)
    k = q->forward ? 0 : -1;
  else
    k = (q->from - begin) / w->every_s + (q->forward ? 1 : 0);
  if (!q->forward && k > last)
    k = last;
  if (k < 0 || k > last)
    return;
  slot.at = begin + k * w->every_s;
  consider(q, &slot);
}

static void of_day(struct search *q, int64_t day, int64_t for_day)
{
  struct dh_slot slot = {.day = day, .for_day = for_day};

  if (q->s->when.every_s)
    every(q, slot);
  for (int i = 0; !q->s->when.every_s && i < 23; i++)
    for (uint64_t bits = q->s->when.minutes[i]; bits; bits &= bits - 1)
      at_minute(q, slot, i * 64 + __builtin_ctzll(bits));
}

static int64_t local_day(const struct dh_schedule *s, int64_t t)
{
  int64_t local = t + dh_zone_offset(s->zone, t);

  return local / DH_DAY_S - (local % DH_DAY_S < 0);
}

/* Days are tried from two before the moment, because clock changes may carry a slot over midnight, and one
 * more after the first that had something, for the same reason. */
static bool search(struct search *q, struct dh_slot *out)
{
  int step = q->forward ? 1 : -1, more = 1;
  int64_t day = local_day(q->s, q->from) - 2 * step, for_day;

  for (int i = 0; i < SEARCH_DAYS && more >= 0 && !q->s->trigger; i++, day += step) {
    if (has_slots(q->s, day, &for_day))
      of_day(q, day, for_day);
    more -= q->found;
  }
  *out = q->best;
  return q->found;
}

bool dh_schedule_next(const struct dh_schedule *s, int64_t after, struct dh_slot *out)
{
  struct search q = {.s = s, .forward = true, .from = after};

  return search(&q, out);
}

bool dh_schedule_last(const struct dh_schedule *s, int64_t until, struct dh_slot *out)
{
  struct search q = {.s = s, .forward = false, .from = until};

  return search(&q, out);
}

/* ---- telling */

char *dh_schedule_rule(const struct dh_schedule *s, char out[DH_RULE_TEXT])
{
  snprintf(out, DH_RULE_TEXT, "%s%s%s", s->text, s->trigger ? "" : ", ", s->trigger ? "" : s->zone_name);
  return out;
}

char *dh_slot_text(const struct dh_schedule *s, int64_t at, char out[DH_SLOT_TEXT])
{
  struct dh_zone_time l;
  int east, n;

  dh_zone_at(s->zone, at, &l);
  east = l.offset_s < 0 ? -l.offset_s : l.offset_s;
  n = snprintf(out, DH_SLOT_TEXT, "%04d-%02d-%02dT%02d:%02d", l.year, l.month, l.day, l.hour, l.minute);
  if (l.second)
    n += snprintf(out + n, (size_t)(DH_SLOT_TEXT - n), ":%02d", l.second);
  snprintf(out + n, (size_t)(DH_SLOT_TEXT - n), "%c%02d:%02d", l.offset_s < 0 ? '-' : '+', east / 3600,
           east / 60 % 60);
  return out;
}

static const char *reason(const struct dh_schedule *s, int64_t day)
{
  const char *name;
  enum dh_day_kind kind = dh_calendar_day(s->calendar, day, &name);

  return *name ? name : kind == DH_DAY_WEEKEND ? "weekend" : kind == DH_DAY_HOLIDAY ? "holiday" : "";
}

void dh_slot_why(const struct dh_schedule *s, const struct dh_slot *slot, char *out, size_t size)
{
  struct dh_date d = dh_day_date(slot->for_day);
  const char *name;
  size_t n = 0;

  *out = '\0';
  if (slot->for_day != slot->day)
    n = (size_t)snprintf(out, size, "moved from %04d-%02d-%02d: %s", d.year, d.month, d.day,
                         reason(s, slot->for_day));
  else if (dh_calendar_day(s->calendar, slot->day, &name) == DH_DAY_WORK && *name)
    n = (size_t)snprintf(out, size, "a working day: %s", name);
  if (n < size && slot->gap)
    snprintf(out + n, size - n, "%sits time is left out by a clock change: the first moment after",
             n ? "; " : "");
  else if (n < size && slot->repeated)
    snprintf(out + n, size - n, "%sits time comes twice by a clock change: the %s", n ? "; " : "",
             slot->repeated == 1 ? "first" : "second");
}

/* Of the times of this day: is there one that the clocks leave out? */
static bool loses_a_time(const struct dh_schedule *s, int64_t day)
{
  int64_t at[2];

  for (int m = 0; m < 1440; m++)
    if (dh_when_minute(&s->when, m) && !dh_zone_moments(s->zone, day * DH_DAY_S + m * 60, at, NULL))
      return true;
  return false;
}

bool dh_schedule_leaves_out(const struct dh_schedule *s, int64_t day, char *why, size_t size)
{
  struct dh_when plain = s->when;
  enum dh_off_rule rule = off_rule(s, kind_of(s, day));
  const char *name = "";
  bool named;

  /* "workdays" leave a holiday out by themselves: tell it, when it would have been a workday */
  if (s->when.workdays && dh_calendar_day(s->calendar, day, &name) == DH_DAY_HOLIDAY)
    plain.workdays = !dh_calendar_works(s->calendar, dh_day_weekday(day));
  named = dh_when_day(&plain, s->calendar, day);
  *why = '\0';
  if (!named)
    return false;
  if (rule == DH_OFF_SKIP || (s->when.workdays && *name)) {
    snprintf(why, size, "%s", reason(s, day));
    return true;
  }
  if (rule == DH_OFF_RUN && s->missing_hour == DH_MISSING_SKIP && loses_a_time(s, day)) {
    snprintf(why, size, "its time is left out by a clock change");
    return true;
  }
  return false;
}

/* ---- deciding */

void dh_schedule_step(const struct dh_schedule *s, const struct dh_schedule_mark *mark, int64_t now,
                      struct dh_schedule_step *out)
{
  struct dh_slot next, last;
  int64_t from = mark->decided;

  memset(out, 0, sizeof *out);
  if (from > now) { /* the clock was set back: what it was ahead of comes again, and nobody knows what was
                       fired meanwhile but the cases that stand */
    int64_t back = from - now;

    from = now - (back < BACK_S ? back : BACK_S);
    if (from < mark->since)
      from = mark->since;
    if (from > now)
      from = now;
  }
  out->decided = now;
  if (s->missed == DH_MISSED_ALL && dh_schedule_next(s, from, &next) && next.at <= now) {
    out->fire = true;
    out->slot = next;
    out->decided = next.at;
    return;
  }
  if (dh_schedule_last(s, now, &last) && last.at > from) {
    out->slot = last;
    out->missed = dh_schedule_next(s, from, &next) && next.at < last.at;
    out->fire = s->missed == DH_MISSED_ONCE || now - last.at <= DH_SCHEDULE_LATE_S;
    out->missed |= !out->fire;
    if (out->fire)
      return;
  }
  out->wake = dh_schedule_next(s, now, &next) ? next.at : INT64_MAX;
}
