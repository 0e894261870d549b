/* schedule.h - a schedule: when something happens, in a zone, by a working calendar, with a rule for
 * everything that can come between. A slot is one moment at which it happens; slots are found by arithmetic
 * alone, the same whenever they are asked for. Moments are seconds since 1970 UTC. */
#ifndef DH_SCHEDULE_H
#define DH_SCHEDULE_H

#include "when.h"
#include "zone.h"

enum dh_off_rule {             /* on a day that is not worked */
                   DH_OFF_RUN, /* all the same */
                   DH_OFF_SKIP,
                   DH_OFF_BEFORE, /* on the last working day before */
                   DH_OFF_AFTER,  /* on the next working day */
};
enum dh_missing_rule { DH_MISSING_AFTER, DH_MISSING_SKIP }; /* a time that a clock change leaves out */
enum dh_repeated_rule { DH_REPEATED_FIRST, DH_REPEATED_SECOND, DH_REPEATED_BOTH };
enum dh_missed_rule { DH_MISSED_ONCE, DH_MISSED_ALL, DH_MISSED_NONE };
enum dh_overlap_rule { DH_OVERLAP_QUEUE, DH_OVERLAP_SKIP, DH_OVERLAP_REPLACE };

enum dh_trigger {
  DH_TRIGGER_TIME,
  DH_TRIGGER_CASES,    /* "when letters has cases": another queue has new ones */
  DH_TRIGGER_FINISHED, /* "when letters is finished": all cases of another queue have ended */
};

enum { DH_SCHEDULE_LATE_S = 60 /* a slot is on time for so long, unless the next one comes earlier */ };

struct dh_schedule {
  char text[160];
  enum dh_trigger trigger; /* other than TIME: watched is the queue's name, there are no slots */
  char watched[64];
  char zone_name[64];
  struct dh_zone *zone;
  struct dh_when when;
  struct dh_calendar *calendar; /* NULL: Monday to Friday, no holidays. Owned: dh_schedule_fini */
  enum dh_off_rule on_holiday, on_weekend;
  enum dh_missing_rule missing_hour;
  enum dh_repeated_rule repeated_hour;
  enum dh_missed_rule missed;
  enum dh_overlap_rule overlap;
};

/* Fills s from a declared rule: a map {text, zone?, calendar? (as dh_calendar_put), on_holiday?, on_weekend?,
 * missing_hour?, repeated_hour?, missed?, overlap?}. zone: where it has none; NULL for UTC. Errors: DH_EUSE
 * for what cannot be understood or can never happen, DH_ENOENT for an unknown zone. Nothing is left on error.
 */
int dh_schedule_take(const struct dh_val *v, const char *zone, struct dh_schedule *s, struct dh_err *err);
void dh_schedule_fini(struct dh_schedule *s);
/* What it is known by in the store: "workdays at 08:30, Asia/Shanghai". A schedule of another text or zone is
 * another one, which begins when it is first seen. */
enum { DH_RULE_TEXT = 256 };
char *dh_schedule_rule(const struct dh_schedule *s, char out[DH_RULE_TEXT]);

struct dh_slot {
  int64_t at;
  int64_t day;     /* on which it falls */
  int64_t for_day; /* for which it was meant: another one when it was moved */
  bool gap;        /* its time of day does not exist: the first moment after */
  int repeated;    /* its time of day exists twice: 1 the first, 2 the second; else 0 */
};

/* The first slot after a moment, the last one not after it. False: there is none within twelve years. */
bool dh_schedule_next(const struct dh_schedule *s, int64_t after, struct dh_slot *out);
bool dh_schedule_last(const struct dh_schedule *s, int64_t until, struct dh_slot *out);
/* "2026-11-24T08:30+08:00": what makes a slot unique, and the key of its case. */
enum { DH_SLOT_TEXT = 32 };
char *dh_slot_text(const struct dh_schedule *s, int64_t at, char out[DH_SLOT_TEXT]);
/* Why it is where it is: "moved from 2026-10-01: National Day"; "" when there is nothing to say. */
void dh_slot_why(const struct dh_schedule *s, const struct dh_slot *slot, char *out, size_t size);
/* Does a day that the rule names have no slot of its own? Then why: "National Day". */
bool dh_schedule_leaves_out(const struct dh_schedule *s, int64_t day, char *why, size_t size);

/* What has been done so far, kept in the store. */
struct dh_schedule_mark {
  int64_t since;   /* the schedule is known: nothing before counts */
  int64_t decided; /* all slots until here are fired or passed over */
};

struct dh_schedule_step {
  bool fire;
  struct dh_slot slot; /* when fire; else the last that was missed, at 0: none */
  bool missed;         /* slots before it, or (without fire) this one too, were passed over */
  int64_t decided;     /* the new mark */
  int64_t wake;        /* with nothing to fire: when to ask again; INT64_MAX for never */
};

/* One decision at a time `now` by the wall clock, which may have jumped. Called again while it says fire;
 * with the mark that it gave. A slot that is fired a second time (the clock was set back) is known by its
 * text: the caller does not take it again. */
void dh_schedule_step(const struct dh_schedule *s, const struct dh_schedule_mark *mark, int64_t now,
                      struct dh_schedule_step *out);

#endif
