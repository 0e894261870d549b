/* locate.c - the one control that a target means. Asks the bus for labels and places only when it needs them.
 */
#include "locate.h"

#include "desk.h"
#include "label.h"
#include "wording.h"
#include "xwin.h"

#include <stdlib.h>
#include <string.h>

int dh_target_read(const struct dh_val *v, struct dh_target *t, struct dh_err *err)
{
  *t = (struct dh_target){.image = -1};
  if (v && v->type == DH_TEXT) {
    t->name = g_strndup(v->s, v->n);
  } else if (v && v->type == DH_MAP) {
    t->name = dh_val_dup(v, "name");
    t->role = dh_val_dup(v, "role");
    t->within = dh_val_dup(v, "within");
    t->near = dh_val_dup(v, "near");
    t->nth = (int)dh_val_int(v, "nth", 0);
    t->image = (int)dh_val_int(v, "image", -1);
    t->column = dh_val_dup(v, "column");
    t->row = dh_val_get(v, "row");
    if (t->row && t->row->type != DH_LIST) {
      dh_target_fini(t);
      return dh_err_set(err, DH_EUSE, "a row is a list of columns and values");
    }
    if (dh_val_bool(v, "text", false)) {
      dh_target_fini(t);
      return dh_err_set(err, DH_EUSE, "text on the picture is read by a reader, not by the desk");
    }
  }
  if (t->name || t->role || t->image >= 0 || t->row)
    return 0;
  dh_target_fini(t);
  dh_err_set(err, DH_EUSE, "no target: it is a name, or a table with a name or a role");
  return dh_err_advice(err, "write for instance find(\"Amount\", { near = \"Principal\" })"), DH_EUSE;
}

void dh_target_fini(struct dh_target *t)
{
  free((char *)t->name);
  free((char *)t->role);
  free((char *)t->within);
  free((char *)t->near);
  free((char *)t->column);
  *t = (struct dh_target){.image = -1};
}

const char *dh_node_called(const struct dh_node *n)
{
  return n->label && *n->label ? n->label : n->name;
}

static bool called(const struct dh_node *n, const char *name)
{
  if (n->label && *n->label && dh_name_equal(n->label, name))
    return true;
  if (n->role == ATSPI_ROLE_COMBO_BOX && n->label && *n->label)
    return false; /* its name is what is chosen in it */
  return dh_name_equal(n->name, name) || (!*n->name && dh_name_equal(n->description, name));
}

/* A part of a bigger control that is found itself: the entry in a combo box, the label in a button. */
static bool is_part(const struct dh_tree *t, int node)
{
  int parent = t->nodes[node].parent;

  for (; parent >= 0 && parent != t->nodes[node].window; parent = t->nodes[parent].parent) {
    int role = t->nodes[parent].role;

    if (role == ATSPI_ROLE_COMBO_BOX || role == ATSPI_ROLE_SPIN_BUTTON ||
        (t->nodes[node].role == ATSPI_ROLE_LABEL && dh_role_suits(role, DH_WANT_PRESS)))
      return true;
  }
  return false;
}

static bool right_kind(const struct dh_node *n, const struct dh_target *target, enum dh_want want)
{
  if (target->role && !dh_role_is(n->role, target->role))
    return false;
  if (want == DH_WANT_ANY)
    return target->role || *n->name || dh_role_suits(n->role, want);
  return (target->role && want != DH_WANT_TABLE) || dh_role_suits(n->role, want);
}

static bool fits(const struct dh_tree *t, int i, const struct dh_target *target, enum dh_want want)
{
  const struct dh_node *n = &t->nodes[i];

  if (!right_kind(n, target, want) || (target->name && !called(n, target->name)))
    return false;
  return !is_part(t, i) && dh_node_shows(t, i);
}

/* ---- which of several */

static bool is_control(const struct dh_node *n)
{
  return dh_role_suits(n->role, DH_WANT_FIELD) || dh_role_suits(n->role, DH_WANT_PRESS) ||
         dh_role_suits(n->role, DH_WANT_TABLE);
}

/* A label or a group that bears the name of a control found beside it is not a second answer. */
static int drop_plain(const struct dh_tree *t, int *found, int n)
{
  int kept = 0, controls = 0;

  for (int i = 0; i < n; i++)
    controls += is_control(&t->nodes[found[i]]);
  for (int i = 0; i < n && controls; i++)
    if (is_control(&t->nodes[found[i]]))
      found[kept++] = found[i];
  return controls ? kept : n;
}

static long apart(const struct dh_box *a, const struct dh_box *b)
{
  long x = MAX(0, MAX(a->x - (b->x + b->w), b->x - (a->x + a->w)));
  long y = MAX(0, MAX(a->y - (b->y + b->h), b->y - (a->y + a->h)));

  return x * x + y * y;
}

/* A mark stands before what it marks: what lies above or left of it counts as twice as far. */
static long far_from(const struct dh_box *mark, const struct dh_box *b)
{
  bool before = b->y + b->h <= mark->y || b->x + b->w <= mark->x;
  long far = apart(mark, b);

  return before ? 4 * far + 1 : far;
}

