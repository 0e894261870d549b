/* ops_sight.c - requests by place: for windows that tell assistive technology nothing. Whoever asks has read
 * the picture and knows where; the desk finds the field beside, clicks, and types into the window that it is.
 */
#include "act.h"
#include "asked.h"
#include "edge.h"
#include "field.h"
#include "picture.h"
#include "xwin.h"

#include <string.h>

/* DH_EAGAIN until the window to be looked at lies in front and has the keyboard. */
static int try_front(struct dh_desk *d, struct dh_asked *a, struct dh_front *f, struct dh_err *err)
{
  const struct dh_val *title = dh_val_get(a->request, "window");
  g_autofree char *name = title && title->type == DH_TEXT ? g_strndup(title->s, title->n) : NULL;
  int at = name ? dh_front_titled(f, name) : f->at;

  if (at < 0)
    return dh_err_set(err, DH_ENOENT, "there is no window \"%s\"", name);
  if (d->app.current != f->windows[at].id)
    dh_app_work_in(d, f->windows[at].id);
  if (dh_window_focused(d, f->windows[at].id))
    return 0;
  dh_window_activate(d, f->windows[at].id);
  return dh_err_set(err, DH_EAGAIN, "the window \"%s\" does not come to the front", f->windows[at].title);
}

static int run_look(struct dh_desk *d, const struct dh_val *request, const struct dh_frame *in,
                    struct dh_answer *answer, struct dh_err *err)
{
  struct dh_asked a = {.request = request, .in = in, .answer = answer, .target = {.image = -1}};
  const struct dh_val *region = dh_val_get(request, "region");
  struct dh_window list[DH_WINDOWS_MAX];
  struct dh_box part;
  int rc = dh_asked_until(d, &a, try_front, err), n;

  if (!rc)
    rc = dh_act_settle(d, err);
  if (rc)
    return rc;
  n = dh_windows_list(d, list, DH_WINDOWS_MAX);
  while (n-- > 0 && list[n].id != d->app.current)
    ;
  if (n < 0)
    return dh_err_set(err, DH_EAGAIN, "the window has gone while it was looked at");
  part = list[n].box;
  if (region)
    part = (struct dh_box){(int)dh_val_int(region, "x", 0), (int)dh_val_int(region, "y", 0),
                           (int)dh_val_int(region, "w", 0), (int)dh_val_int(region, "h", 0)};
  return dh_picture_answer(d, &part, answer, err);
}

static int box_of(struct dh_desk *d, const struct dh_val *request, struct dh_box *box, struct dh_err *err)
{
  *box = (struct dh_box){(int)dh_val_int(request, "x", -1), (int)dh_val_int(request, "y", -1),
                         (int)dh_val_int(request, "w", 1), (int)dh_val_int(request, "h", 1)};
  if (box->x < 0 || box->y < 0 || box->w < 1 || box->h < 1 || box->x + box->w > d->shot.width ||
      box->y + box->h > d->shot.height)
    return dh_err_set(err, DH_EUSE, "%d,%d is outside the display of %d x %d", box->x, box->y, d->shot.width,
                      d->shot.height);
  return 0;
}

static int try_click(struct dh_desk *d, struct dh_asked *a, struct dh_front *f, struct dh_err *err)
{
  struct dh_box box;
  int rc = box_of(d, a->request, &box, err);

  if (!rc)
    rc = dh_act_click_at(d, &f->windows[f->at], &box, dh_val_bool(a->request, "twice", false) ? 2 : 1,
                         "the place", err);
  if (!rc)
    d->app.pressed_in = f->windows[f->at].id;
  return rc;
}

static int run_click(struct dh_desk *d, const struct dh_val *request, const struct dh_frame *in,
                     struct dh_answer *answer, struct dh_err *err)
{
  struct dh_asked a = {.request = request, .in = in, .answer = answer, .target = {.image = -1}};
  int rc = dh_asked_until(d, &a, try_click, err);

  if (!rc)
    dh_act_settle(d, NULL); /* the click is done: whatever comes of it, this word has not failed */
  return rc;
}

