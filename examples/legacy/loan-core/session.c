/* session.c - who is signed on, and what opens and closes with that. */
#include "loan_core.h"
#include "rude.h"

#include <string.h>

gboolean lc_session_allows(const struct lc_app *app, const char *user, const char *password)
{
  g_autofree char *wanted = g_strconcat(user, ":", password, NULL);
  g_auto(GStrv) users = g_strsplit(app->users, ",", -1);

  return *user && !strchr(user, ':') && g_strv_contains((const char *const *)users, wanted);
}

static void windows_close(struct lc_app *app)
{
  GtkWidget **windows[] = {&app->search, &app->form, &app->main, &app->signin};

  for (size_t i = 0; i < G_N_ELEMENTS(windows); i++) {
    if (*windows[i])
      gtk_widget_destroy(*windows[i]);
  }
}

void lc_session_begin(struct lc_app *app, const char *user)
{
  app->user = g_strdup(user);
  gtk_widget_destroy(app->signin);
  lc_rude_begin(app);
  lc_main_show(app);
  lc_main_say(app, "%s signed on", app->user);
}

void lc_session_end(struct lc_app *app)
{
  lc_rude_end(app);
  windows_close(app);
  g_clear_pointer(&app->user, g_free);
  lc_signin_show(app);
}

void lc_quit(struct lc_app *app)
{
  lc_rude_end(app);
  windows_close(app);
  g_clear_pointer(&app->user, g_free);
  gtk_main_quit();
}
