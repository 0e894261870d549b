/* xwin.c - lists, raises, closes windows; clicks. */
#include "xwin.h"

#include <X11/Xatom.h>
#include <X11/Xutil.h>
#include <X11/extensions/XTest.h>
#include <string.h>

enum { ARRIVE_MS = 2000 };

static int forgive(Display *x, XErrorEvent *e)
{
  (void)x, (void)e;
  return 0;
}

void dh_x_errors_forgive(void)
{
  XSetErrorHandler(forgive);
}

static Atom atom(struct dh_desk *d, const char *name)
{
  return XInternAtom(d->x, name, False); /* Xlib keeps what it has asked once */
}

/* A property's items, XFree by the caller; NULL and 0 when there is none. */
static void *property(struct dh_desk *d, Window w, const char *name, Atom type, unsigned long *n)
{
  unsigned char *p = NULL;
  unsigned long after;
  Atom real = None;
  int format;

  *n = 0;
  if (XGetWindowProperty(d->x, w, atom(d, name), 0, 4096, False, type, &real, &format, n, &after, &p) !=
      Success)
    p = NULL;
  if (p && (*n == 0 || real != type)) {
    XFree(p);
    p = NULL;
    *n = 0;
  }
  return p;
}

static void title_read(struct dh_desk *d, Window w, char *out, size_t size)
{
  unsigned long n;
  char *title = property(d, w, "_NET_WM_NAME", atom(d, "UTF8_STRING"), &n);

  *out = 0;
  if (title) {
    g_strlcpy(out, title, size);
    XFree(title);
  } else if (XFetchName(d->x, w, &title) && title) {
    g_strlcpy(out, title, size);
    XFree(title);
  }
}

static bool is_modal(struct dh_desk *d, Window w)
{
  unsigned long n;
  Atom *states = property(d, w, "_NET_WM_STATE", XA_ATOM, &n);
  bool modal = false;

  for (unsigned long i = 0; i < n; i++)
    modal |= states[i] == atom(d, "_NET_WM_STATE_MODAL");
  if (states)
    XFree(states);
  return modal;
}

static bool window_read(struct dh_desk *d, Window id, Window active, struct dh_window *w)
{
  XWindowAttributes at;
  Window child;

  *w = (struct dh_window){.id = id, .active = id == active};
  if (!XGetWindowAttributes(d->x, id, &at) || at.map_state != IsViewable)
    return false;
  w->box.w = at.width;
  w->box.h = at.height;
  XTranslateCoordinates(d->x, id, DefaultRootWindow(d->x), 0, 0, &w->box.x, &w->box.y, &child);
  title_read(d, id, w->title, sizeof w->title);
  w->modal = is_modal(d, id);
  if (!XGetTransientForHint(d->x, id, &w->over))
    w->over = None;
  return true;
}

static void layers_read(struct dh_desk *d, struct dh_window *list, int n)
{
  unsigned long high;
  Window *stack = property(d, DefaultRootWindow(d->x), "_NET_CLIENT_LIST_STACKING", XA_WINDOW, &high);

  for (int i = 0; i < n; i++)
    for (unsigned long k = 0; k < high; k++)
      if (stack[k] == list[i].id)
        list[i].layer = (int)k;
  if (stack)
    XFree(stack);
}

int dh_windows_list(struct dh_desk *d, struct dh_window *out, int max)
{
  unsigned long n, one;
  Window root = DefaultRootWindow(d->x);
  Window *ids = property(d, root, "_NET_CLIENT_LIST", XA_WINDOW, &n);
  Window *active = property(d, root, "_NET_ACTIVE_WINDOW", XA_WINDOW, &one);
  int found = 0;

  for (unsigned long i = 0; i < n && found < max; i++)
    found += window_read(d, ids[i], active ? *active : None, &out[found]);
  layers_read(d, out, found);
  if (ids)
    XFree(ids);
  if (active)
    XFree(active);
  return found;
}

bool dh_windows_same(struct dh_desk *d, const struct dh_window *list, int n)
{
  unsigned long now;
  Window *ids = property(d, DefaultRootWindow(d->x), "_NET_CLIENT_LIST", XA_WINDOW, &now);
  bool same = now == (unsigned long)n;

  for (int i = 0; same && i < n; i++)
    same = ids[i] == list[i].id;
  if (ids)
    XFree(ids);
  return same;
}

