/* main_window.c - the main window: menu, tool bar, the table of approvals, status bar. */
#include "loan_core.h"
#include "rude.h"

#define MOST 1000

struct main_window {
  struct lc_app *app;
  GtkWidget *tree, *heading, *status;
};

static void table_read(GtkWidget *tree, gpointer data)
{
  struct main_window *m = data;
  g_autoptr(GError) error = NULL;
  guint total = 0;
  g_autoptr(GPtrArray) rows = lc_store_list(m->app->store, NULL, MOST, &total, &error);

  gtk_widget_set_sensitive(tree, TRUE);
  if (!rows) {
    lc_main_say(m->app, "The approvals cannot be read: %s", error->message);
    return;
  }
  g_autofree char *heading =
      total > rows->len ? g_strdup_printf("The newest %u of %u approvals", rows->len, total)
                        : g_strdup_printf("%u approval%s, newest first", total, total == 1 ? "" : "s");

  lc_table_show(tree, rows, m->app->currency);
  gtk_label_set_text(GTK_LABEL(m->heading), heading);
}

static struct main_window *of(struct lc_app *app)
{
  return g_object_get_data(G_OBJECT(app->main), "lc-owned");
}

void lc_main_reload(struct lc_app *app)
{
  struct main_window *m = of(app);
  guint delay_ms = lc_rude_delay_ms(app->rude);

  if (delay_ms == 0) {
    table_read(m->tree, m);
    return;
  }
  gtk_widget_set_sensitive(m->tree, FALSE);
  lc_later(m->tree, delay_ms, table_read, m);
}

void lc_main_say(struct lc_app *app, const char *format, ...)
{
  va_list args;

  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);

  va_end(args);
  GtkStatusbar *status = GTK_STATUSBAR(of(app)->status);

  gtk_statusbar_remove_all(status, 0);
  gtk_statusbar_push(status, 0, text);
}

static void on_others_wrote(gpointer data)
{
  struct main_window *m = data;

  table_read(m->tree, m);
}

/* The handlers of menu and tool bar: nothing happens while a dialog stands in front. */

static void on_new(GtkWidget *widget, gpointer data)
{
  struct lc_app *app = data;

  (void)widget;
  if (!lc_blocked(app, app->main))
    lc_form_show(app);
}

static void on_search(GtkWidget *widget, gpointer data)
{
  struct lc_app *app = data;

  (void)widget;
  if (!lc_blocked(app, app->main))
    lc_search_show(app);
}

static void on_approvals(GtkWidget *widget, gpointer data)
{
  struct lc_app *app = data;

  (void)widget;
  if (lc_blocked(app, app->main))
    return;
  gtk_window_present(GTK_WINDOW(app->main));
  lc_main_say(app, "Approvals read again");
  lc_main_reload(app);
}

static void on_sign_out(GtkWidget *widget, gpointer data)
{
  struct lc_app *app = data;

  (void)widget;
  if (!lc_blocked(app, app->main))
    lc_session_end(app);
}

static void on_quit(GtkWidget *widget, gpointer data)
{
  struct lc_app *app = data;

  (void)widget;
  if (!lc_blocked(app, app->main))
    lc_quit(app);
}

static gboolean on_delete(GtkWidget *window, GdkEvent *event, gpointer data)
{
  (void)event;
  on_quit(window, data);
  return TRUE;
}

struct menu_item {
  const char *label; /* NULL: a line */
  guint key;
  GdkModifierType modifier;
  void (*chosen)(GtkWidget *widget, gpointer data);
};

static const struct menu_item file_menu[] = {
    {"_New approval", GDK_KEY_n, GDK_CONTROL_MASK, on_new},
    {"_Search", GDK_KEY_f, GDK_CONTROL_MASK, on_search},
    {NULL, 0, 0, NULL},
    {"Sign _out", 0, 0, on_sign_out},
    {"_Quit", GDK_KEY_q, GDK_CONTROL_MASK, on_quit},
};

static const struct menu_item view_menu[] = {
    {"_Approvals", GDK_KEY_F5, 0, on_approvals},
};

static void menu_add(GtkWidget *bar, GtkAccelGroup *keys, struct lc_app *app, const char *title,
                     const struct menu_item *items, size_t count)
{
  GtkWidget *head = gtk_menu_item_new_with_mnemonic(title);
  GtkWidget *menu = gtk_menu_new();

  for (size_t i = 0; i < count; i++) {
    const struct menu_item *item = &items[i];
    GtkWidget *entry =
        item->label ? gtk_menu_item_new_with_mnemonic(item->label) : gtk_separator_menu_item_new();

    if (item->chosen)
      g_signal_connect(entry, "activate", G_CALLBACK(item->chosen), app);
    if (item->key)
      gtk_widget_add_accelerator(entry, "activate", keys, item->key, item->modifier, GTK_ACCEL_VISIBLE);
    gtk_menu_shell_append(GTK_MENU_SHELL(menu), entry);
  }
  gtk_menu_item_set_submenu(GTK_MENU_ITEM(head), menu);
  gtk_menu_shell_append(GTK_MENU_SHELL(bar), head);
}

