/* cmd_schedule.c - schedule next: the coming slots of a robot and why they are where they are; schedule list:
 * what the store knows of all schedules. */
#include "../base/clock.h"
#include "../base/day.h"
#include "../base/schedule.h"
#include "../sched/schedules.h"
#include "util.h"

#include <stdlib.h>
#include <string.h>

enum { COUNT = 20, COUNT_MAX = 10000, LEFT_OUT_MAX = 3000, OUT_MAX = 64 << 20 };

/* ---- next */

struct row {
  int64_t at;
  const struct dh_schedule *s;
  bool left_out; /* a day without a slot; at: the noon of it */
  char why[200];
};

struct rows {
  struct row *v;
  size_t n, cap;
};

static int add_row(struct rows *rows, const struct dh_schedule *s, int64_t at, bool left_out, const char *why,
                   struct dh_err *err)
{
  struct row *r;

  if (rows->n == rows->cap) {
    r = realloc(rows->v, (rows->cap ? 2 * rows->cap : 64) * sizeof *r);
    if (!r)
      return dh_err_set(err, DH_ENOMEM, "no memory for the slots");
    rows->v = r;
    rows->cap = rows->cap ? 2 * rows->cap : 64;
  }
  r = &rows->v[rows->n++];
  *r = (struct row){.at = at, .s = s, .left_out = left_out};
  snprintf(r->why, sizeof r->why, "%s", why);
  return 0;
}

static int by_time(const void *a, const void *b)
{
  const struct row *x = a, *y = b;

  if (x->at != y->at)
    return x->at < y->at ? -1 : 1;
  return x->s < y->s ? -1 : x->s > y->s;
}

/* The days between two slots that the rule names and leaves out. */
static int left_out(struct rows *rows, const struct dh_schedule *s, int64_t after, int64_t until,
                    struct dh_err *err)
{
  int64_t day = (after + dh_zone_offset(s->zone, after)) / DH_DAY_S, last = until / DH_DAY_S + 1;
  char why[200];
  int rc = 0;

  for (int i = 0; !rc && day <= last && i < LEFT_OUT_MAX; i++, day++) {
    int64_t noon = day * DH_DAY_S + DH_DAY_S / 2 - dh_zone_offset(s->zone, day * DH_DAY_S);

    if (noon > after && noon < until && dh_schedule_leaves_out(s, day, why, sizeof why))
      rc = add_row(rows, s, noon, true, why, err);
  }
  return rc;
}

static int slots_of(struct rows *rows, const struct dh_schedule *s, int64_t from, int count,
                    struct dh_err *err)
{
  struct dh_slot slot;
  char why[200];
  int rc = 0;

  for (int i = 0; !rc && i < count && dh_schedule_next(s, from, &slot); i++) {
    rc = left_out(rows, s, from, slot.at, err);
    dh_slot_why(s, &slot, why, sizeof why);
    if (!rc)
      rc = add_row(rows, s, slot.at, false, why, err);
    from = slot.at;
  }
  return rc;
}

