/* cell.c - see cell.h. */
#include "cell.h"

#include "bus.h"
#include "table.h"

#include <string.h>

enum { AT_ONCE = 512 };

static int column_named(const struct dh_columns *c, const struct dh_val *name, const char *table,
                        struct dh_err *err)
{
  g_autofree char *all = NULL;

  for (int i = 0; i < c->n; i++)
    if (c->names[i] && dh_val_is(name, c->names[i]))
      return i;
  all = g_strjoinv(", ", c->names);
  dh_err_set(err, DH_ENOENT, "the table \"%s\" has no column \"%.*s\"", table,
             name->type == DH_TEXT ? (int)name->n : 0, name->type == DH_TEXT ? name->s : "");
  dh_err_seen(err, "%s", all);
  return err->code;
}

/* Takes those rows out that do not show value in this column. */
static int narrow(struct dh_desk *d, const struct dh_node *table, int column, const struct dh_val *value,
                  char *fits, int rows, struct dh_err *err)
{
  int rc = 0;

  for (int from = 0; from < rows && !rc; from += AT_ONCE) {
    int n = MIN(AT_ONCE, rows - from);
    char *texts[AT_ONCE] = {NULL};

    rc = dh_column_texts(d, table, column, from, n, texts, err);
    for (int i = 0; i < n; i++) {
      fits[from + i] &= texts[i] && dh_val_is(value, texts[i]);
      g_free(texts[i]);
    }
  }
  return rc;
}

static int one_of(const struct dh_columns *c, const char *fits, const char *table, int *row,
                  struct dh_err *err)
{
  GString *all = g_string_new(NULL);
  int n = 0, rc = 0;

  for (int i = 0; i < c->rows; i++)
    if (fits[i]) {
      *row = i;
      if (n++ < 10)
        g_string_append_printf(all, "%s%d", n > 1 ? ", " : "", i + 1);
    }
  if (!n) {
    rc = dh_err_set(err, DH_ENOENT, "no row of the table \"%s\" shows this", table);
    dh_err_seen(err, "%d rows", c->rows);
  } else if (n > 1) {
    rc = dh_err_set(err, DH_EAMBIGUOUS, "%d rows of the table \"%s\" fit", n, table);
    dh_err_seen(err, "rows %s", all->str);
    dh_err_advice(err, "name another column that tells them apart");
  }
  g_string_free(all, TRUE);
  return rc;
}

static int row_find(struct dh_desk *d, const struct dh_node *n, const struct dh_columns *c,
                    const struct dh_val *pairs, int *row, int *first, struct dh_err *err)
{
  g_autofree char *fits = g_malloc((gsize)c->rows + 1);
  int rc = 0;

  memset(fits, 1, (size_t)c->rows);
  for (size_t i = 0; i < pairs->n && !rc; i++) {
    const struct dh_val *pair = &pairs->items[i];
    int column;

    if (pair->type != DH_LIST || pair->n != 2)
      return dh_err_set(err, DH_EUSE, "a row is a list of columns and values");
    column = column_named(c, &pair->items[0], dh_node_called(n), err);
    if (column < 0)
      return column;
    if (!i)
      *first = column;
    rc = narrow(d, n, column, &pair->items[1], fits, c->rows, err);
  }
  return rc ? rc : one_of(c, fits, dh_node_called(n), row, err);
}

/* The part of the table that is not scrolled away. */
static int shown(struct dh_desk *d, struct dh_front *f, int node, struct dh_box *box, struct dh_err *err)
{
  const struct dh_tree *t = f->tree;
  int chain[64], n = 0, rc;

  for (int i = node; i >= 0 && n < 64; i = t->nodes[i].parent)
    if (t->nodes[i].ifaces & DH_IFACE_COMPONENT)
      chain[n++] = i;
  rc = dh_boxes_find(d, f->tree, chain, n, err);
  *box = t->nodes[node].box;
  for (int i = 0; i < n && !rc; i++) {
    const struct dh_box *b = &t->nodes[chain[i]].box;
    int right = MIN(box->x + box->w, b->x + b->w), bottom = MIN(box->y + box->h, b->y + b->h);

    if (b->w <= 0 || b->h <= 0)
      continue;
    box->x = MAX(box->x, b->x);
    box->y = MAX(box->y, b->y);
    box->w = right - box->x;
    box->h = bottom - box->y;
  }
  return rc;
}

static int place_of(struct dh_desk *d, const struct dh_node *n, int row, int column, struct dh_node *cell,
                    struct dh_err *err)
{
  g_autoptr(GVariant) ref = dh_bus_call(d, n->bus, n->path, DH_A11Y "Table", "GetAccessibleAt",
                                        g_variant_new("(ii)", row, column), err);
  const char *bus, *path;

  if (!ref)
    return err->code;
  g_variant_get(ref, "((&s&o))", &bus, &path);
  *cell = (struct dh_node){.bus = g_strdup(bus), .path = g_strdup(path), .parent = -1, .window = -1};
  return dh_node_look(d, cell, err);
}

/* A cell that takes the keyboard is scrolled to by its table; where it cannot, selecting its row may do. */
static int scroll(struct dh_desk *d, const struct dh_node *table, const struct dh_node *cell, int row,
                  struct dh_err *err)
{
  GVariant *answers[3] = {NULL};
  struct dh_batch b;
  int rc;

  dh_batch_init(&b, d);
  dh_batch_call(&b, cell->bus, cell->path, DH_A11Y "Component", "ScrollTo",
                g_variant_new("(u)", ATSPI_SCROLL_ANYWHERE), &answers[0]);
  dh_batch_call(&b, cell->bus, cell->path, DH_A11Y "Component", "GrabFocus", NULL, &answers[1]);
  dh_batch_call(&b, table->bus, table->path, DH_A11Y "Table", "AddRowSelection", g_variant_new("(i)", row),
                &answers[2]);
  rc = dh_batch_wait(&b, err);
  for (int i = 0; i < 3; i++)
    g_clear_pointer(&answers[i], g_variant_unref);
  return rc ? rc
            : dh_err_set(err, DH_EAGAIN, "row %d of \"%s\" is scrolled out of sight", row + 1,
                         dh_node_called(table));
}

int dh_cell_find(struct dh_desk *d, struct dh_front *f, int node, const struct dh_target *t,
                 struct dh_box *box, struct dh_err *err)
{
  const struct dh_node *n = &f->tree->nodes[node];
  const struct dh_val name = {.type = DH_TEXT, .s = t->column, .n = t->column ? strlen(t->column) : 0};
  struct dh_node cell = {0};
  struct dh_columns c;
  struct dh_box sight;
  int row = 0, column = 0, rc = dh_columns_read(d, n, &c, err);

  if (!rc)
    rc = row_find(d, n, &c, t->row, &row, &column, err);
  if (!rc && t->column)
    column = column_named(&c, &name, dh_node_called(n), err);
  if (!rc && column < 0)
    rc = column;
  dh_columns_fini(&c);
  if (!rc)
    rc = place_of(d, n, row, column, &cell, err);
  if (!rc)
    rc = shown(d, f, node, &sight, err);
  *box = cell.box;
  if (!rc && (box->w <= 0 || box->h <= 0 || box->y < sight.y || box->y + box->h > sight.y + sight.h ||
              box->x + box->w / 2 < sight.x || box->x + box->w / 2 >= sight.x + sight.w))
    rc = scroll(d, n, &cell, row, err);
  g_free((char *)cell.bus);
  g_free((char *)cell.path);
  return rc;
}
