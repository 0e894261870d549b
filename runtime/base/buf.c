/* buf.c - growing buffers, and whole files into and out of them. */
#include "buf.h"
#include "err.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char empty[1];

void dh_buf_init(struct dh_buf *b, size_t max_bytes)
{
  b->data = empty;
  b->len = b->cap = 0;
  b->max = max_bytes;
}

void dh_buf_fini(struct dh_buf *b)
{
  if (b->data != empty)
    free(b->data);
  dh_buf_init(b, b->max);
}

void dh_buf_clear(struct dh_buf *b)
{
  b->len = 0;
  if (b->data != empty)
    b->data[0] = '\0';
}

int dh_buf_room(struct dh_buf *b, size_t n)
{
  size_t need, cap;
  char *p;

  if (n > b->max || b->len > b->max - n)
    return DH_ELIMIT;
  need = b->len + n + 1;
  if (need <= b->cap)
    return 0;
  cap = b->cap ? b->cap * 2 : 128;
  if (cap < need)
    cap = need;
  p = realloc(b->data == empty ? NULL : b->data, cap);
  if (!p)
    return DH_ENOMEM;
  b->data = p;
  b->cap = cap;
  p[b->len] = '\0';
  return 0;
}

int dh_buf_put(struct dh_buf *b, const void *p, size_t n)
{
  int rc = dh_buf_room(b, n);

  if (rc)
    return rc;
  if (n)
    memcpy(b->data + b->len, p, n);
  b->len += n;
  b->data[b->len] = '\0';
  return 0;
}

int dh_buf_puts(struct dh_buf *b, const char *s)
{
  return dh_buf_put(b, s, strlen(s));
}

int dh_buf_putc(struct dh_buf *b, char c)
{
  return dh_buf_put(b, &c, 1);
}

int dh_buf_printf(struct dh_buf *b, const char *fmt, ...)
{
  va_list ap;
  int n, rc;

  va_start(ap, fmt);
  n = vsnprintf(NULL, 0, fmt, ap);
  va_end(ap);
  if (n < 0)
    return DH_EUSE;
  rc = dh_buf_room(b, (size_t)n);
  if (rc)
    return rc;
  va_start(ap, fmt);
  vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
  va_end(ap);
  b->len += (size_t)n;
  return 0;
}

char *dh_buf_take(struct dh_buf *b, size_t *len)
{
  char *p;

  if (dh_buf_room(b, 0))
    return NULL;
  p = b->data;
  if (len)
    *len = b->len;
  dh_buf_init(b, b->max);
  return p;
}

int dh_buf_read_file(struct dh_buf *b, const char *path, struct dh_err *err)
{
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  int rc = 0;

  if (fd < 0)
    return dh_err_errno(err, "cannot open %s", path);
  for (;;) {
    char chunk[16384];
    ssize_t n = read(fd, chunk, sizeof chunk);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      rc = dh_err_errno(err, "cannot read %s", path);
    else if (n > 0 && (rc = dh_buf_put(b, chunk, (size_t)n)))
      dh_err_set(err, rc,
                 rc == DH_ELIMIT ? "%s is larger than %zu bytes" : "no memory to read %s (%zu bytes at most)",
                 path, b->max);
    if (n <= 0 || rc)
      break;
  }
  close(fd);
  return rc;
}

static int write_all(int fd, const char *p, size_t n)
{
  while (n) {
    ssize_t w = write(fd, p, n);

    if (w < 0 && errno == EINTR)
      continue;
    if (w < 0)
      return -1;
    p += w;
    n -= (size_t)w;
  }
  return 0;
}

int dh_dir_sync(const char *path, struct dh_err *err)
{
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int rc = fd < 0 || fsync(fd) ? dh_err_errno(err, "cannot sync the folder %s", path) : 0;

  if (fd >= 0)
    close(fd);
  return rc;
}

static int sync_parent(const char *path, struct dh_err *err)
{
  char dir[4096];
  const char *slash = strrchr(path, '/');

  if (!slash)
    return dh_dir_sync(".", err);
  snprintf(dir, sizeof dir, "%.*s", (int)(slash == path ? 1 : slash - path), path);
  return dh_dir_sync(dir, err);
}

int dh_file_write(const char *path, const void *data, size_t len, unsigned mode, struct dh_err *err)
{
  char tmp[4096];
  int fd, rc = 0;

  if (snprintf(tmp, sizeof tmp, "%s.XXXXXX", path) >= (int)sizeof tmp)
    return dh_err_set(err, DH_ELIMIT, "the path is too long: %s", path);
  fd = mkostemp(tmp, O_CLOEXEC);
  if (fd < 0)
    return dh_err_errno(err, "cannot create a file beside %s", path);
  if (write_all(fd, data, len) || fchmod(fd, mode) || fsync(fd))
    rc = dh_err_errno(err, "cannot write %s", tmp);
  close(fd);
  if (!rc && rename(tmp, path))
    rc = dh_err_errno(err, "cannot rename %s to %s", tmp, path);
  if (rc)
    unlink(tmp);
  else
    rc = sync_parent(path, err);
  return rc;
}

int dh_dir_make(const char *path, struct dh_err *err)
{
  char p[4096];

  if (snprintf(p, sizeof p, "%s", path) >= (int)sizeof p)
    return dh_err_set(err, DH_ELIMIT, "the path is too long: %s", path);
  for (char *s = p + 1;; s++) {
    char c = *s;

    if (c != '/' && c != '\0')
      continue;
    *s = '\0';
    if (mkdir(p, 0700) && errno != EEXIST)
      return dh_err_errno(err, "cannot make the folder %s", p);
    *s = c;
    if (c == '\0')
      return 0;
  }
}
