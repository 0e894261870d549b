/* tree.h - what the application shows, as assistive technology sees it: one picture of all its controls,
 * taken at once. A tree is a copy; it goes stale, and is taken anew rather than mended. */
#ifndef DH_SCREEN_TREE_H
#define DH_SCREEN_TREE_H

#include "bus.h"

#include <atspi/atspi-constants.h>

struct dh_box {
  int x, y, w, h; /* of the display, pixels */
};

enum dh_iface {
  DH_IFACE_TEXT = 1,
  DH_IFACE_EDIT = 2,
  DH_IFACE_VALUE = 4,
  DH_IFACE_SELECTION = 8,
  DH_IFACE_TABLE = 16,
  DH_IFACE_ACTION = 32,
  DH_IFACE_COMPONENT = 64,
};

struct dh_node {
  const char *bus, *path; /* its address; texts live as long as the tree */
  const char *name, *description;
  const char *label; /* of another control that names it; NULL until dh_labels_find, "" for none */
  int role;          /* ATSPI_ROLE_* */
  uint64_t states;   /* bit ATSPI_STATE_* */
  unsigned ifaces;   /* enum dh_iface */
  int parent;        /* index; -1 for an application */
  int window;        /* index of the top-level window it stands in; -1 for an application */
  int order;         /* among its siblings */
  struct dh_box box; /* filled by dh_boxes_find */
  bool boxed;
};

struct dh_tree {
  struct dh_node *nodes; /* parents before children, siblings in their order */
  int n;
  GStringChunk *texts;
};

/* Takes the whole tree. An application that has not joined the bus yet is an empty tree, not an error. */
int dh_tree_take(struct dh_desk *d, struct dh_tree *t, struct dh_err *err);
void dh_tree_free(struct dh_tree *t); /* idempotent */

/* Where nodes lie: for those whose index stands in which (n of them). A node that is gone gets an empty box.
 */
int dh_boxes_find(struct dh_desk *d, struct dh_tree *t, const int *which, int n, struct dh_err *err);
/* Puts nodes whose boxes are known into the order of reading: down, then right. */
void dh_nodes_sort(const struct dh_tree *t, int *which, int n);
/* Looks again at states and place of one node. DH_ENOENT when it is gone. */
int dh_node_look(struct dh_desk *d, struct dh_node *n, struct dh_err *err);

bool dh_node_is(const struct dh_node *n, int state); /* ATSPI_STATE_* */
bool dh_node_in(const struct dh_tree *t, int node, int ancestor);
/* Showing, and so are all it stands in. */
bool dh_node_shows(const struct dh_tree *t, int node);

/* Cuts a box to a display of this size. */
void dh_box_clip(struct dh_box *b, int width, int height);

/* The tree as indented text, with the values of fields; masked ones are ***. window: only the
 * one of this title; NULL: all. */
int dh_tree_text(struct dh_desk *d, const char *window, struct dh_buf *out, struct dh_err *err);

#endif
