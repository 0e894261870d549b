/* sup_intake.c - robots and their case files at the start of serve: read by a child, because a robot's file
 * and a case file are foreign text. The child (`deskhand intake`) is asked {intake: path, blobs, zone} and
 * sends {robot: name, folder, to, key, once_a, zone, apart}, then requests to add (change.h), {refused:
 * [{key, error}]}, and {end: true} or {failed: error}. */
#include "sup.h"
#include "../base/log.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_MS = 60000 };

struct dh_sup_intake {
  struct dh_sup_intake *next;
  struct dh_supervisor *s;
  char robot[DH_PATH];
  struct dh_op *child;
  struct dh_peer *peer;
  bool ended;
};

/* ---- the supervisor's side */

static void finish(struct dh_sup_intake *in)
{
  struct dh_supervisor *s = in->s;

  for (struct dh_sup_intake **at = &s->intakes; *at; at = &(*at)->next)
    if (*at == in) {
      *at = in->next;
      break;
    }
  dh_peer_close(&in->peer);
  if (in->child) {
    in->child->notify = NULL;
    dh_op_cancel(in->child);
    dh_op_release(in->child);
  }
  free(in);
}

static void failed(struct dh_sup_intake *in, const struct dh_err *err)
{
  struct dh_supervisor *s = in->s;

  finish(in);
  dh_sup_fail(s, err);
}

static void added(void *self, int rc, const struct dh_buf *answer, const struct dh_err *err)
{
  struct dh_supervisor *s = self;
  struct dh_val *v = NULL;

  if (rc) {
    dh_sup_fail(s, err);
    return;
  }
  if (!dh_val_parse_buf(answer, &v, NULL) && dh_val_int(v, "added", 0))
    dh_log(DH_INFO, NULL, "%lld cases taken in", (long long)dh_val_int(v, "added", 0));
  free(v); /* those that stand there already are no news: serve begins with the same file every time */
}

static void say_refused(struct dh_sup_intake *in, const struct dh_val *list)
{
  struct dh_err err;
  char key[256];

  for (size_t i = 0; list->type == DH_LIST && i < list->n; i++) {
    dh_val_err(dh_val_get(&list->items[i], "error"), &err);
    dh_val_text(&list->items[i], "key", key, sizeof key);
    dh_log(DH_ERROR, NULL, "%s: case %s is refused: %s%s%s", in->robot, *key ? key : "without key", err.text,
           *err.advice ? "; " : "", err.advice);
    in->s->refused++;
  }
}

static void take_robot(struct dh_sup_intake *in, const struct dh_val *v)
{
  char name[64];
  struct dh_sup_queue *q = dh_sup_queue_add(in->s, dh_val_text(v, "robot", name, sizeof name));

  if (!q)
    return;
  dh_val_text(v, "folder", q->folder, sizeof q->folder);
  dh_val_text(v, "to", q->to, sizeof q->to);
  dh_val_text(v, "key", q->key_column, sizeof q->key_column);
  dh_val_text(v, "once_a", q->once_a, sizeof q->once_a);
  dh_val_text(v, "zone", q->zone, sizeof q->zone);
  q->apart = dh_val_bool(v, "apart", false);
}

static void message(struct dh_peer *p, struct dh_frame *f, void *self)
{
  struct dh_sup_intake *in = self;
  struct dh_supervisor *s = in->s;
  struct dh_val *v = NULL;
  struct dh_err err;
  int rc = dh_val_parse_buf(&f->data, &v, &err);

  (void)p;
  if (!rc && dh_val_get(v, "robot"))
    take_robot(in, v);
  else if (!rc && dh_val_get(v, "do"))
    rc = dh_sup_change(s, f->data.data, f->data.len, added, s, &err);
  else if (!rc && dh_val_get(v, "refused"))
    say_refused(in, dh_val_get(v, "refused"));
  else if (!rc && dh_val_get(v, "failed"))
    dh_val_err(dh_val_get(v, "failed"), &err), rc = err.code;
  else if (!rc && dh_val_get(v, "end"))
    in->ended = true;
  free(v);
  if (rc) {
    failed(in, &err);
  } else if (in->ended) {
    finish(in);
    dh_sup_look(s);
  }
}

static void gone(struct dh_sup_intake *in)
{
  struct dh_err err;

  dh_err_set(&err, DH_EIO, "%s cannot be read: the process that reads it has ended", in->robot);
  dh_err_advice(&err, "try it alone: deskhand check %s", in->robot);
  failed(in, &err);
}

static void closed(struct dh_peer *p, const struct dh_err *err, void *self)
{
  (void)p;
  (void)err;
  gone(self);
}

static void child_ended(struct dh_op *child)
{
  struct dh_sup_intake *in = child->waiter;

  /* its last words are still in the socket, unless it had none: closed tells */
  if (child->rc)
    gone(in);
}

static int begin(struct dh_sup_intake *in, struct dh_err *err)
{
  static const struct dh_peer_events events = {message, closed};
  static const char *const argv[] = {"deskhand", "intake", NULL};
  struct dh_child_spec spec = {.argv = argv, .profile = "plain", .fds = {-1, -1, -1, -1}};
  struct dh_buf b;
  int pair[2], rc = dh_frame_pair(pair, err);

  if (rc)
    return rc;
  dh_buf_init(&b, 64 << 10);
  spec.fds[3] = pair[1];
  if ((rc = dh_peer_open(&in->s->loop, pair[0], &events, in, &in->peer, err)))
    close(pair[0]);
  if (!rc && (dh_put_map(&b, 3) || dh_put_kt(&b, "intake", in->robot) ||
              dh_put_kt(&b, "zone", dh_conf_get(in->s->o.conf, "zone")) ||
              dh_put_kt(&b, "blobs", dh_store_blobs(in->s->store))))
    rc = dh_err_set(err, DH_ENOMEM, "no memory to read a robot");
  if (!rc)
    rc = dh_peer_send(in->peer, 0, false, &b, NULL, 0, err);
  if (!rc && !(in->child = dh_child_new(in->s->launcher, &spec)))
    rc = dh_err_set(err, DH_ENOMEM, "no memory to read a robot");
  if (!rc) {
    in->child->notify = child_ended;
    in->child->waiter = in;
    dh_op_deadline(in->child, PATIENCE_MS);
    rc = dh_op_start(in->child, err);
  }
  close(pair[1]);
  dh_buf_fini(&b);
  return rc;
}

