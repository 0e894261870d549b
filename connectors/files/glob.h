/* glob.h - file names by pattern, below the allowed folders. Plain C; runs on pool threads. */
#ifndef DH_GLOB_H
#define DH_GLOB_H

#include "base/val.h"
#include "beneath.h"

enum { DH_GLOB_MAX = 10000 /* names at most */ };

/* Appends a sorted list of the paths of regular files that the pattern fits, written as the pattern is
 * (relative or absolute). Each part between slashes may hold * ? and [...]; names that begin with a point
 * need one in the pattern. No file: an empty list. DH_ENOENT only when the allowed folder itself is missing.
 */
int dh_glob(const struct dh_roots *r, const char *pattern, struct dh_buf *out, struct dh_err *err);

#endif
