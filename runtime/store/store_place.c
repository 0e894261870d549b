/* store_place.c - what a store's URL means: the backend, from a module when it is not our own, and the files
 * of this machine that belong to it. Owns nothing. */
#include "store_front.h"

#include "sqlite.h"
#include "../base/conf.h"
#include "../host/module.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
  const char *scheme, *module;
} others[] = {{"postgresql", "store_pg"}, {"postgres", "store_pg"}};

static size_t scheme_of(const char *url)
{
  size_t n = strspn(url, "abcdefghijklmnopqrstuvwxyz");

  return url[n] == ':' ? n : 0;
}

/* The module of a scheme, NULL for none. */
static const char *module_of(const char *url)
{
  size_t n = scheme_of(url);

  for (size_t i = 0; n && i < sizeof others / sizeof *others; i++)
    if (strlen(others[i].scheme) == n && !strncmp(others[i].scheme, url, n))
      return others[i].module;
  return NULL;
}

/* "sqlite:PATH", "sqlite:///PATH", PATH; NULL for another scheme. */
static const char *path_of(const char *url)
{
  size_t n = scheme_of(url);

  if (!n)
    return url;
  if (n != strlen("sqlite") || strncmp(url, "sqlite", n))
    return NULL;
  url += n + 1;
  return strncmp(url, "//", 2) ? url : url + 2;
}

static int no_store(const char *url, struct dh_err *err)
{
  dh_err_set(err, DH_EUSE, "\"%s\" names no store", url);
  dh_err_advice(err, "write sqlite:PATH, or just a path; postgresql://HOST/DATABASE for a fleet");
  return DH_EUSE;
}

int dh_store_place(const char *url, const struct dh_store_ops **ops, const char **place, struct dh_err *err)
{
  const char *name = module_of(url);
  const struct dh_module *module;
  int rc;

  *ops = &dh_sqlite_ops;
  *place = name ? url : path_of(url);
  if (!name)
    return *place && **place ? 0 : no_store(url, err);
  if ((rc = dh_module_load(name, &module, err))) {
    if (rc == DH_ENOENT)
      dh_err_advice(err, "apt install libpq-dev, and build again: a store on PostgreSQL needs libpq");
    return rc;
  }
  if (!module->store)
    return dh_err_set(err, DH_EFORMAT, "the module %s is of another version", name);
  *ops = module->store;
  return 0;
}

/* The same for all that share this store; a password that changes does not change them. */
static void digest(const char *url, char out[DH_SHA256_HEX])
{
  const char *from = strstr(url, "://"), *at;
  char text[2048];

  from = from ? from + 3 : url;
  at = from + strcspn(from, "/?@");
  snprintf(text, sizeof text, "%s", *at == '@' ? at + 1 : from);
  dh_sha256_hex(text, strlen(text), out);
}

static int shared_files(const char *url, const char *host, struct dh_store_files *out, struct dh_err *err)
{
  char data[DH_PATH], name[64] = "", hash[DH_SHA256_HEX];

  if (!host && gethostname(name, sizeof name - 1))
    return dh_err_errno(err, "the name of this machine cannot be read");
  host = host ? host : name;
  if (!*host || strlen(host) > 60 ||
      strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != strlen(host))
    return dh_err_set(err, DH_EUSE, "\"%s\" is no name for a host: letters, digits, and - _ .", host);
  digest(url, hash);
  dh_dir_data(data);
  if (snprintf(out->lock, sizeof out->lock, "%s/fleet-%.16s/%s", data, hash, host) >= (int)sizeof out->lock ||
      snprintf(out->blobs, sizeof out->blobs, "%s/fleet-%.16s/blobs", data, hash) >= (int)sizeof out->blobs)
    return dh_err_set(err, DH_ELIMIT, "the path is too long: %s", data);
  return 0;
}

int dh_store_files(const char *url, const char *host, struct dh_store_files *out, struct dh_err *err)
{
  const char *path = path_of(url);

  out->local = !module_of(url);
  if (!out->local)
    return shared_files(url, host, out, err);
  if (!path || !*path)
    return no_store(url, err);
  if (strlen(path) > SQ_PATH - 16)
    return dh_err_set(err, DH_ELIMIT, "the path of the store is too long: %s", path);
  snprintf(out->lock, sizeof out->lock, "%s", path);
  snprintf(out->blobs, sizeof out->blobs, "%.*s.blobs", SQ_PATH - 16, path);
  return 0;
}
