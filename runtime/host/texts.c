/* texts.c - string.find, match, gmatch, gsub over pattern.c, and string.format without addresses. Results are
 * Lua 5.4's; what differs is that none of them can keep the CPU: a pattern has a budget, plain find is
 * linear, gsub's result has a ceiling. */
#include "pattern.h"
#include "state.h"

#include <ctype.h>
#include <lauxlib.h>
#include <string.h>

enum { ITEMS_HERE = 24, GSUB_MAX = 16 << 20 };

/* A compiled pattern of one call: short ones need no memory of Lua. */
struct here {
  struct dh_pattern m;
  struct dh_pattern_item items[ITEMS_HERE];
};

static size_t checked_length(lua_State *L, size_t n)
{
  if (n > DH_PATTERN_MAX)
    luaL_error(L,
               "the pattern has over %d bytes\ndo: to look for a long text write text:find(other, 1, true)",
               DH_PATTERN_MAX);
  return n;
}

static void compile(lua_State *L, struct here *h, const char *p, size_t n)
{
  h->m.items = h->items;
  if (checked_length(L, n) >= ITEMS_HERE)
    h->m.items = lua_newuserdatauv(L, (n + 1) * sizeof *h->items, 0); /* stays on the stack of this call */
  dh_pattern_read(&h->m, p, n);
}

/* The offset that Lua's init argument names; may lie behind the text. */
static size_t offset_of(lua_Integer init, size_t n)
{
  if (init > 0)
    return (size_t)init - 1;
  if (init == 0 || init < -(lua_Integer)n)
    return 0;
  return n - (size_t)-init;
}

/* ---- captures. Number 0 of a pattern without captures is the whole match, from s to e. */

/* Where capture i lies and how long it is; DH_CAPTURE_POSITION for a position. */
static ptrdiff_t capture_of(struct dh_pattern *m, int i, const char *s, const char *e, const char **from)
{
  if (i >= m->captures) {
    if (i != 0)
      luaL_error(m->L, "invalid capture index %%%d", i + 1);
    *from = s;
    return e - s;
  }
  if (m->capture[i].len == DH_CAPTURE_OPEN)
    luaL_error(m->L, "unfinished capture");
  *from = m->capture[i].from;
  return m->capture[i].len;
}

static void push_capture(struct dh_pattern *m, int i, const char *s, const char *e)
{
  const char *from;
  ptrdiff_t n = capture_of(m, i, s, e, &from);

  if (n == DH_CAPTURE_POSITION)
    lua_pushinteger(m->L, from - m->src + 1);
  else
    lua_pushlstring(m->L, from, (size_t)n);
}

/* All captures, or the whole match when there are none and s is given. */
static int push_captures(struct dh_pattern *m, const char *s, const char *e)
{
  int n = m->captures == 0 && s ? 1 : m->captures;

  luaL_checkstack(m->L, n, "too many captures");
  for (int i = 0; i < n; i++)
    push_capture(m, i, s, e);
  return n;
}

/* ---- find and match */

static bool is_plain(const char *p, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (p[i] && strchr("^$*+?.([%-", p[i]))
      return false;
  return true;
}

static int find_plain(lua_State *L, const char *text, size_t n, size_t init, const char *p, size_t len)
{
  const char *at = memmem(text + init, n - init, p, len);

  if (!at) {
    lua_pushnil(L);
    return 1;
  }
  lua_pushinteger(L, at - text + 1);
  lua_pushinteger(L, at - text + (lua_Integer)len);
  return 2;
}

static int find(lua_State *L, bool positions)
{
  size_t n, len;
  const char *text = luaL_checklstring(L, 1, &n), *p = luaL_checklstring(L, 2, &len), *e;
  size_t init = offset_of(luaL_optinteger(L, 3, 1), n);
  bool anchored = *p == '^';
  struct here h;

  if (init > n) {
    lua_pushnil(L);
    return 1;
  }
  if (positions && (lua_toboolean(L, 4) || is_plain(p, len)))
    return find_plain(L, text, n, init, p, len);
  compile(L, &h, p + anchored, len - anchored);
  dh_pattern_text(&h.m, L, text, n);
  for (const char *s = text + init; s <= h.m.end; s++) {
    e = dh_pattern_match(&h.m, s);
    if (e && positions) {
      lua_pushinteger(L, s - text + 1);
      lua_pushinteger(L, e - text);
      return push_captures(&h.m, NULL, NULL) + 2;
    }
    if (e)
      return push_captures(&h.m, s, e);
    if (anchored)
      break;
  }
  lua_pushnil(L);
  return 1;
}

static int s_find(lua_State *L)
{
  return find(L, true);
}

static int s_match(lua_State *L)
{
  return find(L, false);
}

/* ---- gmatch: the compiled pattern and the place live in a userdata, beside the two texts it points into */

struct gmatch {
  struct dh_pattern m;
  const char *at, *last; /* where to go on; the end of the last match, where no empty one may begin */
  struct dh_pattern_item items[];
};

static int gmatch_next(lua_State *L)
{
  struct gmatch *g = lua_touserdata(L, lua_upvalueindex(3));

  dh_pattern_text(&g->m, L, g->m.src, (size_t)(g->m.end - g->m.src));
  for (const char *s = g->at; s <= g->m.end; s++) {
    const char *e = dh_pattern_match(&g->m, s);

    if (e && e != g->last) {
      g->at = g->last = e;
      return push_captures(&g->m, s, e);
    }
  }
  return 0;
}

