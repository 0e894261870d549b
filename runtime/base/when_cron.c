/* when_cron.c - cron lines of five fields: minute, hour, day of the month, month, day of the week. Lists,
 * ranges, steps, names; L (last day of the month), FRIL or 5L (last Friday), MON#2 (second Monday); @daily
 * and its like. */
#include "when.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct field {
  const char *what;
  int least, most;
  int (*name)(const char *word, size_t n);
};

static const struct field fields[] = {
    {"minute", 0, 59, NULL},
    {"hour", 0, 23, NULL},
    {"day of the month", 1, 31, NULL},
    {"month", 1, 12, dh_when_month},
    {"day of the week", 0, 7, dh_when_weekday},
};
enum { MINUTE, HOUR, DAY, MONTH, WEEKDAY, FIELDS };

struct line {
  const char *text;
  struct dh_err *err;
  struct dh_when *w;
  uint64_t bits[FIELDS];
};

static int bad(struct line *l, int f, const char *part, size_t n)
{
  dh_err_set(l->err, DH_EUSE, "the %s of the cron line \"%.80s\" is not understood", fields[f].what, l->text);
  dh_err_seen(l->err, "%.*s", (int)(n > 40 ? 40 : n), part);
  return dh_err_advice(l->err, "the %s is a number from %d to %d, a list 1,3, a range 1-5, a step */2%s",
                       fields[f].what, fields[f].least, fields[f].most,
                       f == DAY     ? ", or L for the last day"
                       : f == MONTH ? ", or a name such as JAN"
                       : f == WEEKDAY
                           ? ", or a name such as MON, MON#1 for the first Monday, MONL for the last"
                           : "");
}

/* A number or a name at *p; -1 when there is none. */
static int value(int f, const char **p)
{
  const char *s = *p;
  int v = 0;

  if (isdigit((unsigned char)*s)) {
    while (isdigit((unsigned char)*s) && v < 1000)
      v = v * 10 + (*s++ - '0');
  } else {
    size_t n = 0;

    while (n < 3 && isalpha((unsigned char)s[n]))
      n++;
    v = fields[f].name && n == 3 ? fields[f].name(s, n) : -1;
    s += n;
  }
  *p = s;
  return v >= fields[f].least && v <= fields[f].most ? v : -1;
}

/* What only days know. True when this was one of them. */
static bool special(struct line *l, int f, const char *s, size_t n, int *rc)
{
  const char *p = s;
  int v, nth;

  if (f == DAY && n == 1 && (*s == 'L' || *s == 'l')) {
    l->w->last_day = true;
    return true;
  }
  if (f != WEEKDAY || (v = value(f, &p)) < 0 || p >= s + n)
    return false;
  if ((*p == 'L' || *p == 'l') && p + 1 == s + n) {
    l->w->nth[v % 7] |= 1;
    return true;
  }
  if (*p != '#')
    return false;
  nth = p[1] - '0';
  if (nth < 1 || nth > 5 || p + 2 != s + n)
    *rc = bad(l, f, s, n);
  else
    l->w->nth[v % 7] |= (uint8_t)(1 << nth);
  return true;
}

/* One item of a list: N, N-M, *, each with /STEP. */
static int item(struct line *l, int f, const char *s, size_t n)
{
  const char *p = s, *end = s + n;
  int from, to, step = 1, rc = 0;

  if (special(l, f, s, n, &rc))
    return rc;
  if (*p == '*' || *p == '?') {
    p++;
    from = fields[f].least;
    to = f == WEEKDAY ? 6 : fields[f].most;
  } else {
    from = to = value(f, &p);
    if (from < 0)
      return bad(l, f, s, n);
    if (p < end && *p == '-') {
      p++;
      if ((to = value(f, &p)) < 0)
        return bad(l, f, s, n);
      if (f == WEEKDAY && to == 0) /* FRI-SUN */
        to = 7;
    } else if (p < end && *p == '/') {
      to = f == WEEKDAY ? 6 : fields[f].most;
    }
  }
  if (p < end && *p == '/') {
    char *after;

    step = (int)strtol(p + 1, &after, 10);
    if (!isdigit((unsigned char)p[1]) || step < 1 || step > 59)
      return bad(l, f, s, n);
    p = after;
  }
  if (p != end || from > to)
    return bad(l, f, s, n);
  for (int v = from; v <= to; v += step)
    l->bits[f] |= 1ull << (f == WEEKDAY ? v % 7 : v);
  return 0;
}

static int field(struct line *l, int f, const char *s, size_t n)
{
  int rc = 0;

  while (!rc) {
    size_t len = 0;

    while (len < n && s[len] != ',')
      len++;
    rc = len ? item(l, f, s, len) : bad(l, f, s, n);
    if (len == n)
      break;
    s += len + 1;
    n -= len + 1;
  }
  return rc;
}

static bool is_any(const char *s)
{
  return *s == '*' || *s == '?';
}

static void take(struct line *l, const char *const at[FIELDS])
{
  struct dh_when *w = l->w;

  for (int h = 0; h < 24; h++)
    for (int m = 0; m < 60; m++)
      if (l->bits[HOUR] >> h & l->bits[MINUTE] >> m & 1)
        dh_when_add_minute(w, h * 60 + m);
  w->any_hour = is_any(at[HOUR]);
  w->days = (uint32_t)l->bits[DAY];
  w->months = (uint16_t)l->bits[MONTH];
  w->weekdays = (uint8_t)l->bits[WEEKDAY];
  w->either = !is_any(at[DAY]) && !is_any(at[WEEKDAY]);
}

int dh_when_cron(const char *text, struct dh_when *w, struct dh_err *err)
{
  static const char *const names[][2] = {{"@hourly", "0 * * * *"},   {"@daily", "0 0 * * *"},
                                         {"@midnight", "0 0 * * *"}, {"@weekly", "0 0 * * 0"},
                                         {"@monthly", "0 0 1 * *"},  {"@yearly", "0 0 1 1 *"},
                                         {"@annually", "0 0 1 1 *"}};
  struct line l = {.text = text, .err = err, .w = w};
  const char *at[FIELDS], *p = text + strspn(text, " \t");
  size_t len[FIELDS];
  int n = 0, rc = 0;

  memset(w, 0, sizeof *w);
  w->to_s = -1;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strncasecmp(p, names[i][0], strlen(names[i][0])) == 0 && !p[strlen(names[i][0])])
      p = names[i][1];
  for (; *p; p += strspn(p, " \t")) {
    size_t word = strcspn(p, " \t");

    if (n < FIELDS)
      at[n] = p, len[n] = word;
    n++;
    p += word;
  }
  if (n != FIELDS) {
    dh_err_set(err, DH_EUSE, "the cron line \"%.80s\" has %d fields, not 5", text, n);
    return dh_err_advice(err,
                         "minute hour day month weekday: \"30 8 * * MON-FRI\"; or in words: \"workdays at "
                         "08:30\"");
  }
  for (int f = 0; !rc && f < FIELDS; f++)
    rc = field(&l, f, at[f], len[f]);
  if (!rc)
    take(&l, at);
  return rc;
}