static int try_field(struct dh_desk *d, struct dh_asked *a, struct dh_front *f, struct dh_err *err)
{
  struct dh_box window = f->windows[f->at].box, box;
  struct dh_image picture = {0};
  struct dh_area label, field;
  int rc = box_of(d, a->request, &box, err);

  dh_box_clip(&window, d->shot.width, d->shot.height);
  if (!rc)
    rc = dh_picture_take(d, &window, &picture, err);
  if (rc)
    return rc;
  label = (struct dh_area){box.x - window.x, box.y - window.y, box.w, box.h};
  if (label.x >= 0 && label.y >= 0 &&
      dh_edge_field(&picture, &label, dh_val_bool(a->request, "below", false), &field)) {
    dh_answer_bool(a->answer, "found", true);
    dh_answer_int(a->answer, "x", window.x + field.x);
    dh_answer_int(a->answer, "y", window.y + field.y);
    dh_answer_int(a->answer, "w", field.w);
    dh_answer_int(a->answer, "h", field.h);
  } else {
    dh_answer_bool(a->answer, "found", false);
  }
  free(picture.px);
  return 0;
}

static int run_field(struct dh_desk *d, const struct dh_val *request, const struct dh_frame *in,
                     struct dh_answer *answer, struct dh_err *err)
{
  struct dh_asked a = {.request = request, .in = in, .answer = answer, .target = {.image = -1}};

  return dh_asked_until(d, &a, try_field, err);
}

/* From now on this part of the window is black in pictures. */
static void cover(struct dh_desk *d, const struct dh_window *w, const struct dh_box *box)
{
  struct dh_cover c = {w->id, {box->x - w->box.x, box->y - w->box.y, box->w, box->h}};

  g_array_append_val(d->covers, c);
}

static int empty(struct dh_desk *d, Window w, int64_t signs, struct dh_err *err)
{
  int rc = dh_keys_press(d, w, "End", err);

  if (!rc && !signs)
    rc = dh_keys_press(d, w, "shift+Home", err);
  for (int64_t i = 0; i < MAX(signs, 1) && !rc; i++)
    rc = dh_keys_press(d, w, "BackSpace", err);
  return rc;
}

/* A program that shows no controls cannot tell when it has taken keys in: it is waited for until it is quiet.
 */
static int type_all(struct dh_desk *d, Window w, const char *text, struct dh_err *err)
{
  int rc = 0;

  while (*text && !rc) {
    rc = dh_keys_type(d, w, &text, false, err);
    if (!rc)
      rc = dh_act_settle(d, err);
  }
  return rc;
}

/* Nothing of it is done twice by being tried again: each try begins with an empty field. */
static int try_type(struct dh_desk *d, struct dh_asked *a, struct dh_front *f, struct dh_err *err)
{
  const struct dh_window *w = &f->windows[f->at];
  int64_t signs = CLAMP(dh_val_int(a->request, "signs", 0), 0, 1000);
  struct dh_box box;
  int rc = box_of(d, a->request, &box, err);

  if (!rc)
    rc = try_front(d, a, f, err);
  if (!rc)
    rc = dh_act_click_at(d, w, &box, 1, "the field", err);
  if (!rc)
    rc = dh_click_arrived(d, err);
  if (!rc && dh_val_bool(a->request, "secret", false))
    cover(d, w, &box);
  if (!rc)
    rc = empty(d, w->id, signs, err);
  if (!rc)
    rc = type_all(d, w->id, a->target.name, err);
  if (!rc)
    rc = dh_keys_press(d, w->id, "Tab", err); /* out of it: no cursor stands in what is read back */
  return rc ? rc : dh_act_settle(d, err);
}

static int run_type(struct dh_desk *d, const struct dh_val *request, const struct dh_frame *in,
                    struct dh_answer *answer, struct dh_err *err)
{
  const struct dh_val *text = dh_val_get(request, "text");
  struct dh_asked a = {.request = request, .in = in, .answer = answer, .target = {.image = -1}};
  int rc;

  if (!text || text->type != DH_TEXT || !g_utf8_validate(text->s, (gssize)text->n, NULL) ||
      memchr(text->s, '\n', text->n) || memchr(text->s, '\t', text->n))
    return dh_err_set(err, DH_EUSE, "a text of one line is typed into a field on the picture");
  a.target.name = g_strndup(text->s, text->n);
  rc = dh_keys_prepare(d, a.target.name, err);
  if (!rc)
    rc = dh_asked_until(d, &a, try_type, err);
  explicit_bzero((char *)a.target.name, text->n);
  dh_target_fini(&a.target);
  return rc;
}

const struct dh_op_entry dh_ops_sight[] = {
    {"look", run_look}, {"click", run_click}, {"field", run_field}, {"type", run_type}, {NULL, NULL}};
