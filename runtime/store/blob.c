/* blob.c - files named by the SHA-256 of their bytes. Whoever knows the name can check the bytes, so nothing
 * here needs a lock: two writers of one name write the same. */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOB_MAX = 1 << 30 };

static int blob_path(const char *blobs, const char *hash, char out[4096], struct dh_err *err)
{
  if (strspn(hash, "0123456789abcdef") != DH_SHA256_HEX - 1 || hash[DH_SHA256_HEX - 1])
    return dh_err_set(err, DH_EUSE, "\"%.70s\" is no name of a file in the store", hash);
  if (snprintf(out, 4096, "%s/%.2s/%s", blobs, hash, hash + 2) >= 4096)
    return dh_err_set(err, DH_ELIMIT, "the path is too long: %s", blobs);
  return 0;
}

/* The bytes themselves are compared: a machine that lost its power may have left a file of the right length
 * only. */
static bool is_there(const char *path, const void *p, size_t n)
{
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct stat st;
  bool same = false;

  if (fd < 0)
    return false;
  if (!fstat(fd, &st) && (size_t)st.st_size == n) {
    void *seen = n ? mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;

    if (seen != MAP_FAILED) {
      same = !n || !memcmp(seen, p, n);
      if (n)
        munmap(seen, n);
    }
  }
  close(fd);
  return same;
}

/* PATH.blobs/ab; a new one must be on the disk before the file in it is relied on. */
static int make_folder(const char *blobs, const char *hash, struct dh_err *err)
{
  char folder[4096];
  int rc;

  snprintf(folder, sizeof folder, "%s/%.2s", blobs, hash);
  if (!access(folder, F_OK))
    return 0;
  if ((rc = dh_dir_make(folder, err)) || (rc = dh_dir_sync(blobs, err)))
    return rc;
  snprintf(folder, sizeof folder, "%s/..", blobs);
  return dh_dir_sync(folder, err);
}

int dh_blob_put(const char *blobs, const void *p, size_t n, char hash[DH_SHA256_HEX], struct dh_err *err)
{
  char path[4096];
  int rc;

  dh_sha256_hex(p, n, hash);
  if ((rc = blob_path(blobs, hash, path, err)))
    return rc;
  if (is_there(path, p, n)) { /* fresh again: prune must not take it before a record names it */
    if (utimensat(AT_FDCWD, path, NULL, 0) && errno == ENOENT)
      return dh_file_write(path, p, n, 0600, err);
    return 0;
  }
  rc = make_folder(blobs, hash, err);
  return rc ? rc : dh_file_write(path, p, n, 0600, err);
}

int dh_blob_path(const char *blobs, const char *hash, char *out, size_t size, struct dh_err *err)
{
  char path[4096];
  int rc = blob_path(blobs, hash, path, err);

  if (rc)
    return rc;
  if (access(path, R_OK))
    return dh_err_errno(err, "the store has no file %.12s", hash);
  if (snprintf(out, size, "%s", path) >= (int)size)
    return dh_err_set(err, DH_ELIMIT, "the path is too long: %s", path);
  return 0;
}

int dh_blob_get(const char *blobs, const char *hash, struct dh_buf *out, struct dh_err *err)
{
  char path[4096], seen[DH_SHA256_HEX];
  struct dh_buf bytes;
  int rc = dh_blob_path(blobs, hash, path, sizeof path, err);

  if (rc)
    return rc;
  dh_buf_init(&bytes, BLOB_MAX);
  rc = dh_buf_read_file(&bytes, path, err);
  if (!rc) {
    dh_sha256_hex(bytes.data, bytes.len, seen);
    if (strcmp(seen, hash)) {
      rc = dh_err_set(err, DH_EFORMAT, "the file %s is damaged", path);
      dh_err_seen(err, "its bytes have the SHA-256 %s", seen);
      dh_err_advice(err, "restore it from a backup");
    } else if ((rc = dh_buf_put(out, bytes.data, bytes.len)))
      dh_err_set(err, rc, "no room for the %zu bytes of %s", bytes.len, path);
  }
  dh_buf_fini(&bytes);
  return rc;
}
