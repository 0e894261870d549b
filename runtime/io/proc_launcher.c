/* proc_launcher.c - the launcher process: a blocking loop over its socket and SIGCHLD. Owns the children it
 * has started and whatever they leave behind (it is their subreaper). Allocates one small entry a child,
 * nothing else. */
#include "frame.h"
#include "proc.h"

#include "../base/clock.h"
#include "../base/val.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { ARGS_MAX = 256, OWN_END_MS = 500, END_MS = 2000 };

struct entry {
  struct entry *next;
  int64_t token;
  pid_t pid;
};

struct launcher {
  int fd;
  struct entry *entries;
  struct dh_frame in, out;
};

static void say(struct launcher *l, const char *what, int64_t token, const char *key, int64_t value)
{
  dh_frame_clear(&l->out);
  if (!dh_put_map(&l->out.data, 2) && !dh_put_ki(&l->out.data, what, token) &&
      !dh_put_ki(&l->out.data, key, value))
    dh_frame_send(l->fd, &l->out, NULL); /* a peer that is gone shows as EOF */
}

static void say_failed(struct launcher *l, int64_t token, const struct dh_err *err)
{
  dh_frame_clear(&l->out);
  if (!dh_put_map(&l->out.data, 2) && !dh_put_ki(&l->out.data, "failed", token) &&
      !dh_put_text(&l->out.data, "error") && !dh_put_err(&l->out.data, err))
    dh_frame_send(l->fd, &l->out, NULL);
}

/* A list of texts as a NULL-ended vector; the texts are copied. */
static char **take_texts(const struct dh_val *list, size_t room_before)
{
  size_t n = list && list->type == DH_LIST ? list->n : 0;
  char **v = n > ARGS_MAX ? NULL : calloc(n + room_before + 1, sizeof *v);

  for (size_t i = 0; v && i < n; i++) {
    const struct dh_val *t = &list->items[i];

    v[room_before + i] = t->type == DH_TEXT ? strndup(t->s, t->n) : strdup("");
  }
  return v;
}

static void free_texts(char **v, size_t from)
{
  for (size_t i = from; v && v[i]; i++)
    free(v[i]);
  free(v);
}

static int spawn(struct launcher *l, const struct dh_val *v, char **argv, char **env, pid_t *pid,
                 struct dh_err *err)
{
  const struct dh_val *targets = dh_val_get(v, "fds");
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attr;
  bool given[4] = {false};
  sigset_t none, all;
  int rc = 0;

  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attr);
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attr, &none);
  posix_spawnattr_setsigdefault(&attr, &all);
  posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  for (int i = 0; i < l->in.nfds && targets && (size_t)i < targets->n; i++) {
    int target = targets->items[i].type == DH_INT ? (int)targets->items[i].i & 3 : 3;
    int high = fcntl(l->in.fds[i], F_DUPFD_CLOEXEC, 32); /* so that no target falls on a source */

    if (high < 0)
      rc = dh_err_errno(err, "descriptors of a child cannot be prepared");
    else
      posix_spawn_file_actions_adddup2(&actions, high, target);
    close(l->in.fds[i]);
    l->in.fds[i] = high;
    given[target] = true;
  }
  for (int i = 0; i < 2; i++)
    if (!given[i])
      posix_spawn_file_actions_addopen(&actions, i, "/dev/null", i ? O_WRONLY : O_RDONLY, 0);
  if (!given[3])
    posix_spawn_file_actions_addclose(&actions, 3);
  if (!rc && (rc = posix_spawn(pid, "/proc/self/exe", &actions, &attr, argv, env)))
    rc = dh_err_set(err, DH_EIO, "%s cannot be started: %s", argv[5], strerror(rc));
  posix_spawnattr_destroy(&attr);
  posix_spawn_file_actions_destroy(&actions);
  return rc;
}

