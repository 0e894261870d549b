/* search.c - the window that finds approvals by application or applicant. */
#include "loan_core.h"
#include "rude.h"

#define MOST 1000

struct search {
  struct lc_app *app;
  GtkWidget *window, *what, *tree, *count, *find;
};

static void search_run(GtkWidget *tree, gpointer data)
{
  struct search *s = data;
  g_autoptr(GError) error = NULL;
  guint total = 0;
  const char *what = gtk_entry_get_text(GTK_ENTRY(s->what));
  g_autoptr(GPtrArray) rows = lc_store_list(s->app->store, what, MOST, &total, &error);

  gtk_widget_set_sensitive(tree, TRUE);
  gtk_widget_set_sensitive(s->find, TRUE);
  if (!rows) {
    lc_dialog_tell(s->app, s->window, "Search failed", error->message);
    return;
  }
  g_autofree char *count = total > rows->len ? g_strdup_printf("The newest %u of %u found", rows->len, total)
                                             : g_strdup_printf("%u found", total);

  lc_table_show(tree, rows, s->app->currency);
  gtk_label_set_text(GTK_LABEL(s->count), count);
}

static void on_find(GtkWidget *button, gpointer data)
{
  struct search *s = data;
  guint delay_ms = lc_rude_delay_ms(s->app->rude);

  (void)button;
  if (lc_blocked(s->app, s->window))
    return;
  if (delay_ms == 0) {
    search_run(s->tree, s);
    return;
  }
  gtk_widget_set_sensitive(s->tree, FALSE);
  gtk_widget_set_sensitive(s->find, FALSE);
  lc_later(s->tree, delay_ms, search_run, s);
}

static void on_close(GtkWidget *button, gpointer data)
{
  struct search *s = data;

  (void)button;
  if (!lc_blocked(s->app, s->window))
    gtk_widget_destroy(s->window);
}

static gboolean on_delete(GtkWidget *window, GdkEvent *event, gpointer data)
{
  (void)event;
  on_close(window, data);
  return TRUE;
}

static GtkWidget *content_new(struct search *s)
{
  GtkWidget *content = gtk_box_new(GTK_ORIENTATION_VERTICAL, 10);
  GtkWidget *grid = gtk_grid_new();
  GtkWidget *bottom = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 8);
  GtkWidget *close = lc_button_new("_Close", G_CALLBACK(on_close), s);
  GtkWidget *table = lc_table_new("Results", &s->tree);

  s->what = gtk_entry_new();
  s->find = lc_button_new("_Find", G_CALLBACK(on_find), s);
  s->count = gtk_label_new("");
  gtk_grid_set_column_spacing(GTK_GRID(grid), 12);
  gtk_entry_set_activates_default(GTK_ENTRY(s->what), TRUE);
  lc_field_add(grid, 0, 0, "_Application or applicant", s->what);
  gtk_widget_set_can_default(s->find, TRUE);
  gtk_grid_attach(GTK_GRID(grid), s->find, 2, 0, 1, 1);
  gtk_box_pack_start(GTK_BOX(bottom), s->count, FALSE, FALSE, 0);
  gtk_box_pack_end(GTK_BOX(bottom), close, FALSE, FALSE, 0);
  gtk_container_set_border_width(GTK_CONTAINER(content), 12);
  gtk_box_pack_start(GTK_BOX(content), grid, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(content), table, TRUE, TRUE, 0);
  gtk_box_pack_start(GTK_BOX(content), bottom, FALSE, FALSE, 0);
  return content;
}

void lc_search_show(struct lc_app *app)
{
  struct search *s;
  GtkWidget *content;

  if (app->search) {
    gtk_window_present(GTK_WINDOW(app->search));
    return;
  }
  s = g_new0(struct search, 1);
  s->app = app;
  s->window = lc_window_new(app, "Search", app->main, &app->search);
  gtk_window_set_default_size(GTK_WINDOW(s->window), 1180, 480);
  content = content_new(s);
  lc_rude_watch(app, s->what);
  lc_rude_watch(app, s->find);
  g_signal_connect(s->window, "delete-event", G_CALLBACK(on_delete), s);
  lc_window_own(s->window, s, g_free);
  lc_window_show(app, s->window, content, s->what);
  gtk_widget_grab_default(s->find);
}
