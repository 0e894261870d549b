/* store.c - the front: opening and closing, one transaction for callers without a loop. Owns the connection
 * and the lock. What a URL means is in store_place.c, the store thread in store_thread.c. */
#include "store_front.h"

#include "lock.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The database and its folder, for nobody else's eyes. SQLite gives its other files the same rights. */
static int make_files(const char *path, struct dh_err *err)
{
  char folder[1024];
  const char *slash = strrchr(path, '/');
  int fd, rc;

  if (slash && slash != path) {
    snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    if ((rc = dh_dir_make(folder, err)))
      return rc;
  }
  if ((rc = dh_disk_check(path, err)))
    return rc;
  fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    dh_err_errno(err, "cannot open the store %s", path);
    return dh_err_advice(err, "--store or DESKHAND_STORE names a file in a folder that may be written");
  }
  rc = fchmod(fd, 0600) ? dh_err_errno(err, "cannot set the rights of the store %s", path) : 0;
  close(fd);
  return rc;
}

static int open_files(struct dh_store *s, const struct dh_store_options *o, struct dh_err *err)
{
  int rc = dh_owner_check(s->path, geteuid(), err);

  if (rc || o->mode == DH_STORE_READ)
    return rc;
  if ((rc = make_files(s->path, err)))
    return rc;
  return dh_lock_take(s->path, o->who ? o->who : "deskhand", o->wait_ms, &s->lock_fd, err);
}

/* A shared store is written by many; a host's name by one. */
static int open_host(struct dh_store *s, const struct dh_store_options *o, struct dh_err *err)
{
  char folder[sizeof s->files.lock];
  int rc;

  if (o->mode == DH_STORE_READ || !o->loop)
    return 0;
  snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(s->files.lock, '/') - s->files.lock), s->files.lock);
  if ((rc = dh_dir_make(folder, err)))
    return rc;
  return dh_lock_take(s->files.lock, o->who ? o->who : "deskhand", o->wait_ms, &s->lock_fd, err);
}

int dh_store_open(const struct dh_store_options *o, struct dh_store **out, struct dh_err *err)
{
  struct dh_store *s = calloc(1, sizeof *s);
  const struct dh_store_ops *ops;
  const char *place = "";
  int rc;

  *out = NULL;
  if (!s)
    return dh_err_set(err, DH_ENOMEM, "no memory to open a store");
  s->lock_fd = -1;
  *out = s;
  rc = dh_store_files(o->url, o->host, &s->files, err);
  if (!rc)
    rc = dh_store_place(o->url, &ops, &place, err);
  if (!rc) {
    snprintf(s->path, sizeof s->path, "%s", ops->local ? place : ops->scheme);
    rc = ops->local ? open_files(s, o, err) : open_host(s, o, err);
  }
  if (!rc)
    rc = ops->open(place, o->mode, &s->db, err);
  if (!rc && o->loop)
    rc = dh_store_fleet_open(s, o, err);
  if (!rc && o->loop)
    rc = dh_store_thread_open(s, o->loop, err);
  if (rc)
    dh_store_close(out);
  return rc;
}

void dh_store_close(struct dh_store **store)
{
  struct dh_store *s = *store;

  if (!s)
    return;
  dh_store_thread_close(s);
  if (s->db)
    s->db->ops->close(&s->db);
  dh_store_fleet_close(s);
  if (s->lock_fd >= 0)
    close(s->lock_fd);
  free(s);
  *store = NULL;
}

const char *dh_store_path(const struct dh_store *s)
{
  return s->path;
}

const char *dh_store_blobs(const struct dh_store *s)
{
  return s->files.blobs;
}

int dh_store_lock_fd(const struct dh_store *s)
{
  return s->lock_fd;
}

int dh_store_holder(const char *url, const char *host, int *pid, char who[64], struct dh_err *err)
{
  struct dh_store_files files;
  int rc = dh_store_files(url, host, &files, err);

  return rc ? rc : dh_lock_holder(files.lock, pid, who, err);
}

int dh_store_backup(struct dh_store *s, const char *path, struct dh_err *err)
{
  if (s->thread)
    return dh_err_set(err, DH_EUSE, "a store with a loop is used by dh_store_submit");
  if (s->db->ops->backup)
    return s->db->ops->backup(s->db, path, err);
  dh_err_set(err, DH_EUSE, "a %s store is copied by the tools of its database", s->db->ops->scheme);
  return DH_EUSE;
}

int dh_store_do(struct dh_store *s, int (*work)(struct dh_db *db, void *self, struct dh_err *err), void *self,
                struct dh_err *err)
{
  const struct dh_store_ops *ops = s->db->ops;
  int rc;

  if (s->thread)
    return dh_err_set(err, DH_EUSE, "a store with a loop is used by dh_store_submit");
  if ((rc = ops->begin(s->db, err)))
    return rc;
  rc = work(s->db, self, err);
  if (!rc)
    return ops->commit(s->db, err);
  ops->rollback(s->db);
  return rc;
}
