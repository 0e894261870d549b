/* takeover.c - see takeover.h. Who belongs to the old tree is not guessed from recorded numbers, which the
 * system gives out again: it is whoever has the lock file open. */
#include "takeover.h"
#include "../base/log.h"
#include "change.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WAIT_MS = 2000 };

/* Has this process the file open? */
static bool has_open(const char *pid, const struct stat *lock)
{
  char path[512];
  struct dirent *e;
  struct stat st;
  bool found = false;
  DIR *d;

  snprintf(path, sizeof path, "/proc/%s/fd", pid);
  d = opendir(path);
  while (d && !found && (e = readdir(d))) {
    snprintf(path, sizeof path, "/proc/%s/fd/%s", pid, e->d_name);
    found = stat(path, &st) == 0 && st.st_dev == lock->st_dev && st.st_ino == lock->st_ino;
  }
  if (d)
    closedir(d);
  return found;
}

static void kill_holders(const struct stat *lock)
{
  DIR *d = opendir("/proc");
  struct dirent *e;

  while (d && (e = readdir(d))) {
    pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);

    if (pid <= 1 || pid == getpid() || !has_open(e->d_name, lock))
      continue;
    dh_log(DH_WARN, NULL, "process %d of the supervisor before is still here: it is ended", (int)pid);
    if (getpgid(pid) == pid)
      kill(-pid, SIGKILL);
    kill(pid, SIGKILL);
  }
  if (d)
    closedir(d);
}

static bool lock_of(const struct dh_store_options *o, struct stat *lock)
{
  struct dh_store_files files;
  char path[1100];

  if (dh_store_files(o->url, o->host, &files, NULL))
    return false;
  snprintf(path, sizeof path, "%s.lock", files.lock);
  return stat(path, lock) == 0;
}

int dh_takeover_open(struct dh_store_options *o, struct dh_store **out, struct dh_err *err)
{
  struct stat lock;
  char who[64];
  bool alive;
  int pid, rc;

  o->wait_ms = 0;
  rc = dh_store_open(o, out, err);
  if (rc != DH_EUNAVAILABLE || dh_store_holder(o->url, o->host, &pid, who, NULL))
    return rc;
  /* the file names the supervisor; its children hold the lock for it and for a moment after it */
  alive = pid && (kill(pid, 0) == 0 || errno != ESRCH);
  if (alive && strcmp(who, DH_WHO_COMMAND)) /* a command is soon done */
    return rc;
  o->wait_ms = WAIT_MS;
  rc = dh_store_open(o, out, err);
  if (rc != DH_EUNAVAILABLE || alive || !lock_of(o, &lock))
    return rc;
  kill_holders(&lock);
  return dh_store_open(o, out, err);
}
