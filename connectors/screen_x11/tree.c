/* tree.c - takes the tree: from the list that GTK keeps (one call), else by walking, level by level. */
#include "tree.h"

#include "walk.h"

#include <stdlib.h>
#include <string.h>

#define ROOT "/org/a11y/atspi/accessible/root"
#define CACHE "/org/a11y/atspi/cache"
#define ITEMS "(a((so)(so)(so)iiassusau))"

enum { NODES_MAX = 20000 };

bool dh_node_is(const struct dh_node *n, int state)
{
  return n->states >> state & 1;
}

bool dh_node_in(const struct dh_tree *t, int node, int ancestor)
{
  while (node >= 0 && node != ancestor)
    node = t->nodes[node].parent;
  return node >= 0;
}

bool dh_node_shows(const struct dh_tree *t, int node)
{
  for (; node >= 0 && t->nodes[node].parent >= 0; node = t->nodes[node].parent)
    if (!dh_node_is(&t->nodes[node], ATSPI_STATE_SHOWING))
      return false;
  return true;
}

unsigned dh_ifaces_read(GVariantIter *names)
{
  static const struct {
    const char *name;
    unsigned bit;
  } known[] = {{"Text", DH_IFACE_TEXT},          {"EditableText", DH_IFACE_EDIT},
               {"Value", DH_IFACE_VALUE},        {"Selection", DH_IFACE_SELECTION},
               {"Table", DH_IFACE_TABLE},        {"Action", DH_IFACE_ACTION},
               {"Component", DH_IFACE_COMPONENT}};
  unsigned bits = 0;
  const char *name;

  while (g_variant_iter_next(names, "&s", &name)) {
    const char *last = strrchr(name, '.');

    for (size_t i = 0; last && i < G_N_ELEMENTS(known); i++)
      if (!strcmp(last + 1, known[i].name))
        bits |= known[i].bit;
  }
  return bits;
}

uint64_t dh_states_read(GVariantIter *words)
{
  uint64_t states = 0;
  guint32 word;

  for (int i = 0; g_variant_iter_next(words, "u", &word) && i < 2; i++)
    states |= (uint64_t)word << (32 * i);
  return states;
}

static int number_of(const char *path)
{
  const char *last = strrchr(path, '/');

  return last ? atoi(last + 1) : 0;
}

static int by_order(const void *a, const void *b)
{
  const struct dh_node *const *x = a, *const *y = b;

  if ((*x)->order != (*y)->order)
    return (*x)->order < (*y)->order ? -1 : 1;
  return number_of((*x)->path) - number_of((*y)->path);
}

/* Puts parents before children and siblings in their order; what hangs on no application is left out. */
struct sorting {
  struct dh_node *from, *to;
  GPtrArray **children; /* by index in from */
  int n;
};

static void sort_below(struct sorting *s, const struct dh_node *node, int parent, int window)
{
  int at = s->n++;
  GPtrArray *children = s->children[node - s->from];

  s->to[at] = *node;
  s->to[at].parent = parent;
  s->to[at].window = parent < 0 ? -1 : window < 0 ? at : window;
  if (!children)
    return;
  g_ptr_array_sort(children, by_order);
  for (guint i = 0; i < children->len; i++)
    sort_below(s, children->pdata[i], at, s->to[at].window);
}

static void tree_sort(struct dh_tree *t)
{
  struct sorting s = {.from = t->nodes,
                      .to = g_new0(struct dh_node, (gsize)t->n + 1),
                      .children = g_new0(GPtrArray *, (gsize)t->n + 1)};

  for (int i = 0; i < t->n; i++) {
    int parent = t->nodes[i].parent;

    if (parent < 0 || parent == i)
      continue;
    if (!s.children[parent])
      s.children[parent] = g_ptr_array_new();
    g_ptr_array_add(s.children[parent], &t->nodes[i]);
  }
  for (int i = 0; i < t->n; i++)
    if (t->nodes[i].role == ATSPI_ROLE_APPLICATION)
      sort_below(&s, &t->nodes[i], -1, -1);
  for (int i = 0; i < t->n; i++)
    if (s.children[i])
      g_ptr_array_unref(s.children[i]);
  g_free(s.children);
  g_free(t->nodes);
  t->nodes = s.to;
  t->n = s.n;
}

/* Takes over the items of one application. False when the list is not whole (a toolkit that keeps none). */
static bool items_take(struct dh_tree *t, const char *bus, GVariant *answer)
{
  g_autoptr(GVariant) list = NULL;
  g_autoptr(GHashTable) index = g_hash_table_new(g_str_hash, g_str_equal);
  gsize n;
  int first = t->n;
  bool rooted = false;

  if (!answer || !g_variant_is_of_type(answer, G_VARIANT_TYPE(ITEMS)))
    return false;
  list = g_variant_get_child_value(answer, 0);
  n = g_variant_n_children(list);
  if (t->n + n > NODES_MAX)
    return false;
  t->nodes = g_renew(struct dh_node, t->nodes, t->n + n);
  const char **parents = g_new0(const char *, n + 1);

  for (gsize i = 0; i < n; i++) {
    struct dh_node *node = &t->nodes[t->n];
    g_autoptr(GVariantIter) ifaces = NULL, states = NULL;
    const char *path, *parent, *name, *description;
    gint32 order, count;
    guint32 role;

    g_variant_get_child(list, i, "((&s&o)(&s&o)(&s&o)iias&su&sau)", NULL, &path, NULL, NULL, NULL, &parent,
                        &order, &count, &ifaces, &name, &role, &description, &states);
    *node = (struct dh_node){.bus = g_string_chunk_insert_const(t->texts, bus),
                             .path = g_string_chunk_insert(t->texts, path),
                             .name = g_string_chunk_insert(t->texts, name),
                             .description = g_string_chunk_insert(t->texts, description),
                             .role = (int)role,
                             .states = dh_states_read(states),
                             .ifaces = dh_ifaces_read(ifaces),
                             .parent = -1,
                             .order = order};
    parents[t->n - first] = g_string_chunk_insert_const(t->texts, parent);
    g_hash_table_insert(index, (char *)node->path, GINT_TO_POINTER(t->n + 1));
    t->n++;
  }
  for (int i = first; i < t->n; i++) {
    t->nodes[i].parent = GPOINTER_TO_INT(g_hash_table_lookup(index, parents[i - first])) - 1;
    rooted |= t->nodes[i].parent >= 0 && t->nodes[t->nodes[i].parent].role == ATSPI_ROLE_APPLICATION;
  }
  g_free(parents);
  if (!rooted)
    t->n = first;
  return rooted;
}

