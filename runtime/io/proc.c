/* proc.c - the asking side of the launcher: starts it, keeps the list of open children, turns its messages
 * into ends of ops. Knows nothing of limits and sessions: proc_exec.c does. */
#include "proc.h"
#include "peer.h"

#include "../base/val.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct child {
  struct dh_op op;
  struct dh_launcher *launcher; /* NULL once it has ended */
  struct child *next;
  int64_t token;
  pid_t pid;
  int status;
  struct dh_buf request;
  int fds[4], nfds;
};

struct dh_launcher {
  struct dh_loop *loop;
  struct dh_peer *peer;
  pid_t pid;
  int64_t last_token;
  struct child *children;
  void (*gone)(void *self, const struct dh_err *err);
  void *self;
};

static struct child *find(struct dh_launcher *l, int64_t token)
{
  for (struct child *c = l->children; c; c = c->next)
    if (c->token == token)
      return c;
  return NULL;
}

static void unlink_child(struct child *c)
{
  if (!c->launcher)
    return;
  for (struct child **at = &c->launcher->children; *at; at = &(*at)->next)
    if (*at == c) {
      *at = c->next;
      break;
    }
  c->launcher = NULL;
}

static void ended(struct child *c, int rc, const struct dh_err *err)
{
  unlink_child(c);
  dh_op_done(&c->op, rc, err);
}

static void message(struct dh_peer *p, struct dh_frame *f, void *self)
{
  struct dh_launcher *l = self;
  struct dh_val *v = NULL;
  struct dh_err err;
  struct child *c;

  (void)p;
  if (dh_val_parse_buf(&f->data, &v, &err))
    return; /* it is our own program; what it cannot say is said by its end */
  if ((c = find(l, dh_val_int(v, "started", 0)))) {
    c->pid = (pid_t)dh_val_int(v, "pid", 0);
  } else if ((c = find(l, dh_val_int(v, "ended", 0)))) {
    c->status = (int)dh_val_int(v, "status", 0);
    ended(c, 0, NULL);
  } else if ((c = find(l, dh_val_int(v, "failed", 0)))) {
    dh_val_err(dh_val_get(v, "error"), &err);
    ended(c, err.code, &err);
  }
  free(v);
}

static void closed(struct dh_peer *p, const struct dh_err *why, void *self)
{
  struct dh_launcher *l = self;
  struct dh_err err;

  (void)p;
  (void)why;
  dh_err_set(&err, DH_ECLOSED, "the launcher has ended, and with it every child");
  while (l->children)
    ended(l->children, DH_ECLOSED, &err);
  if (l->gone)
    l->gone(l->self, &err);
}

/* The launcher lives as long as its socket: it is not killed with us, because it still has children to end.
 */
static int spawn_launcher(int socket, int lock_fd, pid_t *pid, struct dh_err *err)
{
  char *argv[] = {"deskhand", "launcher", NULL};
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attr;
  int rc;

  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attr);
  posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, socket, 3);
  if (lock_fd >= 0)
    posix_spawn_file_actions_adddup2(&actions, lock_fd, DH_LOCK_FD);
  rc = posix_spawn(pid, "/proc/self/exe", &actions, &attr, argv, environ);
  posix_spawnattr_destroy(&attr);
  posix_spawn_file_actions_destroy(&actions);
  return rc ? dh_err_set(err, DH_EIO, "the launcher cannot be started: %s", strerror(rc)) : 0;
}

int dh_launcher_open(struct dh_loop *loop, int lock_fd, void (*gone)(void *self, const struct dh_err *err),
                     void *self, struct dh_launcher **out, struct dh_err *err)
{
  static const struct dh_peer_events events = {message, closed};
  struct dh_launcher *l = calloc(1, sizeof *l);
  int pair[2], far, lock = -1, rc;

  if (!l)
    return dh_err_set(err, DH_ENOMEM, "no memory for the launcher");
  l->loop = loop;
  l->gone = gone;
  l->self = self;
  rc = dh_frame_pair(pair, err);
  if (rc) {
    free(l);
    return rc;
  }
  /* out of the way of 3 and DH_LOCK_FD, which are its numbers in the child */
  far = fcntl(pair[1], F_DUPFD_CLOEXEC, DH_LOCK_FD + 1);
  if (lock_fd >= 0)
    lock = fcntl(lock_fd, F_DUPFD_CLOEXEC, DH_LOCK_FD + 1);
  rc = far < 0 || (lock_fd >= 0 && lock < 0) ? dh_err_errno(err, "the launcher cannot be started")
                                             : spawn_launcher(far, lock, &l->pid, err);
  close(pair[1]);
  if (far >= 0)
    close(far);
  if (lock >= 0)
    close(lock);
  if (!rc)
    rc = dh_peer_open(loop, pair[0], &events, l, &l->peer, err);
  if (rc) {
    close(pair[0]);
    free(l);
    return rc;
  }
  *out = l;
  return 0;
}

