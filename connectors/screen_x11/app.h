/* app.h - the application on a desk: its life, which of its windows is worked in, and the dialogs that come
 * between.
 *
 * The current window is the one that start, go or a press has led to. A modal dialog that was neither asked
 * for nor listed stops everything; a listed one is answered and told. */
#ifndef DH_SCREEN_APP_H
#define DH_SCREEN_APP_H

#include "base/err.h"
#include "base/val.h"

#include <X11/Xlib.h>
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct dh_desk;
struct dh_tree;
struct dh_window;

enum { DH_WINDOWS_MAX = 64 };

struct dh_rule {
  char *pattern, *button;
};

struct dh_answered {
  char *title, *text, *button;
};

struct dh_app {
  bool started;
  bool blind; /* it shows no controls to assistive technology */
  pid_t pid;  /* 0: it has ended, with status */
  int status;
  unsigned number; /* of applications started on this desk; value of DH_APP_MARK */
  Window current;
  Window asked[DH_WINDOWS_MAX]; /* windows that were asked for: no surprise even if modal */
  int n_asked;
  Window surprise; /* the last dialog that no rule knew, and since when it is there */
  int64_t surprised_ms;
  Window answered_in; /* the dialog whose button was pressed last, until it has gone or another was pressed */
  Window pressed_in;  /* the window of the last press */
  bool going_home;    /* unexpected dialogs are closed, not reported */
  GPtrArray *rules;   /* struct dh_rule * */
  GPtrArray *answered; /* struct dh_answered *, during the present request */
};

/* What one looks at: the window worked in, all others, and the controls. Free with dh_front_free. */
struct dh_front {
  struct dh_tree *tree;
  struct dh_window *windows;
  int n;    /* of windows */
  int at;   /* the current one */
  int node; /* its node in the tree; -1: it is not accessible */
};

void dh_app_open(struct dh_desk *d);
/* Ends the application, forgets windows, rules and answers. */
void dh_app_reset(struct dh_desk *d);
/* Forgets the same but lets the application run. */
void dh_app_forget(struct dh_desk *d);
void dh_rules_set(struct dh_desk *d, const struct dh_val *list);

/* Starts it and waits for its first window, or the one named title. */
int dh_app_start(struct dh_desk *d, const struct dh_val *request, struct dh_err *err);
/* Looks once. Answers listed dialogs on the way (which takes its time). DH_EREFUSED: an unexpected dialog.
 * DH_EAGAIN: no window or no answer now. DH_EUNAVAILABLE: the application has ended. */
int dh_front_look(struct dh_desk *d, struct dh_front *f, struct dh_err *err);
void dh_front_free(struct dh_front *f);
/* The node of one of its windows; -1 if it has none. */
int dh_front_node(struct dh_desk *d, struct dh_front *f, int window, struct dh_err *err);
/* The newest window of this title, -1 if there is none. */
int dh_front_titled(const struct dh_front *f, const char *title);
/* From now on this is the window worked in; it was asked for. */
void dh_app_work_in(struct dh_desk *d, Window w);
bool dh_app_asked(const struct dh_desk *d, Window w);

/* "* as in a rule": equal, where a star stands for any text. Case counts. */
bool dh_pattern_fits(const char *pattern, const char *text);

#endif
