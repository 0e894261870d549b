/* beneath.c - opening, reading, hashing and replacing files below the allowed folders. */
#include "beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int outside(const struct dh_roots *r, const char *path, struct dh_err *err)
{
  size_t used = 0;

  dh_err_set(err, DH_EREFUSED, "the file %s lies outside of the folders that robots may use", path);
  if (!err)
    return DH_EREFUSED;
  for (size_t i = 0; i < r->n && used < sizeof err->seen; i++)
    used += (size_t)snprintf(err->seen + used, sizeof err->seen - used, "%s%s",
                             i ? ", " : "allowed: ", r->folders[i]);
  dh_err_advice(err, "use a file of the robot's folder or of the case, or add the folder to files.roots");
  return DH_EREFUSED;
}

int dh_roots_find(const struct dh_roots *r, const char *path, const char **folder, const char **rest,
                  struct dh_err *err)
{
  if (!*path)
    return dh_err_set(err, DH_EUSE, "the path of the file is empty");
  if (*path != '/') {
    if (r->n == 0)
      return outside(r, path, err);
    *folder = r->folders[0];
    *rest = path;
    return 0;
  }
  for (size_t i = 0; i < r->n; i++) {
    size_t n = strlen(r->folders[i]);

    while (n && r->folders[i][n - 1] == '/')
      n--;
    if (strncmp(path, r->folders[i], n) != 0 || path[n] != '/')
      continue;
    *folder = r->folders[i];
    *rest = path + n + strspn(path + n, "/");
    return 0;
  }
  return outside(r, path, err);
}

int dh_beneath_open(const char *folder, const char *rest, int flags, const char *path, struct dh_err *err)
{
  struct open_how how = {.flags = (unsigned)flags | O_CLOEXEC | (flags & O_PATH ? 0 : O_NOCTTY | O_NONBLOCK),
                         .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
  int root = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC), fd, tries = 3;

  if (root < 0)
    return dh_err_errno(err, "cannot open the folder %s", folder);
  do /* EAGAIN: something was renamed meanwhile, and the kernel would rather look again than be fooled */
    fd = (int)syscall(SYS_openat2, root, *rest ? rest : ".", &how, sizeof how);
  while (fd < 0 && errno == EAGAIN && --tries);
  if (fd < 0 && errno == EXDEV) {
    dh_err_set(err, DH_EREFUSED, "the file %s leads out of %s", path, folder);
    dh_err_advice(err, "a path may not go up with .. or follow a link to the outside");
    fd = DH_EREFUSED;
  } else if (fd < 0) {
    fd = dh_err_errno(err, "cannot open %s", path);
  }
  close(root);
  return fd;
}

static int open_regular(const struct dh_roots *r, const char *path, struct stat *st, struct dh_err *err)
{
  const char *folder, *rest;
  int rc = dh_roots_find(r, path, &folder, &rest, err), fd;

  if (rc)
    return rc;
  fd = dh_beneath_open(folder, rest, O_RDONLY, path, err);
  if (fd < 0)
    return fd;
  if (fstat(fd, st) == 0 && S_ISREG(st->st_mode))
    return fd;
  close(fd);
  return dh_err_set(err, DH_EUSE, "%s is no file", path);
}

int dh_beneath_read(const struct dh_roots *r, const char *path, struct dh_buf *out, struct dh_err *err)
{
  enum { PIECE = 1 << 16 };
  struct stat st;
  ssize_t n = 0;
  int fd = open_regular(r, path, &st, err), rc = 0;
  char *piece;

  if (fd < 0)
    return fd;
  piece = malloc(PIECE);
  rc = piece ? 0 : DH_ENOMEM;
  while (!rc && (n = read(fd, piece, PIECE)) > 0)
    rc = dh_buf_put(out, piece, (size_t)n);
  if (rc == DH_ELIMIT)
    dh_err_set(err, rc, "%s is larger than the %zu bytes that may be read at once", path, out->max);
  else if (rc)
    dh_err_set(err, rc, "no memory for %s", path);
  else if (n < 0)
    rc = dh_err_errno(err, "cannot read %s", path);
  free(piece);
  close(fd);
  return rc;
}

int dh_beneath_hash(const struct dh_roots *r, const char *path, char hash[DH_SHA256_HEX], long long *size,
                    struct dh_err *err)
{
  struct dh_sha256 s;
  struct stat st;
  unsigned char digest[DH_SHA256_BYTES];
  char *piece;
  ssize_t n;
  int fd = open_regular(r, path, &st, err), rc = 0;

  if (fd < 0)
    return fd;
  piece = malloc(1 << 16);
  *size = 0;
  dh_sha256_init(&s);
  while (piece && (n = read(fd, piece, 1 << 16)) != 0) {
    if (n < 0) {
      rc = dh_err_errno(err, "cannot read %s", path);
      break;
    }
    dh_sha256_add(&s, piece, (size_t)n);
    *size += n;
  }
  if (!piece)
    rc = dh_err_set(err, DH_ENOMEM, "no memory to read %s", path);
  dh_sha256_end(&s, digest);
  dh_hex(digest, sizeof digest, hash);
  free(piece);
  close(fd);
  return rc;
}

static int write_all(int fd, const char *p, size_t n)
{
  while (n) {
    ssize_t done = write(fd, p, n);

    if (done < 0 && errno == EINTR)
      continue;
    if (done <= 0)
      return -1;
    p += done;
    n -= (size_t)done;
  }
  return fsync(fd);
}

/* Writes beside `name` in the open folder, then takes its place. */
static int replace(int dir, const char *name, const void *p, size_t n, const char *path, struct dh_err *err)
{
  char beside[64];
  unsigned long long r;
  int fd, rc = 0;

  if (getrandom(&r, sizeof r, 0) != sizeof r)
    return dh_err_errno(err, "cannot write %s", path);
  snprintf(beside, sizeof beside, ".deskhand-%016llx", r);
  fd = openat(dir, beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (fd < 0)
    return dh_err_errno(err, "cannot write into the folder of %s", path);
  if (write_all(fd, p, n) || renameat(dir, beside, dir, name) || fsync(dir)) {
    rc = dh_err_errno(err, "cannot write %s", path);
    unlinkat(dir, beside, 0);
  }
  close(fd);
  return rc;
}

int dh_beneath_write(const struct dh_roots *r, const char *path, const void *p, size_t n, struct dh_err *err)
{
  const char *folder, *rest, *name;
  char parent[4096] = ".";
  int rc = dh_roots_find(r, path, &folder, &rest, err), dir;

  if (rc)
    return rc;
  name = strrchr(rest, '/');
  if (name && (size_t)(name - rest) >= sizeof parent)
    return dh_err_set(err, DH_EUSE, "the path of the file is too long");
  if (name)
    snprintf(parent, sizeof parent, "%.*s", (int)(name - rest), rest);
  name = name ? name + 1 : rest;
  if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
    return dh_err_set(err, DH_EUSE, "%s names no file", path);
  dir = dh_beneath_open(folder, parent, O_RDONLY | O_DIRECTORY, path, err);
  if (dir < 0)
    return dir;
  rc = replace(dir, name, p, n, path, err);
  close(dir);
  return rc;
}