int dh_sup_intake_start(struct dh_supervisor *s, const char *robot, struct dh_err *err)
{
  struct dh_sup_intake *in = calloc(1, sizeof *in);
  int rc;

  if (!in)
    return dh_err_set(err, DH_ENOMEM, "no memory to read a robot");
  in->s = s;
  snprintf(in->robot, sizeof in->robot, "%s", robot);
  in->next = s->intakes;
  s->intakes = in;
  rc = begin(in, err);
  if (rc)
    finish(in);
  return rc;
}

void dh_sup_intake_close(struct dh_supervisor *s)
{
  while (s->intakes)
    finish(s->intakes);
}

/* ---- the child */

struct reader {
  int fd;
  struct dh_robot robot;
  struct dh_frame out;
};

static int send_out(struct reader *r, int rc, struct dh_err *err)
{
  rc = rc ? dh_err_set(err, rc, "no memory for a message") : dh_frame_send(r->fd, &r->out, err);
  dh_frame_clear(&r->out);
  return rc;
}

static int send_robot(struct reader *r, const char *zone, struct dh_err *err)
{
  const struct dh_val *key = dh_val_get(dh_val_get(r->robot.declared, "cases"), "key");
  char to[512], once_a[8], column[64] = "key", name[64];
  struct dh_buf *b = &r->out.data;

  if (key && key->type == DH_TEXT)
    snprintf(column, sizeof column, "%.*s", (int)key->n, key->s);
  dh_robot_cases(&r->robot, "to", to, sizeof to);
  dh_robot_cases(&r->robot, "once_a", once_a, sizeof once_a);
  return send_out(
      r,
      dh_put_map(b, 7) || dh_put_kt(b, "robot", r->robot.name) || dh_put_kt(b, "folder", r->robot.folder) ||
              dh_put_kt(b, "to", to) || dh_put_kt(b, "key", column) || dh_put_kt(b, "once_a", once_a) ||
              dh_put_kt(b, "zone", dh_robot_zone(&r->robot, zone, name)) ||
              dh_put_kb(b, "apart", dh_val_is(dh_val_get(r->robot.declared, "isolation"), "process"))
          ? DH_ENOMEM
          : 0,
      err);
}

/* What has gathered, so that it fits into a message. */
static int send_cases(struct dh_intake *in, void *self, struct dh_err *err)
{
  struct reader *r = self;
  int rc = send_out(r, dh_change_put_add(&r->out.data, &r->robot, in), err);

  dh_buf_clear(&in->cases);
  in->ncases = 0;
  return rc;
}

static int send_refused(struct reader *r, const struct dh_intake *in, struct dh_err *err)
{
  struct dh_buf *b = &r->out.data;
  int rc;

  if (!in->nrefused)
    return 0;
  rc = dh_put_map(b, 1);
  if (!rc)
    rc = dh_put_text(b, "refused");
  if (!rc)
    rc = dh_put_list(b, in->nrefused);
  if (!rc)
    rc = dh_buf_put(b, in->refused.data, in->refused.len);
  return send_out(r, rc, err);
}

static int read_all(struct reader *r, const struct dh_val *request, struct dh_err *err)
{
  struct dh_intake in;
  char path[DH_PATH], blobs[DH_PATH * 2], zone[64];
  int rc = dh_robot_read(dh_val_text(request, "intake", path, sizeof path), &r->robot, err);

  if (rc)
    return rc;
  dh_intake_init(&in, dh_val_text(request, "blobs", blobs, sizeof blobs));
  in.zone = dh_val_text(request, "zone", zone, sizeof zone);
  in.full = send_cases;
  in.self = r;
  rc = send_robot(r, zone, err);
  if (!rc)
    rc = dh_intake_from(&in, &r->robot, err);
  if (!rc)
    rc = send_cases(&in, r, err); /* none too: the robot's version goes with it */
  if (!rc)
    rc = send_refused(r, &in, err);
  dh_intake_fini(&in);
  dh_robot_fini(&r->robot);
  return rc;
}

int dh_intake_main(int fd)
{
  struct reader r = {.fd = fd};
  struct dh_val *v = NULL;
  struct dh_frame f;
  struct dh_err err;
  int rc;

  dh_frame_init(&f);
  dh_frame_init(&r.out);
  rc = dh_frame_recv(fd, &f, &err);
  if (!rc)
    rc = dh_val_parse_buf(&f.data, &v, &err);
  if (!rc)
    rc = read_all(&r, v, &err);
  dh_frame_clear(&r.out);
  if (rc)
    rc = dh_put_map(&r.out.data, 1) || dh_put_text(&r.out.data, "failed") || dh_put_err(&r.out.data, &err);
  else
    rc = dh_put_map(&r.out.data, 1) || dh_put_kb(&r.out.data, "end", true);
  if (!rc)
    rc = dh_frame_send(fd, &r.out, NULL);
  free(v);
  dh_frame_fini(&f);
  dh_frame_fini(&r.out);
  return rc ? 1 : 0;
}