static int drop_far(struct dh_desk *d, struct dh_tree *t, int scope, const char *near, int *found, int *n,
                    struct dh_err *err)
{
  int mark = -1, kept = 0, rc;
  long best = G_MAXLONG;

  for (int i = scope; i < t->n && dh_node_in(t, i, scope) && mark < 0; i++)
    if (called(&t->nodes[i], near) && dh_node_shows(t, i))
      mark = i;
  if (mark < 0)
    return dh_err_set(err, DH_ENOENT, "there is no \"%s\" to be near to", near);
  rc = dh_boxes_find(d, t, &mark, 1, err);
  if (!rc)
    rc = dh_boxes_find(d, t, found, *n, err);
  for (int i = 0; i < *n && !rc; i++)
    best = MIN(best, far_from(&t->nodes[mark].box, &t->nodes[found[i]].box));
  for (int i = 0; i < *n && !rc; i++)
    if (far_from(&t->nodes[mark].box, &t->nodes[found[i]].box) == best)
      found[kept++] = found[i];
  *n = kept;
  return rc;
}

static int narrow(struct dh_desk *d, struct dh_front *f, int scope, const struct dh_target *t, int *found,
                  int n, int *node, struct dh_err *err)
{
  int rc;

  n = drop_plain(f->tree, found, n);
  if (n > 1 && t->near) {
    rc = drop_far(d, f->tree, scope, t->near, found, &n, err);
    if (rc)
      return rc;
  }
  if (n > 1) { /* counted as one reads: down, then right */
    rc = dh_boxes_find(d, f->tree, found, n, err);
    if (rc)
      return rc;
    dh_nodes_sort(f->tree, found, n);
  }
  if (t->nth > 0 && t->nth <= n) {
    *node = found[t->nth - 1];
    return 0;
  }
  if (t->nth > n)
    return dh_err_set(err, DH_ENOENT, "there are %d of \"%s\", not %d", n, t->name ? t->name : t->role,
                      t->nth);
  if (n > 1)
    return dh_say_ambiguous(d, f, scope, t, found, n, err);
  *node = found[0];
  return 0;
}

/* ---- where */

/* The part of the window that within names; the window itself when it is not named. -1 when there is none. */
static int part_named(const struct dh_front *f, int scope, const char *within)
{
  const struct dh_tree *t = f->tree;
  int found = -1;

  if (!within || dh_name_equal(t->nodes[scope].name, within))
    return scope;
  for (int i = scope + 1; i < t->n && dh_node_in(t, i, scope); i++)
    if (i + 1 < t->n && t->nodes[i + 1].parent == i && dh_name_equal(t->nodes[i].name, within) &&
        dh_node_shows(t, i))
      found = i;
  return found;
}

int dh_locate(struct dh_desk *d, struct dh_front *f, int scope, const struct dh_target *t, enum dh_want want,
              int *node, struct dh_err *err)
{
  g_autofree int *found = g_new(int, (gsize)f->tree->n + 1);
  int part = part_named(f, scope, t->within), n = 0, rc;

  if (part < 0) {
    dh_err_set(err, DH_ENOENT, "there is no \"%s\" in the window \"%s\"", t->within,
               f->tree->nodes[scope].name);
    return DH_ENOENT;
  }
  rc = want == DH_WANT_PRESS ? 0 : dh_labels_find(d, f->tree, scope, err);
  if (rc)
    return rc;
  for (int i = part; i < f->tree->n && dh_node_in(f->tree, i, part); i++)
    if (fits(f->tree, i, t, want))
      found[n++] = i;
  return n ? narrow(d, f, part, t, found, n, node, err) : dh_say_missing(d, f, part, t, want, err);
}

/* A window that a press has opened may be worked in; one that stood there before may only be looked at. */
static bool may_serve(const struct dh_front *f, int window, enum dh_want want)
{
  bool looking = want == DH_WANT_ANY || want == DH_WANT_SHOWN || want == DH_WANT_TABLE;

  return window != f->at && !f->windows[window].modal && (window > f->at || looking);
}

int dh_locate_front(struct dh_desk *d, struct dh_front *f, const struct dh_target *t, enum dh_want want,
                    int *window, int *node, struct dh_err *err)
{
  int titled = t->within ? dh_front_titled(f, t->within) : -1, rc = DH_ENOENT;
  struct dh_err later;

  *window = titled >= 0 ? titled : f->at;
  if (titled >= 0)
    f->node = dh_front_node(d, f, titled, err);
  if (f->node < 0)
    return dh_err_set(err, DH_EAGAIN, "the window \"%s\" shows no controls to assistive technology",
                      f->windows[*window].title);
  rc = dh_locate(d, f, f->node, t, want, node, err);
  for (int i = f->n; i-- > 0 && rc == DH_ENOENT && titled < 0;) {
    int top = may_serve(f, i, want) ? dh_front_node(d, f, i, &later) : -1;

    if (top < 0 || dh_locate(d, f, top, t, want, node, &later))
      continue;
    *window = i;
    rc = 0;
  }
  if (!rc && (*window > f->at || titled >= 0) && f->windows[*window].id != d->app.current)
    dh_app_work_in(d, f->windows[*window].id);
  return rc;
}
