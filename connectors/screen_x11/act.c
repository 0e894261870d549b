/* act.c - clicks and focus. */
#include "act.h"

#include "desk.h"
#include "locate.h"
#include "xwin.h"

enum { QUIET_MS = 30, SETTLE_MAX_MS = 400, FOCUS_MS = 300 };

static bool same_box(const struct dh_box *a, const struct dh_box *b)
{
  return a->x == b->x && a->y == b->y && a->w == b->w && a->h == b->h;
}

/* Why it cannot be touched; NULL when it can. */
static const char *why_not(const struct dh_node *n)
{
  if (dh_node_is(n, ATSPI_STATE_DEFUNCT))
    return "has gone";
  if (!dh_node_is(n, ATSPI_STATE_SHOWING) || !dh_node_is(n, ATSPI_STATE_VISIBLE) || n->box.w <= 0 ||
      n->box.h <= 0)
    return "is not visible";
  if (!dh_node_is(n, ATSPI_STATE_SENSITIVE) && !dh_node_is(n, ATSPI_STATE_ENABLED))
    return "is greyed out";
  return NULL;
}

int dh_act_ready(struct dh_desk *d, struct dh_front *f, int node, struct dh_err *err)
{
  struct dh_node *n = &f->tree->nodes[node];
  struct dh_box before;
  const char *reason;
  int rc = n->boxed ? 0 : dh_node_look(d, n, err);

  if (rc)
    return rc;
  before = n->box;
  rc = dh_node_look(d, n, err);
  if (rc)
    return rc;
  reason = why_not(n);
  if (!reason && !same_box(&before, &n->box))
    reason = "is moving";
  return reason ? dh_err_set(err, DH_EAGAIN, "\"%s\" %s", dh_node_called(n), reason) : 0;
}

static bool is_menu(int role)
{
  return role == ATSPI_ROLE_MENU || role == ATSPI_ROLE_MENU_ITEM || role == ATSPI_ROLE_CHECK_MENU_ITEM ||
         role == ATSPI_ROLE_RADIO_MENU_ITEM;
}

static bool inside(const struct dh_box *outer, int x, int y)
{
  return x >= outer->x && y >= outer->y && x < outer->x + outer->w && y < outer->y + outer->h;
}

/* Toolkits scroll what gets the keyboard into sight; those that can, scroll on request. */
static int scroll(struct dh_desk *d, const struct dh_node *n, struct dh_err *err)
{
  GVariant *answers[2];
  struct dh_batch b;
  int rc;

  dh_batch_init(&b, d);
  dh_batch_call(&b, n->bus, n->path, DH_A11Y "Component", "ScrollTo",
                g_variant_new("(u)", ATSPI_SCROLL_ANYWHERE), &answers[0]);
  dh_batch_call(&b, n->bus, n->path, DH_A11Y "Component", "GrabFocus", NULL, &answers[1]);
  rc = dh_batch_wait(&b, err);
  for (int i = 0; i < 2; i++)
    g_clear_pointer(&answers[i], g_variant_unref);
  return rc ? rc : dh_err_set(err, DH_EAGAIN, "\"%s\" is scrolled out of sight", dh_node_called(n));
}

int dh_act_click(struct dh_desk *d, struct dh_front *f, int window, int node, struct dh_err *err)
{
  struct dh_node *n = &f->tree->nodes[node];
  const struct dh_window *w = &f->windows[window];
  char other[300];
  int rc = dh_act_ready(d, f, node, err), x, y;

  if (rc)
    return rc;
  x = n->box.x + n->box.w / 2;
  y = n->box.y + n->box.h / 2;
  if (!is_menu(n->role) && !inside(&w->box, x, y))
    return scroll(d, n, err);
  if (dh_click(d, w->id, x, y, 1, is_menu(n->role), other, sizeof other))
    return 0;
  dh_window_activate(d, w->id);
  return dh_err_set(err, DH_EAGAIN, "\"%s\" is covered by %s", dh_node_called(n), other);
}

int dh_act_click_at(struct dh_desk *d, const struct dh_window *w, const struct dh_box *at, int times,
                    const char *called, struct dh_err *err)
{
  char other[300];

  if (dh_click(d, w->id, at->x + at->w / 2, at->y + at->h / 2, times, true, other, sizeof other))
    return 0;
  dh_window_activate(d, w->id);
  return dh_err_set(err, DH_EAGAIN, "\"%s\" is covered by %s", called, other);
}

static int focused_wait(struct dh_desk *d, struct dh_node *n, struct dh_err *err)
{
  int64_t until = dh_mono_ms() + FOCUS_MS, left;
  int rc;

  for (;;) {
    rc = dh_node_look(d, n, err);
    if (rc || dh_node_is(n, ATSPI_STATE_FOCUSED))
      return rc;
    left = until - dh_mono_ms();
    if (left <= 0)
      return dh_err_set(err, DH_EAGAIN, "\"%s\" does not take the keyboard", dh_node_called(n));
    rc = dh_desk_wait(d, (int)MIN(left, 20), err);
    if (rc)
      return rc;
  }
}

int dh_act_focus(struct dh_desk *d, struct dh_front *f, int window, int node, struct dh_err *err)
{
  struct dh_node *n = &f->tree->nodes[node];
  Window id = f->windows[window].id;
  int rc = dh_act_ready(d, f, node, err);

  if (rc)
    return rc;
  if (!dh_window_focused(d, id)) {
    dh_window_activate(d, id);
    return dh_err_set(err, DH_EAGAIN, "the window \"%s\" does not get the keyboard",
                      f->windows[window].title);
  }
  if (dh_node_is(n, ATSPI_STATE_FOCUSED))
    return 0;
  rc = dh_act_click(d, f, window, node, err);
  return rc ? rc : focused_wait(d, n, err);
}

int dh_act_gone(struct dh_desk *d, Window w, struct dh_err *err)
{
  struct dh_window list[DH_WINDOWS_MAX];

  for (;;) {
    int n = dh_windows_list(d, list, DH_WINDOWS_MAX), rc = 0;

    for (int i = 0; i < n; i++)
      if (list[i].id == w)
        rc = dh_err_set(err, DH_EAGAIN, "the window \"%s\" does not close", list[i].title);
    if (!rc)
      return 0;
    rc = dh_desk_again(d, rc, err);
    if (rc)
      return rc;
  }
}

int dh_act_settle(struct dh_desk *d, struct dh_err *err)
{
  int64_t until = dh_mono_ms() + SETTLE_MAX_MS;

  while (dh_mono_ms() < until) {
    struct dh_tree t;
    struct dh_err busy;
    int64_t since = dh_mono_ms();
    int rc = dh_tree_take(d, &t, &busy);

    if (!rc)
      dh_tree_free(&t);
    rc = dh_desk_wait(d, QUIET_MS, err);
    if (rc)
      return rc;
    if (dh_mono_ms() - since >= QUIET_MS)
      return 0;
  }
  return 0;
}
