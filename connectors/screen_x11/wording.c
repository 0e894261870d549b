/* wording.c - the texts of failed searches. */
#include "wording.h"

#include "desk.h"
#include "label.h"
#include "xwin.h"

#include <string.h>

enum { LISTED_MAX = 12, DISTANCE_MAX = 64 };

/* Levenshtein over lower-cased characters, punctuation aside: how far a name is from another. */
static int distance(const char *a, const char *b)
{
  int row[DISTANCE_MAX + 1], n = 0;
  gunichar y[DISTANCE_MAX];

  for (; *b && n < DISTANCE_MAX; b = g_utf8_next_char(b))
    if (g_unichar_isalnum(g_utf8_get_char(b)))
      y[n++] = g_unichar_tolower(g_utf8_get_char(b));
  for (int j = 0; j <= n; j++)
    row[j] = j;
  for (; *a; a = g_utf8_next_char(a)) {
    gunichar x = g_unichar_tolower(g_utf8_get_char(a));
    int left = row[0];

    if (!g_unichar_isalnum(x))
      continue;
    row[0]++;
    for (int j = 1; j <= n; j++) {
      int best = MIN(MIN(row[j], row[j - 1]) + 1, left + (x != y[j - 1]));

      left = row[j];
      row[j] = best;
    }
  }
  return row[n];
}

static const char *window_of(const struct dh_front *f, int scope)
{
  int top = f->tree->nodes[scope].window;

  return top >= 0 && *f->tree->nodes[top].name ? f->tree->nodes[top].name : f->windows[f->at].title;
}

struct listing {
  GString *text;
  const char *kind;
  int n;
  const char *nearest;
  int nearest_by;
};

static void list_add(struct listing *l, const char *kind, const char *name, const char *wanted)
{
  int by = wanted ? distance(wanted, name) : G_MAXINT;

  if (by < l->nearest_by) {
    l->nearest_by = by;
    l->nearest = name;
  }
  if (l->n++ >= LISTED_MAX)
    return;
  if (l->kind != kind)
    g_string_append_printf(l->text, "%s%s ", l->text->len ? "; " : "", kind);
  else
    g_string_append(l->text, ", ");
  l->kind = kind;
  g_string_append_printf(l->text, "\"%s\"", name);
}

/* Listed as one reads the window: down, then right; in the order of the tree when places are not known. */
static void list_all(struct dh_desk *d, struct listing *l, struct dh_tree *t, int scope, enum dh_want kind,
                     const char *word, const char *wanted)
{
  g_autofree int *found = g_new(int, (gsize)t->n + 1);
  int n = 0;

  for (int i = scope; i < t->n && dh_node_in(t, i, scope); i++) {
    if (!dh_role_suits(t->nodes[i].role, kind) || !*dh_node_called(&t->nodes[i]) || !dh_node_shows(t, i))
      continue;
    if (kind == DH_WANT_PRESS && dh_role_suits(t->nodes[i].role, DH_WANT_FIELD))
      continue; /* listed as a field */
    found[n++] = i;
  }
  if (!dh_boxes_find(d, t, found, n, NULL))
    dh_nodes_sort(t, found, n);
  for (int i = 0; i < n; i++)
    list_add(l, word, dh_node_called(&t->nodes[found[i]]), wanted);
}

int dh_say_missing(struct dh_desk *d, struct dh_front *f, int scope, const struct dh_target *t,
                   enum dh_want want, struct dh_err *err)
{
  struct listing l = {.text = g_string_new(NULL), .nearest_by = G_MAXINT};
  const char *name = t->name ? t->name : t->role;

  dh_labels_find(d, f->tree, scope, NULL);
  if (want == DH_WANT_TABLE)
    list_all(d, &l, f->tree, scope, DH_WANT_TABLE, "tables", name);
  if (want == DH_WANT_PRESS || want == DH_WANT_ANY)
    list_all(d, &l, f->tree, scope, DH_WANT_PRESS, "buttons", name);
  if (want != DH_WANT_TABLE)
    list_all(d, &l, f->tree, scope, DH_WANT_FIELD, "fields", name);
  dh_err_set(err, DH_ENOENT, "there is no \"%s\" in the window \"%s\"", name, window_of(f, scope));
  if (l.n > LISTED_MAX)
    g_string_append_printf(l.text, " and %d more", l.n - LISTED_MAX);
  dh_err_seen(err, "%s", l.text->len ? l.text->str : "nothing of that kind");
  if (l.nearest && l.nearest_by <= 1 + (int)g_utf8_strlen(name, -1) / 3)
    dh_err_advice(err, "write \"%s\"", l.nearest);
  else
    dh_err_advice(err, "look at the picture and the tree that are kept with the run");
  g_string_free(l.text, TRUE);
  return DH_ENOENT;
}

/* The nearest named group around a node. */
static const char *group_of(const struct dh_tree *t, int node)
{
  for (int p = t->nodes[node].parent; p >= 0 && t->nodes[p].parent >= 0 && p != t->nodes[node].window;
       p = t->nodes[p].parent)
    if (*t->nodes[p].name)
      return t->nodes[p].name;
  return NULL;
}

int dh_say_ambiguous(struct dh_desk *d, struct dh_front *f, int scope, const struct dh_target *t,
                     const int *found, int n, struct dh_err *err)
{
  GString *seen = g_string_new(NULL);
  const char *name = t->name ? t->name : t->role, *hint = NULL;
  int labels[512], n_labels = 0;

  for (int i = scope; i < f->tree->n && n_labels < 512 && dh_node_in(f->tree, i, scope); i++)
    if (f->tree->nodes[i].role == ATSPI_ROLE_LABEL)
      labels[n_labels++] = i;
  if (dh_boxes_find(d, f->tree, labels, n_labels, err) || dh_boxes_find(d, f->tree, found, n, err))
    n_labels = 0; /* then without places */
  for (int i = 0; i < n && i < LISTED_MAX; i++) {
    const char *above = n_labels ? dh_label_above(f->tree, scope, found[i]) : NULL,
               *group = group_of(f->tree, found[i]);
    const char *word = dh_role_word(f->tree->nodes[found[i]].role);

    g_string_append_printf(seen, "%s%d. %s (%s)", i ? "   " : "", i + 1,
                           dh_node_called(&f->tree->nodes[found[i]]), word ? word : "text");
    if (above || group)
      g_string_append_printf(seen, ", %s \"%s\"", above ? "below" : "in", above ? above : group);
    if (!hint)
      hint = above ? above : group;
  }
  dh_err_set(err, DH_EAMBIGUOUS, "\"%s\" fits %d controls in the window \"%s\"", name, n,
             window_of(f, scope));
  dh_err_seen(err, "%s", seen->str);
  dh_err_advice(err, "say which: find(\"%s\", { near = \"%s\" }) or { nth = 1 }", name, hint ? hint : "…");
  g_string_free(seen, TRUE);
  return DH_EAMBIGUOUS;
}
