/* table.h - all rows of a table, as it shows them. */
#ifndef DH_SCREEN_TABLE_H
#define DH_SCREEN_TABLE_H

#include "app.h"
#include "tree.h"

/* Appends "columns" and "rows" with their values (two pairs of a map). DH_EAGAIN when the table changed
 * meanwhile. */
int dh_table_read(struct dh_desk *d, struct dh_front *f, int node, struct dh_buf *out, struct dh_err *err);

/* What a table is made of, for those who look for a part of it. */
struct dh_columns {
  char **names;
  int n, rows;
};

/* DH_ELIMIT for a table that is too large, DH_EAGAIN while it is greyed out. dh_columns_fini frees. */
int dh_columns_read(struct dh_desk *d, const struct dh_node *table, struct dh_columns *c, struct dh_err *err);
void dh_columns_fini(struct dh_columns *c);
/* The texts of cells row, row + 1 … (n of them) of one column; each is g_free'd by the caller. */
int dh_column_texts(struct dh_desk *d, const struct dh_node *table, int column, int row, int n, char **texts,
                    struct dh_err *err);

#endif
