/* table.h - all rows of a table, as it shows them. */
#ifndef DH_SCREEN_TABLE_H
#define DH_SCREEN_TABLE_H

#include "app.h"

/* Appends "columns" and "rows" with their values (two pairs of a map). DH_EAGAIN when the table changed
 * meanwhile. */
int dh_table_read(struct dh_desk *d, struct dh_front *f, int node, struct dh_buf *out, struct dh_err *err);

#endif
