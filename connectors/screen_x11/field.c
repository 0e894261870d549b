/* field.c - what a field shows, by its kind. */
#include "field.h"

#include "choice.h"
#include "desk.h"
#include "tree.h"
#include "xwin.h"

#include <stdlib.h>
#include <string.h>

bool dh_field_masked(const struct dh_desk *d, const struct dh_node *n)
{
  for (guint i = 0; i < d->masked->len; i++)
    if (!strcmp(d->masked->pdata[i], dh_node_called(n)))
      return true;
  return n->role == ATSPI_ROLE_PASSWORD_TEXT;
}

bool dh_field_is_switch(const struct dh_node *n)
{
  return n->role == ATSPI_ROLE_CHECK_BOX || n->role == ATSPI_ROLE_RADIO_BUTTON ||
         n->role == ATSPI_ROLE_TOGGLE_BUTTON;
}

static char *text_read(struct dh_desk *d, const struct dh_node *n, struct dh_err *err)
{
  g_autoptr(GVariant) answer =
      dh_bus_call(d, n->bus, n->path, DH_A11Y "Text", "GetText", g_variant_new("(ii)", 0, -1), err);
  char *text = NULL;

  if (answer && g_variant_is_of_type(answer, G_VARIANT_TYPE("(s)")))
    g_variant_get(answer, "(s)", &text);
  else if (answer)
    dh_err_set(err, DH_EAGAIN, "\"%s\" does not show its text", dh_node_called(n));
  return text;
}

int dh_field_show(struct dh_desk *d, struct dh_front *f, int node, struct dh_shown *out, struct dh_err *err)
{
  struct dh_node *n = &f->tree->nodes[node];

  *out = (struct dh_shown){.hidden = n->role == ATSPI_ROLE_PASSWORD_TEXT};
  if (dh_field_is_switch(n)) {
    int rc = dh_node_look(d, n, err);

    out->on =
        dh_node_is(n, n->role == ATSPI_ROLE_TOGGLE_BUTTON ? ATSPI_STATE_PRESSED : ATSPI_STATE_CHECKED) ||
        dh_node_is(n, ATSPI_STATE_CHECKED);
    return rc;
  }
  if (n->role == ATSPI_ROLE_COMBO_BOX)
    out->text = dh_choice_read(d, f, node, err);
  else if (n->ifaces & DH_IFACE_TEXT)
    out->text = text_read(d, n, err);
  else
    out->text = g_strdup(n->name); /* a label, a link: it is its name */
  return out->text ? 0 : err->code;
}
