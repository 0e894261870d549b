/* pattern.c - matches Lua patterns without recursion, in a bounded number of steps.
 * A pattern has no alternatives, only items in a row, some of them repeated. So the way back from a failure
 * is known before matching begins: the nearest repeated item that stands before. Each keeps its own place on
 * the path, and nothing else has to be restored. Does not know strings of Lua; texts.c does. */
#include "pattern.h"
#include "state.h"

#include <ctype.h>
#include <lauxlib.h>
#include <string.h>

enum { STEPS = 10000000, STEPS_A_BYTE = 8, LOOK_UP = 4096 };

enum kind { BYTE, ANY, SET, OPEN, POSITION, CLOSE, SAME, BALANCED, FRONTIER, AT_END, MISTAKE, DONE };
enum often { ONCE, MAYBE, MANY, SOME, FEW };

static const char ends_with_percent[] = "malformed pattern (ends with '%%')";
static const char no_bracket[] = "malformed pattern (missing ']')";

/* ---- reading a pattern */

static void add_byte(uint64_t set[4], unsigned c)
{
  set[c >> 6] |= UINT64_C(1) << (c & 63);
}

static bool in_set(const uint64_t set[4], unsigned char c)
{
  return set[c >> 6] >> (c & 63) & 1;
}

static int (*class_test(int letter))(int)
{
  switch (letter) {
  case 'a':
    return isalpha;
  case 'c':
    return iscntrl;
  case 'd':
    return isdigit;
  case 'g':
    return isgraph;
  case 'l':
    return islower;
  case 'p':
    return ispunct;
  case 's':
    return isspace;
  case 'u':
    return isupper;
  case 'w':
    return isalnum;
  case 'x':
    return isxdigit;
  default:
    return NULL;
  }
}

/* What %letter stands for: a class, its complement for a capital letter, else the byte itself. */
static void add_class(uint64_t set[4], unsigned char letter)
{
  int (*test)(int) = class_test(tolower(letter));

  if (!test && letter != 'z' && letter != 'Z') { /* %z: the zero byte, as Lua still has it */
    add_byte(set, letter);
    return;
  }
  for (int c = 0; c < 256; c++)
    if ((test ? test(c) != 0 : c == 0) != (isupper(letter) != 0))
      add_byte(set, (unsigned)c);
}

/* The ']' that ends the set whose '[' stands at p; NULL when there is none. */
static const char *set_end(const char *p, const char *end)
{
  p++;
  if (p < end && *p == '^')
    p++;
  do {
    if (p >= end)
      return NULL;
    if (*p++ == '%' && p < end)
      p++;
  } while (p >= end || *p != ']');
  return p;
}

static void read_set(struct dh_pattern_item *it, const char *p, const char *close)
{
  bool complement = p[1] == '^';

  for (p += complement ? 2 : 1; p < close; p++) {
    if (*p == '%') {
      add_class(it->set, (unsigned char)*++p);
    } else if (p[1] == '-' && p + 2 < close) {
      for (unsigned c = (unsigned char)p[0]; c <= (unsigned char)p[2]; c++)
        add_byte(it->set, c);
      p += 2;
    } else {
      add_byte(it->set, (unsigned char)*p);
    }
  }
  for (int i = 0; complement && i < 4; i++)
    it->set[i] = ~it->set[i];
}

struct reader {
  const char *p, *end;
  struct dh_pattern_item *it;
  int captures;
  bool open[DH_PATTERN_CAPTURES];
};

static void mistake(struct reader *r, const char *why)
{
  r->it->kind = MISTAKE;
  r->it->why = why;
  r->p = r->end;
}

static void read_often(struct reader *r)
{
  static const char signs[] = "?*+-";
  const char *sign = r->p < r->end && *r->p ? strchr(signs, *r->p) : NULL;

  if (!sign)
    return;
  r->it->often = (uint8_t)(MAYBE + (sign - signs));
  r->p++;
}

static void read_open(struct reader *r)
{
  bool position = r->p + 1 < r->end && r->p[1] == ')';

  if (r->captures == DH_PATTERN_CAPTURES) {
    mistake(r, "too many captures");
    return;
  }
  r->it->kind = position ? POSITION : OPEN;
  r->it->a = (uint8_t)r->captures;
  r->open[r->captures++] = !position;
  r->p += position ? 2 : 1;
}

