/* tree_text.c - the tree for people: what stands beside the picture of a failure. */
#include "desk.h"
#include "field.h"
#include "label.h"
#include "locate.h"
#include "tree.h"

#include <atspi/atspi.h>
#include <string.h>

static void put_states(struct dh_buf *out, const struct dh_node *n)
{
  static const struct {
    int state;
    const char *word;
  } told[] = {{ATSPI_STATE_FOCUSED, "focused"},   {ATSPI_STATE_CHECKED, "checked"},
              {ATSPI_STATE_SELECTED, "selected"}, {ATSPI_STATE_EDITABLE, "editable"},
              {ATSPI_STATE_MODAL, "modal"},       {ATSPI_STATE_ACTIVE, "active"}};

  if (!dh_node_is(n, ATSPI_STATE_SENSITIVE) && !dh_node_is(n, ATSPI_STATE_ENABLED))
    dh_buf_puts(out, " greyed");
  for (size_t i = 0; i < G_N_ELEMENTS(told); i++)
    if (dh_node_is(n, told[i].state))
      dh_buf_printf(out, " %s", told[i].word);
}

static int put_node(struct dh_desk *d, struct dh_front *f, int i, int depth, struct dh_buf *out)
{
  const struct dh_node *n = &f->tree->nodes[i];
  g_autofree char *role = atspi_role_get_name((AtspiRole)n->role);
  bool masked = dh_field_masked(d, n), field = dh_role_suits(n->role, DH_WANT_FIELD);
  struct dh_shown s = {0};
  struct dh_err err;

  dh_buf_printf(out, "%*s%s", 2 * depth, "", role ? role : "?");
  if (*n->name)
    dh_buf_printf(out, " \"%s\"", masked && field ? "***" : n->name);
  if (n->label && *n->label)
    dh_buf_printf(out, " labelled \"%s\"", n->label);
  put_states(out, n);
  if (n->boxed)
    dh_buf_printf(out, " %dx%d at %d,%d", n->box.w, n->box.h, n->box.x, n->box.y);
  if (field && masked)
    dh_buf_puts(out, " = ***");
  else if (field && !dh_field_show(d, f, i, &s, &err))
    dh_buf_printf(out, " = %s", s.text ? s.text : s.on ? "on" : "off");
  g_free(s.text);
  return dh_buf_putc(out, '\n');
}

int dh_tree_text(struct dh_desk *d, const char *window, struct dh_buf *out, struct dh_err *err)
{
  struct dh_tree t;
  struct dh_front f = {.tree = &t};
  g_autofree int *shown = NULL, *depths = NULL;
  int rc = dh_tree_take(d, &t, err), n = 0;

  if (rc)
    return rc;
  shown = g_new(int, (gsize)t.n + 1);
  depths = g_new0(int, (gsize)t.n + 1);
  for (int i = 0; i < t.n; i++) {
    int top = t.nodes[i].window;

    depths[i] = t.nodes[i].parent < 0 ? 0 : depths[t.nodes[i].parent] + 1;
    if ((!window || (top >= 0 && !strcmp(t.nodes[top].name, window))) && dh_node_shows(&t, i))
      shown[n++] = i;
  }
  for (int i = 0; i < t.n && !rc; i++)
    if (t.nodes[i].window == i)
      rc = dh_labels_find(d, &t, i, err);
  if (!rc)
    rc = dh_boxes_find(d, &t, shown, n, err);
  for (int i = 0; i < n && !rc; i++)
    if (put_node(d, &f, shown[i], depths[shown[i]], out))
      break; /* as much as fits */
  if (!rc && !n)
    rc = dh_buf_puts(out, "no control that assistive technology can see\n");
  dh_tree_free(&t);
  return rc;
}
