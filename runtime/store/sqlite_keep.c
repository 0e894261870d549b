/* sqlite_keep.c - a copy of a database while it is in use. What else is done to keep a store is in
 * sql_keep.c. */
#include "sqlite.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static int sync_file(const char *path, struct dh_err *err)
{
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  int rc = fd < 0 || fsync(fd) ? dh_err_errno(err, "cannot sync %s", path) : 0;

  if (fd >= 0)
    close(fd);
  return rc;
}

int sq_backup(struct dh_db *db, const char *path, struct dh_err *err)
{
  struct sq_lite *l = sq_lite_of(sq_of(db));
  char *sql = sqlite3_mprintf("VACUUM INTO %Q", path);
  int rc = sql ? sqlite3_exec(l->sql, sql, NULL, NULL, NULL) : SQLITE_NOMEM;

  sqlite3_free(sql);
  if (rc != SQLITE_OK) {
    char doing[SQ_PATH + 32];

    snprintf(doing, sizeof doing, "cannot write the copy %s", path);
    return sq_fail(l, doing, err);
  }
  return sync_file(path, err);
}
