/* intake_child.c - the process that reads robots and their case files for the supervisor, because both are
 * foreign text; with cases.watch it stays, and takes in files as they appear. What it says stands in
 * sup_intake.c. */
#include "../base/clock.h"
#include "../io/frame.h"
#include "change.h"
#include "arrivals.h"
#include "schedules.h"
#include "worker.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct reader {
  int fd;
  struct dh_robot robot;
  struct dh_source source;
  struct dh_intake in;
  struct dh_arrivals watch;
  struct late *late; /* files to be looked at again */
  char blobs[DH_PATH * 2];
  struct dh_frame out;
};

static int send_out(struct reader *r, int rc, struct dh_err *err)
{
  rc = rc ? dh_err_set(err, rc, "no memory for a message") : dh_frame_send(r->fd, &r->out, err);
  dh_frame_clear(&r->out);
  return rc;
}

static int send_robot(struct reader *r, const char *zone, bool watched, struct dh_err *err)
{
  const struct dh_val *key = dh_val_get(dh_val_get(r->robot.declared, "cases"), "key");
  char to[512], once_a[8], column[64] = "key", name[64];
  struct dh_buf *b = &r->out.data, rules;
  int rc;

  if (key && key->type == DH_TEXT)
    snprintf(column, sizeof column, "%.*s", (int)key->n, key->s);
  dh_robot_cases(&r->robot, "to", to, sizeof to);
  dh_robot_cases(&r->robot, "once_a", once_a, sizeof once_a);
  dh_buf_init(&rules, 16 << 20);
  rc = dh_robot_schedules(&r->robot, zone, r->blobs, &rules, err);
  if (!rc)
    rc = send_out(
        r,
        dh_put_map(b, 12) || dh_put_kb(b, "from", r->source.pattern[0]) ||
                dh_put_kt(b, "hash", r->robot.hash) || dh_put_kx(b, "schedules", rules.data, rules.len) ||
                dh_put_kb(b, "watched", watched) || dh_put_ki(b, "wants", dh_robot_wants(&r->robot)) ||
                dh_put_kt(b, "robot", r->robot.name) || dh_put_kt(b, "folder", r->robot.folder) ||
                dh_put_kt(b, "to", to) || dh_put_kt(b, "key", column) || dh_put_kt(b, "once_a", once_a) ||
                dh_put_kt(b, "zone", dh_robot_zone(&r->robot, zone, name)) ||
                dh_put_kb(b, "apart", dh_val_is(dh_val_get(r->robot.declared, "isolation"), "process"))
            ? DH_ENOMEM
            : 0,
        err);
  dh_buf_fini(&rules);
  return rc;
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

static int send_note(struct reader *r, const char *what, struct dh_err *err)
{
  struct dh_buf *b = &r->out.data;

  return send_out(r, dh_put_map(b, 1) || dh_put_kt(b, "note", what) ? DH_ENOMEM : 0, err);
}

static int send_flag(struct reader *r, const char *what, bool yes, struct dh_err *err)
{
  struct dh_buf *b = &r->out.data;

  return send_out(r, dh_put_map(b, 1) || dh_put_kb(b, what, yes) ? DH_ENOMEM : 0, err);
}

/* ---- what is there at the start */

static int send_all(struct reader *r, struct dh_intake *in, struct dh_err *err)
{
  int rc = send_cases(in, r, err);

  if (!rc)
    rc = send_refused(r, in, err);
  dh_buf_clear(&in->refused);
  in->nrefused = 0;
  return rc;
}

/* ---- cases.watch */

/* A file is told as closed while its writer is still about to leave it: then it is looked at again, ten times
 * in ten seconds. If it is another writer who has it, his end is told, too. */
enum { AGAIN_MS = 10, AGAIN_TIMES = 10 };

struct late {
  struct late *next;
  int64_t at_ms;
  int times;
  char name[256];
};

static int look_later(struct reader *r, const char *name, int times, struct dh_err *err)
{
  struct late *l = r->late;

  while (l && strcmp(l->name, name))
    l = l->next;
  if (l || times == AGAIN_TIMES)
    return 0;
  l = calloc(1, sizeof *l);
  if (!l)
    return dh_err_set(err, DH_ENOMEM, "no memory to watch a folder");
  snprintf(l->name, sizeof l->name, "%s", name);
  l->times = times;
  l->at_ms = dh_mono_ms() + ((int64_t)AGAIN_MS << times);
  l->next = r->late;
  r->late = l;
  return 0;
}

static int look(struct reader *r, const char *name, bool linked, int times, struct dh_err *err)
{
  struct dh_err why;
  char note[400];
  int rc;

  switch (dh_arrivals_state(&r->source, name, linked)) {
  case DH_ARRIVAL_NOT_YET:
    return linked ? 0 : look_later(r, name, times, err);
  case DH_ARRIVAL_EMPTY:
    snprintf(note, sizeof note, "%.300s is empty: it is taken in when something has been written to it",
             name);
    return send_note(r, note, err);
  default:
    rc = dh_intake_one(&r->in, &r->robot, &r->source, name, &why);
  }
  if (rc == DH_ENOMEM)
    *err = why;
  return rc && rc != DH_ENOMEM ? dh_intake_refuse(&r->in, name, &why, err) : rc;
}

static int arrived(const char *name, bool linked, void *self, struct dh_err *err)
{
  struct reader *r = self;

  return dh_source_takes(&r->source, name) ? look(r, name, linked, 0, err) : 0;
}

static int look_at_late(struct reader *r, struct dh_err *err)
{
  int64_t now = dh_mono_ms();
  struct late *list = r->late, *l;
  int rc = 0;

  r->late = NULL;
  while ((l = list)) {
    list = l->next;
    if (l->at_ms > now) {
      l->next = r->late;
      r->late = l;
      continue;
    }
    if (!rc)
      rc = look(r, l->name, false, l->times + 1, err);
    free(l);
  }
  return rc;
}

/* ms until the next that is late; -1: none. */
static int until_late(const struct reader *r)
{
  int64_t now = dh_mono_ms(), ms = -1;

  for (const struct late *l = r->late; l; l = l->next)
    if (ms < 0 || l->at_ms - now < ms)
      ms = l->at_ms > now ? l->at_ms - now : 0;
  return (int)ms;
}

static bool ready(const struct dh_source *s, const char *name)
{
  return dh_source_takes(s, name) && dh_arrivals_state(s, name, false) == DH_ARRIVAL_READY;
}

/* Until the supervisor is gone, which sends nothing more. */
static int watch(struct reader *r, struct dh_err *err)
{
  bool lost;
  int rc = 0;

  while (!rc && dh_arrivals_wait(&r->watch, r->fd, until_late(r))) {
    rc = dh_arrivals_read(&r->watch, arrived, r, &lost, err);
    if (!rc)
      rc = look_at_late(r, err);
    if (!rc && lost) /* more at once than the system keeps: what is new is found by looking at all */
      rc = send_flag(r, "fresh", false, err);
    if (!rc && lost)
      rc = dh_intake_all(&r->in, &r->robot, &r->source, ready, err);
    if (!rc && (r->in.ncases || r->in.nrefused))
      rc = send_all(r, &r->in, err);
    if (!rc && lost)
      rc = send_flag(r, "fresh", true, err);
  }
  return rc;
}

/* Watched before it is read: what comes in between is seen twice, not missed. */
static int read_all(struct reader *r, const struct dh_val *request, struct dh_err *err)
{
  struct dh_intake *in = &r->in;
  char path[DH_PATH], zone[64];
  bool watched = dh_val_bool(request, "watch", false), from;
  int rc = dh_robot_read(dh_val_text(request, "intake", path, sizeof path), &r->robot, err);

  if (rc)
    return rc;
  dh_intake_init(in, dh_val_text(request, "blobs", r->blobs, sizeof r->blobs));
  in->zone = dh_val_text(request, "zone", zone, sizeof zone);
  in->full = send_cases;
  in->self = r;
  from = dh_source_of(&r->robot, &r->source);
  watched = watched && from && dh_val_bool(dh_val_get(r->robot.declared, "cases"), "watch", false);
  rc = send_robot(r, zone, watched, err);
  if (!rc && watched)
    rc = dh_arrivals_open(&r->watch, &r->source, err);
  if (!rc && from && (dh_val_bool(request, "take", false) || !dh_val_get(r->robot.declared, "schedule")))
    rc = dh_intake_all(in, &r->robot, &r->source, watched ? ready : NULL, err);
  if (!rc)
    rc = send_all(r, in, err); /* none too: the robot's version goes with it */
  if (!rc)
    rc = send_flag(r, "end", true, err);
  if (!rc && watched)
    rc = send_flag(r, "fresh", true, err);
  if (!rc && watched)
    rc = watch(r, err);
  dh_arrivals_close(&r->watch);
  dh_intake_fini(in);
  dh_robot_fini(&r->robot);
  return rc;
}

int dh_intake_main(int fd)
{
  struct reader r = {.fd = fd, .watch = {.fd = -1}};
  struct dh_val *v = NULL;
  struct dh_frame f;
  struct dh_err err;
  int rc;

  signal(SIGIO, SIG_IGN); /* see dh_arrivals_state */
  dh_frame_init(&f);
  dh_frame_init(&r.out);
  rc = dh_frame_recv(fd, &f, &err);
  if (!rc)
    rc = dh_val_parse_buf(&f.data, &v, &err);
  if (!rc)
    rc = read_all(&r, v, &err);
  dh_frame_clear(&r.out);
  if (rc && !dh_put_map(&r.out.data, 1) && !dh_put_text(&r.out.data, "failed") &&
      !dh_put_err(&r.out.data, &err))
    dh_frame_send(fd, &r.out, NULL);
  free(v);
  dh_frame_fini(&f);
  dh_frame_fini(&r.out);
  return rc ? 1 : 0;
}
