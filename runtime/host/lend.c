/* lend.c - children and descriptors for the Lua halves of modules: a peer lent for the run, a program run to
 * its end, bytes kept in the store. Boxes free what they hold. */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- descriptors */

static void set_descriptor_class(lua_State *L);
static void set_peer_class(lua_State *L);

static int fd_free(lua_State *L)
{
  int *fd = lua_touserdata(L, 1);

  if (*fd >= 0)
    close(*fd);
  *fd = -1;
  return 0;
}

static void push_fd(lua_State *L, int fd)
{
  int *box = lua_newuserdatauv(L, sizeof *box, 0);

  *box = -1;
  set_descriptor_class(L);
  *box = fd;
}

static int fd_at(lua_State *L, int index)
{
  int *fd = luaL_checkudata(L, index, "dh.descriptor");

  luaL_argcheck(L, *fd >= 0, index, "it is closed");
  return *fd;
}

/* _open(hash) -> descriptor | nil, err: a kept blob; _memory(bytes) -> descriptor of sealed memory */
static int l_open(lua_State *L)
{
  struct dh_port *port = dh_port_of(L);
  char path[4096];
  struct dh_err err;
  int fd;

  if (port->ops->path(port, luaL_checkstring(L, 1), path, sizeof path, &err))
    return dh_fail(L, &err);
  fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    dh_err_errno(&err, "cannot open a kept file");
    return dh_fail(L, &err);
  }
  push_fd(L, fd);
  return 1;
}

static int l_memory(lua_State *L)
{
  struct dh_err err;
  size_t n;
  const char *p = luaL_checklstring(L, 1, &n);
  int fd = dh_memfd_sealed("bytes", p, n, &err);

  if (fd < 0)
    return dh_fail(L, &err);
  push_fd(L, fd);
  return 1;
}

/* Waits for a keep; the answer is the hash. */
static int kept(lua_State *L, int status, lua_KContext ctx)
{
  struct dh_op *op = (struct dh_op *)ctx;
  struct dh_err err;
  const char *hash;
  size_t n;

  (void)status;
  if (op->rc) {
    if (op->err)
      err = *op->err;
    else
      dh_err_set(&err, op->rc, "cannot keep a file");
    return dh_fail(L, &err);
  }
  hash = dh_port_text(op, &n);
  lua_pushlstring(L, hash, n);
  return 1;
}

static int keep(lua_State *L, const void *p, size_t n)
{
  struct dh_port *port = dh_port_of(L);
  struct dh_op *op = dh_op_adopt(L, port->ops->keep(port, p, n));

  return dh_await_then(L, op, (lua_KContext)op, kept);
}

/* _keep(bytes) -> hash | nil, err. Waits. */
static int l_keep(lua_State *L)
{
  size_t n;
  const char *p = luaL_checklstring(L, 1, &n);

  return keep(L, p, n);
}

/* descriptor:keep() -> hash, size | nil, err: what a child sent (sealed memory) goes into the store. Waits.
 */
static int fd_keep(lua_State *L)
{
  struct dh_err err;
  const void *p;
  size_t n;
  struct dh_port *port = dh_port_of(L);
  struct dh_op *op;

  if (dh_memfd_map(fd_at(L, 1), DH_FRAME_MAX, &p, &n, &err))
    return dh_fail(L, &err);
  op = port->ops->keep(port, p, n);
  munmap((void *)p, n);
  op = dh_op_adopt(L, op);
  return dh_await_then(L, op, (lua_KContext)op, kept);
}

static int fd_size(lua_State *L)
{
  struct stat st;

  if (fstat(fd_at(L, 1), &st))
    return luaL_error(L, "cannot look at a descriptor");
  lua_pushinteger(L, st.st_size);
  return 1;
}

/* descriptor:read() -> bytes | nil, err */
static int fd_read(lua_State *L)
{
  struct dh_err err;
  luaL_Buffer b;
  struct stat st;
  const void *p;
  char *to;
  size_t n;

  if (fstat(fd_at(L, 1), &st) || st.st_size > DH_RESULT_MAX)
    return luaL_error(L, "a descriptor of over %d MB cannot be read; keep it", DH_RESULT_MAX >> 20);
  to = luaL_buffinitsize(L, &b, (size_t)st.st_size); /* before the mapping: this may raise */
  if (dh_memfd_map(fd_at(L, 1), (size_t)st.st_size, &p, &n, &err))
    return dh_fail(L, &err);
  memcpy(to, p, n);
  munmap((void *)p, n);
  luaL_pushresultsize(&b, n);
  return 1;
}

/* ---- peers */

struct peer_box {
  struct dh_peer *peer;
  struct dh_port *port;
};

static int peer_free(lua_State *L)
{
  struct peer_box *b = lua_touserdata(L, 1);

  if (b->peer)
    b->port->ops->give_back(b->port, b->peer, false);
  b->peer = NULL;
  return 0;
}

static int lent(lua_State *L, int status, lua_KContext ctx)
{
  struct dh_op *op = (struct dh_op *)ctx;
  struct peer_box *b;
  struct dh_err err;

  (void)status;
  if (op->rc) {
    if (op->err)
      err = *op->err;
    else
      dh_err_set(&err, op->rc, "nothing could be lent");
    return dh_fail(L, &err);
  }
  b = lua_newuserdatauv(L, sizeof *b, 0);
  b->port = dh_port_of(L);
  b->peer = NULL;
  set_peer_class(L);
  b->peer = dh_port_peer(op);
  return 1;
}

