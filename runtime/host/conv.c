/* conv.c - plain data between Lua and CBOR. A cycle, a function, a mixed table is an error that names the
 * place. */
#include "state.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 60, PARTS_MAX = 1000000 /* nothing can interrupt the writing of a value */, FEW = 16 };

/* Where in the value something stands; made into a text only for an error. */
struct step {
  const struct step *up;
  const char *key; /* NULL: item i of a list */
  lua_Integer i;
};

struct writer {
  lua_State *L;
  struct dh_buf *out;
  enum dh_secret_mode mode;
  int parts;
  const struct step *at; /* NULL: the value itself */
};

static void path_of(const struct step *s, char *out, size_t size)
{
  size_t n;

  if (s->up)
    path_of(s->up, out, size);
  n = strlen(out);
  if (s->key)
    snprintf(out + n, size - n, "%s%s", n ? "." : "", s->key);
  else
    snprintf(out + n, size - n, "[%lld]", (long long)s->i);
}

static int fail(struct writer *w, const char *why)
{
  char path[200] = "";

  if (w->at)
    path_of(w->at, path, sizeof path);
  return luaL_error(w->L, "%s is no plain data: %s", *path ? path : "the value", why);
}

static void check(struct writer *w, int rc)
{
  if (rc)
    luaL_error(w->L,
               rc == DH_ELIMIT ? "the value is too large (over %d MB); keep it as a file"
                               : "no memory for a value",
               (int)(w->out->max >> 20));
}

static void put(struct writer *w, int index, int depth);

/* The value on top, which stands under a key or as item i; pops it. */
static void put_part(struct writer *w, const char *key, lua_Integer i, int depth)
{
  struct step here = {w->at, key, i};

  w->at = &here;
  put(w, lua_gettop(w->L), depth + 1);
  w->at = here.up;
  lua_pop(w->L, 1);
}

static void put_list(struct writer *w, int index, lua_Integer n, int depth)
{
  check(w, dh_put_list(w->out, (size_t)n));
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(w->L, index, i);
    put_part(w, NULL, i, depth);
  }
}

static int by_text(const void *a, const void *b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort_texts(const char **keys, size_t n)
{
  if (n > FEW) {
    qsort(keys, n, sizeof *keys, by_text);
    return;
  }
  for (size_t i = 1; i < n; i++) {
    const char *key = keys[i];
    size_t at = i;

    for (; at > 0 && strcmp(keys[at - 1], key) > 0; at--)
      keys[at] = keys[at - 1];
    keys[at] = key;
  }
}

static void put_map(struct writer *w, int index, lua_Integer n, int depth)
{
  lua_State *L = w->L;
  const char *few[FEW], **keys = few;
  lua_Integer k = 0;

  if (n > FEW)
    keys = lua_newuserdatauv(L, sizeof *keys * (size_t)n, 0);
  else
    lua_pushnil(L);

  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING)
      fail(w, "a table is either a list (1, 2, 3 …) or has texts as keys, not both");
    keys[k++] = lua_tostring(L, -2);
    if (strlen(keys[k - 1]) != lua_rawlen(L, -2))
      fail(w, "a key holds a zero byte");
  }
  sort_texts(keys, (size_t)n);
  check(w, dh_put_map(w->out, (size_t)n));
  for (k = 0; k < n; k++) {
    check(w, dh_put_text(w->out, keys[k]));
    lua_pushstring(L, keys[k]);
    lua_rawget(L, index);
    put_part(w, keys[k], 0, depth);
  }
  lua_pop(L, 1);
}

static bool is_marked_list(lua_State *L, int index)
{
  bool is;

  if (!lua_getmetatable(L, index))
    return false;
  luaL_getmetatable(L, "dh.list");
  is = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return is;
}

static void put_table(struct writer *w, int index, int depth)
{
  lua_State *L = w->L;
  lua_Integer n = 0, len = (lua_Integer)lua_rawlen(L, index);

  if (depth > DEPTH_MAX)
    fail(w, "it is nested too deeply, or holds itself");
  luaL_checkstack(L, 8, "nested too deeply");
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1))
    n++;
  if (dh_is_file(L, index))
    check(w, dh_put_tag(w->out, DH_TAG_FILE));
  else if (dh_is_strict(L, index))
    check(w, dh_put_tag(w->out, DH_TAG_RECORD));
  else if (dh_has_class(L, index, "dh.error"))
    check(w, dh_put_tag(w->out, DH_TAG_ERROR));
  if ((n > 0 && n == len) || (n == 0 && is_marked_list(L, index)))
    put_list(w, index, n, depth);
  else
    put_map(w, index, n, depth);
}

