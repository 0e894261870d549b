/* module.c - finds and loads modules; knows which one carries a word, a codec, a role, from the list of the
 * build. */
#include "module.h"
#include "modules.h"
#include "state.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern const struct dh_lua dh_dsl[];

struct loaded {
  struct loaded *next;
  const struct dh_module *m;
};

static struct loaded *loaded; /* a shared object stays for the life of the process */

static bool in_list(const char *list, const char *word)
{
  size_t n = strlen(word);

  for (const char *at = list; (at = strstr(at, word)); at += n)
    if ((at == list || at[-1] == ' ') && (at[n] == '\0' || at[n] == ' '))
      return true;
  return false;
}

/* <folder of the binary>/modules, else <prefix>/lib/deskhand, where the binary lies in <prefix>/bin. */
static void module_path(const char *name, char *out, size_t size)
{
  char self[4096];
  ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
  char *slash;

  self[n > 0 ? n : 0] = '\0';
  slash = strrchr(self, '/');
  if (slash)
    *slash = '\0';
  snprintf(out, size, "%s/modules/%s.so", self, name);
  if (access(out, R_OK) != 0)
    snprintf(out, size, "%s/../lib/deskhand/%s.so", self, name);
}

static const struct dh_module_entry *entry_of(const char *name)
{
  for (const struct dh_module_entry *e = dh_modules; e->name; e++)
    if (strcmp(e->name, name) == 0)
      return e;
  return NULL;
}

static int open_module(const char *name, const struct dh_module **out, struct dh_err *err)
{
  const struct dh_module_entry *e = entry_of(name);
  char path[4200];
  void *so;

  if (!e)
    return dh_err_set(err, DH_ENOENT, "there is no module %s", name);
  module_path(name, path, sizeof path);
  if (access(path, R_OK) != 0) {
    dh_err_set(err, DH_ENOENT, "the module %s was not built", name);
    return dh_err_advice(err, "install what it needs (%s) and build again; deskhand doctor names the package",
                         *e->pkg ? e->pkg : "nothing");
  }
  so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!so)
    return dh_err_set(err, DH_EIO, "cannot load the module %s: %s", name, dlerror());
  *out = dlsym(so, "dh_module");
  if (!*out || (*out)->abi != DH_MODULE_ABI)
    return dh_err_set(err, DH_EFORMAT, "%s is no module of this version of deskhand", path);
  return 0;
}

int dh_module_load(const char *name, const struct dh_module **out, struct dh_err *err)
{
  struct loaded *l;
  int rc;

  for (l = loaded; l; l = l->next)
    if (strcmp(l->m->name, name) == 0) {
      *out = l->m;
      return 0;
    }
  rc = open_module(name, out, err);
  if (rc)
    return rc;
  l = malloc(sizeof *l);
  if (!l)
    return dh_err_set(err, DH_ENOMEM, "no memory for the module %s", name);
  l->m = *out;
  l->next = loaded;
  loaded = l;
  return 0;
}

const char *dh_module_of_word(const char *word)
{
  for (const struct dh_module_entry *e = dh_modules; e->name; e++)
    if (in_list(e->words, word))
      return e->name;
  return NULL;
}

const char *dh_dsl_of_word(const char *word)
{
  for (const struct dh_lua *d = dh_dsl; d->name; d++)
    if (in_list(d->words, word))
      return d->name;
  return NULL;
}

static void push_each(lua_State *L, const char *list, lua_Integer *n)
{
  for (const char *at = list; *at;) {
    size_t len = strcspn(at, " ");

    if (len) {
      lua_pushlstring(L, at, len);
      lua_rawseti(L, -2, ++*n);
    }
    at += len + (at[len] == ' ');
  }
}

void dh_push_words(lua_State *L)
{
  lua_Integer n = 0;

  lua_newtable(L);
  for (const struct dh_lua *d = dh_dsl; d->name; d++)
    push_each(L, d->words, &n);
  for (const struct dh_module_entry *e = dh_modules; e->name; e++)
    push_each(L, e->words, &n);
}

int dh_codec_find(const char *name, const struct dh_codec **out, struct dh_err *err)
{
  const struct dh_module *m;

  for (const struct dh_module_entry *e = dh_modules; e->name; e++) {
    int rc;

    if (!in_list(e->codecs, name))
      continue;
    rc = dh_module_load(e->name, &m, err);
    if (rc)
      return rc;
    for (const struct dh_codec *c = m->codecs; c && c->name; c++)
      if (strcmp(c->name, name) == 0) {
        *out = c;
        return 0;
      }
  }
  return dh_err_set(err, DH_ENOENT, "no module reads the format %s", name);
}

bool dh_role_known(const char *name)
{
  for (const struct dh_module_entry *e = dh_modules; e->name; e++)
    if (in_list(e->roles, name))
      return true;
  return false;
}

int dh_role_find(const char *name, const struct dh_role **out, struct dh_err *err)
{
  const struct dh_module *m;

  for (const struct dh_module_entry *e = dh_modules; e->name; e++) {
    int rc;

    if (!in_list(e->roles, name))
      continue;
    rc = dh_module_load(e->name, &m, err);
    if (rc)
      return rc;
    for (const struct dh_role *r = m->roles; r && r->name; r++)
      if (strcmp(r->name, name) == 0) {
        *out = r;
        return 0;
      }
  }
  return dh_err_set(err, DH_ENOENT, "no module plays the role %s", name);
}
