/* sup_intake.c - robots and their case files at the start of serve, and files that appear later: read by a
 * child, because a robot's file and a case file are foreign text. The child (`deskhand intake`,
 * intake_child.c) is asked {intake: path, blobs, zone, watch, take} and sends {robot: name, folder, to, key,
 * once_a, zone, apart, wants, watched, hash, schedules}, then requests to add (change.h), {refused: [{key,
 * error}]}, and {end: true} or {failed: error}. One that watches stays: {fresh: whether what follows has just
 * appeared}, {note: text} and the same messages follow. When such a one ends, it is begun again: it looks at
 * all that is there.
 */
#include "sup.h"
#include "../base/log.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_MS = 60000, AGAIN_MS = 1000, AGAIN_MOST_MS = 60000 };
static const int64_t for_ever_ms = (int64_t)1 << 50;

struct dh_sup_intake {
  struct dh_sup_intake *next;
  struct dh_supervisor *s;
  char robot[DH_PATH];
  struct dh_op *child;
  struct dh_peer *peer;
  bool reading;                                        /* not at the end of what is there */
  bool watched;                                        /* it stays */
  bool fresh;                                          /* what it sends now has just appeared */
  int failures;                                        /* ends of it since it watched last */
  void (*taken)(void *self, const struct dh_err *err); /* of one that only takes cases in; err NULL: all */
  void *self;
};

static void close_child(struct dh_sup_intake *in)
{
  dh_peer_close(&in->peer);
  if (in->child) {
    in->child->notify = NULL;
    dh_op_cancel(in->child);
    dh_op_release(in->child);
  }
  in->child = NULL;
  in->reading = false;
}

static void finish(struct dh_sup_intake *in)
{
  struct dh_supervisor *s = in->s;

  for (struct dh_sup_intake **at = &s->intakes; *at; at = &(*at)->next)
    if (*at == in) {
      *at = in->next;
      break;
    }
  close_child(in);
  free(in);
}