static void put_money(struct writer *w, int64_t minor, const char *currency, int digits)
{
  check(w, dh_put_tag(w->out, DH_TAG_MONEY));
  check(w, dh_put_list(w->out, 3));
  check(w, dh_put_int(w->out, minor));
  check(w, dh_put_text(w->out, currency));
  check(w, dh_put_int(w->out, digits));
}

static void put_secret(struct writer *w, int index)
{
  char text[200];
  const char *v;
  size_t n;

  if (w->mode == DH_SECRET_REFUSE)
    fail(w, "it is a secret, and secrets are never kept");
  if (w->mode == DH_SECRET_NAME) {
    snprintf(text, sizeof text, "secret %s", dh_secret_name(w->L, index));
    check(w, dh_put_text(w->out, text));
    return;
  }
  v = dh_secret_value(w->L, index, &n);
  if (!v)
    luaL_error(w->L, "the secret '%s' was not fetched", dh_secret_name(w->L, index));
  check(w, dh_put_textn(w->out, v, n));
}

static void put_userdata(struct writer *w, int index)
{
  int64_t minor;
  const char *currency;
  int digits;
  char date[16];
  const char *decimal;
  size_t n;

  if (dh_money_at(w->L, index, &minor, &currency, &digits)) {
    put_money(w, minor, currency, digits);
  } else if (dh_date_at(w->L, index, date)) {
    check(w, dh_put_tag(w->out, DH_TAG_DATE));
    check(w, dh_put_text(w->out, date));
  } else if ((decimal = dh_decimal_at(w->L, index, &n))) {
    check(w, dh_put_tag(w->out, DH_TAG_DECIMAL));
    check(w, dh_put_textn(w->out, decimal, n));
  } else if (dh_secret_name(w->L, index)) {
    put_secret(w, index);
  } else {
    fail(w, "a handle cannot be kept");
  }
}

static void put_text(struct writer *w, int index)
{
  size_t n;
  const char *s = lua_tolstring(w->L, index, &n);
  char *copy;

  if (w->mode == DH_SECRET_REVEAL || !dh_mask_hit(s, n)) {
    check(w, dh_put_textn(w->out, s, n));
    return;
  }
  copy = lua_newuserdatauv(w->L, n + 1, 0); /* what shows a secret is kept masked */
  memcpy(copy, s, n + 1);
  check(w, dh_put_textn(w->out, copy, dh_mask_text(copy, n)));
  lua_pop(w->L, 1);
}

static void put(struct writer *w, int index, int depth)
{
  lua_State *L = w->L;

  if (++w->parts > PARTS_MAX)
    luaL_error(L, "the value is too large (over %d parts); keep it as a file", PARTS_MAX);
  switch (lua_type(L, index)) {
  case LUA_TNIL:
    check(w, dh_put_nil(w->out));
    return;
  case LUA_TBOOLEAN:
    check(w, dh_put_bool(w->out, lua_toboolean(L, index)));
    return;
  case LUA_TNUMBER:
    check(w, lua_isinteger(L, index) ? dh_put_int(w->out, lua_tointeger(L, index))
                                     : dh_put_num(w->out, lua_tonumber(L, index)));
    return;
  case LUA_TSTRING:
    put_text(w, index);
    return;
  case LUA_TTABLE:
    put_table(w, index, depth);
    return;
  case LUA_TUSERDATA:
    put_userdata(w, index);
    return;
  default:
    fail(w, lua_typename(L, lua_type(L, index)));
  }
}

void dh_to_cbor_mode(lua_State *L, int index, struct dh_buf *out, enum dh_secret_mode mode)
{
  struct writer w = {.L = L, .out = out, .mode = mode};

  put(&w, lua_absindex(L, index), 0);
}

