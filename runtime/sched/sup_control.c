/* sup_control.c - the control socket: commands of the same user that change something. Owns the listening
 * socket and the connections. What a change is stands in change.h. */
#include "sup.h"
#include "../base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct conversation {
  struct conversation *next;
  struct dh_supervisor *s;
  struct dh_peer *peer; /* NULL: the command is gone; kept until its last change is done */
  int changes;
  uint32_t id;
};

struct dh_sup_control {
  int fd;
  char path[128];
  uv_poll_t poll;
  struct conversation *conversations;
};

/* ---- changes */

struct change_job {
  struct dh_job job;
  struct dh_supervisor *s;
  struct dh_buf request, answer;
  struct dh_val *v;
  void (*told)(void *self, int rc, const struct dh_buf *answer, const struct dh_err *err);
  void *self;
};

static int change_work(struct dh_db *db, struct dh_job *job, struct dh_err *err)
{
  struct change_job *j = (struct change_job *)job;

  return dh_change_apply(db, j->v, &j->answer, err);
}

static void change_done(struct dh_job *job, int rc, const struct dh_err *err)
{
  struct change_job *j = (struct change_job *)job;
  struct dh_supervisor *s = j->s;

  if (rc && dh_sup_passing(s, err)) {
    dh_sup_job_done(s);
    dh_buf_clear(&j->answer);
    dh_sup_submit(s, &j->job);
    return;
  }
  j->told(j->self, rc, &j->answer, err);
  free(j->v);
  dh_buf_fini(&j->request);
  dh_buf_fini(&j->answer);
  free(j);
  dh_sup_wake(s);
  dh_sup_job_done(s);
}

int dh_sup_change(struct dh_supervisor *s, const void *request, size_t n,
                  void (*told)(void *self, int rc, const struct dh_buf *answer, const struct dh_err *err),
                  void *self, struct dh_err *err)
{
  struct change_job *j = calloc(1, sizeof *j);
  char queue[64];
  int rc;

  if (!j)
    return dh_err_set(err, DH_ENOMEM, "no memory for a request");
  j->job = (struct dh_job){.work = change_work, .done = change_done, .urgent = true};
  j->s = s;
  j->told = told;
  j->self = self;
  dh_buf_init(&j->request, DH_FRAME_MAX);
  dh_buf_init(&j->answer, DH_FRAME_MAX);
  rc = dh_buf_put(&j->request, request, n);
  rc = rc ? dh_err_set(err, rc, "no memory for a request") : dh_val_parse_buf(&j->request, &j->v, err);
  if (rc) {
    dh_buf_fini(&j->request);
    free(j);
    return rc;
  }
  /* a robot that was not named to serve is served as soon as somebody gives it a case */
  if (*dh_val_text(j->v, "queue", queue, sizeof queue) && !dh_val_is(dh_val_get(j->v, "do"), "hold"))
    dh_sup_queue_add(s, queue);
  dh_sup_submit(s, &j->job);
  return 0;
}

/* ---- conversations */

static void end_conversation(struct conversation *c)
{
  struct dh_sup_control *control = c->s->control;

  for (struct conversation **at = &control->conversations; *at; at = &(*at)->next)
    if (*at == c) {
      *at = c->next;
      break;
    }
  dh_peer_close(&c->peer);
  free(c);
}

static void reply(struct conversation *c, int rc, const struct dh_buf *answer, const struct dh_err *err)
{
  struct dh_buf b;

  if (!c->peer)
    return;
  dh_buf_init(&b, 16 << 10);
  if (!rc)
    dh_peer_send(c->peer, c->id, true, answer, NULL, 0, NULL);
  else if (!dh_put_err(&b, err))
    dh_peer_send(c->peer, c->id, true, &b, NULL, 0, NULL);
  dh_buf_fini(&b);
}

static void changed(void *self, int rc, const struct dh_buf *answer, const struct dh_err *err)
{
  struct conversation *c = self;

  reply(c, rc, answer, err);
  if (!--c->changes && !c->peer)
    end_conversation(c);
}

