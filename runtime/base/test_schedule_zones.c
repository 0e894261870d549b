/* test_schedule_zones.c - for every zone of the system over ten years: slots are those that a walk over all
 * quarter hours finds, and a supervisor whose clock jumps and that is killed at random fires each of them
 * once, by its rule.
 *
 * DH_SCHEDULE_ROUNDS=n: with n rules a zone (default 1, another one in each zone); DH_SCHEDULE_YEARS=n. */
#include "day.h"
#include "schedule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { STEP = 900, SLOTS_MAX = 1 << 16 };

static const char *const texts[] = {
    "daily at 02:30",    "daily at 00:00 and 23:45", "daily at 01:15, 02:00 and 03:00",
    "workdays at 08:30", "mondays at 02:30",         "on the 1st and last day at 00:15"};
static const char *const missing[] = {"after", "skip"}, *const repeated[] = {"first", "second", "both"},
                         *const missed[] = {"once", "all", "none"};

static uint64_t seed;

static uint32_t chance(uint32_t n)
{
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(seed >> 33) % n;
}

/* ---- the slots, found the slow way */

struct list {
  int64_t at[SLOTS_MAX];
  int n;
};

static int cmp(const void *a, const void *b)
{
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

  return x < y ? -1 : x > y;
}

static void add(struct list *l, int64_t at)
{
  assert_true(l->n < SLOTS_MAX);
  l->at[l->n++] = at;
}

/* A local quarter of an hour that the rule names: shown at `at`, for the first or second time, or never. */
static void quarter(const struct dh_schedule *s, struct list *l, int64_t local, int64_t at, int times)
{
  int64_t day = (local - (local % DH_DAY_S + DH_DAY_S) % DH_DAY_S) / DH_DAY_S;

  if (!dh_when_minute(&s->when, (int)((local - day * DH_DAY_S) / 60)) || !dh_when_day(&s->when, NULL, day))
    return;
  if (times == 0 && s->missing_hour == DH_MISSING_AFTER)
    add(l, at);
  if (times == 1 || (times == 2 && s->repeated_hour != DH_REPEATED_FIRST))
    add(l, at);
}

/* Walks all quarters of an hour. A local time counts as shown twice when the clock was set back behind it. */
static void walk(const struct dh_schedule *s, int64_t begin, int64_t end, struct list *l)
{
  int64_t before = begin - STEP + dh_zone_offset(s->zone, begin - STEP), highest = before;

  l->n = 0;
  for (int64_t t = begin; t < end; t += STEP) {
    int64_t local = t + dh_zone_offset(s->zone, t);

    for (int64_t lost = before + STEP; lost < local; lost += STEP)
      if (lost > highest)
        quarter(s, l, lost, t, 0);
    quarter(s, l, local, t, local > highest ? 1 : 2);
    if (local > highest)
      highest = local;
    before = local;
  }
  if (s->repeated_hour == DH_REPEATED_SECOND) /* what comes twice counts the second time alone */
    for (int i = 0; i < l->n; i++) {
      int64_t at[2];

      if (dh_zone_moments(s->zone, l->at[i] + dh_zone_offset(s->zone, l->at[i]), at, NULL) == 2 &&
          l->at[i] == at[0])
        l->at[i] = INT64_MAX;
    }
  qsort(l->at, (size_t)l->n, sizeof *l->at, cmp);
  while (l->n && l->at[l->n - 1] == INT64_MAX)
    l->n--;
  for (int i = 1; i < l->n; i++)
    if (l->at[i] == l->at[i - 1]) {
      memmove(&l->at[i], &l->at[i + 1], (size_t)(l->n - i - 1) * sizeof *l->at);
      l->n--, i--;
    }
}

static void slots_are_those(const struct dh_schedule *s, const struct list *l, int64_t begin)
{
  struct dh_slot slot;
  int64_t t = begin - 1;
  char wanted[DH_SLOT_TEXT], seen[DH_SLOT_TEXT];

  for (int i = 0; i < l->n; i++) {
    bool found = dh_schedule_next(s, t, &slot);

    if (!found || slot.at != l->at[i])
      fail_msg("%s, \"%s\": wanted %s, seen %s", s->zone_name, s->text, dh_slot_text(s, l->at[i], wanted),
               dh_slot_text(s, found ? slot.at : 0, seen));
    t = slot.at;
  }
}

/* ---- a supervisor under a clock that jumps */

struct world {
  const struct dh_schedule *s;
  const struct list *l;
  bool *fired; /* the keys that stand: a slot is taken once */
  int highest; /* of them */
  struct dh_schedule_mark mark;
  int64_t wall;
};

static int index_of(const struct list *l, int64_t at)
{
  const int64_t *p = bsearch(&at, l->at, (size_t)l->n, sizeof at, cmp);

  return p ? (int)(p - l->at) : -1;
}