static void message_send(struct dh_desk *d, Window to, Window about, const char *type, long a, long b,
                         long mask)
{
  XEvent e = {
      .xclient = {.type = ClientMessage, .window = about, .message_type = atom(d, type), .format = 32}};

  e.xclient.data.l[0] = a;
  e.xclient.data.l[1] = b;
  XSendEvent(d->x, to, False, mask, &e);
  XFlush(d->x);
}

void dh_window_activate(struct dh_desk *d, Window w)
{
  /* Source 2 says "a person wants it", which a window manager does not refuse. */
  message_send(d, DefaultRootWindow(d->x), w, "_NET_ACTIVE_WINDOW", 2, CurrentTime,
               SubstructureRedirectMask | SubstructureNotifyMask);
}

void dh_window_close(struct dh_desk *d, Window w)
{
  message_send(d, w, w, "WM_PROTOCOLS", (long)atom(d, "WM_DELETE_WINDOW"), CurrentTime, NoEventMask);
}

static Window parent_of(struct dh_desk *d, Window w)
{
  Window root, parent = None, *children = NULL;
  unsigned n;

  if (!XQueryTree(d->x, w, &root, &parent, &children, &n))
    return None;
  if (children)
    XFree(children);
  return parent;
}

bool dh_window_focused(struct dh_desk *d, Window w)
{
  Window at = None;
  int revert;

  XGetInputFocus(d->x, &at, &revert);
  if (at == PointerRoot)
    return false;
  while (at != None && at != w)
    at = parent_of(d, at);
  return at == w && w != None;
}

/* The child of the root that w stands in: its frame. */
static Window frame_of(struct dh_desk *d, Window w)
{
  Window root = DefaultRootWindow(d->x), parent;

  while ((parent = parent_of(d, w)) != root) {
    if (parent == None)
      return None;
    w = parent;
  }
  return w;
}

static void named(struct dh_desk *d, Window frame, char *out, size_t size)
{
  struct dh_window list[64];
  int n = dh_windows_list(d, list, 64);

  g_strlcpy(out, "another window", size);
  for (int i = 0; i < n; i++)
    if (frame_of(d, list[i].id) == frame)
      g_snprintf(out, size, "the window \"%s\"", list[i].title);
}

bool dh_window_at(struct dh_desk *d, Window w, int x, int y, bool menu, char *other, size_t size)
{
  Window root = DefaultRootWindow(d->x), top = None;
  XWindowAttributes at;
  int rx, ry;

  XTranslateCoordinates(d->x, root, root, x, y, &rx, &ry, &top);
  if (top != None && top == frame_of(d, w))
    return true;
  /* Menus are windows that no window manager knows. */
  if (menu && top != None && XGetWindowAttributes(d->x, top, &at) && at.override_redirect)
    return true;
  if (top == None)
    g_strlcpy(other, "nothing: it lies outside its window", size);
  else
    named(d, top, other, size);
  return false;
}

bool dh_click(struct dh_desk *d, Window w, int x, int y, int times, bool menu, char *other, size_t size)
{
  bool clear;

  XGrabServer(d->x); /* nothing can slip under the pointer between the look and the click */
  clear = dh_window_at(d, w, x, y, menu, other, size);
  if (clear)
    XTestFakeMotionEvent(d->x, -1, x, y, CurrentTime);
  for (int i = 0; clear && i < times; i++) {
    XTestFakeButtonEvent(d->x, 1, True, CurrentTime);
    XTestFakeButtonEvent(d->x, 1, False, CurrentTime);
  }
  XUngrabServer(d->x);
  XFlush(d->x);
  return clear;
}

int dh_click_arrived(struct dh_desk *d, struct dh_err *err)
{
  int64_t until = dh_mono_ms() + ARRIVE_MS;

  /* No event tells that another's grab has ended: one of our own can be had then. */
  while (XGrabPointer(d->x, DefaultRootWindow(d->x), False, 0, GrabModeAsync, GrabModeAsync, None, None,
                      CurrentTime) != GrabSuccess) {
    int rc = dh_mono_ms() > until ? dh_err_set(err, DH_EAGAIN, "the window manager holds a click back")
                                  : dh_desk_wait(d, 2, err);

    if (rc)
      return rc;
  }
  XUngrabPointer(d->x, CurrentTime);
  XSync(d->x, False);
  return 0;
}
