/* cell.h - one cell of a table, by what its row shows. */
#ifndef DH_SCREEN_CELL_H
#define DH_SCREEN_CELL_H

#include "app.h"
#include "locate.h"
#include "tree.h"

/* The cell that t means: in t->column (NULL: the first that t->row names) of the one row of the table at node
 * whose columns show the values of t->row. box becomes its place. DH_ENOENT (no such column or row),
 * DH_EAMBIGUOUS (several rows), DH_EAGAIN while it has to be scrolled into sight, which is asked for. */
int dh_cell_find(struct dh_desk *d, struct dh_front *f, int node, const struct dh_target *t,
                 struct dh_box *box, struct dh_err *err);

#endif
