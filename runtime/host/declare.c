/* declare.c - what a robot says of itself, read in an isolate that has no outside. */
#include "state.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>

enum { CHECK_MS = 20000, DECLARE_MS = 2000, DECLARE_MEMORY = 32 << 20 };

static int call_builtin(lua_State *L)
{
  struct dh_buf *out = lua_touserdata(L, 1);
  const char *name = lua_touserdata(L, 2);

  if (dh_load_builtin(L, name))
    return luaL_error(L, "the language is not built in");
  lua_getfield(L, LUA_REGISTRYINDEX, "dh.core");
  lua_call(L, 1, 1);
  dh_to_cbor(L, -1, out);
  return 0;
}

static int run_builtin(struct dh_run *r, const char *name, struct dh_buf *out, struct dh_err *err)
{
  int rc;

  lua_pushcfunction(r->L, call_builtin);
  lua_pushlightuserdata(r->L, out);
  lua_pushlightuserdata(r->L, (void *)name);
  dh_watch_begin(r->host, r, r->L);
  rc = lua_pcall(r->L, 2, 0, 0);
  dh_watch_end(r->host);
  if (!rc)
    return 0;
  dh_err_of_lua(r->L, err);
  if (r->kill || rc == LUA_ERRMEM)
    dh_err_set(err, r->kill == DH_ETIME ? DH_ETIME : DH_EMEMORY,
               "%s: the robot's file does not end by itself outside run",
               r->kill == DH_ETIME ? "time" : "memory");
  return err->code;
}

/* Runs a file of the language over a bundle, in an isolate of its own without an outside. */
static int over_bundle(const char *builtin, int64_t ms, const void *bundle, size_t n, const char *robot,
                       struct dh_buf *out, struct dh_err *err)
{
  struct dh_host h = {.opt = {.exit_on_hang = true}, .slabs = dh_slabs_new()};
  struct dh_run r = {.host = &h, .memory_max = DECLARE_MEMORY, .time_ms = ms, .slice_ms = ms};
  struct dh_err local;
  char hash[DH_SHA256_HEX];
  int rc;

  if (!err)
    err = &local;
  if (!h.slabs)
    return dh_err_set(err, DH_ENOMEM, "no memory for an isolate");
  snprintf(r.robot, sizeof r.robot, "%s", robot);
  r.started_ms = dh_mono_ms();
  dh_sha256_hex(bundle, n, hash);
  r.code = dh_code_get(&h, bundle, n, hash, err);
  rc = r.code ? dh_watch_open(&h, err) : err->code;
  if (!rc)
    rc = dh_isolate_open(&r, err);
  if (!rc)
    rc = run_builtin(&r, builtin, out, err);
  dh_isolate_close(&r);
  dh_secrets_free(&r);
  dh_watch_close(&h);
  dh_slabs_free(h.slabs);
  dh_code_free_all(&h);
  return rc;
}

int dh_robot_declare(const void *bundle, size_t n, const char *robot_path, struct dh_buf *declaration,
                     struct dh_err *err)
{
  return over_bundle("declare", DECLARE_MS, bundle, n, robot_path, declaration, err);
}

int dh_robot_check(const void *bundle, size_t n, const char *name, struct dh_buf *findings,
                   struct dh_err *err)
{
  return over_bundle("check_main", CHECK_MS, bundle, n, name, findings, err);
}
