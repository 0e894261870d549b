/* isolate.c - one Lua state for one run: its memory cap, its library, its loaders. */
#include "modules.h"
#include "state.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>

/* Bytes that an isolate may allocate before its collector begins: loading leaves little garbage, and most
 * runs end, or are tidied before their first wait, with less. */
enum { FIRST_KIB = 160 };

extern const struct dh_lua dh_dsl[];

struct dh_run *dh_run_from(lua_State *L)
{
  void *self;

  lua_getallocf(L, &self);
  return self;
}

static int at_panic(lua_State *L)
{
  dh_log(DH_ERROR, dh_run_from(L)->id, "the Lua state gave up outside any protection: %s",
         lua_tostring(L, -1));
  return 0;
}

/* Files of the language have the base as their globals, never the robot's table. */
static int load_language(lua_State *L, const struct dh_lua *d, const char *chunk)
{
  if (luaL_loadbufferx(L, (const char *)d->code, d->len, chunk, "b"))
    return DH_EFORMAT;
  lua_getfield(L, LUA_REGISTRYINDEX, "dh.base");
  if (!lua_setupvalue(L, -2, 1))
    lua_pop(L, 1); /* a chunk that uses no global has no such upvalue */
  return 0;
}

int dh_load_builtin(lua_State *L, const char *name)
{
  const struct dh_module *m;
  char module[64];
  size_t n = strcspn(name, ".");

  for (const struct dh_lua *d = dh_dsl; d->name; d++)
    if (strcmp(d->name, name) == 0)
      return load_language(L, d, "=dsl");
  if (n >= sizeof module)
    return DH_ENOENT;
  memcpy(module, name, n);
  module[n] = '\0';
  for (const struct dh_module_entry *e = dh_modules; e->name; e++) {
    if (strcmp(e->name, module) != 0)
      continue;
    if (dh_module_load(module, &m, NULL) || !m->lua)
      return DH_ENOENT;
    for (const struct dh_lua *d = m->lua; d->name; d++)
      if (strcmp(d->name, name) == 0)
        return load_language(L, d, "=module");
  }
  return DH_ENOENT;
}

static int open_all(lua_State *L)
{
  dh_sandbox_open(L);
  dh_world_open(L);
  dh_core_open(L);
  return 0;
}

int dh_isolate_open(struct dh_run *r, struct dh_err *err)
{
  r->fail_alloc = r->host->fail_alloc;
  r->L = lua_newstate(dh_memory_alloc, r);
  if (!r->L)
    return dh_err_set(err, DH_ENOMEM, "no memory for a new isolate");
  *(void **)lua_getextraspace(r->L) = NULL; /* new threads copy it */
  lua_atpanic(r->L, at_panic);
  lua_gc(r->L, LUA_GCSTEP, -FIRST_KIB); /* a step of less than nothing is credit */
  lua_pushcfunction(r->L, open_all);
  if (lua_pcall(r->L, 0, 0, 0)) {
    dh_err_set(err, DH_ENOMEM, "cannot open an isolate: %s", lua_tostring(r->L, -1));
    lua_close(r->L);
    r->L = NULL;
    return err ? err->code : DH_ENOMEM;
  }
  return 0;
}

void dh_isolate_close(struct dh_run *r)
{
  if (!r->L)
    return;
  lua_close(r->L); /* robots cannot set finalizers: nothing here can hang */
  r->L = NULL;
}
