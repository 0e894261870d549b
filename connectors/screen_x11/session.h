/* session.h - a private display with all a desktop program expects: Xvfb, a window manager, a D-Bus session,
 * the accessibility bus, HOME and XDG folders. Owns the processes and the folder; knows nothing of requests.
 */
#ifndef DH_SCREEN_SESSION_H
#define DH_SCREEN_SESSION_H

#include "child.h"

#include <X11/Xlib.h>
#include <gio/gio.h>

struct dh_session {
  char dir[64];  /* 0700; holds everything the desk's programs write */
  int lock;      /* of the folder */
  char mark[40]; /* value of DH_DESK_MARK */
  struct dh_guard guard;
  pid_t xvfb, dbus, wm;
  Display *x;
  GDBusConnection *bus; /* accessibility */
  char **env;           /* for programs on this desk; ended by NULL */
  int log;              /* what the programs say goes here: <dir>/log */
};

/* Starts everything and returns when it can be used. size is Xvfb's, "1280x800x24". On failure everything
 * begun is ended again, and err says which part failed and what it said. */
int dh_session_open(struct dh_session *s, const char *size, struct dh_err *err);
/* Ends all processes and removes the folder. Idempotent. */
void dh_session_close(struct dh_session *s);
/* The session's environment with name=value pairs added (NULL-ended, "NAME=value"). free() with g_strfreev.
 */
char **dh_session_env(const struct dh_session *s, char *const *more);

#endif
