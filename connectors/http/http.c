/* http.c - the http module: what its Lua half calls, and an answer as Lua sees it. */
#include "request.h"
#include "tape.h"

#include <string.h>

/* ---- the answer */

/* One header: names in small letters; one that stands again is added after a comma. Cookies are credentials,
 * and no robot sees them: an answer is journaled. */
static void push_header(lua_State *L, const char *line, size_t n)
{
  const char *colon = memchr(line, ':', n), *value;
  char name[128];
  size_t len;

  if (!colon || (len = (size_t)(colon - line)) >= sizeof name)
    return;
  value = colon + 1;
  for (size_t i = 0; i < len; i++)
    name[i] = (char)(line[i] >= 'A' && line[i] <= 'Z' ? line[i] + 32 : line[i]);
  n -= len + 1;
  while (n && (*value == ' ' || *value == '\t'))
    value++, n--;
  while (n && strchr("\r\n \t", value[n - 1]))
    n--;
  lua_pushlstring(L, name, len);
  lua_pushvalue(L, -1);
  if (len == 10 && memcmp(name, "set-cookie", 10) == 0) {
    lua_pop(L, 1);
    lua_pushliteral(L, "***");
  } else if (lua_rawget(L, -3) == LUA_TSTRING) {
    lua_pushliteral(L, ", ");
    lua_pushlstring(L, value, n);
    lua_concat(L, 3);
  } else {
    lua_pop(L, 1);
    lua_pushlstring(L, value, n);
  }
  lua_rawset(L, -3);
}

static int fetch_push(lua_State *L, struct dh_op *op)
{
  struct dh_http_transfer *t = (struct dh_http_transfer *)op;
  const char *line = t->head.data, *end;

  /* A service that gives back what it was sent must not bring a secret into the journal. */
  t->head.len = dh_mask_text(t->head.data, t->head.len);
  t->body.len = dh_mask_text(t->body.data, t->body.len);
  end = line + t->head.len;
  lua_createtable(L, 0, 4);
  lua_pushinteger(L, t->status);
  lua_setfield(L, -2, "status");
  lua_createtable(L, 0, 12);
  while (line < end) {
    const char *nl = memchr(line, '\n', (size_t)(end - line));
    size_t n = (size_t)((nl ? nl : end) - line);

    push_header(L, line, n);
    line += n + 1;
  }
  lua_setfield(L, -2, "headers");
  lua_pushlstring(L, t->body.data, t->body.len);
  lua_setfield(L, -2, "body");
  return 1;
}

static const struct dh_op_class fetch_class = {
    .name = "http",
    .size = sizeof(struct dh_http_transfer),
    .lane = DH_LANE_LOOP,
    .start = dh_http_start,
    .cancel = dh_http_cancel,
    .push = fetch_push,
    .fini = dh_http_fini,
};

/* _fetch(request) -> { status, headers, body } | nil, err.  Yields. Any status is an answer; see request.h.
 */
static int l_fetch(lua_State *L)
{
  struct dh_http_transfer *t;

  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  t = (struct dh_http_transfer *)dh_op_box(L, &fetch_class);
  dh_http_read_request(L, 1, &t->req);
  dh_http_init(t);
  return dh_await(L, &t->op);
}

/* _duration_ms("90s") -> 90000 | nil */
static int l_duration_ms(lua_State *L)
{
  int64_t ms = dh_duration_ms(luaL_checkstring(L, 1));

  if (ms < 0)
    lua_pushnil(L);
  else
    lua_pushinteger(L, ms);
  return 1;
}

/* _sha256(bytes) -> 64 hexadecimal digits */
static int l_sha256(lua_State *L)
{
  char hash[DH_SHA256_HEX];
  size_t n;
  const char *bytes = luaL_checklstring(L, 1, &n);

  dh_sha256_hex(bytes, n, hash);
  lua_pushstring(L, hash);
  return 1;
}

static const luaL_Reg funcs[] = {
    {"_fetch", l_fetch},     {"_duration_ms", l_duration_ms}, {"_sha256", l_sha256}, {"_keep", dh_tape_keep},
    {"_tape", dh_tape_read}, {"_tape_body", dh_tape_body},    {NULL, NULL}};

DH_EXPORT const struct dh_module dh_module = {
    .abi = DH_MODULE_ABI, .name = "http", .funcs = funcs, .lua = dh_module_lua};
