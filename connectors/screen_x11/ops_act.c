/* ops_act.c - requests that act on controls: fill, press, and whether a press has been taken. */
#include "act.h"
#include "asked.h"
#include "cell.h"
#include "field.h"
#include "picture.h"
#include "xwin.h"

static int run_fill(struct dh_desk *d, const struct dh_val *request, const struct dh_frame *in,
                    struct dh_answer *answer, struct dh_err *err)
{
  struct dh_filled done = {.corrected = g_ptr_array_new_with_free_func(g_free),
                           .unread = g_ptr_array_new_with_free_func(g_free)};
  int rc = dh_fields_fill(d, dh_val_get(request, "pairs"), &done, err);

  (void)in;
  if (!rc) {
    dh_answer_int(answer, "filled", done.filled);
    dh_answer_texts(answer, "corrected", done.corrected);
    dh_answer_texts(answer, "unread", done.unread);
  }
  g_ptr_array_unref(done.corrected);
  g_ptr_array_unref(done.unread);
  return rc;
}

/* What has no node of its own in the tree: a picture, a cell. */
static int try_press_at(struct dh_desk *d, struct dh_asked *a, struct dh_front *f, struct dh_err *err)
{
  int window = f->at, node, rc, times = dh_val_bool(a->request, "twice", false) ? 2 : 1;
  struct dh_box box;

  if (a->target.image >= 0) {
    rc = dh_picture_find(d, f, a->in, a->target.image, &box, err);
  } else {
    rc = dh_locate_front(d, f, &a->target, DH_WANT_TABLE, &window, &node, err);
    if (!rc)
      rc = dh_cell_find(d, f, node, &a->target, &box, err);
  }
  if (!rc)
    rc = dh_act_click_at(d, &f->windows[window], &box, times, a->target.name ? a->target.name : "the picture",
                         err);
  if (!rc)
    d->app.pressed_in = f->windows[window].id;
  return rc;
}

static int try_press(struct dh_desk *d, struct dh_asked *a, struct dh_front *f, struct dh_err *err)
{
  int window, node, rc;

  if (a->target.image >= 0 || a->target.row)
    return try_press_at(d, a, f, err);
  rc = dh_locate_front(d, f, &a->target, DH_WANT_PRESS, &window, &node, err);
  if (!rc && dh_val_bool(a->request, "twice", false)) {
    rc = dh_act_ready(d, f, node, err);
    if (!rc)
      rc = dh_act_click_at(d, &f->windows[window], &f->tree->nodes[node].box, 2,
                           dh_node_called(&f->tree->nodes[node]), err);
  } else if (!rc) {
    rc = dh_act_click(d, f, window, node, err);
  }
  if (!rc)
    d->app.pressed_in = f->windows[window].id;
  return rc;
}

/* Idle: what was pressed last stands there as before, in its window, ready, and nothing is under way. */
static int try_idle(struct dh_desk *d, struct dh_asked *a, struct dh_front *f, struct dh_err *err)
{
  int window, node, rc = dh_locate_front(d, f, &a->target, DH_WANT_PRESS, &window, &node, err);

  if (!rc)
    rc = dh_act_ready(d, f, node, err);
  if (!rc && f->windows[window].id != d->app.pressed_in)
    rc = dh_err_set(err, DH_ENOENT, "the window of the press has gone");
  return rc;
}

static int run_idle(struct dh_desk *d, const struct dh_val *request, const struct dh_frame *in,
                    struct dh_answer *answer, struct dh_err *err)
{
  struct dh_asked a;
  int rc = dh_asked_read(&a, request, in, answer, err), quiet = rc ? rc : dh_act_settle(d, err);

  if (!rc && !quiet)
    rc = dh_asked_once(d, &a, try_idle, err);
  dh_target_fini(&a.target);
  if (rc == DH_EUSE || rc == DH_ECANCELED || rc == DH_ECLOSED || quiet)
    return rc ? rc : quiet;
  dh_answer_bool(answer, "idle", rc == 0);
  return 0;
}

static int try_key(struct dh_desk *d, struct dh_asked *a, struct dh_front *f, struct dh_err *err)
{
  Window id = f->windows[f->at].id;
  int rc;

  if (dh_window_focused(d, id)) {
    rc = dh_keys_press(d, id, a->target.name, err);
    if (rc != DH_EAGAIN)
      return rc;
  }
  dh_window_activate(d, id);
  return dh_err_set(err, DH_EAGAIN, "the window \"%s\" does not get the keyboard", f->windows[f->at].title);
}

static void tell_opened(struct dh_desk *d, const struct dh_window *before, int n_before,
                        struct dh_answer *answer)
{
  g_autoptr(GPtrArray) opened = g_ptr_array_new_with_free_func(g_free);
  struct dh_window now[DH_WINDOWS_MAX];
  int n = dh_windows_list(d, now, DH_WINDOWS_MAX);

  for (int i = 0; i < n; i++) {
    bool was = false;

    for (int k = 0; k < n_before; k++)
      was |= before[k].id == now[i].id;
    if (!was)
      g_ptr_array_add(opened, g_strdup(now[i].title));
  }
  dh_answer_texts(answer, "opened", opened);
}

static int run_press(struct dh_desk *d, const struct dh_val *request, const struct dh_frame *in,
                     struct dh_answer *answer, struct dh_err *err)
{
  struct dh_window before[DH_WINDOWS_MAX];
  int n = dh_windows_list(d, before, DH_WINDOWS_MAX), rc;
  const struct dh_val *key = dh_val_get(request, "key");
  struct dh_asked a = {.request = request, .in = in, .answer = answer, .target = {.image = -1}};

  if (key && key->type == DH_TEXT)
    a.target.name = g_strndup(key->s, key->n);
  rc = key ? 0 : dh_asked_read(&a, request, in, answer, err);
  if (!rc)
    rc = dh_asked_until(d, &a, key ? try_key : try_press, err);
  if (!rc)
    dh_act_settle(d, NULL); /* the press is done: whatever comes of it, this word has not failed */
  if (!rc) {
    dh_answer_text(answer, "pressed", a.target.name ? a.target.name : "the picture");
    tell_opened(d, before, n, answer);
  }
  dh_target_fini(&a.target);
  return rc;
}

const struct dh_op_entry dh_ops_act[] = {
    {"fill", run_fill}, {"press", run_press}, {"idle", run_idle}, {NULL, NULL}};
