/* lock.h - who may use a store's files: one holder at a time, its owner only, no network file system. Inside
 * of the store. */
#ifndef DH_LOCK_H
#define DH_LOCK_H

#include "../base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Takes PATH.lock for this process and whoever inherits *fd. DH_EUNAVAILABLE names the holder. Blocks up to
 * wait_ms. */
int dh_lock_take(const char *path, const char *who, int64_t wait_ms, int *fd, struct dh_err *err);
/* pid 0: nobody holds it. */
int dh_lock_holder(const char *path, int *pid, char who[64], struct dh_err *err);

/* 0 when `me` owns the file, or, while there is none, its folder (or a system's). DH_EACCES with the command
 * line that works. */
int dh_owner_check(const char *path, uid_t me, struct dh_err *err);
/* DH_EREFUSED on a file system that keeps no locks between machines. Its folder must exist. */
int dh_disk_check(const char *path, struct dh_err *err);
bool dh_disk_is_network(long fs_type); /* statfs.f_type */

#endif
