/* money.c - money: a whole number of minor units and its currency; arithmetic only with its like. */
#include "state.h"

#include <inttypes.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

static void set_class(lua_State *L);

struct money {
  int64_t minor;
  char currency[4];
  int digits;
};

/* Digits of the minor unit where they are not 2 (ISO 4217). */
static int minor_digits(const char *currency)
{
  static const char none[] = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
  static const char three[] = "BHD IQD JOD KWD LYD OMR TND";

  return strstr(none, currency) ? 0 : strstr(three, currency) ? 3 : 2;
}

void dh_push_money(lua_State *L, int64_t minor, const char *currency, int digits)
{
  struct money *m = lua_newuserdatauv(L, sizeof *m, 0);

  memset(m, 0, sizeof *m);
  m->minor = minor;
  m->digits = digits;
  snprintf(m->currency, sizeof m->currency, "%s", currency);
  set_class(L);
}

bool dh_money_at(lua_State *L, int index, int64_t *minor, const char **currency, int *digits)
{
  struct money *m = luaL_testudata(L, index, "dh.money");

  if (!m)
    return false;
  *minor = m->minor;
  *currency = m->currency;
  *digits = m->digits;
  return true;
}

/* "1,250.00 EUR", "EUR 1250", "250000.00 EUR" -> money. Commas group, the point divides. NULL or what is
 * wrong. */
static const char *parse_money(const char *s, size_t n, struct money *m)
{
  int seen_digits = 0, after = -1;
  bool negative = false;
  int letters = 0;

  memset(m, 0, sizeof *m);
  for (size_t i = 0; i < n; i++) {
    char c = s[i];

    if (c >= '0' && c <= '9') {
      if (m->minor > (INT64_MAX - 9) / 10 || (after >= 0 && ++after > 3))
        return "it has too many digits";
      m->minor = m->minor * 10 + (c - '0');
      seen_digits++;
    } else if (c == '.' && after < 0) {
      after = 0;
    } else if (c >= 'A' && c <= 'Z' && letters < 3) {
      m->currency[letters++] = c;
    } else if (c == '-' && !seen_digits && !negative) {
      negative = true;
    } else if (c != ' ' && !(c == ',' && seen_digits && after < 0)) {
      return "it holds something else than digits, commas, one point and a currency";
    }
  }
  if (!seen_digits || letters != 3)
    return letters != 3 ? "it has no currency of three capital letters" : "it has no digits";
  m->digits = minor_digits(m->currency);
  if (after < 0)
    after = 0;
  if (after > m->digits)
    return "it has more decimals than the currency";
  for (; after < m->digits; after++) {
    if (m->minor > INT64_MAX / 10)
      return "it has too many digits";
    m->minor *= 10;
  }
  if (negative)
    m->minor = -m->minor;
  return NULL;
}

/* _money(text) -> money | nil, why */
static int l_money(lua_State *L)
{
  size_t n;
  const char *s = luaL_checklstring(L, 1, &n);
  struct money m;
  const char *why = parse_money(s, n, &m);

  if (why) {
    lua_pushnil(L);
    lua_pushstring(L, why);
    return 2;
  }
  dh_push_money(L, m.minor, m.currency, m.digits);
  return 1;
}

/* _money_of(minor, currency) */
static int l_money_of(lua_State *L)
{
  lua_Integer minor = luaL_checkinteger(L, 1);
  const char *c = luaL_checkstring(L, 2);

  luaL_argcheck(L, strlen(c) == 3, 2, "a currency of three capital letters");
  dh_push_money(L, minor, c, minor_digits(c));
  return 1;
}

static struct money *two(lua_State *L, struct money **b, const char *what)
{
  struct money *a = luaL_testudata(L, 1, "dh.money");

  *b = luaL_testudata(L, 2, "dh.money");
  if (!a || !*b)
    luaL_error(L, "cannot %s money and a %s; write the other as money too: money \"10.00 EUR\"", what,
               luaL_typename(L, a ? 2 : 1));
  if (strcmp(a->currency, (*b)->currency) != 0)
    luaL_error(L, "cannot %s %s and %s: they are different currencies", what, a->currency, (*b)->currency);
  return a;
}

static int money_add(lua_State *L)
{
  struct money *b, *a = two(L, &b, "add");
  int64_t v;

  if (__builtin_add_overflow(a->minor, b->minor, &v))
    return luaL_error(L, "the sum is too large");
  dh_push_money(L, v, a->currency, a->digits);
  return 1;
}

static int money_sub(lua_State *L)
{
  struct money *b, *a = two(L, &b, "subtract");
  int64_t v;

  if (__builtin_sub_overflow(a->minor, b->minor, &v))
    return luaL_error(L, "the difference is too large");
  dh_push_money(L, v, a->currency, a->digits);
  return 1;
}

