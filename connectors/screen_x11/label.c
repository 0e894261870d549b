/* label.c - which label belongs to which field. */
#include "label.h"

#include "locate.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { ABOVE_MAX = 30 /* pixels between a label and the field below it */, LEFT_MAX = 400 };

static size_t name_len(const char *s)
{
  size_t n = strlen(s);

  while (n && (isspace((unsigned char)s[n - 1]) || s[n - 1] == ':' || s[n - 1] == '*'))
    n--;
  return n;
}

bool dh_name_equal(const char *a, const char *b)
{
  size_t i = 0, j = 0, na, nb;

  while (isspace((unsigned char)*a))
    a++;
  while (isspace((unsigned char)*b))
    b++;
  na = name_len(a);
  nb = name_len(b);
  while (i < na && j < nb) {
    if (isspace((unsigned char)a[i]) && isspace((unsigned char)b[j])) {
      while (isspace((unsigned char)a[i]))
        i++;
      while (isspace((unsigned char)b[j]))
        j++;
    } else if (a[i++] != b[j++]) {
      return false;
    }
  }
  return i == na && j == nb;
}

static bool is_label(const struct dh_tree *t, int i)
{
  return t->nodes[i].role == ATSPI_ROLE_LABEL && *t->nodes[i].name && dh_node_shows(t, i);
}

/* ---- by relation */

static const char *relation_target(const struct dh_tree *t, GVariant *answer)
{
  g_autoptr(GVariantIter) relations = NULL;
  GVariantIter *targets;
  guint32 kind;

  if (!answer || !g_variant_is_of_type(answer, G_VARIANT_TYPE("(a(ua(so)))")))
    return NULL;
  g_variant_get(answer, "(a(ua(so)))", &relations);
  while (g_variant_iter_loop(relations, "(ua(so))", &kind, &targets)) {
    const char *path;

    if (kind != ATSPI_RELATION_LABELLED_BY || !g_variant_iter_next(targets, "(&s&o)", NULL, &path))
      continue;
    for (int i = 0; i < t->n; i++)
      if (!strcmp(t->nodes[i].path, path)) {
        g_variant_iter_free(targets);
        return t->nodes[i].name;
      }
  }
  return NULL;
}

static int by_relation(struct dh_desk *d, struct dh_tree *t, const int *fields, int n, struct dh_err *err)
{
  g_autofree GVariant **answers = g_new0(GVariant *, (gsize)n + 1);
  struct dh_batch b;
  int rc;

  dh_batch_init(&b, d);
  for (int i = 0; i < n; i++)
    dh_batch_call(&b, t->nodes[fields[i]].bus, t->nodes[fields[i]].path, DH_A11Y "Accessible",
                  "GetRelationSet", NULL, &answers[i]);
  rc = dh_batch_wait(&b, err);
  for (int i = 0; i < n; i++) {
    if (!rc)
      t->nodes[fields[i]].label = relation_target(t, answers[i]);
    g_clear_pointer(&answers[i], g_variant_unref);
  }
  return rc;
}

/* ---- by place */

static bool same_row(const struct dh_box *a, const struct dh_box *b)
{
  int shared = MIN(a->y + a->h, b->y + b->h) - MAX(a->y, b->y);

  return shared * 2 > MIN(a->h, b->h);
}

static bool same_column(const struct dh_box *a, const struct dh_box *b)
{
  return MIN(a->x + a->w, b->x + b->w) - MAX(a->x, b->x) > 0;
}

/* How far label is from field as its label: left of it, else above it; INT_MAX when it is neither. */
static int distance(const struct dh_box *label, const struct dh_box *field)
{
  int left = field->x - (label->x + label->w), above = field->y - (label->y + label->h);

  if (same_row(label, field) && left >= -2 && left < LEFT_MAX)
    return left < 0 ? 0 : left;
  if (same_column(label, field) && above >= -2 && above < ABOVE_MAX)
    return LEFT_MAX + above;
  return G_MAXINT;
}

