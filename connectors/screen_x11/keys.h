/* keys.h - exact typing. Characters that the keyboard lacks are put on spare keycodes; all keys of a text are
 * sent while the server is grabbed and the focus is seen to be in the right window. */
#ifndef DH_SCREEN_KEYS_H
#define DH_SCREEN_KEYS_H

#include "base/err.h"

#include <X11/Xlib.h>
#include <stdbool.h>

struct dh_desk;

enum { DH_SPARE_MAX = 256 };

/* One half of a spare keycode: plain or with shift. */
struct dh_spare {
  KeyCode code;
  int column;         /* 0 plain, 1 with shift */
  KeySym sym;         /* NoSymbol: free */
  unsigned long used; /* when last; the oldest is given away */
};

struct dh_keys {
  struct dh_spare spare[DH_SPARE_MAX];
  int n;
  KeySym *map; /* the whole keyboard as it is now: least…most, per columns each; never freed */
  int least, most, per;
  KeyCode codes[2][256]; /* of Latin-1 on the keyboard itself: plain, with shift; 0: not there */
  KeyCode shift;
  unsigned long clock;
};

void dh_keys_open(struct dh_desk *d);
/* Puts the characters of a text on the keyboard, as many as fit, so that what follows need not wait for
 * programs to learn of each. */
int dh_keys_prepare(struct dh_desk *d, const char *text, struct dh_err *err);
/* Types *text into what has the keyboard in w, with all that is there selected first (select; an empty text
 * then deletes), and moves *text behind what was typed: the whole, or as far as spare keys reach. Before the
 * rest is typed the program must have taken in these keys, whose codes will mean something else. DH_EAGAIN
 * when the keyboard was elsewhere: nothing was sent then. */
int dh_keys_type(struct dh_desk *d, Window w, const char **text, bool select, struct dh_err *err);
/* One key with modifiers: "Enter", "F5", "ctrl+s", "shift+Tab". DH_EUSE for an unknown name; DH_EAGAIN as
 * above. */
int dh_keys_press(struct dh_desk *d, Window w, const char *name, struct dh_err *err);

#endif