/* The last slot not after t; -1: none. */
static int last_of(const struct list *l, int64_t t)
{
  int lo = 0, hi = l->n;

  while (lo < hi) {
    int mid = (lo + hi) / 2;

    if (l->at[mid] <= t)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo - 1;
}

#define FAIL(w, what, i)                                                                  \
  do {                                                                                    \
    char text_[DH_SLOT_TEXT], now_[DH_SLOT_TEXT];                                         \
    fail_msg("%s, \"%s\", missed %s: " what " %s at %s", (w)->s->zone_name, (w)->s->text, \
             missed[(w)->s->missed], dh_slot_text((w)->s, (w)->l->at[i], text_),          \
             dh_slot_text((w)->s, (w)->wall, now_));                                      \
  } while (0)

static int64_t wake_up(struct world *w)
{
  struct dh_schedule_step step;

  for (;;) {
    int i;

    dh_schedule_step(w->s, &w->mark, w->wall, &step);
    w->mark.decided = step.decided;
    if (!step.fire)
      return step.wake;
    i = index_of(w->l, step.slot.at);
    assert_true(i >= 0);
    if (step.slot.at > w->wall || step.slot.at <= w->mark.since)
      FAIL(w, "fired before its time, or before the schedule was known:", i);
    w->fired[i] = true;
    if (i > w->highest)
      w->highest = i;
  }
}

/* What must hold after a wake at `wall`, up to which the clock came by running (or by a jump, or unseen). */
static void check(struct world *w, bool passed)
{
  int last = last_of(w->l, w->wall);

  if (last < 0 || w->l->at[last] <= w->mark.since)
    return;
  if (w->s->missed == DH_MISSED_ALL)
    for (int i = last; i >= 0 && i > last - 8 && w->l->at[i] > w->mark.since; i--)
      if (!w->fired[i])
        FAIL(w, "not fired:", i);
  if (passed && !w->fired[last])
    FAIL(w, "not fired:", last);
  if (w->s->missed == DH_MISSED_ONCE &&
      w->highest < last) /* one for all that were missed: it or a later one */
    FAIL(w, "not fired:", last);
}

/* Runs until the end; a time or two a slot something happens to the clock or to the supervisor. */
static void supervise(struct world *w, int64_t end)
{
  static const int64_t jumps[] = {3600, -3600, 86400, -86400};
  int64_t wake = wake_up(w);
  int budget = w->l->n + 2000; /* jumps back are paid by time: so many events, then none */

  while (w->wall < end && wake < end) {
    int next = last_of(w->l, w->wall) + 1;

    if (next < w->l->n && w->l->at[next] != wake)
      FAIL(w, "not waited for:", next);
    if (budget-- < 0 || chance(8)) { /* the clock runs to the slot */
      w->wall = wake;
      wake = wake_up(w);
      check(w, true);
      continue;
    }
    w->wall += chance((uint32_t)(wake - w->wall)); /* between two slots … */
    if (chance(3)) {
      w->wall += jumps[chance(4)]; /* … the clock is set … */
      if (w->wall < w->mark.since)
        w->wall = w->mark.since;
    } else {
      w->wall += chance(3 * 86400); /* … or nobody is there for a while */
    }
    wake = wake_up(w);
    check(w, false);
  }
}

/* ---- every zone */

static int number(const char *name, int otherwise)
{
  const char *text = getenv(name);

  return text ? atoi(text) : otherwise;
}

static int one(const char *zone, int which, struct list *l)
{
  int64_t begin = dh_day_of(2026, 1, 1) * DH_DAY_S,
          end = dh_day_of(2026 + number("DH_SCHEDULE_YEARS", 10), 1, 1) * DH_DAY_S;
  struct dh_schedule s;
  struct world w = {.s = &s, .l = l, .mark = {begin, begin}, .wall = begin, .highest = -1};
  struct dh_buf b;
  struct dh_val *v;
  struct dh_err err;

  dh_buf_init(&b, 4096);
  dh_put_map(&b, 5);
  dh_put_kt(&b, "text", texts[which % 6]);
  dh_put_kt(&b, "zone", zone);
  dh_put_kt(&b, "missing_hour", missing[which / 6 % 2]);
  dh_put_kt(&b, "repeated_hour", repeated[which / 12 % 3]);
  dh_put_kt(&b, "missed", missed[which / 36 % 3]);
  assert_int_equal(dh_val_parse_buf(&b, &v, NULL), 0);
  if (dh_schedule_take(v, NULL, &s, &err))
    fail_msg("%s: %s", zone, err.text);
  walk(&s, begin, end, l);
  slots_are_those(&s, l, begin);
  w.fired = calloc((size_t)l->n + 1, sizeof *w.fired);
  supervise(&w, l->at[l->n - 1] - 8 * DH_DAY_S); /* what jumps over the end finds no slots in the list */
  free(w.fired);
  dh_schedule_fini(&s);
  free(v);
  dh_buf_fini(&b);
  return l->n;
}

static void each_slot_fires_once(void **state)
{
  struct list *l = malloc(sizeof *l);
  FILE *f = popen(
      "sed -n 's/^Z \\([^ ]*\\) .*/\\1/p; s/^L [^ ]* \\(.*\\)/\\1/p' /usr/share/zoneinfo/tzdata.zi", "r");
  char name[100];
  int zones = 0, rounds = number("DH_SCHEDULE_ROUNDS", 1);
  long slots = 0;

  (void)state;
  assert_non_null(f);
  while (fgets(name, sizeof name, f)) {
    name[strcspn(name, "\n")] = '\0';
    for (int i = 0; i < rounds; i++) {
      seed = (uint64_t)zones * 1000 + (uint64_t)i;
      slots += one(name, zones * 5 + i, l);
    }
    zones++;
  }
  pclose(f);
  free(l);
  printf("%d zones, %ld slots\n", zones, slots);
  assert_true(zones > 400);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(each_slot_fires_once)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
