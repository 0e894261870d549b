/* rude.h - the bad manners of old programs, switched on for tests and decided by a seed alone.
 *
 * Moments are counted, not timed: a moment is a window that opens, a button pressed, a field that begins to
 * change. So the same seed meets the same robot at the same place, however fast either is. */
#ifndef LC_RUDE_H
#define LC_RUDE_H

#include "loan_core.h"

/* `words`: comma list of slow, dialog, notice, theft, freeze, frozen-submit, or NULL; `seed`: a number, or
 * NULL for 1. NULL and `error` when either is not understood. */
struct lc_rude *lc_rude_new(const char *words, const char *seed, GError **error);
void lc_rude_free(struct lc_rude *rude);

/* A session begins or ends; outside a session only `slow` is at work. */
void lc_rude_begin(struct lc_app *app);
void lc_rude_end(struct lc_app *app);

/* How long the next window or table takes; 0 when the program is not slow. */
guint lc_rude_delay_ms(struct lc_rude *rude);
/* Tells of moments: that `widget` did something; and, connected to a widget, each time it does. */
void lc_rude_moment(struct lc_app *app, GtkWidget *widget);
void lc_rude_watch(struct lc_app *app, GtkWidget *widget);
/* A key was pressed in one of the program's windows. */
void lc_rude_key(struct lc_app *app);
/* Called right before a save; frozen-submit holds the whole program here. */
void lc_rude_before_save(struct lc_rude *rude);

#endif