void dh_launcher_close(struct dh_launcher **pl)
{
  struct dh_launcher *l = *pl;
  struct dh_err err;

  *pl = NULL;
  if (!l)
    return;
  shutdown(dh_peer_fd(l->peer), SHUT_WR); /* the descriptor itself is closed by the loop, later */
  dh_peer_close(&l->peer);
  dh_err_set(&err, DH_ECANCELED, "this program ends");
  while (l->children)
    ended(l->children, DH_ECANCELED, &err);
  while (waitpid(l->pid, NULL, 0) < 0 && errno == EINTR)
    ;
  free(l);
}

pid_t dh_launcher_pid(const struct dh_launcher *l)
{
  return l->pid;
}

/* ---- a child */

static void close_fds(struct child *c)
{
  for (int i = 0; i < c->nfds; i++)
    close(c->fds[i]);
  c->nfds = 0;
}

static int child_start(struct dh_op *op, struct dh_err *err)
{
  struct child *c = (struct child *)op;
  struct dh_launcher *l = c->launcher;
  int rc = dh_peer_send(l->peer, 0, false, &c->request, c->fds, c->nfds, err);

  close_fds(c); /* an end of a pipe that stays open here would never show its end to the reader */
  if (rc) {
    c->launcher = NULL;
    return rc;
  }
  c->next = l->children;
  l->children = c;
  return 0;
}

static void child_cancel(struct dh_op *op)
{
  dh_child_kill(op, SIGKILL);
  unlink_child((struct child *)op);
}

static void child_fini(struct dh_op *op)
{
  struct child *c = (struct child *)op;

  close_fds(c);
  dh_buf_fini(&c->request);
}

static const struct dh_op_class child_class = {.name = "child",
                                               .size = sizeof(struct child),
                                               .start = child_start,
                                               .cancel = child_cancel,
                                               .fini = child_fini};

static int put_texts(struct dh_buf *b, const char *key, const char *const *texts)
{
  size_t n = 0;
  int rc;

  while (texts && texts[n])
    n++;
  rc = dh_put_text(b, key);
  if (!rc)
    rc = dh_put_list(b, n);
  for (size_t i = 0; !rc && i < n; i++)
    rc = dh_put_text(b, texts[i]);
  return rc;
}

/* {start, argv, env, profile, fds: [target number of each descriptor]} */
static int put_request(struct child *c, const struct dh_child_spec *spec)
{
  struct dh_buf *b = &c->request;
  int targets[4], rc = dh_put_map(b, 5);

  for (int i = 0; i < 4; i++) {
    if (spec->fds[i] < 0)
      continue;
    c->fds[c->nfds] = fcntl(spec->fds[i], F_DUPFD_CLOEXEC, 3);
    if (c->fds[c->nfds] < 0)
      return DH_EIO;
    targets[c->nfds++] = i;
  }
  if (!rc)
    rc = dh_put_ki(b, "start", c->token);
  if (!rc)
    rc = put_texts(b, "argv", spec->argv);
  if (!rc)
    rc = put_texts(b, "env", spec->env);
  if (!rc)
    rc = dh_put_kt(b, "profile", spec->profile);
  if (!rc)
    rc = dh_put_text(b, "fds");
  if (!rc)
    rc = dh_put_list(b, (size_t)c->nfds);
  for (int i = 0; !rc && i < c->nfds; i++)
    rc = dh_put_int(b, targets[i]);
  return rc;
}

struct dh_op *dh_child_new(struct dh_launcher *l, const struct dh_child_spec *spec)
{
  struct child *c = (struct child *)dh_op_new(l->loop, &child_class);

  if (!c)
    return NULL;
  c->launcher = l;
  c->token = ++l->last_token;
  dh_buf_init(&c->request, 1 << 20);
  if (put_request(c, spec)) {
    dh_op_release(&c->op);
    return NULL;
  }
  return &c->op;
}

void dh_child_kill(struct dh_op *op, int signal)
{
  struct child *c = (struct child *)op;
  struct dh_buf b;

  if (op->state != DH_OP_BEGUN || !c->launcher)
    return;
  dh_buf_init(&b, 256);
  if (!dh_put_map(&b, 2) && !dh_put_ki(&b, "kill", c->token) && !dh_put_ki(&b, "signal", signal))
    dh_peer_send(c->launcher->peer, 0, false, &b, NULL, 0, NULL);
  dh_buf_fini(&b);
}

pid_t dh_child_pid(struct dh_op *op)
{
  return ((struct child *)op)->pid;
}

int dh_child_status(struct dh_op *op)
{
  return ((struct child *)op)->status;
}
