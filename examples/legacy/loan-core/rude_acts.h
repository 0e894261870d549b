/* rude_acts.h - what a rude program shows; rude.c alone decides when. */
#ifndef LC_RUDE_ACTS_H
#define LC_RUDE_ACTS_H

#include "rude.h"

/* Dialogs over whatever window is in front; `data` is the app. */
void lc_rude_session_dialog(GtkWidget *main, gpointer data);
void lc_rude_period_dialog(GtkWidget *main, gpointer data);

/* Opens "Messages", which takes the keyboard for one second; `slot` holds it until it has gone. */
void lc_rude_steal_focus(struct lc_app *app, GtkWidget **slot);

#endif
