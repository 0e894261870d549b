/* table.c - the table of approvals, as the main window and the search show it. Reads no database. */
#include "loan_core.h"
#include "format.h"

#include <string.h>

enum column {
  APPLICATION,
  APPLICANT,
  AMOUNT,
  PRODUCT,
  COLLATERAL,
  START,
  RECEIPT,
  ENTERED_BY,
  ENTERED_AT,
  COLUMNS
};

#define ID COLUMNS /* the hidden column behind the visible ones */

static const struct {
  const char *title;
  int width;
} columns[COLUMNS] = {
    {"Application", 120}, {"Applicant", 260}, {"Amount", 125},    {"Product", 130},    {"Collateral", 85},
    {"Start", 90},        {"Receipt no", 90}, {"Entered by", 90}, {"Entered at", 150},
};

GtkWidget *lc_table_new(const char *name, GtkWidget **tree)
{
  GType types[COLUMNS + 1];
  GtkWidget *scrolled = gtk_scrolled_window_new(NULL, NULL);

  for (int i = 0; i < COLUMNS; i++)
    types[i] = G_TYPE_STRING;
  types[ID] = G_TYPE_INT64;
  g_autoptr(GtkListStore) store = gtk_list_store_newv(COLUMNS + 1, types);

  *tree = gtk_tree_view_new_with_model(GTK_TREE_MODEL(store));
  for (int i = 0; i < COLUMNS; i++) {
    GtkCellRenderer *cell = gtk_cell_renderer_text_new();
    GtkTreeViewColumn *column =
        gtk_tree_view_column_new_with_attributes(columns[i].title, cell, "text", i, NULL);
    float align = i == AMOUNT ? 1 : 0;

    g_object_set(cell, "xalign", align, "ellipsize",
                 i == APPLICANT ? PANGO_ELLIPSIZE_END : PANGO_ELLIPSIZE_NONE, NULL);
    gtk_tree_view_column_set_alignment(column, align);
    gtk_tree_view_column_set_resizable(column, TRUE);
    gtk_tree_view_column_set_min_width(column, columns[i].width);
    gtk_tree_view_column_set_expand(column, i == APPLICANT);
    gtk_tree_view_append_column(GTK_TREE_VIEW(*tree), column);
  }
  gtk_tree_view_set_grid_lines(GTK_TREE_VIEW(*tree), GTK_TREE_VIEW_GRID_LINES_BOTH);
  gtk_tree_view_set_enable_search(GTK_TREE_VIEW(*tree), FALSE);
  lc_name_set(*tree, name);
  gtk_scrolled_window_set_shadow_type(GTK_SCROLLED_WINDOW(scrolled), GTK_SHADOW_IN);
  gtk_scrolled_window_set_overlay_scrolling(GTK_SCROLLED_WINDOW(scrolled), FALSE);
  gtk_container_add(GTK_CONTAINER(scrolled), *tree);
  return scrolled;
}

/* The texts of a row; those in `own` are to be freed. */
struct texts {
  const char *text[COLUMNS];
  char *own[3];
};

static void texts_init(struct texts *t, const struct lc_approval *a, const char *currency)
{
  gboolean usual = strcmp(a->currency, currency) == 0;

  t->own[0] = usual ? lc_amount_format(a->amount_minor, lc_currency_digits(currency))
                    : lc_money_format(a->amount_minor, a->currency);
  t->own[1] = lc_date_show_iso(a->start_date);
  t->own[2] = lc_instant_show(a->entered_at);
  t->text[APPLICATION] = a->application;
  t->text[APPLICANT] = a->applicant;
  t->text[AMOUNT] = t->own[0];
  t->text[PRODUCT] = a->product;
  t->text[COLLATERAL] = a->collateral ? "Yes" : "No";
  t->text[START] = t->own[1];
  t->text[RECEIPT] = a->receipt;
  t->text[ENTERED_BY] = a->entered_by;
  t->text[ENTERED_AT] = t->own[2];
}

static void texts_fini(struct texts *t)
{
  for (size_t i = 0; i < G_N_ELEMENTS(t->own); i++)
    g_free(t->own[i]);
}

static void row_set(GtkListStore *store, GtkTreeIter *at, const struct lc_approval *a, const char *currency)
{
  struct texts t;

  texts_init(&t, a, currency);
  for (int i = 0; i < COLUMNS; i++) {
    g_autofree char *old = NULL;

    gtk_tree_model_get(GTK_TREE_MODEL(store), at, i, &old, -1);
    if (g_strcmp0(old, t.text[i]) != 0)
      gtk_list_store_set(store, at, i, t.text[i], -1);
  }
  texts_fini(&t);
}

static void row_insert(GtkListStore *store, GtkTreeIter *before, const struct lc_approval *a,
                       const char *currency)
{
  struct texts t;
  GtkTreeIter at;

  texts_init(&t, a, currency);
  gtk_list_store_insert_before(store, &at, before);
  gtk_list_store_set(store, &at, ID, a->id, APPLICATION, t.text[APPLICATION], APPLICANT, t.text[APPLICANT],
                     AMOUNT, t.text[AMOUNT], PRODUCT, t.text[PRODUCT], COLLATERAL, t.text[COLLATERAL], START,
                     t.text[START], RECEIPT, t.text[RECEIPT], ENTERED_BY, t.text[ENTERED_BY], ENTERED_AT,
                     t.text[ENTERED_AT], -1);
  texts_fini(&t);
}

static gint64 row_id(GtkTreeModel *model, GtkTreeIter *at)
{
  gint64 id = 0;

  gtk_tree_model_get(model, at, ID, &id, -1);
  return id;
}

/* Both sides stand in falling order of id, so one walk over both finds what to add and what to drop. */
void lc_table_show(GtkWidget *tree, const GPtrArray *rows, const char *currency)
{
  GtkTreeModel *model = gtk_tree_view_get_model(GTK_TREE_VIEW(tree));
  GtkListStore *store = GTK_LIST_STORE(model);
  GtkTreeIter at;
  gboolean more = gtk_tree_model_get_iter_first(model, &at);

  for (guint i = 0; i < rows->len;) {
    const struct lc_approval *a = g_ptr_array_index(rows, i);
    gint64 shown = more ? row_id(model, &at) : -1;

    if (more && shown > a->id) {
      more = gtk_list_store_remove(store, &at);
      continue;
    }
    if (more && shown == a->id) {
      row_set(store, &at, a, currency);
      more = gtk_tree_model_iter_next(model, &at);
    } else {
      row_insert(store, more ? &at : NULL, a, currency);
    }
    i++;
  }
  while (more)
    more = gtk_list_store_remove(store, &at);
}
