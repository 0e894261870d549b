/* folder.c - making, locking, sweeping desk folders. */
#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATH_SIZE = 300, ENDING_MS = 1000, ENDING_MAX = 5 };

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
  (void)st, (void)kind, (void)at;
  remove(path); /* what cannot be removed is left: nobody is there who could be told */
  return 0;
}

/* True when nobody serves this socket. A server that is just ending still takes connections, and hangs up. */
static bool unserved(const struct sockaddr_un *a)
{
  bool gone = false, ending = true;

  for (int i = 0; i < ENDING_MAX && ending && !gone; i++) {
    int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct pollfd p = {s, POLLIN, 0};

    if (s < 0)
      return false;
    if (connect(s, (const struct sockaddr *)a, sizeof *a))
      gone = errno == ECONNREFUSED;
    ending = !gone && poll(&p, 1, ENDING_MS) > 0;
    close(s);
  }
  return gone;
}

/* A display server that was killed leaves its socket. Another may have come to this number since: one that
 * answers is not ours any more. */
static void display_remove(const char *dir)
{
  struct sockaddr_un a = {.sun_family = AF_UNIX};
  char path[PATH_SIZE];

  snprintf(path, sizeof path, "%s/" DH_FOLDER_DISPLAY, dir);
  if (readlink(path, a.sun_path, sizeof a.sun_path - 1) > 0 && unserved(&a))
    unlink(a.sun_path);
}

void dh_folder_remove(const char *path)
{
  display_remove(path);
  nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The lock of a folder, taken; -1 when somebody has it, or it is no folder of ours. */
static int lock_take(const char *dir, int flags)
{
  char path[PATH_SIZE];
  struct stat st;
  int fd;

  if (lstat(dir, &st) || !S_ISDIR(st.st_mode) || st.st_uid != geteuid())
    return -1;
  snprintf(path, sizeof path, "%s/lock", dir);
  fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
  if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB)) {
    close(fd);
    fd = -1;
  }
  return fd;
}

static void sweep(const char *tmp)
{
  char pattern[PATH_SIZE];
  glob_t found;

  snprintf(pattern, sizeof pattern, "%s/deskhand-desk-*", tmp);
  if (glob(pattern, GLOB_NOSORT, NULL, &found))
    return;
  for (size_t i = 0; i < found.gl_pathc; i++) {
    int lock = lock_take(found.gl_pathv[i], 0); /* a folder without a lock is just being made */

    if (lock < 0)
      continue;
    dh_folder_remove(found.gl_pathv[i]);
    close(lock);
  }
  globfree(&found);
}

int dh_folder_make(char *out, size_t size, int *lock, struct dh_err *err)
{
  const char *tmp = getenv("TMPDIR");

  if (!tmp || *tmp != '/' || strlen(tmp) > 36) /* addresses of sockets are short */
    tmp = "/tmp";
  sweep(tmp);
  snprintf(out, size, "%s/deskhand-desk-XXXXXX", tmp);
  if (!mkdtemp(out)) {
    *out = '\0';
    return dh_err_errno(err, "cannot make a folder for the desk in %s", tmp);
  }
  *lock = lock_take(out, O_CREAT | O_EXCL);
  return *lock < 0 ? dh_err_errno(err, "cannot lock %s", out) : 0;
}
