/* loan_core.h - what the windows of the program share: the application, dialogs, small widget helpers. */
#ifndef LC_LOAN_CORE_H
#define LC_LOAN_CORE_H

#include <gtk/gtk.h>

#include "store.h"

struct lc_rude;

/* One running copy of the program. A window pointer is NULL while that window does not exist. */
struct lc_app {
  struct lc_store *store;
  struct lc_rude *rude;
  const char *users;    /* "name:password,name:password" */
  const char *currency; /* ISO 4217 */
  char *user;           /* signed on, or NULL */
  GtkWidget *signin, *main, *form, *search;
  GList *dialogs; /* the one in front first: opened or shown last */
};

/* --- session.c --- */

/* Whether `user` may sign on with `password`. */
gboolean lc_session_allows(const struct lc_app *app, const char *user, const char *password);
/* Opens the main window for `user` and closes the sign-on window. */
void lc_session_begin(struct lc_app *app, const char *user);
/* Closes every window of the session and asks for the next user. */
void lc_session_end(struct lc_app *app);
/* Ends the program after the current event. */
void lc_quit(struct lc_app *app);

/* --- the windows; each shows its one copy, or raises it --- */

void lc_signin_show(struct lc_app *app);
void lc_main_show(struct lc_app *app);
void lc_form_show(struct lc_app *app);
void lc_search_show(struct lc_app *app);

/* Reads the table of the main window again. */
void lc_main_reload(struct lc_app *app);
/* Sets the message in the status bar. */
void lc_main_say(struct lc_app *app, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* --- table.c --- */

/* A scrolled table of approvals whose accessible name is `name`; `tree` gets the GtkTreeView in it. */
GtkWidget *lc_table_new(const char *name, GtkWidget **tree);
/* Makes the table show `rows` (newest first), touching only what differs, so selection and scrolling stay. */
void lc_table_show(GtkWidget *tree, const GPtrArray *rows, const char *currency);

/* --- dialog.c --- */

enum lc_answer { LC_ANSWER_CLOSED = -1, LC_ANSWER_FIRST, LC_ANSWER_SECOND };

struct lc_dialog {
  GtkWidget *parent; /* dies with it; `answered` is not called then */
  const char *title, *text;
  enum { LC_ICON_NONE, LC_ICON_QUESTION, LC_ICON_WARNING } icon;
  const char *buttons[2]; /* with mnemonics; the second may be NULL */
  GtkWidget *content;     /* beside the text, with the keyboard in it; or NULL */
  void (*answered)(enum lc_answer answer, gpointer data); /* after the dialog has gone; may be NULL */
  gpointer data;
};

/* Opens a modal dialog over all windows; returns at once. */
GtkWidget *lc_dialog_open(struct lc_app *app, const struct lc_dialog *dialog);
/* The same with one button "OK". */
void lc_dialog_tell(struct lc_app *app, GtkWidget *parent, const char *title, const char *text);
/* True, with a beep, while a modal dialog stands in front of `window`. Assistive tools reach through a modal
 * grab, a mouse does not: every handler that changes something asks here first so that both meet the same
 * program. */
gboolean lc_blocked(struct lc_app *app, GtkWidget *window);

/* --- widgets.c --- */

/* A top-level window of the program, not yet shown; `slot` is cleared when it is destroyed. */
GtkWidget *lc_window_new(struct lc_app *app, const char *title, GtkWidget *parent, GtkWidget **slot);
/* Frees `data` once the window and all in it have gone: its parts may still speak while they are taken down.
 */
void lc_window_own(GtkWidget *window, gpointer data, GDestroyNotify free_data);
/* Puts `content` into the window and shows it; the keyboard goes to `first`. Slow when the program is told to
 * be. */
void lc_window_show(struct lc_app *app, GtkWidget *window, GtkWidget *content, GtkWidget *first);
/* Label and widget side by side in row `row` of `grid`, from column `column` on, tied for mouse, keys and
 * readers. */
void lc_field_add(GtkWidget *grid, int column, int row, const char *label, GtkWidget *widget);
GtkWidget *lc_button_new(const char *label, GCallback clicked, gpointer data);
/* The accessible name, for widgets that no label names. */
void lc_name_set(GtkWidget *widget, const char *name);
/* Calls `fn` once after `ms`, unless `owner` is destroyed before. */
void lc_later(GtkWidget *owner, guint ms, void (*fn)(GtkWidget *owner, gpointer data), gpointer data);

/* --- look.c --- */

/* Colours, bevels and font of the whole program. */
void lc_look_apply(void);
/* A small picture: "new", "find", "list", "question", "warning", "calendar". */
GtkWidget *lc_picture_new(const char *name, int size);

#endif
