/* locate.h - which control a name means: exactly one, or an error that lists what there is. */
#ifndef DH_SCREEN_LOCATE_H
#define DH_SCREEN_LOCATE_H

#include "app.h"
#include "tree.h"

struct dh_target {
  const char *name;
  const char *role;   /* NULL: any that suits */
  const char *within; /* NULL: the whole window */
  const char *near;   /* NULL: no matter where */
  int nth;            /* 1…; 0: there must be one only */
  int image;          /* descriptor of the request's picture; -1: none */
  const struct dh_val
      *row;           /* a cell of the table of that name: list of {column, value}, the request's; NULL: no */
  const char *column; /* of the cell; NULL: the first of row */
};

enum dh_want {
  DH_WANT_ANY,   /* has, find, wait */
  DH_WANT_FIELD, /* fill, read, expect: takes or shows a value */
  DH_WANT_SHOWN, /* read, expect: also a text beside a label */
  DH_WANT_PRESS, /* buttons, menu items, links, tabs, check boxes */
  DH_WANT_TABLE,
};

/* From a request: a text or a map. Texts are malloc'd: dh_target_fini. DH_EUSE. */
int dh_target_read(const struct dh_val *v, struct dh_target *t, struct dh_err *err);
void dh_target_fini(struct dh_target *t);

/* The one node below scope (a window's node) that t means. DH_ENOENT, DH_EAMBIGUOUS. */
int dh_locate(struct dh_desk *d, struct dh_front *f, int scope, const struct dh_target *t, enum dh_want want,
              int *node, struct dh_err *err);
/* The same in the current window, else in a newer one that a press has opened, else in the one named by
 * within. *window becomes the window's index in f, and the current one. */
int dh_locate_front(struct dh_desk *d, struct dh_front *f, const struct dh_target *t, enum dh_want want,
                    int *window, int *node, struct dh_err *err);

/* What a person calls the control: its label, else its name. */
const char *dh_node_called(const struct dh_node *n);
/* "button", "field" …: the word for its role; the names in README.md. */
const char *dh_role_word(int role);
bool dh_role_suits(int role, enum dh_want want);
bool dh_role_is(int role, const char *word);

#endif
