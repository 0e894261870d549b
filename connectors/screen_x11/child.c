/* child.c - starting and ending the programs of a desk. Knows no display and no bus. */
#include "child.h"

#include "folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void child_run(const struct dh_child *c, pid_t parent, int failed)
{
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  sigset_t none;

  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent)
    _exit(127);
  setsid();
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  signal(SIGPIPE, SIG_DFL);
  dup2(null, 0);
  dup2(c->out >= 0 ? c->out : null, 1);
  dup2(c->out >= 0 ? c->out : null, 2);
  close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
  if (c->keep >= 0)
    fcntl(c->keep, F_SETFD, 0);
  if (!c->dir || chdir(c->dir) == 0) {
    environ = (char **)c->env;
    execvp(c->argv[0], (char *const *)c->argv);
  }
  /* The parent reads the reason; when even that fails it sees the end of the pipe and the exit status. */
  if (write(failed, &errno, sizeof errno) < 0)
    _exit(126);
  _exit(127);
}

pid_t dh_child_start(const struct dh_child *c, struct dh_err *err)
{
  int failed[2], reason = 0;
  pid_t parent = getpid(), pid;
  ssize_t n;

  if (pipe2(failed, O_CLOEXEC))
    return dh_err_errno(err, "cannot start %s", c->argv[0]);
  pid = fork();
  if (pid == 0)
    child_run(c, parent, failed[1]);
  close(failed[1]);
  if (pid < 0) {
    close(failed[0]);
    return dh_err_errno(err, "cannot start %s", c->argv[0]);
  }
  do
    n = read(failed[0], &reason, sizeof reason);
  while (n < 0 && errno == EINTR);
  close(failed[0]);
  if (n != (ssize_t)sizeof reason)
    return pid;
  waitpid(pid, NULL, 0);
  errno = reason;
  return dh_err_errno(err, "cannot start %s", c->argv[0]);
}

void dh_child_end(pid_t *pid)
{
  if (*pid <= 0)
    return;
  kill(*pid, SIGKILL);
  while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
    ;
  *pid = 0;
}

bool dh_child_gone(pid_t *pid, int *status)
{
  if (*pid > 0 && waitpid(*pid, status, WNOHANG) != *pid)
    return false;
  *pid = 0;
  return true;
}

/* True when /proc/PID/environ holds the entry. A process that is just ending has an empty one. */
static bool marked(pid_t pid, const char *entry)
{
  char path[64], *env = NULL;
  size_t cap = 0;
  bool found = false;
  FILE *f;

  snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
  f = fopen(path, "re");
  if (!f)
    return false;
  while (!found && getdelim(&env, &cap, '\0', f) > 0)
    found = strcmp(env, entry) == 0;
  free(env);
  fclose(f);
  return found;
}

/* Sends a signal (0: none) to all that are marked; how many they are. */
static int mark_signal(const char *entry, int signal)
{
  DIR *proc = opendir("/proc");
  struct dirent *e;
  int n = 0;

  if (!proc)
    return 0;
  while ((e = readdir(proc))) {
    pid_t pid = (pid_t)atoi(e->d_name);

    if (pid > 1 && pid != getpid() && marked(pid, entry)) {
      kill(pid, signal);
      n++;
    }
  }
  closedir(proc);
  return n;
}

int dh_mark_count(const char *name, const char *value)
{
  char entry[256];

  snprintf(entry, sizeof entry, "%s=%s", name, value);
  return mark_signal(entry, 0);
}

int dh_mark_kill(const char *name, const char *value)
{
  char entry[256];
  int all = 0, n;

  snprintf(entry, sizeof entry, "%s=%s", name, value);
  /* Again until a look finds nobody: one that was forking while we looked has left a child. A killed process
   * keeps its environment until it is gone, so the loop also waits for that, for as long as the kernel needs.
   */
  while ((n = mark_signal(entry, SIGKILL)) > 0) {
    all += n;
    sched_yield();
  }
  return all;
}

static _Noreturn void guard_run(int fd, int lock, const char *mark, const char *dir)
{
  char byte;

  setsid();
  prctl(PR_SET_NAME, "desk-guard");
  signal(SIGTERM, SIG_IGN);
  signal(SIGINT, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  if (fd != 0)
    dup2(fd, 0);
  if (lock != 1)
    dup2(lock, 1);
  close_range(2, ~0u, 0);
  while (read(0, &byte, 1) < 0 && errno == EINTR)
    ;
  dh_mark_kill(DH_DESK_MARK, mark);
  dh_folder_remove(dir);
  _exit(0);
}

int dh_guard_start(struct dh_guard *g, int lock, const char *mark, const char *dir, struct dh_err *err)
{
  int fds[2];

  if (pipe2(fds, O_CLOEXEC))
    return dh_err_errno(err, "cannot start the desk's guard");
  g->pid = fork();
  if (g->pid == 0)
    guard_run(fds[0], lock, mark, dir);
  close(fds[0]);
  g->fd = fds[1];
  if (g->pid > 0)
    return 0;
  close(fds[1]);
  return dh_err_errno(err, "cannot start the desk's guard");
}

void dh_guard_end(struct dh_guard *g)
{
  if (g->pid <= 0)
    return;
  close(g->fd);
  while (waitpid(g->pid, NULL, 0) < 0 && errno == EINTR)
    ;
  g->pid = 0;
}
