/* table.c - a table through its own interface: rows that are scrolled away are there too. */
#include "table.h"

#include "desk.h"
#include "locate.h"
#include "tree.h"

#include <string.h>

enum { COLUMNS_MAX = 200, CELLS_MAX = 400000, AT_ONCE = 512 };

static int number(struct dh_desk *d, const struct dh_node *n, const char *property, struct dh_err *err)
{
  g_autoptr(GVariant) answer = dh_bus_call(d, n->bus, n->path, "org.freedesktop.DBus.Properties", "Get",
                                           g_variant_new("(ss)", DH_A11Y "Table", property), err);
  g_autoptr(GVariant) value = NULL;

  if (!answer)
    return -1;
  g_variant_get(answer, "(v)", &value);
  return g_variant_is_of_type(value, G_VARIANT_TYPE_INT32) ? g_variant_get_int32(value) : 0;
}

/* What the objects in refs ("((so))" each, NULL for none) are called; a check box in a cell gives yes or no.
 */
static int names_read(struct dh_desk *d, GVariant **refs, char **names, int n, struct dh_err *err)
{
  g_autofree GVariant **texts = g_new0(GVariant *, (gsize)n);
  struct dh_batch b;
  int rc;

  dh_batch_init(&b, d);
  for (int i = 0; i < n; i++) {
    const char *bus, *path;

    if (!refs[i] || !g_variant_is_of_type(refs[i], G_VARIANT_TYPE("((so))")))
      continue;
    g_variant_get(refs[i], "((&s&o))", &bus, &path);
    if (!g_str_has_suffix(path, "/null"))
      dh_batch_get(&b, bus, path, DH_A11Y "Accessible", "Name", &texts[i]);
  }
  rc = dh_batch_wait(&b, err);
  for (int i = 0; i < n; i++) {
    if (!rc && texts[i]) {
      g_autoptr(GVariant) value = NULL;

      g_variant_get(texts[i], "(v)", &value);
      names[i] = g_variant_dup_string(value, NULL);
    }
    g_clear_pointer(&texts[i], g_variant_unref);
  }
  return rc;
}

static int columns_read(struct dh_desk *d, const struct dh_node *n, char **names, int columns,
                        struct dh_err *err)
{
  g_autofree GVariant **refs = g_new0(GVariant *, (gsize)columns),
                      **texts = g_new0(GVariant *, (gsize)columns);
  struct dh_batch b;
  int rc;

  dh_batch_init(&b, d);
  for (int i = 0; i < columns; i++) {
    dh_batch_call(&b, n->bus, n->path, DH_A11Y "Table", "GetColumnHeader", g_variant_new("(i)", i), &refs[i]);
    dh_batch_call(&b, n->bus, n->path, DH_A11Y "Table", "GetColumnDescription", g_variant_new("(i)", i),
                  &texts[i]);
  }
  rc = dh_batch_wait(&b, err);
  if (!rc)
    rc = names_read(d, refs, names, columns, err);
  for (int i = 0; i < columns; i++) {
    if (!rc && (!names[i] || !*names[i]) && texts[i] &&
        g_variant_is_of_type(texts[i], G_VARIANT_TYPE("(s)"))) {
      g_free(names[i]);
      g_variant_get(texts[i], "(s)", &names[i]);
    }
    g_clear_pointer(&refs[i], g_variant_unref);
    g_clear_pointer(&texts[i], g_variant_unref);
  }
  return rc;
}

/* The texts of n cells, the i-th at from + i * step in reading order. */
static int cells_read(struct dh_desk *d, const struct dh_node *node, char **cells, int columns, int from,
                      int step, int n, struct dh_err *err)
{
  g_autofree GVariant **refs = g_new0(GVariant *, (gsize)n);
  struct dh_batch b;
  int rc;

  dh_batch_init(&b, d);
  for (int i = 0; i < n; i++)
    dh_batch_call(&b, node->bus, node->path, DH_A11Y "Table", "GetAccessibleAt",
                  g_variant_new("(ii)", (from + i * step) / columns, (from + i * step) % columns), &refs[i]);
  rc = dh_batch_wait(&b, err);
  if (!rc)
    rc = names_read(d, refs, cells, n, err);
  for (int i = 0; i < n; i++)
    g_clear_pointer(&refs[i], g_variant_unref);
  return rc;
}