static int apps_take(struct dh_desk *d, struct dh_tree *t, GVariant *apps, struct dh_err *err)
{
  g_autoptr(GVariant) list = g_variant_get_child_value(apps, 0);
  gsize n = g_variant_n_children(list);
  g_autofree GVariant **answers = g_new0(GVariant *, n + 1);
  struct dh_batch b;
  int rc;

  dh_batch_init(&b, d);
  for (gsize i = 0; i < n; i++) {
    const char *bus;

    g_variant_get_child(list, i, "(&s&o)", &bus, NULL);
    dh_batch_call(&b, bus, CACHE, DH_A11Y "Cache", "GetItems", NULL, &answers[i]);
  }
  rc = dh_batch_wait(&b, err);
  for (gsize i = 0; i < n; i++) {
    const char *bus, *path;

    g_variant_get_child(list, i, "(&s&o)", &bus, &path);
    if (!rc && !items_take(t, bus, answers[i]))
      rc = dh_walk(d, t, bus, path, NODES_MAX, err);
    g_clear_pointer(&answers[i], g_variant_unref);
  }
  return rc;
}

int dh_tree_take(struct dh_desk *d, struct dh_tree *t, struct dh_err *err)
{
  g_autoptr(GVariant) apps = NULL;
  int rc;

  *t = (struct dh_tree){.texts = g_string_chunk_new(8192)};
  apps = dh_bus_call(d, "org.a11y.atspi.Registry", ROOT, DH_A11Y "Accessible", "GetChildren", NULL, err);
  rc = !apps ? err->code : apps_take(d, t, apps, err);
  if (rc)
    dh_tree_free(t);
  else
    tree_sort(t);
  return rc;
}

void dh_tree_free(struct dh_tree *t)
{
  g_clear_pointer(&t->nodes, g_free);
  g_clear_pointer(&t->texts, g_string_chunk_free);
  t->n = 0;
}

static void box_read(GVariant *answer, struct dh_box *box)
{
  *box = (struct dh_box){0};
  if (answer && g_variant_is_of_type(answer, G_VARIANT_TYPE("((iiii))")))
    g_variant_get(answer, "((iiii))", &box->x, &box->y, &box->w, &box->h);
}

static void box_ask(struct dh_batch *b, const struct dh_node *n, GVariant **answer)
{
  dh_batch_call(b, n->bus, n->path, DH_A11Y "Component", "GetExtents",
                g_variant_new("(u)", ATSPI_COORD_TYPE_SCREEN), answer);
}

int dh_boxes_find(struct dh_desk *d, struct dh_tree *t, const int *which, int n, struct dh_err *err)
{
  g_autofree GVariant **answers = g_new0(GVariant *, (gsize)n + 1);
  struct dh_batch b;
  int rc;

  dh_batch_init(&b, d);
  for (int i = 0; i < n; i++)
    if (!t->nodes[which[i]].boxed && t->nodes[which[i]].ifaces & DH_IFACE_COMPONENT)
      box_ask(&b, &t->nodes[which[i]], &answers[i]);
  rc = dh_batch_wait(&b, err);
  for (int i = 0; i < n; i++) {
    if (!rc && !t->nodes[which[i]].boxed) {
      box_read(answers[i], &t->nodes[which[i]].box);
      t->nodes[which[i]].boxed = true;
    }
    g_clear_pointer(&answers[i], g_variant_unref);
  }
  return rc;
}

int dh_node_look(struct dh_desk *d, struct dh_node *n, struct dh_err *err)
{
  GVariant *state = NULL, *box = NULL;
  struct dh_batch b;
  int rc;

  dh_batch_init(&b, d);
  dh_batch_call(&b, n->bus, n->path, DH_A11Y "Accessible", "GetState", NULL, &state);
  box_ask(&b, n, &box);
  rc = dh_batch_wait(&b, err);
  if (!rc && (!state || !g_variant_is_of_type(state, G_VARIANT_TYPE("(au)"))))
    rc = dh_err_set(err, DH_ENOENT, "\"%s\" has gone meanwhile", n->name);
  if (!rc) {
    g_autoptr(GVariantIter) words = NULL;

    g_variant_get(state, "(au)", &words);
    n->states = dh_states_read(words);
    box_read(box, &n->box);
    n->boxed = true;
  }
  g_clear_pointer(&state, g_variant_unref);
  g_clear_pointer(&box, g_variant_unref);
  return rc;
}

static int by_place(const void *a, const void *b, void *boxes)
{
  const struct dh_node *nodes = boxes;
  const struct dh_box *x = &nodes[*(const int *)a].box, *y = &nodes[*(const int *)b].box;

  return x->y != y->y ? x->y - y->y : x->x - y->x;
}

void dh_nodes_sort(const struct dh_tree *t, int *which, int n)
{
  qsort_r(which, (size_t)n, sizeof *which, by_place, t->nodes);
}