/* Money times a whole number is exact; other factors are refused: how to round is a decision, see
 * money:percent. */
static int money_mul(lua_State *L)
{
  int at = luaL_testudata(L, 1, "dh.money") ? 1 : 2;
  struct money *m = luaL_checkudata(L, at, "dh.money");
  int ok;
  lua_Integer f = lua_tointegerx(L, 3 - at, &ok);
  int64_t v;

  if (!ok)
    return luaL_error(L, "money can be multiplied by whole numbers only; for shares use amount:percent(20)");
  if (__builtin_mul_overflow(m->minor, (int64_t)f, &v))
    return luaL_error(L, "the product is too large");
  dh_push_money(L, v, m->currency, m->digits);
  return 1;
}

static int money_unm(lua_State *L)
{
  struct money *m = luaL_checkudata(L, 1, "dh.money");

  dh_push_money(L, -m->minor, m->currency, m->digits);
  return 1;
}

static int money_eq(lua_State *L)
{
  struct money *a = luaL_testudata(L, 1, "dh.money"), *b = luaL_testudata(L, 2, "dh.money");

  lua_pushboolean(L, a && b && a->minor == b->minor && strcmp(a->currency, b->currency) == 0);
  return 1;
}

static int money_lt(lua_State *L)
{
  struct money *b, *a = two(L, &b, "compare");

  lua_pushboolean(L, a->minor < b->minor);
  return 1;
}

static int money_le(lua_State *L)
{
  struct money *b, *a = two(L, &b, "compare");

  lua_pushboolean(L, a->minor <= b->minor);
  return 1;
}

static void push_money_text(lua_State *L, const struct money *m)
{
  struct dh_buf b;
  char text[64];

  dh_buf_init(&b, sizeof text - 1);
  dh_money_text(&b, m->minor, m->currency, m->digits);
  snprintf(text, sizeof text, "%s", b.data);
  dh_buf_fini(&b);
  lua_pushstring(L, text);
}

static int money_tostring(lua_State *L)
{
  push_money_text(L, luaL_checkudata(L, 1, "dh.money"));
  return 1;
}

/* amount:percent(20): the share, rounded half up to the minor unit. Whole or decimal percentages of up to
 * four decimals. */
static int money_percent(lua_State *L)
{
  struct money *m = luaL_checkudata(L, 1, "dh.money");
  lua_Number p = luaL_checknumber(L, 2);
  lua_Number scaled = p * 10000;
  lua_Integer share;
  __int128 v;

  if (!lua_numbertointeger(scaled + (scaled < 0 ? -0.5 : 0.5), &share))
    share = (lua_Integer)(scaled + (scaled < 0 ? -0.5 : 0.5));
  v = (__int128)m->minor * share;
  v = (v + (v < 0 ? -500000 : 500000)) / 1000000;
  if (v > INT64_MAX || v < INT64_MIN)
    return luaL_error(L, "the share is too large");
  dh_push_money(L, (int64_t)v, m->currency, m->digits);
  return 1;
}

static int money_index(lua_State *L)
{
  struct money *m = luaL_checkudata(L, 1, "dh.money");
  const char *k = luaL_checkstring(L, 2);

  if (strcmp(k, "minor") == 0)
    lua_pushinteger(L, m->minor);
  else if (strcmp(k, "currency") == 0)
    lua_pushstring(L, m->currency);
  else if (strcmp(k, "digits") == 0)
    lua_pushinteger(L, m->digits);
  else if (strcmp(k, "percent") == 0)
    lua_pushcfunction(L, money_percent);
  else
    return luaL_error(L, "money has no '%s': it has minor, currency, digits, percent", k);
  return 1;
}

int dh_money_parse(const char *s, size_t n, int64_t *minor, char currency[4], int *digits, const char **why)
{
  struct money m;

  *why = parse_money(s, n, &m);
  *minor = m.minor;
  *digits = m.digits;
  memcpy(currency, m.currency, sizeof m.currency);
  return *why ? DH_EFORMAT : 0;
}

static void set_class(lua_State *L)
{
  static const luaL_Reg methods[] = {{"__add", money_add},
                                     {"__sub", money_sub},
                                     {"__mul", money_mul},
                                     {"__unm", money_unm},
                                     {"__eq", money_eq},
                                     {"__lt", money_lt},
                                     {"__le", money_le},
                                     {"__tostring", money_tostring},
                                     {"__concat", dh_concat_texts},
                                     {"__index", money_index},
                                     {NULL, NULL}};

  dh_set_class(L, "dh.money", methods);
}

const luaL_Reg dh_money_funcs[] = {{"_money", l_money}, {"_money_of", l_money_of}, {NULL, NULL}};
