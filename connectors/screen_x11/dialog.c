/* dialog.c - dialogs in the way. */
#include "dialog.h"

#include "act.h"
#include "desk.h"
#include "locate.h"
#include "tree.h"
#include "xwin.h"

#include <string.h>

enum { OPENING_MS = 250 };

static bool in_the_way(struct dh_desk *d, const struct dh_front *f, int window, int node)
{
  const struct dh_window *w = &f->windows[window];
  const struct dh_node *n = node >= 0 ? &f->tree->nodes[node] : NULL;

  if (dh_app_asked(d, w->id))
    return false;
  return w->modal || (n && (dh_node_is(n, ATSPI_STATE_MODAL) || n->role == ATSPI_ROLE_ALERT));
}

/* What it says: its labels, in order. */
static char *text_of(const struct dh_front *f, int node)
{
  GString *text = g_string_new(NULL);

  for (int i = node; node >= 0 && i < f->tree->n; i++) {
    const struct dh_node *n = &f->tree->nodes[i];

    if (n->role != ATSPI_ROLE_LABEL || !*n->name || !dh_node_in(f->tree, i, node))
      continue;
    if (dh_node_shows(f->tree, i))
      g_string_append_printf(text, "%s%s", text->len ? " " : "", n->name);
  }
  return g_string_free(text, FALSE);
}

static bool rule_fits(const struct dh_rule *r, const char *title, const char *text)
{
  g_autofree char *anywhere = g_strdup_printf("*%s*", r->pattern);

  return dh_pattern_fits(r->pattern, title) || (*text && dh_pattern_fits(anywhere, text));
}

static int refuse(struct dh_desk *d, const struct dh_front *f, int window, int node, const char *text,
                  struct dh_err *err)
{
  GString *buttons = g_string_new(NULL);
  const char *title = f->windows[window].title, *behind = "the window";

  for (int i = 0; i < f->n; i++)
    if (f->windows[i].id == d->app.current)
      behind = f->windows[i].title;
  for (int i = node; node >= 0 && i < f->tree->n; i++)
    if (f->tree->nodes[i].role == ATSPI_ROLE_PUSH_BUTTON && dh_node_in(f->tree, i, node) &&
        dh_node_shows(f->tree, i) && *f->tree->nodes[i].name)
      g_string_append_printf(buttons, " [%s]", f->tree->nodes[i].name);
  dh_err_set(err, DH_EREFUSED, "a dialog nobody expected stands in front of \"%s\"", behind);
  dh_err_seen(err, "\"%s\" %s%s. No button was pressed.", title, *text ? text : "", buttons->str);
  dh_err_advice(err,
                "if the answer is always the same, add to the screen file: dialogs = { \"%.120s\", \"…\" }",
                *title ? title : text);
  g_string_free(buttons, TRUE);
  return DH_EREFUSED;
}

/* A dialog that is just opening may not show its text yet, by which a rule could know it. */
static bool is_new(struct dh_desk *d, Window w)
{
  if (d->app.surprise != w) {
    d->app.surprise = w;
    d->app.surprised_ms = dh_mono_ms();
  }
  return dh_mono_ms() - d->app.surprised_ms < OPENING_MS;
}

/* Presses once. That the dialog then goes is seen by the next look; it is never pressed twice for being slow.
 */
static int press(struct dh_desk *d, struct dh_front *f, int window, int node, const struct dh_rule *r,
                 const char *text, struct dh_err *err)
{
  struct dh_target target = {.name = r->button};
  struct dh_answered *told;
  int button, rc;

  if (node < 0)
    return dh_err_set(err, DH_EAGAIN, "the dialog \"%s\" is not ready", f->windows[window].title);
  rc = dh_locate(d, f, node, &target, DH_WANT_PRESS, &button, err);
  if (!rc)
    rc = dh_act_click(d, f, window, button, err);
  if (rc)
    return rc;
  d->app.answered_in = f->windows[window].id;
  told = g_new0(struct dh_answered, 1);
  *told = (struct dh_answered){g_strdup(f->windows[window].title), g_strdup(text), g_strdup(r->button)};
  g_ptr_array_add(d->app.answered, told);
  return 0;
}

/* The dialog to deal with first: the one that lies on top; but one that was pressed and stands there still
 * comes last, it may wait for one below it. -1: none is in the way. */
static int topmost(struct dh_desk *d, struct dh_front *f, int *node, struct dh_err *err)
{
  int top = -1, best = -2;

  for (int i = 0; i < f->n; i++) {
    int of = dh_front_node(d, f, i, err);
    int rank = f->windows[i].id == d->app.answered_in ? -1 : f->windows[i].layer;

    if (!in_the_way(d, f, i, of) || rank <= best)
      continue;
    top = i;
    best = rank;
    *node = of;
  }
  return top;
}

int dh_dialogs_answer(struct dh_desk *d, struct dh_front *f, bool *answered, struct dh_err *err)
{
  int node = -1, top = topmost(d, f, &node, err);
  g_autofree char *text = NULL;

  *answered = false;
  if (top < 0) {
    d->app.answered_in = None;
    return 0;
  }
  if (f->windows[top].id == d->app.answered_in)
    return dh_err_set(err, DH_EAGAIN, "the dialog \"%s\" does not close", f->windows[top].title);
  text = text_of(f, node);
  for (guint r = 0; r < d->app.rules->len; r++)
    if (rule_fits(d->app.rules->pdata[r], f->windows[top].title, text)) {
      *answered = true;
      return press(d, f, top, node, d->app.rules->pdata[r], text, err);
    }
  if (d->app.going_home)
    return 0;
  if (is_new(d, f->windows[top].id))
    return dh_err_set(err, DH_EAGAIN, "the dialog \"%s\" opens", f->windows[top].title);
  return refuse(d, f, top, node, text, err);
}

int dh_dialogs_tell(const struct dh_desk *d, struct dh_buf *out)
{
  const GPtrArray *all = d->app.answered;
  int rc = dh_put_text(out, "dialogs");

  if (!rc)
    rc = dh_put_list(out, all->len);
  for (guint i = 0; i < all->len && !rc; i++) {
    const struct dh_answered *a = all->pdata[i];

    rc = dh_put_map(out, 3);
    if (!rc)
      rc = dh_put_kt(out, "title", a->title);
    if (!rc)
      rc = dh_put_kt(out, "text", a->text);
    if (!rc)
      rc = dh_put_kt(out, "button", a->button);
  }
  return rc;
}
