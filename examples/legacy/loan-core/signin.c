/* signin.c - the sign-on window. */
#include "loan_core.h"

struct signin {
  struct lc_app *app;
  GtkWidget *user, *password, *wrong;
};

static void on_sign_in(GtkWidget *button, gpointer data)
{
  struct signin *s = data;
  const char *user = gtk_entry_get_text(GTK_ENTRY(s->user));

  (void)button;
  if (lc_session_allows(s->app, user, gtk_entry_get_text(GTK_ENTRY(s->password)))) {
    lc_session_begin(s->app, user);
    return;
  }
  gtk_label_set_text(GTK_LABEL(s->wrong), "Unknown user or wrong password");
  gtk_entry_set_text(GTK_ENTRY(s->password), "");
  gtk_widget_grab_focus(s->password);
}

static gboolean on_delete(GtkWidget *window, GdkEvent *event, gpointer data)
{
  (void)window, (void)event;
  lc_quit(data);
  return TRUE;
}

static GtkWidget *fields_new(struct signin *s)
{
  GtkWidget *grid = gtk_grid_new();

  gtk_grid_set_row_spacing(GTK_GRID(grid), 10);
  gtk_grid_set_column_spacing(GTK_GRID(grid), 16);
  s->user = gtk_entry_new();
  s->password = gtk_entry_new();
  gtk_entry_set_visibility(GTK_ENTRY(s->password), FALSE);
  gtk_entry_set_input_purpose(GTK_ENTRY(s->password), GTK_INPUT_PURPOSE_PASSWORD);
  gtk_entry_set_activates_default(GTK_ENTRY(s->user), TRUE);
  gtk_entry_set_activates_default(GTK_ENTRY(s->password), TRUE);
  gtk_entry_set_width_chars(GTK_ENTRY(s->user), 24);
  lc_field_add(grid, 0, 0, "_User", s->user);
  lc_field_add(grid, 0, 1, "_Password", s->password);
  return grid;
}

static GtkWidget *content_new(struct signin *s, GtkWidget *button)
{
  GtkWidget *content = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
  GtkWidget *inner = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12);
  GtkWidget *bank = gtk_label_new("PROVINCIAL MERCANTILE BANK");
  GtkWidget *buttons = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 8);

  gtk_style_context_add_class(gtk_widget_get_style_context(bank), "lc-banner");
  s->wrong = gtk_label_new("");
  gtk_style_context_add_class(gtk_widget_get_style_context(s->wrong), "lc-error");
  gtk_container_set_border_width(GTK_CONTAINER(inner), 18);
  gtk_box_pack_end(GTK_BOX(buttons), button, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(inner), fields_new(s), FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(inner), s->wrong, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(inner), buttons, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(content), bank, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(content), inner, TRUE, TRUE, 0);
  return content;
}

void lc_signin_show(struct lc_app *app)
{
  struct signin *s = g_new0(struct signin, 1);
  GtkWidget *window = lc_window_new(app, "Loan Core - Sign in", NULL, &app->signin);
  GtkWidget *button = lc_button_new("_Sign in", G_CALLBACK(on_sign_in), s);
  GtkWidget *content;

  s->app = app;
  gtk_window_set_resizable(GTK_WINDOW(window), FALSE);
  gtk_widget_set_can_default(button, TRUE);
  g_signal_connect(window, "delete-event", G_CALLBACK(on_delete), app);
  lc_window_own(window, s, g_free);
  content = content_new(s, button);
  gtk_window_set_default(GTK_WINDOW(window), button);
  lc_window_show(app, window, content, s->user);
}