static void read_close(struct reader *r)
{
  int i = r->captures - 1;

  while (i >= 0 && !r->open[i])
    i--;
  if (i < 0) {
    mistake(r, "invalid pattern capture");
    return;
  }
  r->open[i] = false;
  r->it->kind = CLOSE;
  r->it->a = (uint8_t)i;
  r->p++;
}

static void read_frontier(struct reader *r)
{
  const char *close;

  r->p += 2;
  if (r->p >= r->end || *r->p != '[') {
    mistake(r, "missing '[' after '%%f' in pattern");
    return;
  }
  close = set_end(r->p, r->end);
  if (!close) {
    mistake(r, no_bracket);
    return;
  }
  r->it->kind = FRONTIER;
  read_set(r->it, r->p, close);
  r->p = close + 1;
}

static void read_balanced(struct reader *r)
{
  if (r->end - r->p < 4) {
    mistake(r, "malformed pattern (missing arguments to '%%b')");
    return;
  }
  r->it->kind = BALANCED;
  r->it->a = (uint8_t)r->p[2];
  r->it->b = (uint8_t)r->p[3];
  r->p += 4;
}

static void read_same(struct reader *r)
{
  int i = r->p[1] - '1';

  if (i < 0 || i >= r->captures || r->open[i]) {
    r->it->b = (uint8_t)(i + 1);
    mistake(r, "invalid capture index %%%d");
    return;
  }
  r->it->kind = SAME;
  r->it->a = (uint8_t)i;
  r->p += 2;
}

/* One byte of the text: itself, any, a class, a set; perhaps repeated. */
static void read_single(struct reader *r)
{
  const char *close;

  if (*r->p == '[') {
    close = set_end(r->p, r->end);
    if (!close) {
      mistake(r, no_bracket);
      return;
    }
    r->it->kind = SET;
    read_set(r->it, r->p, close);
    r->p = close + 1;
  } else if (*r->p == '%') {
    r->it->kind = SET;
    add_class(r->it->set, (unsigned char)r->p[1]);
    r->p += 2;
  } else {
    r->it->kind = *r->p == '.' ? ANY : BYTE;
    r->it->a = (uint8_t)*r->p++;
  }
  read_often(r);
}

static void read_percent(struct reader *r)
{
  if (r->p + 1 == r->end)
    mistake(r, ends_with_percent);
  else if (r->p[1] == 'b')
    read_balanced(r);
  else if (r->p[1] == 'f')
    read_frontier(r);
  else if (isdigit((unsigned char)r->p[1]))
    read_same(r);
  else
    read_single(r);
}

static void read_item(struct reader *r)
{
  if (*r->p == '(') {
    read_open(r);
  } else if (*r->p == ')') {
    read_close(r);
  } else if (*r->p == '$' && r->p + 1 == r->end) {
    r->it->kind = AT_END;
    r->p++;
  } else if (*r->p == '%') {
    read_percent(r);
  } else {
    read_single(r);
  }
}

void dh_pattern_read(struct dh_pattern *m, const char *pattern, size_t n)
{
  struct reader r = {.p = pattern, .end = pattern + n, .it = m->items};
  struct dh_pattern_item *repeated = NULL;

  while (r.p < r.end) {
    memset(r.it, 0, sizeof *r.it);
    read_item(&r);
    r.it->back = repeated ? (int)(r.it - repeated) : 0;
    if (r.it->often != ONCE)
      repeated = r.it;
    r.it++;
  }
  memset(r.it, 0, sizeof *r.it);
  r.it->kind = DONE;
  r.it->back = repeated ? (int)(r.it - repeated) : 0;
  m->captures = r.captures;
}

/* ---- matching */

static void spend(struct dh_pattern *m, int64_t steps)
{
  int64_t before = m->steps;

  m->steps -= steps;
  if (m->steps < 0)
    luaL_error(m->L,
               "the pattern takes too long on this text (%d bytes)\n"
               "do: use fewer of .- .* and say what stands between, as in [^,]* instead of .-",
               (int)(m->end - m->src));
  if (before / LOOK_UP != m->steps / LOOK_UP && dh_run_from(m->L)->kill)
    luaL_error(m->L, "the run was ended");
}

