/* folder.h - the folder of a desk: everything its programs write lies there. Locked while the desk or its
 * guard lives; one whose lock is free has lost both, and goes when the next desk begins. */
#ifndef DH_SCREEN_FOLDER_H
#define DH_SCREEN_FOLDER_H

#include "base/err.h"

#include <stddef.h>

/* Makes a new one (0700) in TMPDIR or /tmp, and removes those of this user that were left behind. out gets
 * its path, *lock the descriptor that holds its lock. */
int dh_folder_make(char *out, size_t size, int *lock, struct dh_err *err);
/* In a folder: a link to the socket of its display server. */
#define DH_FOLDER_DISPLAY "display"

/* A folder with all that is in it, and the socket of its display when nobody serves that any more; what
 * cannot be removed is left. */
void dh_folder_remove(const char *path);

#endif