void dh_to_cbor(lua_State *L, int index, struct dh_buf *out)
{
  dh_to_cbor_mode(L, index, out, DH_SECRET_REFUSE);
}

int dh_cbor_protected(lua_State *L)
{
  struct dh_buf *out = lua_touserdata(L, 2);

  dh_to_cbor(L, 1, out);
  return 0;
}

/* ---- back */

static void push_pairs(lua_State *L, const struct dh_val *v)
{
  lua_createtable(L, 0, (int)v->n);
  for (size_t i = 0; i < v->n; i++) {
    dh_push_val(L, &v->items[2 * i]);
    dh_push_val(L, &v->items[2 * i + 1]);
    lua_rawset(L, -3);
  }
}

static void push_error(lua_State *L, const struct dh_val *v)
{
  push_pairs(L, v);
  dh_set_error_class(L);
}

static int push_tagged(lua_State *L, const struct dh_val *v)
{
  char text[64];

  switch (v->tag) {
  case DH_TAG_MONEY:
    if (v->type != DH_LIST || v->n != 3 || v->items[0].type != DH_INT || v->items[1].type != DH_TEXT ||
        v->items[2].type != DH_INT)
      return luaL_error(L, "damaged money in stored data");
    snprintf(text, sizeof text, "%.*s", (int)(v->items[1].n > 3 ? 3 : v->items[1].n), v->items[1].s);
    dh_push_money(L, v->items[0].i, text, (int)v->items[2].i);
    return 1;
  case DH_TAG_DATE:
    if (v->type != DH_TEXT || v->n >= sizeof text)
      return luaL_error(L, "a damaged date in stored data");
    memcpy(text, v->s, v->n);
    text[v->n] = '\0';
    dh_push_date(L, text);
    return 1;
  case DH_TAG_DECIMAL:
    if (v->type != DH_TEXT)
      return luaL_error(L, "a damaged number in stored data");
    dh_push_decimal(L, v->s, v->n);
    return 1;
  case DH_TAG_ERROR:
    push_error(L, v);
    return 1;
  case DH_TAG_FILE:
  case DH_TAG_RECORD:
    if (v->type != DH_MAP)
      return luaL_error(L, "a damaged record in stored data");
    push_pairs(L, v);
    if (v->tag == DH_TAG_FILE)
      dh_make_file(L, -1);
    else
      dh_make_strict(L, -1, "the record");
    return 1;
  default:
    return 0;
  }
}

int dh_push_val(lua_State *L, const struct dh_val *v)
{
  luaL_checkstack(L, 6, "nested too deeply");
  if (v->tag && push_tagged(L, v))
    return 1;
  switch (v->type) {
  case DH_NIL:
    lua_pushnil(L);
    break;
  case DH_BOOL:
    lua_pushboolean(L, v->b);
    break;
  case DH_INT:
    lua_pushinteger(L, v->i);
    break;
  case DH_NUM:
    lua_pushnumber(L, v->d);
    break;
  case DH_TEXT:
  case DH_BYTES:
    lua_pushlstring(L, v->s, v->n);
    break;
  case DH_LIST:
    lua_createtable(L, (int)v->n, 0);
    for (size_t i = 0; i < v->n; i++) {
      dh_push_val(L, &v->items[i]);
      lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    dh_set_list_class(L); /* an empty list stays one */
    break;
  case DH_MAP:
    push_pairs(L, v);
    break;
  }
  return 1;
}

struct parsed {
  struct dh_val *tree;
};

static int parsed_gc(lua_State *L)
{
  struct parsed *p = lua_touserdata(L, 1);

  free(p->tree);
  p->tree = NULL;
  return 0;
}

int dh_push_cbor(lua_State *L, const void *p, size_t n)
{
  struct parsed *box = lua_newuserdatauv(L, sizeof *box, 0);
  struct dh_err err;

  box->tree = NULL;
  if (luaL_newmetatable(L, "dh.parsed")) {
    lua_pushcfunction(L, parsed_gc);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  if (dh_val_parse(p, n, &box->tree, &err))
    return luaL_error(L, "%s", err.text);
  dh_push_val(L, box->tree);
  free(box->tree);
  box->tree = NULL;
  lua_remove(L, -2);
  return 1;
}