static bool fits(const struct dh_pattern *m, const struct dh_pattern_item *it, const char *s)
{
  if (s >= m->end)
    return false;
  switch (it->kind) {
  case ANY:
    return true;
  case SET:
    return in_set(it->set, (unsigned char)*s);
  default:
    return (uint8_t)*s == it->a;
  }
}

/* A repeated item is met: takes as much as it may (FEW: nothing), and can give back down to low. */
static const char *repeat(struct dh_pattern *m, struct dh_pattern_item *it, const char *s)
{
  const char *last = it->often == MAYBE && s < m->end ? s + 1 : m->end;

  if (it->often == SOME && !fits(m, it, s++))
    return NULL;
  it->low = s;
  if (it->often != FEW)
    while (s < last && fits(m, it, s))
      s++;
  it->at = s;
  spend(m, s - it->low);
  return s;
}

/* The next place where a repeated item may end; NULL when there is none left. */
static const char *repeat_again(struct dh_pattern *m, struct dh_pattern_item *it)
{
  if (it->often == FEW)
    return fits(m, it, it->at) ? ++it->at : NULL;
  return it->at > it->low ? --it->at : NULL;
}

static const char *balanced(struct dh_pattern *m, const struct dh_pattern_item *it, const char *s)
{
  const char *from = s;
  int64_t depth = 0;

  if (s >= m->end || (uint8_t)*s != it->a)
    return NULL;
  for (depth = 1, s++; s < m->end; s++) {
    if ((uint8_t)*s == it->b) { /* first: %bxx ends at the next x */
      if (--depth == 0)
        break;
    } else if ((uint8_t)*s == it->a) {
      depth++;
    }
  }
  spend(m, s - from);
  return s < m->end ? s + 1 : NULL;
}

static const char *same(struct dh_pattern *m, const struct dh_pattern_item *it, const char *s)
{
  ptrdiff_t n = m->capture[it->a].len;

  /* a position has no text: like Lua, nothing is as long as it */
  if (n < 0 || n > m->end - s)
    return NULL;
  spend(m, n / 16);
  return memcmp(m->capture[it->a].from, s, (size_t)n) == 0 ? s + n : NULL;
}

static bool frontier(const struct dh_pattern *m, const struct dh_pattern_item *it, const char *s)
{
  unsigned char before = s == m->src ? '\0' : (unsigned char)s[-1],
                here = s == m->end ? '\0' : (unsigned char)*s;

  return !in_set(it->set, before) && in_set(it->set, here);
}

/* Meets an item at s: where the text goes on, or NULL. */
static const char *meet(struct dh_pattern *m, struct dh_pattern_item *it, const char *s)
{
  switch (it->kind) {
  case OPEN:
  case POSITION:
    m->capture[it->a].from = s;
    m->capture[it->a].len = it->kind == OPEN ? DH_CAPTURE_OPEN : DH_CAPTURE_POSITION;
    return s;
  case CLOSE:
    m->capture[it->a].len = s - m->capture[it->a].from;
    return s;
  case SAME:
    return same(m, it, s);
  case BALANCED:
    return balanced(m, it, s);
  case FRONTIER:
    return frontier(m, it, s) ? s : NULL;
  case AT_END:
    return s == m->end ? s : NULL;
  case MISTAKE:
    luaL_error(m->L, it->why, (int)it->b);
    return NULL;
  default:
    return it->often != ONCE ? repeat(m, it, s) : fits(m, it, s) ? s + 1 : NULL;
  }
}

void dh_pattern_text(struct dh_pattern *m, lua_State *L, const char *src, size_t n)
{
  m->L = L;
  m->src = src;
  m->end = src + n;
  m->steps = STEPS + (int64_t)n * STEPS_A_BYTE;
}

const char *dh_pattern_match(struct dh_pattern *m, const char *s)
{
  struct dh_pattern_item *it = m->items;

  for (;;) {
    spend(m, 1);
    if (it->kind == DONE)
      return s;
    s = meet(m, it, s);
    while (!s) { /* back to a repeated item that can end elsewhere */
      if (it->back == 0)
        return NULL;
      it -= it->back;
      spend(m, 1);
      s = repeat_again(m, it);
    }
    it++;
  }
}