static GtkWidget *menus_new(struct lc_app *app)
{
  GtkWidget *bar = gtk_menu_bar_new();
  g_autoptr(GtkAccelGroup) keys = gtk_accel_group_new();

  menu_add(bar, keys, app, "_File", file_menu, G_N_ELEMENTS(file_menu));
  menu_add(bar, keys, app, "_View", view_menu, G_N_ELEMENTS(view_menu));
  gtk_window_add_accel_group(GTK_WINDOW(app->main), keys);
  return bar;
}

static GtkWidget *tool_new(struct lc_app *app, const char *label, const char *picture, GCallback clicked)
{
  GtkWidget *tool = gtk_button_new_with_label(label);

  gtk_button_set_image(GTK_BUTTON(tool), lc_picture_new(picture, 32));
  gtk_button_set_image_position(GTK_BUTTON(tool), GTK_POS_TOP);
  gtk_button_set_always_show_image(GTK_BUTTON(tool), TRUE);
  gtk_widget_set_size_request(tool, 116, -1);
  g_signal_connect(tool, "clicked", clicked, app);
  lc_rude_watch(app, tool);
  return tool;
}

static GtkWidget *tools_new(struct lc_app *app)
{
  GtkWidget *bar = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *bank = gtk_label_new("PROVINCIAL MERCANTILE BANK");

  gtk_style_context_add_class(gtk_widget_get_style_context(bar), "lc-tools");
  gtk_style_context_add_class(gtk_widget_get_style_context(bank), "lc-bank");
  gtk_box_pack_start(GTK_BOX(bar), tool_new(app, "New approval", "new", G_CALLBACK(on_new)), FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(bar), tool_new(app, "Search", "find", G_CALLBACK(on_search)), FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(bar), tool_new(app, "Approvals", "list", G_CALLBACK(on_approvals)), FALSE, FALSE,
                     0);
  gtk_box_pack_end(GTK_BOX(bar), bank, FALSE, FALSE, 10);
  return bar;
}

static GtkWidget *status_new(struct main_window *m)
{
  GtkWidget *bar = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 2);
  g_autofree char *text = g_strdup_printf("Signed on: %s", m->app->user);
  GtkWidget *who = gtk_label_new(text);

  m->status = gtk_statusbar_new();
  g_object_set(gtk_statusbar_get_message_area(GTK_STATUSBAR(m->status)), "margin", 0, NULL);
  g_object_set(m->status, "margin", 0, NULL);
  gtk_style_context_add_class(gtk_widget_get_style_context(m->status), "lc-status");
  gtk_style_context_add_class(gtk_widget_get_style_context(who), "lc-status");
  gtk_box_pack_start(GTK_BOX(bar), m->status, TRUE, TRUE, 0);
  gtk_box_pack_start(GTK_BOX(bar), who, FALSE, FALSE, 0);
  return bar;
}

static GtkWidget *content_new(struct main_window *m)
{
  GtkWidget *content = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
  GtkWidget *middle = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);
  GtkWidget *table = lc_table_new("Approvals", &m->tree);

  m->heading = gtk_label_new("");
  gtk_label_set_xalign(GTK_LABEL(m->heading), 0);
  gtk_container_set_border_width(GTK_CONTAINER(middle), 8);
  gtk_box_pack_start(GTK_BOX(middle), m->heading, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(middle), table, TRUE, TRUE, 0);
  gtk_box_pack_start(GTK_BOX(content), menus_new(m->app), FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(content), tools_new(m->app), FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(content), middle, TRUE, TRUE, 0);
  gtk_box_pack_start(GTK_BOX(content), status_new(m), FALSE, FALSE, 0);
  return content;
}

static void on_destroy(GtkWidget *window, gpointer data)
{
  struct lc_app *app = data;

  (void)window;
  lc_store_unwatch(app->store);
}

void lc_main_show(struct lc_app *app)
{
  struct main_window *m = g_new0(struct main_window, 1);
  GtkWidget *window = lc_window_new(app, "Loan Core", NULL, &app->main);
  GtkWidget *content;

  m->app = app;
  lc_window_own(window, m, g_free);
  gtk_window_set_default_size(GTK_WINDOW(window), 1220, 680);
  g_signal_connect(window, "delete-event", G_CALLBACK(on_delete), app);
  g_signal_connect(window, "destroy", G_CALLBACK(on_destroy), app);
  content = content_new(m);
  lc_window_show(app, window, content, m->tree);
  lc_main_reload(app);
  lc_store_watch(app->store, on_others_wrote, m);
}
