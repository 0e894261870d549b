/* request.c - a request table of the Lua half becomes a struct. The only place where a secret's value is
 * read: right before it is sent. Everything here may raise; what is half filled belongs to the boxed op. */
#include "request.h"
#include "policy.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { BODY_MAX = 64 << 20 };

static void must(lua_State *L, int rc)
{
  if (rc)
    luaL_error(L, rc == DH_ELIMIT ? "a request has at most %d MiB" : "no memory for a request",
               BODY_MAX >> 20);
}

static char *dup_text(lua_State *L, const char *s)
{
  char *p = s ? strdup(s) : NULL;

  if (s && !p)
    luaL_error(L, "no memory for a request");
  return p;
}

/* A text, number, or secret at the top of the stack. */
static const char *piece(lua_State *L, size_t *n, bool *secret)
{
  const char *s = dh_secret_value(L, -1, n);

  if (s)
    *secret = true;
  else if (lua_type(L, -1) == LUA_TSTRING || lua_type(L, -1) == LUA_TNUMBER)
    s = lua_tolstring(L, -1, n);
  else
    luaL_error(L, "a request is made of texts, numbers and secrets; seen: a %s", luaL_typename(L, -1));
  return s;
}

static int put_json_inside(struct dh_buf *b, const char *s, size_t n)
{
  size_t before = b->len;
  int rc = dh_json_text(b, s, n);

  if (rc)
    return rc;
  memmove(b->data + before, b->data + before + 1,
          b->len - before - 2); /* without its quotes: they stand there */
  b->len -= 2;
  return 0;
}

static int put_form(struct dh_buf *b, const char *s, size_t n)
{
  int rc = 0;

  for (size_t i = 0; !rc && i < n; i++) {
    unsigned char c = (unsigned char)s[i];
    bool plain = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || (c && strchr("-._~", c));

    rc = plain ? dh_buf_putc(b, s[i]) : dh_buf_printf(b, "%%%02X", c);
  }
  return rc;
}

/* The value at the top: a piece, or a list of pieces that stand one after the other. Secrets are written in
 * the way of the body around them ("json", "form", or as they are). */
static void put_pieces(lua_State *L, struct dh_buf *b, const char *way, bool *secret)
{
  lua_Integer n = lua_type(L, -1) == LUA_TTABLE ? luaL_len(L, -1) : 0;

  for (lua_Integer i = 1; i <= n || (n == 0 && i == 1); i++) {
    bool is_secret = false;
    const char *s;
    size_t len;

    if (n)
      lua_rawgeti(L, -1, i);
    s = piece(L, &len, &is_secret);
    must(L, !is_secret                 ? dh_buf_put(b, s, len)
            : strcmp(way, "json") == 0 ? put_json_inside(b, s, len)
            : strcmp(way, "form") == 0 ? put_form(b, s, len)
                                       : dh_buf_put(b, s, len));
    *secret |= is_secret;
    if (n)
      lua_pop(L, 1);
  }
}

static bool is_private_name(const char *line)
{
  return strncasecmp(line, "authorization:", 14) == 0 || strncasecmp(line, "cookie:", 7) == 0 ||
         strncasecmp(line, "proxy-authorization:", 20) == 0;
}

/* Headers that say where a request goes or where it ends are made from the request itself. */
static bool is_ours(const char *line)
{
  static const char *const ours[] = {
      "host:", "content-length:", "transfer-encoding:", "connection:", "upgrade:", "expect:"};

  for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
    if (strncasecmp(line, ours[i], strlen(ours[i])) == 0)
      return true;
  return false;
}

/* headers = { { name, value }, … } */
static void read_headers(lua_State *L, int req, struct dh_http_request *r)
{
  lua_Integer n;
  struct dh_buf *line = dh_buf_box(L, DH_HTTP_HEADERS_MAX);

  if (lua_getfield(L, req, "headers") == LUA_TNIL) {
    lua_pop(L, 2);
    return;
  }
  n = luaL_len(L, -1);
  r->headers = calloc((size_t)n + 1, sizeof *r->headers);
  if (!r->headers)
    luaL_error(L, "no memory for a request");
  for (lua_Integer i = 1; i <= n; i++) {
    struct dh_http_header *h = &r->headers[r->n_headers];

    dh_buf_clear(line);
    lua_rawgeti(L, -1, i);
    lua_rawgeti(L, -1, 1);
    put_pieces(L, line, "", &h->secret);
    lua_pop(L, 1);
    must(L, dh_buf_puts(line, ": "));
    lua_rawgeti(L, -1, 2);
    put_pieces(L, line, "", &h->secret);
    lua_pop(L, 2);
    if (strpbrk(line->data, "\r\n") || strlen(line->data) != line->len)
      luaL_error(L, "a header may not hold a line end or a zero byte");
    if (is_ours(line->data))
      luaL_error(L, "the header %s is made from the request; leave it out", line->data);
    h->line = dup_text(L, line->data);
    h->secret |= is_private_name(h->line);
    r->n_headers++;
  }
  lua_pop(L, 2);
}

static void read_body(lua_State *L, int req, struct dh_http_request *r)
{
  bool secret = false;

  dh_buf_init(&r->body, BODY_MAX);
  lua_getfield(L, req, "way");
  if (lua_getfield(L, req, "body") != LUA_TNIL) {
    put_pieces(L, &r->body, luaL_optstring(L, -2, ""), &secret);
    r->has_body = true;
  }
  lua_pop(L, 2);
}

