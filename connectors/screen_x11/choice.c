/* choice.c - combo boxes through the selection they offer. */
#include "choice.h"

#include "act.h"
#include "desk.h"
#include "field.h"
#include "label.h"
#include "locate.h"
#include "tree.h"
#include "xwin.h"

#include <string.h>

/* The entry inside a combo box that one can write into; -1 for one that only offers choices. */
static int entry_in(const struct dh_tree *t, int combo)
{
  for (int i = combo + 1; i < t->n && dh_node_in(t, i, combo); i++)
    if ((t->nodes[i].ifaces & DH_IFACE_EDIT) && dh_node_is(&t->nodes[i], ATSPI_STATE_EDITABLE))
      return i;
  return -1;
}

static bool is_choice(int role)
{
  return role == ATSPI_ROLE_MENU_ITEM || role == ATSPI_ROLE_LIST_ITEM || role == ATSPI_ROLE_TABLE_CELL;
}

static char *name_read(struct dh_desk *d, const struct dh_node *n, struct dh_err *err)
{
  g_autoptr(GVariant) answer = dh_bus_call(d, n->bus, n->path, "org.freedesktop.DBus.Properties", "Get",
                                           g_variant_new("(ss)", DH_A11Y "Accessible", "Name"), err);
  g_autoptr(GVariant) value = NULL;

  if (!answer)
    return NULL;
  g_variant_get(answer, "(v)", &value);
  return g_variant_dup_string(value, NULL);
}

char *dh_choice_read(struct dh_desk *d, struct dh_front *f, int node, struct dh_err *err)
{
  const struct dh_tree *t = f->tree;
  int entry = entry_in(t, node);

  if (entry >= 0) {
    struct dh_shown shown;

    return dh_field_show(d, f, entry, &shown, err) ? NULL : shown.text;
  }
  for (int i = node + 1; i < t->n && dh_node_in(t, i, node); i++)
    if (is_choice(t->nodes[i].role) && dh_node_is(&t->nodes[i], ATSPI_STATE_SELECTED) &&
        *t->nodes[node].name == 0)
      return g_strdup(t->nodes[i].name);
  return name_read(d, &t->nodes[node], err); /* GTK and Qt name a combo box by what is chosen */
}

static int missing(struct dh_desk *d, const struct dh_front *f, int node, const char *text,
                   struct dh_err *err)
{
  const struct dh_tree *t = f->tree;
  GString *seen = g_string_new(NULL);

  for (int i = node + 1; i < t->n && dh_node_in(t, i, node); i++)
    if (is_choice(t->nodes[i].role) && seen->len < 600)
      g_string_append_printf(seen, "%s\"%s\"", seen->len ? ", " : "", t->nodes[i].name);
  dh_err_set(err, DH_ENOENT, "\"%s\" offers no \"%s\"", dh_node_called(&t->nodes[node]),
             dh_field_masked(d, &t->nodes[node]) ? "***" : text);
  dh_err_seen(err, "choices %s", seen->len ? seen->str : "(none)");
  g_string_free(seen, TRUE);
  return DH_ENOENT;
}

int dh_choice_make(struct dh_desk *d, struct dh_front *f, int window, int node, const char *text,
                   struct dh_err *err)
{
  const struct dh_tree *t = f->tree;
  int entry = entry_in(t, node), number = 0, holder = -1, found = -1;
  g_autoptr(GVariant) answer = NULL;
  int rc;

  if (entry >= 0) {
    rc = dh_act_focus(d, f, window, entry, err);
    return rc ? rc : dh_keys_type(d, f->windows[window].id, &text, true, err);
  }
  rc = dh_act_ready(d, f, node, err);
  if (rc)
    return rc;
  for (int i = node + 1; i < t->n && dh_node_in(t, i, node) && found < 0; i++) {
    if (!is_choice(t->nodes[i].role))
      continue;
    if (t->nodes[i].parent != holder)
      number = 0;
    holder = t->nodes[i].parent;
    if (dh_name_equal(t->nodes[i].name, text))
      found = number;
    number++;
  }
  if (found < 0)
    return missing(d, f, node, text, err);
  answer = dh_bus_call(d, t->nodes[node].bus, t->nodes[node].path, DH_A11Y "Selection", "SelectChild",
                       g_variant_new("(i)", found), err);
  return answer ? 0 : err->code;
}
