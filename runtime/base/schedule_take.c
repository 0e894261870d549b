/* schedule_take.c - a schedule from what a robot declares: its text, its zone, its rules and their defaults.
 *
 * Defaults follow the words: "every …" is a rhythm, of which a beat may be left out (missed none, overlap
 * skip); a time of day is an appointment (missed once, overlap queue). */
#include "schedule.h"
#include "clock.h"

#include <stdio.h>
#include <string.h>

struct choice {
  const char *key;
  const char *names[5]; /* in the order of the enum */
};

static const struct choice choices[] = {
    {"on_holiday", {"run", "skip", "before", "after"}},
    {"on_weekend", {"run", "skip", "before", "after"}},
    {"missing_hour", {"after", "skip"}},
    {"repeated_hour", {"first", "second", "both"}},
    {"missed", {"once", "all", "none"}},
    {"overlap", {"queue", "skip", "replace"}},
};
enum { ON_HOLIDAY, ON_WEEKEND, MISSING, REPEATED, MISSED, OVERLAP, CHOICES };

/* Sets *chosen when the rule says so; else it stays. */
static int choose(const struct dh_val *v, int which, int *chosen, struct dh_err *err)
{
  const struct choice *c = &choices[which];
  const struct dh_val *said = dh_val_get(v, c->key);
  char text[40], list[100] = "";

  if (!said)
    return 0;
  for (int i = 0; c->names[i]; i++) {
    if (dh_val_is(said, c->names[i])) {
      *chosen = i;
      return 0;
    }
    snprintf(list + strlen(list), sizeof list - strlen(list), "%s\"%s\"", i ? ", " : "", c->names[i]);
  }
  dh_val_text(v, c->key, text, sizeof text);
  dh_err_set(err, DH_EUSE, "a schedule's %s knows no \"%s\"", c->key, text);
  return dh_err_advice(err, "write one of %s", list);
}

static int take_rules(const struct dh_val *v, struct dh_schedule *s, struct dh_err *err)
{
  bool rhythm = s->when.every_s != 0;
  int chosen[CHOICES] = {
      [ON_HOLIDAY] = s->calendar ? DH_OFF_SKIP : DH_OFF_RUN,
      [ON_WEEKEND] = DH_OFF_RUN,
      [MISSING] = DH_MISSING_AFTER,
      [REPEATED] = s->when.any_hour ? DH_REPEATED_BOTH : DH_REPEATED_FIRST,
      [MISSED] = rhythm ? DH_MISSED_NONE : DH_MISSED_ONCE,
      [OVERLAP] = rhythm ? DH_OVERLAP_SKIP : DH_OVERLAP_QUEUE,
  };
  int rc = 0;

  for (int i = 0; !rc && i < CHOICES; i++)
    rc = choose(v, i, &chosen[i], err);
  s->on_holiday = (enum dh_off_rule)chosen[ON_HOLIDAY];
  s->on_weekend = (enum dh_off_rule)chosen[ON_WEEKEND];
  s->missing_hour = (enum dh_missing_rule)chosen[MISSING];
  s->repeated_hour = (enum dh_repeated_rule)chosen[REPEATED];
  s->missed = (enum dh_missed_rule)chosen[MISSED];
  s->overlap = (enum dh_overlap_rule)chosen[OVERLAP];
  return rc;
}

/* "when NAME has cases", "when NAME is finished". False: it is not of this form. */
static bool take_trigger(struct dh_schedule *s)
{
  char what[12] = "", state[12] = "";
  int end = 0;

  if (sscanf(s->text, " when %63s %11s %11s %n", s->watched, what, state, &end) != 3 || s->text[end])
    return false;
  if (strcmp(what, "has") == 0 && strcmp(state, "cases") == 0)
    s->trigger = DH_TRIGGER_CASES;
  else if (strcmp(what, "is") == 0 && strcmp(state, "finished") == 0)
    s->trigger = DH_TRIGGER_FINISHED;
  return s->trigger != DH_TRIGGER_TIME;
}

static int take_text(struct dh_schedule *s, struct dh_err *err)
{
  if (strncmp(s->text, "when ", 5) != 0)
    return dh_when_read(s->text, &s->when, err);
  if (take_trigger(s))
    return 0;
  dh_err_set(err, DH_EUSE, "the schedule \"%s\" is not understood", s->text);
  return dh_err_advice(
      err, "write \"when NAME is finished\" or \"when NAME has cases\", NAME being another robot");
}

int dh_schedule_take(const struct dh_val *v, const char *zone, struct dh_schedule *s, struct dh_err *err)
{
  const struct dh_val *calendar = dh_val_get(v, "calendar");
  struct dh_slot slot;
  int rc;

  memset(s, 0, sizeof *s);
  dh_val_text(v, "text", s->text, sizeof s->text);
  dh_val_text(v, "zone", s->zone_name, sizeof s->zone_name);
  if (!*s->zone_name)
    snprintf(s->zone_name, sizeof s->zone_name, "%s", zone && *zone ? zone : "UTC");
  rc = take_text(s, err);
  if (!rc)
    rc = dh_zone_find(s->zone_name, &s->zone, err);
  if (!rc && calendar)
    rc = dh_calendar_take(calendar, &s->calendar, err);
  if (!rc)
    rc = take_rules(v, s, err);
  if (!rc && !s->trigger && !dh_schedule_next(s, dh_wall_ms() / 1000, &slot)) {
    rc = dh_err_set(err, DH_EUSE, "the schedule \"%s\" never happens", s->text);
    dh_err_advice(err, "there is no such day, or the calendar leaves all of them out");
  }
  if (rc)
    dh_schedule_fini(s);
  return rc;
}

void dh_schedule_fini(struct dh_schedule *s)
{
  dh_calendar_free(s->calendar);
  s->calendar = NULL;
}