int dh_column_texts(struct dh_desk *d, const struct dh_node *table, int column, int row, int n, char **texts,
                    struct dh_err *err)
{
  int columns = number(d, table, "NColumns", err);

  return columns <= 0 ? dh_err_set(err, DH_EAGAIN, "the table \"%s\" has no columns", dh_node_called(table))
                      : cells_read(d, table, texts, columns, row * columns + column, columns, n, err);
}

static void put_texts(struct dh_buf *out, char **texts, int n)
{
  dh_put_list(out, (size_t)n);
  for (int i = 0; i < n; i++)
    dh_put_text(out, texts[i] ? texts[i] : "");
}

static int put_table(struct dh_buf *out, char **names, char **cells, int columns, int rows,
                     struct dh_err *err)
{
  int rc = 0;

  dh_put_text(out, "columns");
  put_texts(out, names, columns);
  dh_put_text(out, "rows");
  rc = dh_put_list(out, (size_t)rows);
  for (int i = 0; i < rows; i++)
    put_texts(out, cells + i * columns, columns);
  if (out->len + 1024 >= out->max)
    rc = DH_ELIMIT;
  return rc ? dh_err_set(err, rc, "the table has %d rows, more than fit in a message", rows) : 0;
}

int dh_columns_read(struct dh_desk *d, const struct dh_node *n, struct dh_columns *c, struct dh_err *err)
{
  *c = (struct dh_columns){.n = number(d, n, "NColumns", err), .rows = number(d, n, "NRows", err)};
  if (c->n < 0 || c->rows < 0)
    return err->code;
  if (!dh_node_is(n, ATSPI_STATE_SENSITIVE) && !dh_node_is(n, ATSPI_STATE_ENABLED))
    return dh_err_set(err, DH_EAGAIN, "the table \"%s\" is greyed out", dh_node_called(n));
  if (c->n > COLUMNS_MAX || (int64_t)c->n * c->rows > CELLS_MAX)
    return dh_err_set(err, DH_ELIMIT, "the table \"%s\" has %d columns and %d rows", dh_node_called(n), c->n,
                      c->rows);
  c->names = g_new0(char *, (gsize)c->n + 1);
  return columns_read(d, n, c->names, c->n, err);
}

void dh_columns_fini(struct dh_columns *c)
{
  for (int i = 0; c->names && i < c->n; i++)
    g_free(c->names[i]);
  g_clear_pointer(&c->names, g_free);
}

int dh_table_read(struct dh_desk *d, struct dh_front *f, int node, struct dh_buf *out, struct dh_err *err)
{
  const struct dh_node *n = &f->tree->nodes[node];
  struct dh_columns c;
  int rc = dh_columns_read(d, n, &c, err), all = rc ? 0 : c.n * c.rows;
  char **cells = g_new0(char *, (gsize)all + 1);

  for (int from = 0; from < all && !rc; from += AT_ONCE)
    rc = cells_read(d, n, cells + from, c.n, from, 1, MIN(AT_ONCE, all - from), err);
  if (!rc && number(d, n, "NRows", err) != c.rows)
    rc = dh_err_set(err, DH_EAGAIN, "the table \"%s\" changes while it is read", dh_node_called(n));
  if (!rc)
    rc = put_table(out, c.names, cells, c.n, c.rows, err);
  for (int i = 0; i < all; i++)
    g_free(cells[i]);
  g_free(cells);
  dh_columns_fini(&c);
  return rc;
}
