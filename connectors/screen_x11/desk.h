/* desk.h - one desk: what its parts share. The desk is one thread with one GLib context; every wait is
 * dh_desk_wait, which is woken by the display, the accessibility bus, a message on the frame socket, or its
 * time. */
#ifndef DH_SCREEN_DESK_H
#define DH_SCREEN_DESK_H

#include "deskhand.h"
#include "app.h"
#include "keys.h"
#include "session.h"
#include "shot.h"

#include <X11/Xlib.h>
#include <gio/gio.h>

struct dh_desk {
  int fd; /* frame socket */
  struct dh_session session;
  Display *x;
  GDBusConnection *bus; /* the accessibility bus */
  struct dh_keys keys;
  struct dh_shot shot;
  struct dh_app app;
  GPtrArray *masked; /* names of fields whose values stay unseen (char *) */
  GArray *covers;    /* struct dh_cover: parts of windows that stay unseen */
  char *seal;        /* of a program that was kept for the next run; NULL: it is in use, or there is none */
  unsigned char salt[16];

  uint32_t asking;  /* id of the request that is being answered; 0: none */
  int64_t time_ms;  /* how long the request may take */
  int64_t until_ms; /* dh_mono_ms at which its time is over */
  bool canceled, closed;
  bool woken;
  int64_t changed_ms; /* when display or bus last had something to say */
  GQueue *inbox;      /* struct dh_frame *, requests that came while one was answered */
};

/* Waits for a change on display, bus or socket, at most ms. 0, DH_ECANCELED or DH_ECLOSED with err filled. A
 * change of no interest also ends the wait: callers look again. */
int dh_desk_wait(struct dh_desk *d, int ms, struct dh_err *err);
/* 0 while the request may go on; DH_ECANCELED, DH_ECLOSED. Takes what lies on the socket. */
int dh_desk_go_on(struct dh_desk *d, struct dh_err *err);
/* Milliseconds left for the request; 0 when its time is over. */
int dh_desk_left(const struct dh_desk *d);
/* After a look that failed with err: 0 when it is to be repeated, some change or 50 ms later. Else the error
 * to report: err itself when waiting does not help, and when time is over err with how long was waited and
 * for what; of what was not there also whether the program was quiet at the end. */
int dh_desk_again(struct dh_desk *d, int rc, struct dh_err *err);

/* The role's main: see struct dh_role. */
int dh_desk_main(int fd, int argc, char **argv);

#endif