/* _lend(role, needs) -> peer | nil, err. Waits. */
static int l_lend(lua_State *L)
{
  const char *role = luaL_checkstring(L, 1);
  struct dh_port *port = dh_port_of(L);
  struct dh_buf *b = dh_buf_box(L, 64 << 10);
  struct dh_op *op;

  dh_to_cbor(L, 2, b);
  op = dh_op_adopt(L, port->ops->lend(port, dh_run_id(L), role, b->data, b->len));
  return dh_await_then(L, op, (lua_KContext)op, lent);
}

static struct peer_box *peer_at(lua_State *L)
{
  struct peer_box *b = luaL_checkudata(L, 1, "dh.peer");

  luaL_argcheck(L, b->peer, 1, "it was given back");
  return b;
}

static void push_fds(lua_State *L, struct dh_frame *f)
{
  lua_createtable(L, f->nfds, 0);
  for (int i = 0; i < f->nfds; i++) {
    push_fd(L, f->fds[i]);
    f->fds[i] = -1;
    lua_rawseti(L, -2, i + 1);
  }
}

/* answer, {descriptor…} | nil, err with err.descriptors */
static int answered(lua_State *L, int status, lua_KContext ctx)
{
  struct dh_op *op = (struct dh_op *)ctx;
  struct dh_frame *f = dh_ask_answer(op);
  struct dh_err err;

  (void)status;
  if (!op->rc) {
    dh_push_cbor(L, f->data.data, f->data.len);
    push_fds(L, f);
    return 2;
  }
  if (op->err)
    err = *op->err;
  else
    dh_err_set(&err, op->rc, "the question failed");
  dh_fail(L, &err);
  push_fds(L, f);
  lua_setfield(L, -2, "descriptors");
  return 2;
}

/* peer:call(request, {descriptor…}?, time_ms?) -> answer, {descriptor…} | nil, err. Waits. Secrets in the
 * request are sent as their values. */
static int peer_call(lua_State *L)
{
  struct peer_box *p = peer_at(L);
  lua_Integer time_ms = luaL_optinteger(L, 4, 0);
  struct dh_buf *b;
  int fds[DH_FRAME_FDS], nfds = 0;
  struct dh_op *op;

  lua_settop(L, 3);
  b = dh_buf_box(L, DH_FRAME_MAX);
  dh_to_cbor_mode(L, 2, b, DH_SECRET_REVEAL);
  if (lua_istable(L, 3))
    for (; nfds < DH_FRAME_FDS && lua_rawgeti(L, 3, nfds + 1) != LUA_TNIL; nfds++)
      fds[nfds] = fd_at(L, -1);
  op = dh_op_adopt(L, dh_ask_new(p->peer, b, fds, nfds));
  explicit_bzero(b->data, b->len);
  dh_buf_fini(b);
  if (time_ms > 0 && dh_op_deadline(op, time_ms))
    return luaL_error(L, "no memory for a timer");
  return dh_await_then(L, op, (lua_KContext)op, answered);
}

/* peer:give_back(healthy) */
static int peer_back(lua_State *L)
{
  struct peer_box *b = peer_at(L);
  struct dh_peer *p = b->peer;

  b->peer = NULL;
  b->port->ops->give_back(b->port, p, lua_isnone(L, 2) || lua_toboolean(L, 2));
  return 0;
}

/* ---- programs */

static int spawned(lua_State *L, int status, lua_KContext ctx)
{
  struct dh_op *op = (struct dh_op *)ctx;
  const struct dh_output *o;
  struct dh_err err;

  (void)status;
  if (op->rc) {
    if (op->err)
      err = *op->err;
    else
      dh_err_set(&err, op->rc, "a program could not be run");
    return dh_fail(L, &err);
  }
  o = dh_port_output(op);
  lua_createtable(L, 0, 3);
  lua_pushinteger(L, o->status);
  lua_setfield(L, -2, "status");
  lua_pushlstring(L, o->out, o->out_len);
  lua_setfield(L, -2, "out");
  lua_pushlstring(L, o->err, o->err_len);
  lua_setfield(L, -2, "err");
  return 1;
}

/* _spawn({argv…}, profile, descriptor?) -> {status, out, err} | nil, err. Waits. */
static int l_spawn(lua_State *L)
{
  struct dh_port *port = dh_port_of(L);
  const char *argv[65];
  int n = 0, in = lua_isnoneornil(L, 3) ? -1 : fd_at(L, 3);
  struct dh_op *op;

  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checkstack(L, 70, "too many arguments");
  for (; n < 64 && lua_rawgeti(L, 1, n + 1) != LUA_TNIL; n++)
    argv[n] = luaL_checkstring(L, -1);
  argv[n] = NULL;
  luaL_argcheck(L, n > 0, 1, "a program and its arguments");
  op = dh_op_adopt(L, port->ops->spawn(port, argv, luaL_checkstring(L, 2), in));
  return dh_await_then(L, op, (lua_KContext)op, spawned);
}

static void set_descriptor_class(lua_State *L)
{
  static const luaL_Reg methods[] = {{"__gc", fd_free}, {"__close", fd_free}, {"keep", fd_keep},
                                     {"read", fd_read}, {"size", fd_size},    {NULL, NULL}};

  dh_set_class(L, "dh.descriptor", methods);
}

static void set_peer_class(lua_State *L)
{
  static const luaL_Reg methods[] = {{"__gc", peer_free},
                                     {"__close", peer_free},
                                     {"call", peer_call},
                                     {"give_back", peer_back},
                                     {NULL, NULL}};

  dh_set_class(L, "dh.peer", methods);
}

const luaL_Reg dh_lend_funcs[] = {{"_open", l_open}, {"_memory", l_memory}, {"_keep", l_keep},
                                  {"_lend", l_lend}, {"_spawn", l_spawn},   {NULL, NULL}};
