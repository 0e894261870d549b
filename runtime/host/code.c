/* code.c - a bundle's Lua files compiled once per process, kept as bytecode with their line numbers. Scripts
 * come in as text only; what is loaded into isolates as binary was made here. */
#include "state.h"

#include <stdlib.h>
#include <string.h>

struct file {
  char *path;
  const char *text; /* points into the bundle */
  size_t len;
  struct dh_buf code; /* compiled; empty until first used */
};

struct dh_program {
  struct dh_program *next;
  char hash[DH_SHA256_HEX];
  struct dh_val *tree;
  struct file *files;
  size_t n;
};

static void code_free(struct dh_program *c)
{
  for (size_t i = 0; i < c->n; i++) {
    free(c->files[i].path);
    dh_buf_fini(&c->files[i].code);
  }
  free(c->files);
  free(c->tree);
  free(c);
}

void dh_code_free_all(struct dh_host *h)
{
  while (h->codes) {
    struct dh_program *c = h->codes;

    h->codes = c->next;
    code_free(c);
  }
}

static int code_new(const void *bundle, size_t n, struct dh_program **out, struct dh_err *err)
{
  struct dh_program *c = calloc(1, sizeof *c);
  int rc;

  if (!c)
    return dh_err_set(err, DH_ENOMEM, "no memory for a robot");
  rc = dh_val_parse(bundle, n, &c->tree, err);
  if (!rc && c->tree->type != DH_MAP)
    rc = dh_err_set(err, DH_EFORMAT, "the robot's bundle is no map of files");
  if (!rc && !(c->files = calloc(c->tree->n + 1, sizeof *c->files)))
    rc = dh_err_set(err, DH_ENOMEM, "no memory for a robot");
  for (size_t i = 0; !rc && i < c->tree->n; i++) {
    const struct dh_val *k = &c->tree->items[2 * i], *v = k + 1;
    struct file *f = &c->files[c->n];

    dh_buf_init(&f->code, 64 << 20);
    if (k->type != DH_TEXT || (v->type != DH_TEXT && v->type != DH_BYTES))
      rc = dh_err_set(err, DH_EFORMAT, "the robot's bundle holds something that is no file");
    else if (!(f->path = strndup(k->s, k->n)))
      rc = dh_err_set(err, DH_ENOMEM, "no memory for a robot");
    else
      c->n++;
    f->text = v->s;
    f->len = v->n;
  }
  if (rc)
    code_free(c);
  else
    *out = c;
  return rc;
}

struct dh_program *dh_code_get(struct dh_host *h, const void *bundle, size_t n, const char *hash,
                               struct dh_err *err)
{
  struct dh_program *c;

  for (c = h->codes; c; c = c->next)
    if (strcmp(c->hash, hash) == 0)
      return c;
  c = NULL;
  if (code_new(bundle, n, &c, err) || !c)
    return NULL;
  memcpy(c->hash, hash, sizeof c->hash);
  c->next = h->codes;
  h->codes = c;
  return c;
}

static struct file *find(struct dh_program *c, const char *path)
{
  for (size_t i = 0; i < c->n; i++)
    if (strcmp(c->files[i].path, path) == 0)
      return &c->files[i];
  return NULL;
}

bool dh_code_text(struct dh_program *c, const char *path, const char **p, size_t *n)
{
  struct file *f = find(c, path);

  if (!f)
    return false;
  *p = f->text;
  *n = f->len;
  return true;
}

static int into_buf(lua_State *L, const void *p, size_t n, void *b)
{
  (void)L;
  return dh_buf_put(b, p, n);
}

int dh_code_push(lua_State *L, struct dh_program *c, const char *path, struct dh_err *err)
{
  struct file *f = find(c, path);
  char chunk[256];

  if (!f)
    return dh_err_set(err, DH_ENOENT, "the robot has no file %s", path);
  snprintf(chunk, sizeof chunk, "@%s", path);
  if (f->code.len)
    return luaL_loadbufferx(L, f->code.data, f->code.len, chunk, "b")
               ? dh_err_set(err, DH_ENOMEM, "no memory to load %s", path)
               : 0;
  if (luaL_loadbufferx(L, f->text, f->len, chunk, "t")) {
    dh_err_set(err, DH_ESCRIPT, "%s", lua_tostring(L, -1));
    lua_pop(L, 1);
    return DH_ESCRIPT;
  }
  if (lua_dump(L, into_buf, &f->code, 0))
    dh_buf_clear(&f->code); /* too large to keep: it is compiled again next time */
  return 0;
}

void dh_code_paths(lua_State *L, struct dh_program *c)
{
  lua_createtable(L, (int)c->n, 0);
  for (size_t i = 0; i < c->n; i++) {
    lua_pushstring(L, c->files[i].path);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}
