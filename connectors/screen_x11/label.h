/* label.h - the labels of fields: by relation where the toolkit tells, else by place. */
#ifndef DH_SCREEN_LABEL_H
#define DH_SCREEN_LABEL_H

#include "tree.h"

/* Fills label for all fields below scope that have none yet. */
int dh_labels_find(struct dh_desk *d, struct dh_tree *t, int scope, struct dh_err *err);
/* The label or text that stands directly above node (below is its counterpart), for "Amount, below "Fees"".
 * NULL if there is none. Boxes must be known. */
const char *dh_label_above(const struct dh_tree *t, int scope, int node);
/* The index of the label whose text is name; -1 if there is none. */
int dh_label_named(const struct dh_tree *t, int scope, const char *name);
/* The text to the right of a label, else below it; -1 if there is none. Boxes must be known. */
int dh_label_value(const struct dh_tree *t, int scope, int label);

/* Equal as a person compares names: white space and a colon or star at the end do not count. */
bool dh_name_equal(const char *a, const char *b);

#endif
