/* widgets.c - windows, fields and buttons as every part of the program has them. */
#include "loan_core.h"
#include "rude.h"

static gboolean on_key(GtkWidget *window, GdkEvent *event, gpointer data)
{
  (void)window, (void)event;
  lc_rude_key(data);
  return FALSE;
}

static gboolean on_mapped(GtkWidget *window, GdkEvent *event, gpointer data)
{
  (void)event;
  lc_rude_moment(data, window);
  return FALSE;
}

GtkWidget *lc_window_new(struct lc_app *app, const char *title, GtkWidget *parent, GtkWidget **slot)
{
  GtkWidget *window = gtk_window_new(GTK_WINDOW_TOPLEVEL);

  *slot = window;
  gtk_window_set_title(GTK_WINDOW(window), title);
  gtk_window_set_position(GTK_WINDOW(window), parent ? GTK_WIN_POS_CENTER_ON_PARENT : GTK_WIN_POS_CENTER);
  if (parent)
    gtk_window_set_transient_for(GTK_WINDOW(window), GTK_WINDOW(parent));
  g_signal_connect(window, "destroy", G_CALLBACK(gtk_widget_destroyed), slot);
  g_signal_connect(window, "key-press-event", G_CALLBACK(on_key), app);
  g_signal_connect(window, "map-event", G_CALLBACK(on_mapped), app);
  return window;
}

void lc_window_own(GtkWidget *window, gpointer data, GDestroyNotify free_data)
{
  g_object_set_data_full(G_OBJECT(window), "lc-owned", data, free_data);
}

static void window_ready(GtkWidget *window, gpointer data)
{
  gtk_widget_set_sensitive(gtk_bin_get_child(GTK_BIN(window)), TRUE);
  gtk_widget_grab_focus(data);
}

static void window_present(GtkWidget *window, gpointer data)
{
  (void)data;
  gtk_window_present(GTK_WINDOW(window));
}

void lc_window_show(struct lc_app *app, GtkWidget *window, GtkWidget *content, GtkWidget *first)
{
  guint delay_ms = lc_rude_delay_ms(app->rude);

  if (content)
    gtk_container_add(GTK_CONTAINER(window), content);
  gtk_widget_show_all(gtk_bin_get_child(GTK_BIN(window)));
  if (delay_ms > 0) {
    gtk_widget_set_sensitive(gtk_bin_get_child(GTK_BIN(window)), FALSE);
    lc_later(window, delay_ms / 2, window_present, NULL);
    lc_later(window, delay_ms, window_ready, first);
    return;
  }
  gtk_widget_grab_focus(first);
  gtk_window_present(GTK_WINDOW(window));
}

void lc_field_add(GtkWidget *grid, int column, int row, const char *label, GtkWidget *widget)
{
  GtkWidget *text = gtk_label_new_with_mnemonic(label);

  gtk_label_set_xalign(GTK_LABEL(text), 0);
  gtk_label_set_mnemonic_widget(GTK_LABEL(text), widget);
  gtk_widget_set_hexpand(widget, TRUE);
  gtk_grid_attach(GTK_GRID(grid), text, column, row, 1, 1);
  gtk_grid_attach(GTK_GRID(grid), widget, column + 1, row, 1, 1);
}

GtkWidget *lc_button_new(const char *label, GCallback clicked, gpointer data)
{
  GtkWidget *button = gtk_button_new_with_mnemonic(label);

  gtk_widget_set_size_request(button, 92, -1);
  g_signal_connect(button, "clicked", clicked, data);
  return button;
}

void lc_name_set(GtkWidget *widget, const char *name)
{
  atk_object_set_name(gtk_widget_get_accessible(widget), name);
}

struct later {
  GtkWidget *owner;
  guint source;
  gulong destroyed;
  void (*fn)(GtkWidget *owner, gpointer data);
  gpointer data;
};

static void on_owner_destroyed(GtkWidget *owner, gpointer data)
{
  struct later *later = data;

  (void)owner;
  g_source_remove(later->source);
  g_free(later);
}

static gboolean on_later(gpointer data)
{
  struct later later = *(struct later *)data;

  g_signal_handler_disconnect(later.owner, later.destroyed);
  g_free(data);
  later.fn(later.owner, later.data);
  return G_SOURCE_REMOVE;
}

void lc_later(GtkWidget *owner, guint ms, void (*fn)(GtkWidget *owner, gpointer data), gpointer data)
{
  struct later *later = g_new0(struct later, 1);

  *later = (struct later){.owner = owner, .fn = fn, .data = data};
  later->destroyed = g_signal_connect(owner, "destroy", G_CALLBACK(on_owner_destroyed), later);
  later->source = g_timeout_add(ms, on_later, later);
}