/* {start, argv, env, profile, fds} -> deskhand exec PROFILE PARENT -- argv… */
static void start(struct launcher *l, const struct dh_val *v)
{
  int64_t token = dh_val_int(v, "start", 0);
  char **argv = take_texts(dh_val_get(v, "argv"), 5), **extra = take_texts(dh_val_get(v, "env"), 0),
       **env = NULL;
  struct entry *e = calloc(1, sizeof *e);
  char profile[32], parent[16];
  struct dh_err err;
  int rc = 0;

  dh_val_text(v, "profile", profile, sizeof profile);
  snprintf(parent, sizeof parent, "%d", (int)getpid());
  env = extra ? dh_exec_environment(environ, (const char *const *)extra) : NULL;
  if (!argv || !e || !env)
    rc = dh_err_set(&err, DH_ENOMEM, "no memory to start a child");
  else if (!dh_exec_profile_known(profile) || !argv[5])
    rc = dh_err_set(&err, DH_EUSE, "there is no profile '%s' for children", profile);
  if (!rc) {
    argv[0] = "deskhand";
    argv[1] = "exec";
    argv[2] = profile;
    argv[3] = parent;
    argv[4] = "--";
    rc = spawn(l, v, argv, env, &e->pid, &err);
  }
  if (rc) {
    say_failed(l, token, &err);
    free(e);
  } else {
    e->token = token;
    e->next = l->entries;
    l->entries = e;
    say(l, "started", token, "pid", e->pid);
  }
  free_texts(argv, 5);
  free_texts(extra, 0);
  free(env);
}

static void request(struct launcher *l)
{
  struct dh_val *v = NULL;
  struct dh_err err;

  if (dh_val_parse_buf(&l->in.data, &v, &err))
    return;
  if (dh_val_int(v, "start", 0))
    start(l, v);
  for (struct entry *e = l->entries; e; e = e->next)
    if (e->token == dh_val_int(v, "kill", 0))
      kill(-e->pid, (int)dh_val_int(v, "signal", SIGKILL));
  free(v);
}

static void reap(struct launcher *l)
{
  int status;
  pid_t pid;

  while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
    for (struct entry **at = &l->entries; *at; at = &(*at)->next) {
      struct entry *e = *at;

      if (e->pid != pid)
        continue;
      kill(-pid, SIGKILL); /* what it left in its group has no owner any more */
      *at = e->next;
      say(l, "ended", e->token, "status", WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
      free(e);
      break;
    }
  }
}

/* Children of ours, ours by adoption too. */
static void kill_all(void)
{
  char path[64];
  FILE *f;
  int pid;

  snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
  f = fopen(path, "re");
  if (!f)
    return;
  while (fscanf(f, "%d", &pid) == 1) {
    kill(-pid, SIGKILL);
    kill(pid, SIGKILL);
  }
  fclose(f);
}

static void end_all(struct launcher *l)
{
  int64_t until = dh_mono_ms() + END_MS, own_end = dh_mono_ms() + OWN_END_MS;
  struct timespec slice = {0, 50 * 1000000};
  sigset_t chld;

  sigemptyset(&chld);
  sigaddset(&chld, SIGCHLD);
  for (struct entry *e = l->entries; e; e = e->next)
    kill(-e->pid, SIGKILL);
  for (;;) {
    pid_t pid;

    if (dh_mono_ms() > own_end) /* until then a desk's guard may remove what its desk has left */
      kill_all();
    while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
      ;
    if ((pid < 0 && errno == ECHILD) || dh_mono_ms() > until)
      return;
    sigtimedwait(&chld, NULL, &slice); /* an orphan may be handed to us without a signal: look again */
  }
}

int dh_launcher_main(int fd)
{
  struct launcher l = {.fd = fd};
  struct pollfd polls[2] = {{.fd = fd, .events = POLLIN}, {.events = POLLIN}};
  struct signalfd_siginfo info;
  struct dh_err err;
  sigset_t chld;
  int rc = 0;

  sigemptyset(&chld);
  sigaddset(&chld, SIGCHLD);
  sigprocmask(SIG_BLOCK, &chld, NULL);
  signal(SIGINT, SIG_IGN); /* ends are decided by the socket */
  signal(SIGTERM, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  polls[1].fd = signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK);
  dh_frame_init(&l.in);
  dh_frame_init(&l.out);
  while (rc != DH_ECLOSED && rc != DH_EFORMAT) {
    if (poll(polls, 2, -1) < 0 && errno != EINTR)
      break;
    if (polls[1].revents & POLLIN) {
      while (read(polls[1].fd, &info, sizeof info) == sizeof info)
        ;
      reap(&l);
    }
    if (!(polls[0].revents & (POLLIN | POLLHUP | POLLERR)))
      continue;
    rc = dh_frame_recv(fd, &l.in, &err);
    if (!rc)
      request(&l);
    dh_frame_clear(&l.in); /* a descriptor that stays open here would keep its other end waiting */
  }
  end_all(&l);
  dh_frame_fini(&l.in);
  dh_frame_fini(&l.out);
  return 0;
}
