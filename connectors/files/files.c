/* files.c - the files module: reading, listing, hashing and writing on the pool. */
#include "deskhand.h"
#include "beneath.h"
#include "glob.h"

#include <stdlib.h>
#include <string.h>

enum { READ_MAX = 16 << 20 };

struct files_op {
  struct dh_op op;
  struct dh_roots roots; /* owned copies */
  char *path;
  char kept[4096];     /* where a file of the case lies in the store; "" for a path */
  struct dh_buf bytes; /* what was read, or is to be written; of a list: CBOR */
  char hash[DH_SHA256_HEX];
  long long size;
};

static void files_fini(struct dh_op *op)
{
  struct files_op *f = (struct files_op *)op;

  for (size_t i = 0; i < f->roots.n; i++)
    free(f->roots.folders[i]);
  free(f->roots.folders);
  free(f->path);
  dh_buf_fini(&f->bytes);
}

static int read_work(struct dh_op *op, struct dh_err *err)
{
  struct files_op *f = (struct files_op *)op;

  return *f->kept ? dh_buf_read_file(&f->bytes, f->kept, err)
                  : dh_beneath_read(&f->roots, f->path, &f->bytes, err);
}

static int read_push(lua_State *L, struct dh_op *op)
{
  const struct dh_buf *b = &((struct files_op *)op)->bytes;

  lua_pushlstring(L, b->data, b->len);
  return 1;
}

static int list_work(struct dh_op *op, struct dh_err *err)
{
  struct files_op *f = (struct files_op *)op;

  return dh_glob(&f->roots, f->path, &f->bytes, err);
}

static int list_push(lua_State *L, struct dh_op *op)
{
  const struct dh_buf *b = &((struct files_op *)op)->bytes;

  return dh_push_cbor(L, b->data, b->len);
}

static int hash_work(struct dh_op *op, struct dh_err *err)
{
  struct files_op *f = (struct files_op *)op;

  return dh_beneath_hash(&f->roots, f->path, f->hash, &f->size, err);
}

static int hash_push(lua_State *L, struct dh_op *op)
{
  struct files_op *f = (struct files_op *)op;

  lua_pushstring(L, f->hash);
  lua_pushinteger(L, f->size);
  return 2;
}

static int write_work(struct dh_op *op, struct dh_err *err)
{
  struct files_op *f = (struct files_op *)op;

  return dh_beneath_write(&f->roots, f->path, f->bytes.data, f->bytes.len, err);
}

#define FILES_CLASS(verb, push_fn)                                                                      \
  {                                                                                                     \
    .name = "files." #verb, .size = sizeof(struct files_op), .lane = DH_LANE_POOL, .work = verb##_work, \
    .push = push_fn, .fini = files_fini                                                                 \
  }

static const struct dh_op_class read_class = FILES_CLASS(read, read_push);
static const struct dh_op_class list_class = FILES_CLASS(list, list_push);
static const struct dh_op_class hash_class = FILES_CLASS(hash, hash_push);
static const struct dh_op_class write_class = FILES_CLASS(write, NULL);

static char *dup_or_raise(lua_State *L, const char *s)
{
  char *p = strdup(s);

  if (!p)
    luaL_error(L, "no memory for a path");
  return p;
}

/* A boxed op with the folders of argument 1 and the path of argument 2. */
static struct files_op *new_op(lua_State *L, const struct dh_op_class *cls)
{
  const char *path = luaL_optstring(L, 2, "");
  lua_Integer n;
  struct files_op *f;

  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_argcheck(L, strlen(path) == lua_rawlen(L, 2) || lua_isnil(L, 2), 2, "a path holds no zero byte");
  n = luaL_len(L, 1);
  f = (struct files_op *)dh_op_box(L, cls);
  dh_buf_init(&f->bytes, READ_MAX);
  f->path = dup_or_raise(L, path);
  f->roots.folders = calloc((size_t)n + 1, sizeof *f->roots.folders);
  if (!f->roots.folders)
    luaL_error(L, "no memory for a list of folders");
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(L, 1, i);
    f->roots.folders[f->roots.n++] = dup_or_raise(L, luaL_checkstring(L, -1));
    lua_pop(L, 1);
  }
  return f;
}

/* _read(folders, path?, kept?) -> text | nil, err.  kept: the hash of a file of the store, instead of a path.
 * Yields. */
static int l_read(lua_State *L)
{
  const char *hash = luaL_optstring(L, 3, NULL);
  struct dh_port *port = dh_port_of(L);
  struct files_op *f = new_op(L, &read_class);
  struct dh_err err;

  if (hash && port->ops->path(port, hash, f->kept, sizeof f->kept, &err))
    return dh_fail(L, &err);
  return dh_await(L, &f->op);
}

/* _list(folders, pattern) -> list | nil, err.  Yields. */
static int l_list(lua_State *L)
{
  return dh_await(L, &new_op(L, &list_class)->op);
}

/* _hash(folders, path) -> hash, size | nil, err.  Yields. */
static int l_hash(lua_State *L)
{
  return dh_await(L, &new_op(L, &hash_class)->op);
}

/* _write(folders, path, bytes) -> true | nil, err.  Yields. */
static int l_write(lua_State *L)
{
  size_t n;
  const char *bytes = luaL_checklstring(L, 3, &n);
  struct files_op *f = new_op(L, &write_class);
  struct dh_err err;
  int rc = dh_buf_put(&f->bytes, bytes, n);

  if (rc) {
    dh_err_set(&err, rc, "%s cannot be written: it would have %zu bytes, and %d are the most", f->path, n,
               READ_MAX);
    return dh_fail(L, &err);
  }
  return dh_await(L, &f->op);
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

static const luaL_Reg funcs[] = {{"_read", l_read},   {"_list", l_list},     {"_hash", l_hash},
                                 {"_write", l_write}, {"_sha256", l_sha256}, {NULL, NULL}};

DH_EXPORT const struct dh_module dh_module = {
    .abi = DH_MODULE_ABI, .name = "files", .funcs = funcs, .lua = dh_module_lua};
