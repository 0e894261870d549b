/* dialog.c - modal dialogs, which of them is in front, and what that keeps from happening behind it. */
#include "loan_core.h"
#include "rude.h"

struct open_dialog {
  struct lc_app *app;
  void (*answered)(enum lc_answer answer, gpointer data);
  gpointer data;
};

static void on_destroy(GtkWidget *dialog, gpointer data)
{
  struct open_dialog *open = data;

  open->app->dialogs = g_list_remove(open->app->dialogs, dialog);
  g_free(open);
}

/* The one that comes up last is in front, whichever was opened first: slow ones overtake each other. */
static void on_show(GtkWidget *dialog, gpointer data)
{
  struct lc_app *app = data;

  app->dialogs = g_list_prepend(g_list_remove(app->dialogs, dialog), dialog);
}

static void on_response(GtkWidget *dialog, int response, gpointer data)
{
  struct open_dialog *open = data;
  void (*answered)(enum lc_answer answer, gpointer data) = open->answered;
  gpointer answered_data = open->data;

  if (lc_blocked(open->app, dialog))
    return;
  gtk_widget_destroy(dialog);
  if (answered)
    answered(response < 0 ? LC_ANSWER_CLOSED : (enum lc_answer)response, answered_data);
}

static GtkWidget *body_new(const struct lc_dialog *d)
{
  static const char *const pictures[] = {NULL, "question", "warning"};
  GtkWidget *body = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 14);

  gtk_container_set_border_width(GTK_CONTAINER(body), 10);
  if (pictures[d->icon])
    gtk_box_pack_start(GTK_BOX(body), lc_picture_new(pictures[d->icon], 32), FALSE, FALSE, 0);
  if (d->text) {
    GtkWidget *text = gtk_label_new(d->text);

    gtk_label_set_line_wrap(GTK_LABEL(text), TRUE);
    gtk_label_set_max_width_chars(GTK_LABEL(text), 60);
    gtk_label_set_xalign(GTK_LABEL(text), 0);
    gtk_box_pack_start(GTK_BOX(body), text, TRUE, TRUE, 0);
  }
  if (d->content)
    gtk_box_pack_start(GTK_BOX(body), d->content, TRUE, TRUE, 0);
  return body;
}

GtkWidget *lc_dialog_open(struct lc_app *app, const struct lc_dialog *d)
{
  GtkWidget *dialog = gtk_dialog_new();
  GtkWidget *first = NULL;
  struct open_dialog *open = g_new0(struct open_dialog, 1);

  *open = (struct open_dialog){.app = app, .answered = d->answered, .data = d->data};
  gtk_window_set_title(GTK_WINDOW(dialog), d->title);
  gtk_window_set_resizable(GTK_WINDOW(dialog), FALSE);
  gtk_window_set_modal(GTK_WINDOW(dialog), TRUE);
  gtk_window_set_transient_for(GTK_WINDOW(dialog), GTK_WINDOW(d->parent));
  gtk_window_set_destroy_with_parent(GTK_WINDOW(dialog), TRUE);
  gtk_window_set_position(GTK_WINDOW(dialog), GTK_WIN_POS_CENTER_ON_PARENT);
  gtk_container_set_border_width(GTK_CONTAINER(dialog), 8);
  gtk_container_add(GTK_CONTAINER(gtk_dialog_get_content_area(GTK_DIALOG(dialog))), body_new(d));
  for (int i = 0; i < 2 && d->buttons[i]; i++) {
    GtkWidget *button = gtk_dialog_add_button(GTK_DIALOG(dialog), d->buttons[i], i);

    lc_rude_watch(app, button);
    gtk_widget_set_size_request(button, 84, -1);
    if (!first)
      first = button;
  }
  gtk_dialog_set_default_response(GTK_DIALOG(dialog), LC_ANSWER_FIRST);
  app->dialogs = g_list_prepend(app->dialogs, dialog);
  g_signal_connect(dialog, "show", G_CALLBACK(on_show), app);
  g_signal_connect(dialog, "response", G_CALLBACK(on_response), open);
  g_signal_connect(dialog, "delete-event", G_CALLBACK(gtk_true), NULL);
  g_signal_connect(dialog, "destroy", G_CALLBACK(on_destroy), open);
  lc_window_show(app, dialog, NULL, d->content ? d->content : first);
  return dialog;
}

void lc_dialog_tell(struct lc_app *app, GtkWidget *parent, const char *title, const char *text)
{
  lc_dialog_open(
      app, &(struct lc_dialog){
               .parent = parent, .title = title, .text = text, .icon = LC_ICON_WARNING, .buttons = {"_OK"}});
}

gboolean lc_blocked(struct lc_app *app, GtkWidget *window)
{
  if (!app->dialogs || app->dialogs->data == window)
    return FALSE;
  gtk_widget_error_bell(window);
  return TRUE;
}