static int s_gmatch(lua_State *L)
{
  size_t n, len, init;
  const char *text = luaL_checklstring(L, 1, &n), *p = luaL_checklstring(L, 2, &len);
  struct gmatch *g;

  init = offset_of(luaL_optinteger(L, 3, 1), n);
  if (init > n)
    init = n + 1;
  lua_settop(L, 2);
  g = lua_newuserdatauv(L, sizeof *g + (checked_length(L, len) + 1) * sizeof *g->items, 0);
  memset(g, 0, sizeof *g);
  g->m.items = g->items;
  dh_pattern_read(&g->m, p, len);
  dh_pattern_text(&g->m, L, text, n);
  g->at = text + init;
  lua_pushcclosure(L, gmatch_next, 3);
  return 1;
}

/* ---- gsub */

static void add_template(struct dh_pattern *m, luaL_Buffer *b, const char *s, const char *e)
{
  size_t n;
  const char *p = lua_tolstring(m->L, 3, &n), *end = p + n, *from;

  while (p < end) {
    const char *percent = memchr(p, '%', (size_t)(end - p));

    luaL_addlstring(b, p, (size_t)((percent ? percent : end) - p));
    if (!percent)
      return;
    p = percent + 2; /* a text of Lua ends with a zero byte: percent[1] is there */
    if (percent[1] == '%') {
      luaL_addchar(b, '%');
    } else if (percent[1] == '0') {
      luaL_addlstring(b, s, (size_t)(e - s));
    } else if (isdigit((unsigned char)percent[1])) {
      ptrdiff_t len = capture_of(m, percent[1] - '1', s, e, &from);

      if (len == DH_CAPTURE_POSITION) {
        push_capture(m, percent[1] - '1', s, e);
        luaL_addvalue(b);
      } else {
        luaL_addlstring(b, from, (size_t)len);
      }
    } else {
      luaL_error(m->L, "invalid use of '%%' in replacement string");
    }
  }
}

/* Adds what stands in place of the match s..e. False when the match stays as it is. */
static bool add_replacement(struct dh_pattern *m, luaL_Buffer *b, const char *s, const char *e, int type)
{
  lua_State *L = m->L;

  if (type == LUA_TFUNCTION) {
    lua_pushvalue(L, 3);
    lua_call(L, push_captures(m, s, e), 1);
  } else if (type == LUA_TTABLE) {
    push_capture(m, 0, s, e);
    lua_gettable(L, 3);
  } else {
    add_template(m, b, s, e);
    return true;
  }
  if (!lua_toboolean(L, -1)) {
    lua_pop(L, 1);
    luaL_addlstring(b, s, (size_t)(e - s));
    return false;
  }
  if (!lua_isstring(L, -1))
    luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
  luaL_addvalue(b);
  return true;
}

static int s_gsub(lua_State *L)
{
  size_t n, len;
  const char *s = luaL_checklstring(L, 1, &n), *p = luaL_checklstring(L, 2, &len), *last = NULL;
  int type = lua_type(L, 3);
  lua_Integer most = luaL_optinteger(L, 4, (lua_Integer)n + 1), done = 0;
  bool anchored = *p == '^', changed = false;
  struct here h;
  luaL_Buffer b;

  luaL_argexpected(L,
                   type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION || type == LUA_TTABLE,
                   3, "string/function/table");
  compile(L, &h, p + anchored, len - anchored);
  dh_pattern_text(&h.m, L, s, n);
  luaL_buffinit(L, &b);
  while (done < most) {
    const char *e = dh_pattern_match(&h.m, s);

    if (e && e != last) {
      done++;
      changed |= add_replacement(&h.m, &b, s, e, type);
      s = last = e;
    } else if (s < h.m.end) {
      luaL_addchar(&b, *s++);
    } else {
      break;
    }
    if (luaL_bufflen(&b) > GSUB_MAX)
      return luaL_error(L, "string.gsub: the text would have over %d bytes", GSUB_MAX);
    if (anchored)
      break;
  }
  if (changed) {
    luaL_addlstring(&b, s, (size_t)(h.m.end - s));
    luaL_pushresult(&b);
  } else {
    lua_pushvalue(L, 1);
  }
  lua_pushinteger(L, done);
  return 2;
}

/* ---- format: Lua's own, with every value of %s as text beforehand */

static int s_format(lua_State *L)
{
  size_t n;
  const char *f = luaL_checklstring(L, 1, &n), *end = f + n;
  int arg = 1, args = lua_gettop(L);

  while ((f = memchr(f, '%', (size_t)(end - f)))) {
    f++;
    if (*f == '%') {
      f++;
      continue;
    }
    f += strspn(f, "-+#0 123456789.");
    if (++arg > args)
      break; /* Lua says it */
    if (*f == 'p')
      return luaL_error(L, "string.format: %%p is not known here: an address would differ in every run");
    if (*f == 's' && !lua_isstring(L, arg)) {
      dh_push_text(L, arg);
      lua_replace(L, arg);
    }
  }
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, args, 1);
  return 1;
}

void dh_texts_open(lua_State *L)
{
  static const luaL_Reg ours[] = {
      {"find", s_find}, {"match", s_match}, {"gmatch", s_gmatch}, {"gsub", s_gsub}, {NULL, NULL}};

  luaL_setfuncs(L, ours, 0);
  lua_getfield(L, -1, "format");
  lua_pushcclosure(L, s_format, 1);
  lua_setfield(L, -2, "format");
}
