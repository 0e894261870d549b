/* lock.c - the lock file, and the owner of a store. The lock is a flock: it ends with the last process that
 * has the descriptor, however that process ends. The text in the file only says who it is and may be stale.
 */
#include "lock.h"

#include "../base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

/* Somebody who only asks who holds the lock has it for a moment himself. */
enum { WAIT_LEAST_MS = 50 };

static int open_lock(const char *path, int flags, struct dh_err *err)
{
  char lock[4096];
  int fd;

  if (snprintf(lock, sizeof lock, "%s.lock", path) >= (int)sizeof lock)
    return dh_err_set(err, DH_ELIMIT, "the path is too long: %s", path);
  fd = open(lock, flags, 0600);
  return fd >= 0 ? fd : dh_err_errno(err, "cannot open %s", lock);
}

static void read_holder(int fd, int *pid, char who[64])
{
  char text[128];
  ssize_t n = pread(fd, text, sizeof text - 1, 0);
  int at = 0;

  text[n > 0 ? n : 0] = '\0';
  *pid = 0;
  if (sscanf(text, "%d %n", pid, &at) != 1 || !at)
    *pid = 0;
  snprintf(who, 64, "%.*s", (int)strcspn(text + at, "\n"), text + at);
}

/* Waits without polling: a child that shares the descriptor asks for the lock, and what it gets is ours. */
static bool wait_lock(int fd, int64_t wait_ms)
{
  pid_t child = fork();
  struct pollfd p = {.events = POLLIN};
  int status = -1;

  if (child < 0)
    return false;
  if (!child) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    _exit(flock(fd, LOCK_EX) ? 1 : 0);
  }
  p.fd = (int)syscall(SYS_pidfd_open, child, 0);
  if (p.fd < 0 || poll(&p, 1, wait_ms > INT32_MAX ? INT32_MAX : (int)wait_ms) <= 0)
    kill(child, SIGKILL);
  if (p.fd >= 0)
    close(p.fd);
  while (waitpid(child, &status, 0) < 0 && errno == EINTR)
    ;
  return WIFEXITED(status) && !WEXITSTATUS(status);
}

int dh_lock_take(const char *path, const char *who, int64_t wait_ms, int *fd, struct dh_err *err)
{
  char text[96], holder[64];
  int n, pid;

  *fd = open_lock(path, O_RDWR | O_CREAT, err);
  if (*fd < 0)
    return *fd;
  if (flock(*fd, LOCK_EX | LOCK_NB) && !wait_lock(*fd, wait_ms < WAIT_LEAST_MS ? WAIT_LEAST_MS : wait_ms)) {
    read_holder(*fd, &pid, holder);
    close(*fd);
    *fd = -1;
    dh_err_set(err, DH_EUNAVAILABLE, "the store %s is held by pid %d (%s)", path, pid, holder);
    dh_err_advice(err, "end that process, or name another store with --store");
    return DH_EUNAVAILABLE;
  }
  n = snprintf(text, sizeof text, "%d %.63s\n", (int)getpid(), who);
  if (ftruncate(*fd, 0) || pwrite(*fd, text, (size_t)n, 0) != n) {
    int rc = dh_err_errno(err, "cannot write %s.lock", path);

    close(*fd);
    *fd = -1;
    return rc;
  }
  return 0;
}

int dh_lock_holder(const char *path, int *pid, char who[64], struct dh_err *err)
{
  int fd = open_lock(path, O_RDONLY | O_CLOEXEC, err);

  *pid = 0;
  who[0] = '\0';
  if (fd == DH_ENOENT)
    return 0;
  if (fd < 0)
    return fd;
  if (flock(fd, LOCK_SH | LOCK_NB))
    read_holder(fd, pid, who);
  close(fd);
  return 0;
}

/* ---- the owner */

static void put_quoted(struct dh_buf *b, const char *word)
{
  if (*word && strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:@,%") ==
                   strlen(word)) {
    dh_buf_puts(b, word);
    return;
  }
  dh_buf_putc(b, '\'');
  for (; *word; word++)
    if (*word == '\'')
      dh_buf_puts(b, "'\\''");
    else
      dh_buf_putc(b, *word);
  dh_buf_putc(b, '\'');
}

/* What was typed, as it would have to be typed again. Cut at the buffer's ceiling. */
static void put_command_line(struct dh_buf *b)
{
  struct dh_buf args;

  dh_buf_init(&args, 1 << 16);
  if (!dh_buf_read_file(&args, "/proc/self/cmdline", NULL))
    for (size_t at = 0; at < args.len; at += strlen(args.data + at) + 1) {
      dh_buf_putc(b, ' ');
      put_quoted(b, args.data + at);
    }
  dh_buf_fini(&args);
}

static void user_name(uid_t uid, char out[64])
{
  struct passwd *p = getpwuid(uid);

  if (p)
    snprintf(out, 64, "%s", p->pw_name);
  else
    snprintf(out, 64, "#%u", (unsigned)uid); /* sudo takes a number so */
}

static void folder_of(const char *path, char out[4096])
{
  const char *slash = strrchr(path, '/');

  if (!slash)
    snprintf(out, 4096, ".");
  else
    snprintf(out, 4096, "%.*s", slash == path ? 1 : (int)(slash - path), path);
}

int dh_owner_check(const char *path, uid_t me, struct dh_err *err)
{
  char folder[4096], owner[64], name[64];
  struct dh_buf command;
  struct stat st;
  bool there = !stat(path, &st);

  folder_of(path, folder);
  if (!there &&
      (stat(folder, &st) || st.st_uid == 0)) /* /tmp, /var/lib: whoever may write there may begin a store */
    return 0;
  if (st.st_uid == me)
    return 0;
  user_name(st.st_uid, owner);
  user_name(me, name);
  dh_buf_init(&command, 4096);
  put_command_line(&command);
  dh_err_set(err, DH_EACCES, "the store %s belongs to %s, you are %s", path, owner, name);
  dh_err_advice(err, "sudo -u '%s'%s", owner, command.data);
  dh_buf_fini(&command);
  return DH_EACCES;
}

bool dh_disk_is_network(long fs_type)
{
  static const unsigned long network[] = {NFS_SUPER_MAGIC,  SMB_SUPER_MAGIC,  0xfe534d42 /* SMB2 */,
                                          CIFS_SUPER_MAGIC, CODA_SUPER_MAGIC, AFS_SUPER_MAGIC,
                                          CEPH_SUPER_MAGIC, V9FS_MAGIC};

  for (size_t i = 0; i < sizeof network / sizeof *network; i++)
    if ((unsigned long)fs_type == network[i])
      return true;
  return false;
}

int dh_disk_check(const char *path, struct dh_err *err)
{
  char folder[4096];
  struct statfs fs;

  folder_of(path, folder);
  if (statfs(folder, &fs))
    return dh_err_errno(err, "cannot look at the folder %s", folder);
  if (!dh_disk_is_network((long)fs.f_type))
    return 0;
  dh_err_set(err, DH_EREFUSED, "the store %s lies on a network file system", path);
  dh_err_seen(err, "file system type 0x%lx, whose locks do not keep two machines apart",
              (unsigned long)fs.f_type);
  dh_err_advice(err, "put it on a local disk: --store sqlite:/var/lib/deskhand/store.db");
  return DH_EREFUSED;
}