static const char *weekday(int64_t day)
{
  static const char *const names[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

  return names[dh_day_weekday(day)];
}

static void say_rows(const struct rows *rows, int count)
{
  int64_t now = dh_wall_ms() / 1000;

  for (size_t i = 0; i < rows->n && count > 0; i++) {
    const struct row *r = &rows->v[i];
    int64_t local = r->at + dh_zone_offset(r->s->zone, r->at);
    char text[DH_SLOT_TEXT], rule[DH_RULE_TEXT], span[24];

    dh_slot_text(r->s, r->at, text);
    dh_schedule_rule(r->s, rule);
    if (r->left_out) {
      printf("%.10s %s  %-15s %10s  %s: left out, %s\n", text, weekday(local / DH_DAY_S), "-", "", rule,
             r->why);
      continue;
    }
    printf("%.10s %s  %-15s %10s  %s%s%s\n", text, weekday(local / DH_DAY_S), text + 11,
           r->at > now ? dh_span_text((r->at - now) * 1000, span) : "past", rule, *r->why ? ": " : "",
           r->why);
    count--;
  }
}

static int put_rows(struct dh_buf *b, const struct rows *rows, size_t n)
{
  int rc = dh_put_list(b, n);

  for (size_t i = 0; !rc && i < n; i++) {
    const struct row *r = &rows->v[i];
    char text[DH_SLOT_TEXT], rule[DH_RULE_TEXT];

    dh_slot_text(r->s, r->at, text);
    if (r->left_out)
      text[10] = '\0';
    rc = dh_put_map(b, 5) || dh_put_kt(b, r->left_out ? "day" : "slot", text) ||
                 dh_put_ki(b, "at", r->at * 1000) || dh_put_kt(b, "rule", dh_schedule_rule(r->s, rule)) ||
                 dh_put_kb(b, "left_out", r->left_out) || dh_put_kt(b, "why", r->why)
             ? DH_ELIMIT
             : 0;
  }
  return rc;
}

static int say_json(const struct rows *rows, int count)
{
  struct dh_buf b;
  size_t n = 0;
  int status;

  while (n < rows->n && count > 0)
    count -= !rows->v[n++].left_out;
  dh_buf_init(&b, OUT_MAX);
  status = put_rows(&b, rows, n) ? DH_EXIT_FAILED : dh_say_json_cbor(&b);
  dh_buf_fini(&b);
  return status;
}

/* A calendar speaks only of the years it was written for. */
static void warn_of_end(const struct dh_schedule *s, int64_t last)
{
  int64_t until = dh_calendar_until(s->calendar);
  struct dh_date d = dh_day_date(until);

  if (until != INT64_MIN && last / DH_DAY_S > dh_day_of(d.year, 12, 31))
    fprintf(stderr,
            "note: the calendar of \"%s\" ends with %04d-%02d-%02d; days after that year count as ordinary "
            "ones\n",
            s->text, d.year, d.month, d.day);
}

/* "2027-03-28" or "2027-03-28T00:30", in the zone of a schedule. */
static int take_from(const char *text, struct dh_zone *z, int64_t *from, struct dh_err *err)
{
  int y, mo, d, h = 0, mi = 0, n = 0;
  int64_t at[2], after, local;
  char sep;

  if (!(sscanf(text, "%4d-%2d-%2d%n", &y, &mo, &d, &n) == 3 && !text[n]) &&
      !(sscanf(text, "%4d-%2d-%2d%c%2d:%2d%n", &y, &mo, &d, &sep, &h, &mi, &n) == 6 && !text[n])) {
    dh_err_set(err, DH_EUSE, "--from %s is no time", text);
    return dh_err_advice(err, "write 2027-03-28 or 2027-03-28T00:30");
  }
  local = dh_day_of(y, mo, d) * DH_DAY_S + h * 3600 + mi * 60;
  *from = (dh_zone_moments(z, local, at, &after) ? at[0] : after) - 1;
  return 0;
}

static int say_next(struct dh_cli *cli, const struct dh_schedule *s, size_t n, struct dh_err *err)
{
  const char *text = dh_cli_option(cli, "count"), *from_text = dh_cli_option(cli, "from");
  int64_t from = dh_wall_ms() / 1000;
  int count = text ? atoi(text) : COUNT, rc = 0;
  struct rows rows = {NULL, 0, 0};

  if (count < 1 || count > COUNT_MAX)
    return dh_err_set(err, DH_EUSE, "--count is a number from 1 to %d", COUNT_MAX);
  for (size_t i = 0; !rc && i < n; i++) {
    if (s[i].trigger)
      continue;
    if (from_text)
      rc = take_from(from_text, s[i].zone, &from, err);
    if (!rc)
      rc = slots_of(&rows, &s[i], from, count, err);
  }
  if (rows.n)
    qsort(rows.v, rows.n, sizeof *rows.v, by_time);
  if (!rc && cli->json) {
    rc = say_json(&rows, count) ? dh_err_set(err, DH_ELIMIT, "too many slots") : 0;
  } else if (!rc) {
    say_rows(&rows, count);
    for (size_t i = 0; i < n; i++) {
      if (s[i].trigger)
        printf("%s\n", s[i].text);
      else if (rows.n)
        warn_of_end(&s[i], rows.v[rows.n - 1].at);
    }
  }
  free(rows.v);
  return rc;
}

static int take_all(const struct dh_val *v, struct dh_schedule *s, size_t *n, struct dh_err *err)
{
  int rc = 0;

  for (*n = 0; !rc && *n < v->n; *n += !rc)
    rc = dh_schedule_take(&v->items[*n], NULL, &s[*n], err);
  return rc;
}

static int next(struct dh_cli *cli, const struct dh_robot *robot, struct dh_err *err)
{
  struct dh_buf b;
  struct dh_val *v = NULL;
  struct dh_schedule *s = NULL;
  size_t n = 0;
  int rc;

  dh_buf_init(&b, OUT_MAX);
  rc = dh_robot_schedules(robot, dh_conf_get(cli->conf, "zone"), NULL, &b, err);
  if (!rc)
    rc = dh_val_parse_buf(&b, &v, err);
  if (!rc && !v->n) {
    rc = dh_err_set(err, DH_EUSE, "the robot %s has no schedule", robot->name);
    dh_err_advice(err, "add one to robot { … }: schedule = \"workdays at 08:30\"");
  }
  if (!rc && !(s = calloc(v->n, sizeof *s)))
    rc = dh_err_set(err, DH_ENOMEM, "no memory for schedules");
  if (!rc)
    rc = take_all(v, s, &n, err);
  if (!rc)
    rc = say_next(cli, s, n, err);
  while (n)
    dh_schedule_fini(&s[--n]);
  free(s);
  free(v);
  dh_buf_fini(&b);
  return rc;
}

static int exec_next(struct dh_cli *cli)
{
  struct dh_robot robot;
  struct dh_err err;
  int rc = dh_robot_read(cli->words[0], &robot, &err);

  if (!rc) {
    rc = next(cli, &robot, &err);
    dh_robot_fini(&robot);
  }
  return rc ? dh_say_error(&err, NULL) : DH_EXIT_DONE;
}

/* ---- list */

static int list_work(struct dh_db *db, void *self, struct dh_err *err)
{
  return db->ops->schedule_list(db, self, err);
}

static void say_schedule(const struct dh_val *v)
{
  char queue[64], rule[DH_RULE_TEXT], key[160], fate[16], next_at[24], at[24];
  int64_t then = dh_val_int(v, "next", 0);

  dh_val_text(v, "key", key, sizeof key);
  dh_val_text(v, "fate", fate, sizeof fate);
  if (!*key)
    dh_local_text(dh_val_int(v, "slot", 0), key);
  printf("%s\n  %s\n  next: %s%s\n", dh_val_text(v, "queue", queue, sizeof queue),
         dh_val_text(v, "rule", rule, sizeof rule), then ? dh_local_text(then, next_at) : "not by time",
         then && then < dh_wall_ms() ? " (serve is not there)" : "");
  if (*fate)
    printf("  last: %s, %s at %s\n", key, fate, dh_local_text(dh_val_int(v, "at", 0), at));
}

static int exec_list(struct dh_cli *cli)
{
  struct dh_buf b;
  struct dh_val *v = NULL;
  struct dh_err err;
  int rc, status;

  dh_buf_init(&b, OUT_MAX);
  rc = dh_cli_read(cli, list_work, &b, &err);
  if (!rc)
    rc = dh_val_parse_buf(&b, &v, &err);
  status = rc ? dh_say_error(&err, NULL) : DH_EXIT_DONE;
  if (!rc && cli->json)
    status = dh_say_json(v);
  for (size_t i = 0; !rc && !cli->json && i < v->n; i++)
    say_schedule(&v->items[i]);
  if (!rc && !cli->json && !v->n)
    printf("no schedule was served from this store yet\n");
  free(v);
  dh_buf_fini(&b);
  return status;
}

static const struct dh_option next_options[] = {
    {"count", "N", "so many slots; default 20"},
    {"from", "TIME", "as if it were 2027-03-28, or 2027-03-28T00:30, in the schedule's zone"},
    {NULL, NULL, NULL},
};

const struct dh_command dh_cmd_schedule_next = {
    .name = "schedule next",
    .summary = "Shows when a robot will begin, and why then",
    .usage = "ROBOT [--count N] [--from TIME]",
    .help = "The coming slots of its schedule, in the schedule's own zone, with the rule that gives each. "
            "Where one "
            "is not at\n"
            "its usual place it says why: a holiday that moved it, a clock change that left its time out or "
            "brings "
            "it twice.\n"
            "Days that a rule names and a holiday leaves out are shown with a dash.\n\n"
            "Nothing is run and no store is asked. How schedules are written: docs/schedules.md.",
    .options = next_options,
    .least = 1,
    .most = 1,
    .exec = exec_next,
};
const struct dh_command dh_cmd_schedule_list = {
    .name = "schedule list",
    .summary = "Shows all schedules of the store: the last slot, what became of it, the next",
    .usage = "",
    .help =
        "What became of a slot: added (its case is in the queue), held (its case waits for the one before), "
        "skipped (the one\n"
        "before was under way), missed (nobody was there), stands (its case was there already).",
    .exec = exec_list,
};