/* Another field between them means that the label is that one's. */
static bool between(const struct dh_tree *t, const int *fields, int n, const struct dh_box *label, int field)
{
  const struct dh_box *to = &t->nodes[field].box;

  for (int i = 0; i < n; i++) {
    const struct dh_box *b = &t->nodes[fields[i]].box;

    if (fields[i] != field && b->w && same_row(label, b) && same_row(b, to) &&
        b->x >= label->x + label->w - 2 && b->x < to->x)
      return true;
  }
  return false;
}

static void by_place(struct dh_tree *t, const int *fields, int n, const int *labels, int n_labels)
{
  for (int i = 0; i < n; i++) {
    struct dh_node *field = &t->nodes[fields[i]];
    int best = G_MAXINT;

    if (field->label)
      continue;
    for (int k = 0; k < n_labels; k++) {
      const struct dh_node *label = &t->nodes[labels[k]];
      int far = distance(&label->box, &field->box);

      if (far < best && !between(t, fields, n, &label->box, fields[i])) {
        best = far;
        field->label = label->name;
      }
    }
    if (!field->label)
      field->label = "";
  }
}

/* A check box, a radio button and the like bear their own text. */
static bool wants_label(const struct dh_node *n)
{
  if (!dh_role_suits(n->role, DH_WANT_FIELD) || n->label)
    return false;
  return n->role == ATSPI_ROLE_COMBO_BOX || !*n->name;
}

int dh_labels_find(struct dh_desk *d, struct dh_tree *t, int scope, struct dh_err *err)
{
  g_autofree int *fields = g_new(int, (gsize)t->n + 1), *labels = g_new(int, (gsize)t->n + 1);
  int n = 0, n_labels = 0, bare = 0, rc;

  for (int i = scope; i < t->n; i++) {
    if (!dh_node_in(t, i, scope))
      break; /* what stands below scope follows it directly */
    if (wants_label(&t->nodes[i]) && dh_node_shows(t, i))
      fields[n++] = i;
    else if (is_label(t, i))
      labels[n_labels++] = i;
  }
  if (!n)
    return 0;
  rc = by_relation(d, t, fields, n, err);
  for (int i = 0; i < n; i++)
    bare += !t->nodes[fields[i]].label;
  if (rc || !bare)
    return rc;
  rc = dh_boxes_find(d, t, fields, n, err);
  if (!rc)
    rc = dh_boxes_find(d, t, labels, n_labels, err);
  if (!rc)
    by_place(t, fields, n, labels, n_labels);
  return rc;
}

const char *dh_label_above(const struct dh_tree *t, int scope, int node)
{
  const struct dh_node *of = &t->nodes[node];
  const char *found = NULL;
  int best = G_MAXINT;

  for (int i = scope; i < t->n && dh_node_in(t, i, scope); i++) {
    const struct dh_box *b = &t->nodes[i].box;
    int up = of->box.y - (b->y + b->h);

    if (!t->nodes[i].boxed || !is_label(t, i) || up < 0 || up >= best)
      continue;
    if (dh_name_equal(t->nodes[i].name, dh_node_called(of)))
      continue;
    best = up;
    found = t->nodes[i].name;
  }
  return found;
}

int dh_label_named(const struct dh_tree *t, int scope, const char *name)
{
  for (int i = scope; i < t->n && dh_node_in(t, i, scope); i++)
    if (is_label(t, i) && dh_name_equal(t->nodes[i].name, name))
      return i;
  return -1;
}

int dh_label_value(const struct dh_tree *t, int scope, int label)
{
  const struct dh_box *from = &t->nodes[label].box;
  int best = G_MAXINT, found = -1;

  for (int i = scope; i < t->n && dh_node_in(t, i, scope); i++) {
    const struct dh_box *b = &t->nodes[i].box;
    int right = b->x - (from->x + from->w), below = b->y - (from->y + from->h), far = G_MAXINT;

    if (i == label || !t->nodes[i].boxed || !is_label(t, i))
      continue;
    if (same_row(from, b) && right >= -2 && right < LEFT_MAX)
      far = right;
    else if (same_column(from, b) && below >= -2 && below < ABOVE_MAX)
      far = LEFT_MAX + below;
    if (far < best) {
      best = far;
      found = i;
    }
  }
  return found;
}