static void read_auth(lua_State *L, int req, struct dh_http_request *r)
{
  static const char *const names[] = {"user", "password"};
  char **slots[] = {&r->user, &r->password};
  bool secret;
  size_t n;

  for (int i = 0; i < 2; i++) {
    if (lua_getfield(L, req, names[i]) != LUA_TNIL)
      *slots[i] = dup_text(L, piece(L, &n, &secret));
    lua_pop(L, 1);
  }
}

static void read_lists(lua_State *L, int req, struct dh_http_request *r)
{
  r->n_hosts = -1;
  if (lua_getfield(L, req, "hosts") != LUA_TNIL) {
    lua_Integer n = luaL_len(L, -1);

    r->n_hosts = 0;
    r->hosts = calloc((size_t)n + 1, sizeof *r->hosts);
    if (!r->hosts)
      luaL_error(L, "no memory for a request");
    for (lua_Integer i = 1; i <= n; i++) {
      lua_rawgeti(L, -1, i);
      r->hosts[r->n_hosts] = dup_text(L, luaL_checkstring(L, -1));
      r->n_hosts++;
      lua_pop(L, 1);
    }
  }
  lua_pop(L, 1);
  if (lua_getfield(L, req, "accept") != LUA_TNIL)
    for (lua_Integer i = 1; i <= luaL_len(L, -1) && r->n_accept < DH_HTTP_ACCEPT; i++) {
      lua_rawgeti(L, -1, i);
      r->accept[r->n_accept++] = (long)luaL_checkinteger(L, -1);
      lua_pop(L, 1);
    }
  lua_pop(L, 1);
}

/* ---- configuration */

const char *dh_http_conf(lua_State *L, const char *key)
{
  struct dh_port *port = dh_port_of(L);

  return port->ops->conf(port, key);
}

static const char *conf_source(lua_State *L, const char *source, const char *key)
{
  char full[128];

  snprintf(full, sizeof full, "source.%s.%s", source, key);
  return dh_http_conf(L, full);
}

static bool is_yes(const char *s)
{
  return s &&
         (strcmp(s, "yes") == 0 || strcmp(s, "true") == 0 || strcmp(s, "on") == 0 || strcmp(s, "1") == 0);
}

/* A source that the configuration points somewhere may lie there, be it on this machine. */
static void read_source(lua_State *L, const char *source, struct dh_http_request *r)
{
  const char *url = conf_source(L, source, "url"), *rate = conf_source(L, source, "rate");
  struct dh_http_place at, to;
  struct dh_err err;

  if (dh_http_place_of(r->url, &to, &err))
    dh_raise(L, &err);
  r->trusted = dup_text(L, to.host);
  r->cert = dup_text(L, conf_source(L, source, "cert"));
  if (rate && (r->gap_ms = dh_rate_gap_ms(rate)) < 0)
    luaL_error(L, "source.%s.rate is no rate such as 60/min: %s", source, rate);
  if (url && !dh_http_place_of(url, &at, &err) && strcasecmp(at.host, to.host) == 0 &&
      strcmp(at.port, to.port) == 0)
    r->loopback = r->house = true;
}

static void read_conf(lua_State *L, int req, struct dh_http_request *r)
{
  const char *source = lua_getfield(L, req, "source") == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
  const char *rate = lua_getfield(L, req, "rate") == LUA_TSTRING ? lua_tostring(L, -1) : NULL;

  r->loopback = is_yes(dh_http_conf(L, "hosts.loopback"));
  r->house = r->house_anywhere = is_yes(dh_http_conf(L, "hosts.private"));
  if (rate && (r->gap_ms = dh_rate_gap_ms(rate)) < 0)
    luaL_error(L, "the rate is written as 60/min; seen: %s", rate);
  if (source)
    read_source(L, source, r);
  lua_pop(L, 2);
  r->ca = dup_text(L, dh_http_conf(L, "tls.ca"));
  r->proxy = dup_text(L, dh_http_conf(L, "proxy.url"));
  r->no_proxy = dup_text(L, dh_http_conf(L, "proxy.no"));
  if (!r->cert) {
    r->cert = dup_text(L, dh_http_conf(L, "tls.cert"));
    r->key = dup_text(L, dh_http_conf(L, "tls.key"));
  }
}

static lua_Integer int_field(lua_State *L, int req, const char *key, lua_Integer otherwise)
{
  lua_Integer v = lua_getfield(L, req, key) == LUA_TNIL ? otherwise : luaL_checkinteger(L, -1);

  lua_pop(L, 1);
  return v;
}

static const char *method_of(lua_State *L, int req)
{
  static const char *const methods[] = {"GET", "POST", "PUT", "DELETE", NULL};
  int i;

  lua_getfield(L, req, "method");
  i = luaL_checkoption(L, -1, "GET", methods);
  lua_pop(L, 1);
  return methods[i];
}

void dh_http_read_request(lua_State *L, int req, struct dh_http_request *r)
{
  r->method = method_of(L, req);
  lua_getfield(L, req, "url");
  r->url = dup_text(L, luaL_checkstring(L, -1));
  lua_getfield(L, req, "effect");
  r->effect = lua_toboolean(L, -1);
  lua_pop(L, 2);
  r->timeout_ms = int_field(L, req, "timeout_ms", 60000);
  r->attempts = (int)int_field(L, req, "attempts", 4);
  r->limit = (size_t)int_field(L, req, "limit", 16 << 20);
  read_headers(L, req, r);
  read_body(L, req, r);
  read_auth(L, req, r);
  read_lists(L, req, r);
  read_conf(L, req, r);
}
