/* secret.c - secrets: in Lua a name, the value stays here and leaves only for a child or a server it is meant
 * for. */
#include "state.h"

#include <inttypes.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

static void set_class(lua_State *L);

enum { SECRETS_MAX = 100, NAME_MAX_BYTES = 120 };

struct secret_value {
  struct secret_value *next;
  char *value; /* NULL until fetched */
  size_t n;
  char name[];
};

static struct secret_value *secret_of(struct dh_run *r, const char *name)
{
  struct secret_value *s;
  int n = 0;

  for (s = r->secrets; s; s = s->next, n++)
    if (strcmp(s->name, name) == 0)
      return s;
  if (n >= SECRETS_MAX || strlen(name) > NAME_MAX_BYTES) /* this memory is not the isolate's */
    return NULL;
  s = calloc(1, sizeof *s + strlen(name) + 1);
  if (s) {
    strcpy(s->name, name);
    s->next = r->secrets;
    r->secrets = s;
  }
  return s;
}

void dh_secrets_free(struct dh_run *r)
{
  while (r->secrets) {
    struct secret_value *s = r->secrets;

    r->secrets = s->next;
    if (s->value)
      explicit_bzero(s->value, s->n);
    free(s->value);
    free(s);
  }
}

int dh_secret_put(struct dh_run *r, const char *name, const char *value, size_t n)
{
  struct secret_value *s = secret_of(r, name);
  char *copy = s ? malloc(n + 1) : NULL;

  if (!copy)
    return DH_ENOMEM;
  memcpy(copy, value, n);
  copy[n] = '\0';
  free(s->value);
  s->value = copy;
  s->n = n;
  return dh_log_mask(copy, n);
}

/* _secret(name) -> secret */
static int l_secret(lua_State *L)
{
  const char *name = luaL_checkstring(L, 1);
  struct secret_value **p = lua_newuserdatauv(L, sizeof *p, 0);

  *p = secret_of(dh_run_from(L), name);
  if (!*p)
    return luaL_error(L, "too many secrets in one robot (%d, each with a name of at most %d bytes)",
                      SECRETS_MAX, NAME_MAX_BYTES);
  set_class(L);
  return 1;
}

/* _secret_missing() -> name of a secret whose value was not fetched yet, or nil */
static int l_secret_missing(lua_State *L)
{
  for (struct secret_value *s = dh_run_from(L)->secrets; s; s = s->next)
    if (!s->value) {
      lua_pushstring(L, s->name);
      return 1;
    }
  return 0;
}

static int fetch_end(lua_State *L, int status, lua_KContext ctx)
{
  struct secret_value *s = (struct secret_value *)ctx;
  struct dh_op *op = *(struct dh_op **)lua_touserdata(L, 2);
  struct dh_err err;
  const char *v;
  size_t n;

  (void)status;
  if (op->rc) {
    if (op->err)
      err = *op->err;
    else
      dh_err_set(&err, op->rc, "cannot get the secret '%s'", s->name);
    return dh_fail(L, &err);
  }
  v = dh_port_text(op, &n);
  if (!s->value && dh_secret_put(dh_run_from(L), s->name, v, n))
    return luaL_error(L, "no memory for a secret");
  lua_pushboolean(L, 1);
  return 1;
}

/* _secret_fetch(name): waits for the vault. true, or nil and an error. */
static int l_secret_fetch(lua_State *L)
{
  const char *name = luaL_checkstring(L, 1);
  struct secret_value *s = secret_of(dh_run_from(L), name);
  struct dh_port *port = dh_port_of(L);

  if (!s)
    return luaL_error(L, "no memory for a secret");
  lua_settop(L, 1);
  return dh_await_then(L, dh_op_adopt(L, port->ops->secret(port, name)), (lua_KContext)s, fetch_end);
}

const char *dh_secret_name(lua_State *L, int index)
{
  struct secret_value **p = luaL_testudata(L, index, "dh.secret");

  return p ? (*p)->name : NULL;
}

const char *dh_secret_value(lua_State *L, int index, size_t *n)
{
  struct secret_value **p = luaL_testudata(L, index, "dh.secret");

  if (!p || !(*p)->value)
    return NULL;
  *n = (*p)->n;
  return (*p)->value;
}

static int secret_tostring(lua_State *L)
{
  lua_pushliteral(L, "***");
  return 1;
}

static void set_class(lua_State *L)
{
  static const luaL_Reg methods[] = {
      {"__tostring", secret_tostring}, {"__concat", dh_concat_texts}, {NULL, NULL}};

  dh_set_class(L, "dh.secret", methods);
}

const luaL_Reg dh_secret_funcs[] = {{"_secret", l_secret},
                                    {"_secret_missing", l_secret_missing},
                                    {"_secret_fetch", l_secret_fetch},
                                    {NULL, NULL}};
