/* act.h - touching a control: only when it is visible, still, enabled, and not covered. Each function is one
 * try: it fails with DH_EAGAIN and the reason while the control is not ready; callers repeat through
 * dh_desk_again. */
#ifndef DH_SCREEN_ACT_H
#define DH_SCREEN_ACT_H

#include "app.h"
#include "tree.h"

/* True (0) when it may be touched now: looks twice, the second must show the same place. */
int dh_act_ready(struct dh_desk *d, struct dh_front *f, int node, struct dh_err *err);
/* Clicks into the middle of it. window: index in f of the window it stands in. */
int dh_act_click(struct dh_desk *d, struct dh_front *f, int window, int node, struct dh_err *err);
/* Clicks into the middle of a place in a window, times times; called: what stands there. */
int dh_act_click_at(struct dh_desk *d, const struct dh_window *w, const struct dh_box *at, int times,
                    const char *called, struct dh_err *err);
/* Gives it the keyboard: its window by the window manager, itself by a click. */
int dh_act_focus(struct dh_desk *d, struct dh_front *f, int window, int node, struct dh_err *err);
/* Waits until the window has gone. */
int dh_act_gone(struct dh_desk *d, Window w, struct dh_err *err);
/* Waits until the application is done with what it was told: it answers, and display and bus are quiet.
 * Bounded; not an error when it stays busy. */
int dh_act_settle(struct dh_desk *d, struct dh_err *err);

#endif
