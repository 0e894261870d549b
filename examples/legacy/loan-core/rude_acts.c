/* rude_acts.c - the dialogs nobody asked for and the window that steals the keyboard. */
#include "rude_acts.h"

#define THEFT_MS 1000

/* Never one that is still to come up: it would be shown behind what it belongs to. */
static GtkWidget *front(struct lc_app *app)
{
  for (GList *l = app->dialogs; l; l = l->next)
    if (gtk_widget_get_visible(l->data))
      return l->data;
  if (app->form && gtk_widget_get_visible(app->form))
    return app->form;
  return app->search && gtk_widget_get_visible(app->search) ? app->search : app->main;
}

static void session_answered(enum lc_answer answer, gpointer data)
{
  if (answer == LC_ANSWER_SECOND)
    lc_session_end(data);
}

void lc_rude_session_dialog(GtkWidget *main, gpointer data)
{
  struct lc_app *app = data;

  (void)main;
  lc_dialog_open(app, &(struct lc_dialog){.parent = front(app),
                                          .title = "Session",
                                          .text = "Session expires soon. Stay signed on?",
                                          .icon = LC_ICON_WARNING,
                                          .buttons = {"_Stay", "_Leave"},
                                          .answered = session_answered,
                                          .data = app});
}

static void period_answered(enum lc_answer answer, gpointer data)
{
  struct lc_app *app = data;

  if (answer == LC_ANSWER_FIRST) {
    lc_main_say(app, "Posting period 2026-11");
    return;
  }
  lc_main_say(app, "Posting period 2026-10 is closed");
  if (app->form)
    gtk_widget_destroy(app->form);
}

void lc_rude_period_dialog(GtkWidget *main, gpointer data)
{
  struct lc_app *app = data;

  (void)main;
  lc_dialog_open(app, &(struct lc_dialog){.parent = front(app),
                                          .title = "Posting period",
                                          .text = "Posting period 2026-10 is closed. Continue in 2026-11?",
                                          .icon = LC_ICON_QUESTION,
                                          .buttons = {"_Yes", "_No"},
                                          .answered = period_answered,
                                          .data = app});
}

static void give_up(GtkWidget *messages, gpointer data)
{
  (void)data;
  gtk_widget_destroy(messages);
}

/* The window manager may keep a new window from the keyboard; this program is too rude to ask it. */
static gboolean on_messages_mapped(GtkWidget *messages, GdkEvent *event, gpointer data)
{
  (void)event, (void)data;
  gdk_window_focus(gtk_widget_get_window(messages), GDK_CURRENT_TIME);
  lc_later(messages, THEFT_MS, give_up, NULL);
  return FALSE;
}

void lc_rude_steal_focus(struct lc_app *app, GtkWidget **slot)
{
  GtkWidget *messages = lc_window_new(app, "Messages", NULL, slot);
  GtkWidget *grid = gtk_grid_new();
  GtkWidget *entry = gtk_entry_new();

  gtk_grid_set_column_spacing(GTK_GRID(grid), 8);
  gtk_entry_set_width_chars(GTK_ENTRY(entry), 30);
  lc_field_add(grid, 0, 0, "_Message to branch 014", entry);
  g_signal_connect(messages, "map-event", G_CALLBACK(on_messages_mapped), NULL);
  gtk_container_set_border_width(GTK_CONTAINER(messages), 10);
  gtk_container_add(GTK_CONTAINER(messages), grid);
  gtk_widget_grab_focus(entry);
  gtk_widget_show_all(messages);
}
