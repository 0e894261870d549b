/* xwin.h - windows and pointer as the X server and the window manager know them. Owns no window. */
#ifndef DH_SCREEN_XWIN_H
#define DH_SCREEN_XWIN_H

#include "tree.h"

struct dh_window {
  Window id;
  char title[256];
  bool modal;
  bool active;       /* the window manager gives it the keyboard */
  int layer;         /* in the stack, from the bottom */
  Window over;       /* the window it is transient for; None */
  struct dh_box box; /* without the window manager's frame */
};

/* The managed windows, oldest first. At most max; returns how many. Windows that vanish meanwhile are left
 * out. */
int dh_windows_list(struct dh_desk *d, struct dh_window *out, int max);
/* True while the same windows are managed as in a list made before. Costs one question. */
bool dh_windows_same(struct dh_desk *d, const struct dh_window *list, int n);
/* Asks the window manager to raise it and give it the keyboard. */
void dh_window_activate(struct dh_desk *d, Window w);
/* Asks it to close, as a click on its close button does. */
void dh_window_close(struct dh_desk *d, Window w);
/* True when keys go to w or a window inside it. */
bool dh_window_focused(struct dh_desk *d, Window w);
/* True when w, or a menu of its program, is what a click at x, y meets. The title of what does is put into
 * other. */
bool dh_window_at(struct dh_desk *d, Window w, int x, int y, bool menu, char *other, size_t size);
/* Moves the pointer and clicks the left button, times times; w as above, checked in the same breath. False:
 * not clicked, other says what is in the way. */
bool dh_click(struct dh_desk *d, Window w, int x, int y, int times, bool menu, char *other, size_t size);

/* Waits until a click has reached its program. The window manager sees each click first and holds it back;
 * keys would overtake it. DH_EAGAIN when it keeps it. */
int dh_click_arrived(struct dh_desk *d, struct dh_err *err);

/* From now on errors about windows that have vanished are no reason to end the process. */
void dh_x_errors_forgive(void);

#endif
