/* blob_walk.c - all files of a store's folder of blobs. */
#include "store.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { FOLDER_NAME = 2, FILE_NAME = DH_SHA256_HEX - 1 - FOLDER_NAME };

static bool is_hex(const char *name, size_t n)
{
  return strlen(name) == n && strspn(name, "0123456789abcdef") == n;
}

static int walk_folder(const char *blobs, const char *folder, dh_blob_take *take, void *self,
                       struct dh_err *err)
{
  struct dh_blob_file f;
  struct dirent *e;
  struct stat st;
  char path[4096];
  DIR *d;
  int rc = 0;

  snprintf(path, sizeof path, "%s/%s", blobs, folder);
  if (!(d = opendir(path)))
    return dh_err_errno(err, "the folder %s cannot be read", path);
  while (!rc && (e = readdir(d))) {
    if (!is_hex(e->d_name, FILE_NAME))
      continue; /* one that is being written, or was when the power went */
    snprintf(f.path, sizeof f.path, "%s/%s/%s", blobs, folder, e->d_name);
    snprintf(f.hash, sizeof f.hash, "%s%s", folder, e->d_name);
    if (stat(f.path, &st))
      continue; /* gone meanwhile */
    f.bytes = st.st_size;
    f.changed_ms = (int64_t)st.st_mtim.tv_sec * 1000;
    rc = take(self, &f, err);
  }
  closedir(d);
  return rc;
}

int dh_blob_each(const char *blobs, dh_blob_take *take, void *self, struct dh_err *err)
{
  DIR *d = opendir(blobs);
  struct dirent *e;
  int rc = 0;

  if (!d)
    return errno == ENOENT ? 0 : dh_err_errno(err, "the folder %s cannot be read", blobs);
  while (!rc && (e = readdir(d)))
    if (is_hex(e->d_name, FOLDER_NAME))
      rc = walk_folder(blobs, e->d_name, take, self, err);
  closedir(d);
  return rc;
}
