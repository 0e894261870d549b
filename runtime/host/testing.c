/* testing.c - what test files may do and robots may not: start a server beside the test, let the n-th
 * allocation or wait fail, look at what is left. Refuses outside `deskhand test`. */
#include "../base/conf.h"
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* _testing() -> folder of the test file, its name; or nil */
static int l_testing(lua_State *L)
{
  const char *file = dh_run_from(L)->host->opt.test_file, *slash = file ? strrchr(file, '/') : NULL;

  if (!file)
    return 0;
  lua_pushlstring(L, slash ? file : ".", slash ? (size_t)(slash - file) : 1);
  lua_pushstring(L, slash ? slash + 1 : file);
  return 2;
}

static void only_tests(lua_State *L)
{
  if (!dh_run_from(L)->host->opt.test_file)
    luaL_error(L, "this is for tests only");
}

struct server {
  pid_t pid;
  int in; /* closing it is the polite end */
};

static int server_end(lua_State *L)
{
  struct server *s = lua_touserdata(L, 1);

  if (s->in >= 0)
    close(s->in);
  s->in = -1;
  if (s->pid > 0) {
    kill(-s->pid, SIGTERM);
    waitpid(s->pid, NULL, 0);
  }
  s->pid = 0;
  return 0;
}

static void become(char *const argv[], int in, int out)
{
  dup2(in, 0);
  dup2(out, 1);
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  close_range(3, ~0U, 0);
  execvp(argv[0], argv);
  _exit(127);
}

/* First line of a descriptor; a test may wait for its server. */
static int read_line(int fd, char *line, size_t size)
{
  size_t n = 0;

  while (n + 1 < size) {
    ssize_t got = read(fd, line + n, 1);

    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0 || line[n] == '\n')
      break;
    n++;
  }
  line[n] = '\0';
  return n > 0;
}

/* _server({argv…}) -> handle, first line | nil, err: a program that runs beside the test and says when it is
 * ready. */
static int l_server(lua_State *L)
{
  static const luaL_Reg methods[] = {{"__gc", server_end}, {NULL, NULL}};
  char *argv[33], line[4096];
  int in[2], out[2], n = 0;
  struct server *s;
  struct dh_err err;

  only_tests(L);
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checkstack(L, 40, "too many arguments");
  for (; n < 32 && lua_rawgeti(L, 1, n + 1) != LUA_TNIL; n++)
    argv[n] = (char *)luaL_checkstring(L, -1);
  argv[n] = NULL;
  s = lua_newuserdatauv(L, sizeof *s, 0);
  s->pid = 0;
  s->in = -1;
  dh_set_class(L, "dh.server", methods);
  if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
    return luaL_error(L, "no pipe for a server");
  s->pid = fork();
  if (s->pid == 0)
    become(argv, in[0], out[1]);
  close(in[0]);
  close(out[1]);
  s->in = in[1];
  if (s->pid < 0 || !read_line(out[0], line, sizeof line)) {
    close(out[0]);
    dh_err_set(&err, DH_EIO, "%s did not say that it is ready", argv[0]);
    return dh_fail(L, &err);
  }
  close(out[0]);
  lua_pushstring(L, line);
  return 2;
}

/* _fail_alloc(n): the n-th growing allocation from now fails, and all after it; 0 ends that. -> whether it
 * has failed */
static int l_fail_alloc(lua_State *L)
{
  struct dh_run *r = dh_run_from(L);
  lua_Integer n = luaL_checkinteger(L, 1);
  bool failed = r->fail_alloc == 1;

  only_tests(L);
  r->fail_alloc = n;
  lua_pushboolean(L, failed);
  return 1;
}

/* _cancel_at(n): the n-th wait from now is ended at once; 0 ends that. -> waits still to come before it (0:
 * it was) */
static int l_cancel_at(lua_State *L)
{
  struct dh_run *r = dh_run_from(L);
  int64_t left = r->cancel_at;

  only_tests(L);
  r->cancel_at = luaL_checkinteger(L, 1);
  lua_pushinteger(L, left);
  return 1;
}

/* _left() -> operations that are open, bytes of this state after a full collection */
static int l_left(lua_State *L)
{
  only_tests(L);
  lua_gc(L, LUA_GCCOLLECT);
  lua_gc(L, LUA_GCCOLLECT);
  lua_pushinteger(L, dh_loop_of(L)->ops);
  lua_pushinteger(L, (lua_Integer)dh_run_from(L)->memory);
  return 2;
}

static int l_setenv(lua_State *L)
{
  only_tests(L);
  setenv(luaL_checkstring(L, 1), luaL_checkstring(L, 2), 1);
  return 0;
}

/* _print(text): to the test's output */
static int l_print(lua_State *L)
{
  only_tests(L);
  printf("%s\n", luaL_checkstring(L, 1));
  fflush(stdout);
  return 0;
}

/* _self() -> path of this program */
static int l_self(lua_State *L)
{
  char path[4096];
  ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);

  only_tests(L);
  lua_pushlstring(L, path, n > 0 ? (size_t)n : 0);
  return 1;
}

/* _set_conf(key, value) -> true | nil, err; _set_secret(name, value): for the rest of the test file */
static int l_set_conf(lua_State *L)
{
  struct dh_conf *conf = dh_run_from(L)->host->opt.test_conf;
  struct dh_err err;

  only_tests(L);
  if (dh_conf_set(conf, luaL_checkstring(L, 1), luaL_checkstring(L, 2), "the test", &err))
    return dh_fail(L, &err);
  lua_pushboolean(L, 1);
  return 1;
}

static int l_set_secret(lua_State *L)
{
  size_t n;
  const char *value = luaL_checklstring(L, 2, &n);

  only_tests(L);
  if (dh_secret_put(dh_run_from(L), luaL_checkstring(L, 1), value, n))
    return luaL_error(L, "no memory for a secret");
  return 0;
}

/* _temp() -> a new empty folder; `deskhand test` removes it at its end */
static int l_temp(lua_State *L)
{
  char path[4096];

  only_tests(L);
  snprintf(path, sizeof path, "%s/XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
  if (!mkdtemp(path))
    return luaL_error(L, "cannot make a folder like %s: %s", path, strerror(errno));
  lua_pushstring(L, path);
  return 1;
}

/* _end_server(handle) */
static int l_end_server(lua_State *L)
{
  luaL_checkudata(L, 1, "dh.server");
  return server_end(L);
}

const luaL_Reg dh_testing_funcs[] = {{"_testing", l_testing},
                                     {"_server", l_server},
                                     {"_fail_alloc", l_fail_alloc},
                                     {"_cancel_at", l_cancel_at},
                                     {"_left", l_left},
                                     {"_setenv", l_setenv},
                                     {"_print", l_print},
                                     {"_self", l_self},
                                     {"_end_server", l_end_server},
                                     {"_set_conf", l_set_conf},
                                     {"_set_secret", l_set_secret},
                                     {"_temp", l_temp},
                                     {NULL, NULL}};