/* {do: "stop"} is for the supervisor itself. False: it is something else. */
static bool take_stop(struct conversation *c, struct dh_frame *f)
{
  struct dh_val *v = NULL;
  struct dh_buf answer;
  bool is = !dh_val_parse_buf(&f->data, &v, NULL) && dh_val_is(dh_val_get(v, "do"), "stop");
  bool drain = is && dh_val_bool(v, "drain", false);

  free(v);
  if (!is)
    return false;
  dh_buf_init(&answer, 256);
  if (!dh_put_map(&answer, 1) && !dh_put_ki(&answer, "effects", drain ? dh_sup_open_effects(c->s) : 0))
    reply(c, 0, &answer, NULL);
  dh_buf_fini(&answer);
  dh_sup_stop(c->s, drain);
  return true;
}

static void message(struct dh_peer *p, struct dh_frame *f, void *self)
{
  struct conversation *c = self;
  struct dh_err err;

  (void)p;
  c->id = f->id;
  if (take_stop(c, f))
    return;
  if (dh_sup_change(c->s, f->data.data, f->data.len, changed, c, &err))
    reply(c, err.code, NULL, &err);
  else
    c->changes++;
}

static void closed(struct dh_peer *p, const struct dh_err *err, void *self)
{
  struct conversation *c = self;

  (void)p;
  (void)err;
  dh_peer_close(&c->peer);
  if (!c->changes)
    end_conversation(c);
}

static void accept_one(uv_poll_t *h, int status, int events)
{
  static const struct dh_peer_events peer_events = {message, closed};
  struct dh_supervisor *s = h->data;
  int fd = accept4(s->control->fd, NULL, NULL, SOCK_CLOEXEC);
  struct conversation *c;
  struct ucred who;
  socklen_t n = sizeof who;

  (void)status;
  (void)events;
  if (fd < 0)
    return;
  c = calloc(1, sizeof *c);
  if (!c || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) || (who.uid != geteuid() && who.uid != 0) ||
      dh_peer_open(&s->loop, fd, &peer_events, c, &c->peer, NULL)) {
    close(fd);
    free(c);
    return;
  }
  c->s = s;
  c->next = s->control->conversations;
  s->control->conversations = c;
}

/* ---- the socket */

int dh_sup_control_open(struct dh_supervisor *s, const char *url, struct dh_err *err)
{
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  struct dh_sup_control *c = calloc(1, sizeof *c);
  int rc;

  if (!c)
    return dh_err_set(err, DH_ENOMEM, "no memory for the control socket");
  rc = dh_control_path(url, c->path, sizeof c->path, err);
  if (rc) {
    free(c);
    return rc;
  }
  snprintf(at.sun_path, sizeof at.sun_path, "%s", c->path);
  c->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  unlink(c->path); /* we hold the store's lock: whoever left it is gone */
  if (c->fd < 0 || fchmod(c->fd, 0600) || bind(c->fd, (struct sockaddr *)&at, sizeof at) ||
      listen(c->fd, 16)) {
    dh_err_errno(err, "the control socket %s cannot be made", c->path);
    if (c->fd >= 0)
      close(c->fd);
    free(c);
    return err->code;
  }
  uv_poll_init(&s->loop.uv, &c->poll, c->fd);
  c->poll.data = s;
  uv_poll_start(&c->poll, UV_READABLE, accept_one);
  s->control = c;
  return 0;
}

static void poll_closed(uv_handle_t *h)
{
  struct dh_sup_control *c = (struct dh_sup_control *)((char *)h - offsetof(struct dh_sup_control, poll));

  close(c->fd);
  free(c);
}

/* To be called when no job is open any more. */
void dh_sup_control_close(struct dh_supervisor *s)
{
  struct dh_sup_control *c = s->control;

  if (!c)
    return;
  while (c->conversations)
    end_conversation(c->conversations);
  unlink(c->path);
  uv_close((uv_handle_t *)&c->poll, poll_closed);
  s->control = NULL;
}
