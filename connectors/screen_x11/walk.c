/* walk.c - asks for a tree level by level. */
#include "walk.h"

enum { ROLE, STATE, NAME, IFACES, CHILDREN, QUESTIONS };

static void ask(struct dh_batch *b, const struct dh_node *n, GVariant **answers)
{
  dh_batch_call(b, n->bus, n->path, DH_A11Y "Accessible", "GetRole", NULL, &answers[ROLE]);
  dh_batch_call(b, n->bus, n->path, DH_A11Y "Accessible", "GetState", NULL, &answers[STATE]);
  dh_batch_get(b, n->bus, n->path, DH_A11Y "Accessible", "Name", &answers[NAME]);
  dh_batch_call(b, n->bus, n->path, DH_A11Y "Accessible", "GetInterfaces", NULL, &answers[IFACES]);
  dh_batch_call(b, n->bus, n->path, DH_A11Y "Accessible", "GetChildren", NULL, &answers[CHILDREN]);
}

static bool is(GVariant *v, const char *type)
{
  return v && g_variant_is_of_type(v, G_VARIANT_TYPE(type));
}

static void node_read(struct dh_tree *t, struct dh_node *n, GVariant *const *answers)
{
  g_autoptr(GVariantIter) words = NULL, names = NULL;
  g_autoptr(GVariant) text = NULL;
  guint32 role = 0;

  n->name = n->description = "";
  if (is(answers[ROLE], "(u)"))
    g_variant_get(answers[ROLE], "(u)", &role);
  n->role = (int)role;
  if (is(answers[STATE], "(au)")) {
    g_variant_get(answers[STATE], "(au)", &words);
    n->states = dh_states_read(words);
  }
  if (is(answers[NAME], "(v)")) {
    g_variant_get(answers[NAME], "(v)", &text);
    if (g_variant_is_of_type(text, G_VARIANT_TYPE_STRING))
      n->name = g_string_chunk_insert(t->texts, g_variant_get_string(text, NULL));
  }
  if (is(answers[IFACES], "(as)")) {
    g_variant_get(answers[IFACES], "(as)", &names);
    n->ifaces = dh_ifaces_read(names);
  }
}

/* Cells of a table are read through the table; what is not shown is not entered, except the choices of a
 * combo box. */
static bool entered(const struct dh_tree *t, const struct dh_node *n)
{
  bool in_combo =
      n->role == ATSPI_ROLE_COMBO_BOX || (n->parent >= 0 && t->nodes[n->parent].role == ATSPI_ROLE_COMBO_BOX);

  if (n->role == ATSPI_ROLE_APPLICATION || in_combo)
    return true;
  return dh_node_is(n, ATSPI_STATE_SHOWING) && !dh_node_is(n, ATSPI_STATE_MANAGES_DESCENDANTS) &&
         !(n->ifaces & DH_IFACE_TABLE);
}

static void children_add(struct dh_tree *t, int parent, GVariant *answer, int most)
{
  g_autoptr(GVariantIter) children = NULL;
  const char *bus, *path;
  int order = 0;

  if (!is(answer, "(a(so))") || !entered(t, &t->nodes[parent]))
    return;
  g_variant_get(answer, "(a(so))", &children);
  while (g_variant_iter_next(children, "(&s&o)", &bus, &path) && t->n < most) {
    t->nodes = g_renew(struct dh_node, t->nodes, t->n + 1);
    t->nodes[t->n++] = (struct dh_node){.bus = g_string_chunk_insert_const(t->texts, bus),
                                        .path = g_string_chunk_insert(t->texts, path),
                                        .name = "",
                                        .description = "",
                                        .parent = parent,
                                        .order = order};
    order++;
  }
}

int dh_walk(struct dh_desk *d, struct dh_tree *t, const char *bus, const char *path, int most,
            struct dh_err *err)
{
  int from = t->n, rc = 0;

  t->nodes = g_renew(struct dh_node, t->nodes, t->n + 1);
  t->nodes[t->n++] = (struct dh_node){.bus = g_string_chunk_insert_const(t->texts, bus),
                                      .path = g_string_chunk_insert(t->texts, path),
                                      .name = "",
                                      .description = "",
                                      .parent = -1};
  while (from < t->n && !rc) {
    int to = t->n;
    g_autofree GVariant **answers = g_new0(GVariant *, (gsize)(to - from) * QUESTIONS);
    struct dh_batch b;

    dh_batch_init(&b, d);
    for (int i = from; i < to; i++)
      ask(&b, &t->nodes[i], answers + (i - from) * QUESTIONS);
    rc = dh_batch_wait(&b, err);
    for (int i = from; i < to && !rc; i++)
      node_read(t, &t->nodes[i], answers + (i - from) * QUESTIONS);
    for (int i = from; i < to && !rc; i++)
      children_add(t, i, answers[(i - from) * QUESTIONS + CHILDREN], most);
    for (int i = 0; i < (to - from) * QUESTIONS; i++)
      g_clear_pointer(&answers[i], g_variant_unref);
    from = to;
  }
  return rc;
}