static void failed(struct dh_sup_intake *in, const struct dh_err *err)
{
  struct dh_supervisor *s = in->s;
  int64_t ms = (int64_t)AGAIN_MS << (in->failures < 6 ? in->failures : 6);

  if (in->taken) {
    void (*taken)(void *self, const struct dh_err *err) = in->taken;
    void *self = in->self;

    finish(in);
    taken(self, err);
    return;
  }
  if (!in->watched) {
    finish(in);
    dh_sup_fail(s, err);
    return;
  }
  dh_log(DH_ERROR, NULL, "%s: %s%s%s; it is looked at again", in->robot, err->text, *err->advice ? "; " : "",
         err->advice);
  in->failures++;
  close_child(in);
  if (!uv_is_active((uv_handle_t *)&s->reread))
    uv_timer_start(&s->reread, dh_sup_intake_again, (uint64_t)(ms < AGAIN_MOST_MS ? ms : AGAIN_MOST_MS), 0);
  dh_sup_look(s);
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

/* Of files that have just appeared: a name that stands already is news. */
static void added_fresh(void *self, int rc, const struct dh_buf *answer, const struct dh_err *err)
{
  struct dh_val *v = NULL;
  const struct dh_val *refused;
  struct dh_err why;

  added(self, rc, answer, err);
  if (rc || dh_val_parse_buf(answer, &v, NULL))
    return;
  refused = dh_val_get(v, "refused");
  for (size_t i = 0; refused && refused->type == DH_LIST && i < refused->n; i++) {
    dh_val_err(dh_val_get(&refused->items[i], "error"), &why);
    dh_log(DH_WARN, NULL, "%s; a file of the same name counts once: another case wants another name",
           why.text);
  }
  free(v);
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

static int take_robot(struct dh_sup_intake *in, const struct dh_val *v, struct dh_err *err)
{
  char name[64];
  struct dh_sup_queue *q = dh_sup_queue_add(in->s, dh_val_text(v, "robot", name, sizeof name));

  if (!q)
    return dh_err_set(err, DH_ENOMEM, "no memory for a robot");
  dh_val_text(v, "folder", q->folder, sizeof q->folder);
  dh_val_text(v, "to", q->to, sizeof q->to);
  dh_val_text(v, "key", q->key_column, sizeof q->key_column);
  dh_val_text(v, "once_a", q->once_a, sizeof q->once_a);
  dh_val_text(v, "zone", q->zone, sizeof q->zone);
  q->apart = dh_val_bool(v, "apart", false);
  q->watched = in->watched = dh_val_bool(v, "watched", false);
  if (q->watched && (dh_val_int(v, "wants", 0) & DH_WANTS_FINISH) && !*q->once_a)
    dh_log(DH_WARN, NULL,
           "%s: finish(batch) does not run while its folder is watched: its period has no end; "
           "write once_a = \"day\"",
           q->name);
  return dh_sup_schedule_take(in->s, q, in->robot, v, err);
}

/* All that was there is taken in. */
static void ended(struct dh_sup_intake *in)
{
  struct dh_supervisor *s = in->s;

  if (in->taken) {
    void (*taken)(void *self, const struct dh_err *err) = in->taken;
    void *self = in->self;

    finish(in);
    taken(self, NULL);
    return;
  }
  dh_sup_schedule_begin(s);
  if (in->watched) {
    in->reading = false;
    in->failures = 0;
    dh_op_deadline(in->child, for_ever_ms);
  } else {
    finish(in);
  }
  dh_sup_look(s);
}

static void say_note(const struct dh_sup_intake *in, const struct dh_val *v)
{
  char note[400];

  dh_log(DH_INFO, NULL, "%s: %s", in->robot, dh_val_text(v, "note", note, sizeof note));
}

static void message(struct dh_peer *p, struct dh_frame *f, void *self)
{
  struct dh_sup_intake *in = self;
  struct dh_supervisor *s = in->s;
  struct dh_val *v = NULL;
  struct dh_err err;
  bool end = false;
  int rc = dh_val_parse_buf(&f->data, &v, &err);

  (void)p;
  if (in->reading)
    dh_op_deadline(in->child, PATIENCE_MS); /* it goes on */
  if (!rc && dh_val_get(v, "robot"))
    rc = take_robot(in, v, &err);
  else if (!rc && dh_val_get(v, "do"))
    rc = dh_sup_change(s, f->data.data, f->data.len, in->fresh ? added_fresh : added, s, &err);
  else if (!rc && dh_val_get(v, "refused"))
    say_refused(in, dh_val_get(v, "refused"));
  else if (!rc && dh_val_get(v, "fresh"))
    in->fresh = dh_val_bool(v, "fresh", false);
  else if (!rc && dh_val_get(v, "note"))
    say_note(in, v);
  else if (!rc && dh_val_get(v, "failed"))
    dh_val_err(dh_val_get(v, "failed"), &err), rc = err.code;
  else if (!rc && dh_val_get(v, "end"))
    end = true;
  free(v);
  if (rc)
    failed(in, &err);
  else if (end)
    ended(in);
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
  in->reading = true;
  in->fresh = false;
  if ((rc = dh_peer_open(&in->s->loop, pair[0], &events, in, &in->peer, err)))
    close(pair[0]);
  if (!rc &&
      (dh_put_map(&b, 5) || dh_put_kt(&b, "intake", in->robot) || dh_put_kb(&b, "take", in->taken != NULL) ||
       dh_put_kb(&b, "watch", !in->s->o.until_idle && !in->taken) ||
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

static int start(struct dh_supervisor *s, const char *robot,
                 void (*taken)(void *self, const struct dh_err *err), void *self, struct dh_err *err)
{
  struct dh_sup_intake *in = calloc(1, sizeof *in);
  int rc;

  if (!in)
    return dh_err_set(err, DH_ENOMEM, "no memory to read a robot");
  in->s = s;
  in->taken = taken;
  in->self = self;
  snprintf(in->robot, sizeof in->robot, "%s", robot);
  in->next = s->intakes;
  s->intakes = in;
  rc = begin(in, err);
  if (rc)
    finish(in);
  return rc;
}

int dh_sup_intake_start(struct dh_supervisor *s, const char *robot, struct dh_err *err)
{
  return start(s, robot, NULL, NULL, err);
}

int dh_sup_intake_take(struct dh_supervisor *s, const char *robot,
                       void (*taken)(void *self, const struct dh_err *err), void *self, struct dh_err *err)
{
  return start(s, robot, taken, self, err);
}

void dh_sup_intake_again(uv_timer_t *t)
{
  struct dh_supervisor *s = t->data;
  struct dh_err err;

  for (struct dh_sup_intake *in = s->intakes; in && !s->stopping; in = in->next)
    if (!in->child && begin(in, &err))
      failed(in, &err);
}

bool dh_sup_intake_busy(const struct dh_supervisor *s)
{
  const struct dh_sup_intake *in = s->intakes;

  while (in && !in->reading)
    in = in->next;
  return in != NULL;
}

void dh_sup_intake_close(struct dh_supervisor *s)
{
  while (s->intakes)
    finish(s->intakes);
}
