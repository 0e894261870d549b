/* beneath.h - files below a few allowed folders, and nothing else. Plain C; runs on pool threads.
 *
 * A path is taken apart by the kernel (openat2 with RESOLVE_BENEATH): "..", absolute links and /proc tricks
 * that lead out of the folder fail there, whatever happens between a check and its use. */
#ifndef DH_BENEATH_H
#define DH_BENEATH_H

#include "base/buf.h"
#include "base/err.h"
#include "base/sha256.h"

struct dh_roots {
  char **folders; /* absolute paths; a relative path begins in the first */
  size_t n;
};

/* Which folder a path lies in, and the rest of the path (points into path). DH_EREFUSED names the allowed
 * folders. */
int dh_roots_find(const struct dh_roots *r, const char *path, const char **folder, const char **rest,
                  struct dh_err *err);

/* Opens rest below folder; flags as of open. The descriptor, or DH_E* (path names it in errors). */
int dh_beneath_open(const char *folder, const char *rest, int flags, const char *path, struct dh_err *err);

/* Appends the whole regular file. DH_ELIMIT when it is larger than the buffer may be. */
int dh_beneath_read(const struct dh_roots *r, const char *path, struct dh_buf *out, struct dh_err *err);
/* SHA-256 of a regular file of any size. */
int dh_beneath_hash(const struct dh_roots *r, const char *path, char hash[DH_SHA256_HEX], long long *size,
                    struct dh_err *err);
/* Replaces or makes the file atomically and durably: new file beside it, fsync, rename, fsync of the folder.
 */
int dh_beneath_write(const struct dh_roots *r, const char *path, const void *p, size_t n, struct dh_err *err);

#endif
