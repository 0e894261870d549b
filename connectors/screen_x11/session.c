/* session.c - brings up a private desktop and takes it down. */
#include "session.h"

#include "folder.h"

#include <X11/Xatom.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { START_MS = 20000, COOKIE = 16 };

/* No key or menu of the window manager may come between a robot and its program. */
static const char wm_config[] =
    "<?xml version=\"1.0\"?>\n"
    "<openbox_config xmlns=\"http://openbox.org/3.4/rc\">\n"
    "<focus><focusNew>yes</focusNew><followMouse>no</followMouse></focus>\n"
    "<placement><policy>Smart</policy><center>yes</center></placement>\n"
    "<desktops><number>1</number></desktops>\n"
    "<mouse><context name=\"Client\"><mousebind button=\"Left\" action=\"Press\">"
    "<action name=\"Focus\"/><action name=\"Raise\"/></mousebind></context></mouse>\n"
    "</openbox_config>\n";

/* Still pictures: what moves by itself would never be "still". */
static const char gtk_config[] = "[Settings]\ngtk-enable-animations=0\ngtk-cursor-blink=0\n";

static int file_write(const struct dh_session *s, const char *name, const void *p, size_t n,
                      struct dh_err *err)
{
  g_autofree char *path = g_build_filename(s->dir, name, NULL);
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  ssize_t w = fd < 0 ? -1 : write(fd, p, n);

  if (fd >= 0)
    close(fd);
  return w == (ssize_t)n ? 0 : dh_err_errno(err, "cannot write %s", path);
}

/* A cookie for any display on this host: the number is not known yet, and a client looks for nothing more. */
static int cookie_write(const struct dh_session *s, struct dh_err *err)
{
  static const unsigned char head[] = {0xff, 0xff, 0, 0, 0, 0, 0, 18};
  unsigned char entry[sizeof head + 18 + 2 + COOKIE];

  memcpy(entry, head, sizeof head);
  memcpy(entry + sizeof head, "MIT-MAGIC-COOKIE-1", 18);
  entry[sizeof head + 18] = 0;
  entry[sizeof head + 19] = COOKIE;
  if (getrandom(entry + sizeof head + 20, COOKIE, 0) != COOKIE)
    return dh_err_errno(err, "no random numbers for the display's cookie");
  return file_write(s, "xauthority", entry, sizeof entry, err);
}

static int folders_make(struct dh_session *s, struct dh_err *err)
{
  static const char *const folders[] = {
      "home", "config", "config/openbox", "config/gtk-3.0", "config/gtk-4.0", "cache", "data", "run", "tmp"};
  unsigned char number[8];

  if (dh_folder_make(s->dir, sizeof s->dir, &s->lock, err))
    return err->code;
  if (getrandom(number, sizeof number, 0) != sizeof number)
    return dh_err_errno(err, "no random numbers for the desk");
  for (size_t i = 0; i < sizeof number; i++)
    snprintf(s->mark + 2 * i, 3, "%02x", number[i]);
  if (dh_guard_start(&s->guard, s->lock, s->mark, s->dir, err))
    return err->code;
  for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
    g_autofree char *path = g_build_filename(s->dir, folders[i], NULL);

    if (mkdir(path, 0700))
      return dh_err_errno(err, "cannot make %s", path);
  }
  if (file_write(s, "config/openbox/rc.xml", wm_config, strlen(wm_config), err) ||
      file_write(s, "config/gtk-3.0/settings.ini", gtk_config, strlen(gtk_config), err) ||
      file_write(s, "config/gtk-4.0/settings.ini", gtk_config, strlen(gtk_config), err) ||
      cookie_write(s, err))
    return err->code;
  g_autofree char *log = g_build_filename(s->dir, "log", NULL);

  s->log = open(log, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  return s->log < 0 ? dh_err_errno(err, "cannot make %s", log) : 0;
}

static void env_set(struct dh_session *s, const char *name, const char *value)
{
  s->env = g_environ_setenv(s->env, name, value, TRUE);
}

static void env_folder(struct dh_session *s, const char *name, const char *folder)
{
  g_autofree char *path = g_build_filename(s->dir, folder, NULL);

  env_set(s, name, path);
}

static void env_make(struct dh_session *s)
{
  static const char *const unset[] = {
      "DISPLAY",    "WAYLAND_DISPLAY", "SESSION_MANAGER",    "DBUS_STARTER_ADDRESS", "GTK_MODULES",
      "XMODIFIERS", "NO_AT_BRIDGE",    "DESKTOP_STARTUP_ID", "AT_SPI_BUS_ADDRESS"};

  s->env = g_get_environ();
  for (size_t i = 0; i < G_N_ELEMENTS(unset); i++)
    s->env = g_environ_unsetenv(s->env, unset[i]);
  env_folder(s, "HOME", "home");
  env_folder(s, "XDG_CONFIG_HOME", "config");
  env_folder(s, "XDG_CACHE_HOME", "cache");
  env_folder(s, "XDG_DATA_HOME", "data");
  env_folder(s, "XDG_STATE_HOME", "data");
  env_folder(s, "XDG_RUNTIME_DIR", "run");
  env_folder(s, "TMPDIR", "tmp");
  env_folder(s, "XAUTHORITY", "xauthority");
  env_set(s, "LC_ALL", "C.UTF-8");
  env_set(s, "GDK_BACKEND", "x11");
  env_set(s, "QT_QPA_PLATFORM", "xcb");
  env_set(s, "QT_LINUX_ACCESSIBILITY_ALWAYS_ON", "1");
  env_set(s, "GTK_IM_MODULE", "gtk-im-context-simple"); /* no input method may change what is typed */
  env_set(s, "GSETTINGS_BACKEND", "memory");
  env_set(s, DH_DESK_MARK, s->mark);
}

/* The last line that the desk's programs have written, for error texts. */
static const char *last_words(const struct dh_session *s, char *out, size_t size)
{
  off_t end = lseek(s->log, 0, SEEK_END), from = end > (off_t)size - 1 ? end - (off_t)size + 1 : 0;
  ssize_t n = pread(s->log, out, size - 1, from);
  char *line;

  out[n > 0 ? n : 0] = 0;
  g_strchomp(out);
  line = strrchr(out, '\n');
  return line ? line + 1 : out;
}

static int start(struct dh_session *s, const char *const *argv, int keep, pid_t *pid, struct dh_err *err)
{
  struct dh_child c = {.argv = argv, .env = s->env, .out = s->log, .keep = keep};

  *pid = dh_child_start(&c, err);
  if (*pid > 0)
    return 0;
  *pid = 0;
  return dh_err_advice(err, "install it: apt install xvfb openbox dbus-daemon at-spi2-core"), err->code;
}

/* Reads one line that a program writes when it is ready; its end without one is a failure. */
static int line_wait(struct dh_session *s, int fd, const char *who, char *out, size_t size,
                     struct dh_err *err)
{
  int64_t until = dh_mono_ms() + START_MS;
  size_t n = 0;
  char words[300];

  while (n + 1 < size) {
    struct pollfd p = {fd, POLLIN, 0};
    int64_t left = until - dh_mono_ms();

    if (left <= 0 || poll(&p, 1, (int)left) <= 0) {
      if (left > 0 && errno == EINTR)
        continue;
      return dh_err_set(err, DH_ETIME, "%s was not ready after %d s", who, START_MS / 1000);
    }
    if (read(fd, out + n, 1) != 1) {
      dh_err_set(err, DH_EUNAVAILABLE, "%s ended while it started", who);
      return dh_err_seen(err, "%s", last_words(s, words, sizeof words));
    }
    if (out[n++] == '\n')
      break;
  }
  out[n ? n - 1 : 0] = 0;
  return 0;
}

/* Whoever removes the folder then removes the server's socket too, which it leaves when it is killed. */
static int display_note(const struct dh_session *s, const char *number, struct dh_err *err)
{
  g_autofree char *socket = g_strdup_printf("/tmp/.X11-unix/X%s", number);
  g_autofree char *link = g_build_filename(s->dir, DH_FOLDER_DISPLAY, NULL);

  return symlink(socket, link) ? dh_err_errno(err, "cannot make %s", link) : 0;
}

/* Xvfb and the message bus start side by side; each writes its address when it is ready. */
static int servers_start(struct dh_session *s, const char *size, struct dh_err *err)
{
  char fd_text[2][32], display[16], address[160];
  g_autofree char *auth = g_build_filename(s->dir, "xauthority", NULL);
  g_autofree char *listen = g_strdup_printf("--address=unix:path=%s/run/bus", s->dir);
  int x[2], bus[2], rc;

  if (pipe2(x, O_CLOEXEC))
    return dh_err_errno(err, "cannot start a display");
  if (pipe2(bus, O_CLOEXEC)) {
    close(x[0]), close(x[1]);
    return dh_err_errno(err, "cannot start a message bus");
  }
  snprintf(fd_text[0], sizeof fd_text[0], "%d", x[1]);
  snprintf(fd_text[1], sizeof fd_text[1], "--print-address=%d", bus[1]);
  const char *const xvfb[] = {"Xvfb", "-displayfd", fd_text[0], "-screen",  "0",    size, "-auth",
                              auth,   "-nolisten",  "tcp",      "-noreset", "-dpi", "96", NULL};
  const char *const dbus[] = {"dbus-daemon", "--session", "--nofork", "--nopidfile",
                              listen,        fd_text[1],  NULL};

  rc = start(s, xvfb, x[1], &s->xvfb, err);
  close(x[1]);
  if (!rc)
    rc = line_wait(s, x[0], "Xvfb", display + 1, sizeof display - 1, err);
  if (!rc) {
    display[0] = ':';
    env_set(s, "DISPLAY", display);
    rc = display_note(s, display + 1, err);
  }
  if (!rc) {
    rc = start(s, dbus, bus[1], &s->dbus, err);
  }
  close(bus[1]);
  if (!rc)
    rc = line_wait(s, bus[0], "the message bus", address, sizeof address, err);
  if (!rc)
    env_set(s, "DBUS_SESSION_BUS_ADDRESS", address);
  close(x[0]), close(bus[0]);
  return rc;
}

static int display_open(struct dh_session *s, struct dh_err *err)
{
  setenv("XAUTHORITY", g_environ_getenv(s->env, "XAUTHORITY"), 1);
  s->x = XOpenDisplay(g_environ_getenv(s->env, "DISPLAY"));
  if (!s->x)
    return dh_err_set(err, DH_EUNAVAILABLE, "the display %s does not let us in",
                      g_environ_getenv(s->env, "DISPLAY"));
  XSelectInput(s->x, DefaultRootWindow(s->x), SubstructureNotifyMask | PropertyChangeMask);
  return 0;
}

static int wm_wait(struct dh_session *s, struct dh_err *err)
{
  Atom check = XInternAtom(s->x, "_NET_SUPPORTING_WM_CHECK", False);
  int64_t until = dh_mono_ms() + START_MS;
  char words[300];

  for (;;) {
    unsigned char *p = NULL;
    unsigned long n = 0, after;
    struct pollfd poll_x = {ConnectionNumber(s->x), POLLIN, 0};
    Atom type;
    int format;

    XGetWindowProperty(s->x, DefaultRootWindow(s->x), check, 0, 1, False, XA_WINDOW, &type, &format, &n,
                       &after, &p);
    if (p)
      XFree(p);
    if (n)
      return 0;
    if (dh_child_gone(&s->wm, NULL)) {
      dh_err_set(err, DH_EUNAVAILABLE, "openbox ended while it started");
      return dh_err_seen(err, "%s", last_words(s, words, sizeof words));
    }
    if (dh_mono_ms() > until)
      return dh_err_set(err, DH_ETIME, "openbox was not ready after %d s", START_MS / 1000);
    /* Its first property is an event; its death is none, hence the short look. */
    if (!XPending(s->x))
      poll(&poll_x, 1, 100);
    while (XPending(s->x)) {
      XEvent e;

      XNextEvent(s->x, &e);
    }
  }
}

static GDBusConnection *bus_open(const char *address, GError **error)
{
  return g_dbus_connection_new_for_address_sync(
      address, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
      NULL, NULL, error);
}

/* Programs send no events, and keep no list of their controls, until somebody has asked for events. */
static void events_ask(GDBusConnection *bus, GError **error)
{
  static const char *const events[] = {"object:state-changed", "object:children-changed", "window:"};

  for (size_t i = 0; i < G_N_ELEMENTS(events) && !*error; i++) {
    g_autoptr(GVariant) answer = g_dbus_connection_call_sync(
        bus, "org.a11y.atspi.Registry", "/org/a11y/atspi/registry", "org.a11y.atspi.Registry",
        "RegisterEvent", g_variant_new("(sass)", events[i], NULL, ""), NULL, G_DBUS_CALL_FLAGS_NONE, START_MS,
        NULL, error);
  }
}

static int accessibility_open(struct dh_session *s, struct dh_err *err)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GDBusConnection) session = bus_open(g_environ_getenv(s->env, "DBUS_SESSION_BUS_ADDRESS"), &error);
  g_autoptr(GVariant) answer = NULL;

  /* The launcher of the accessibility bus is started by the session bus on this first call. */
  if (session)
    answer = g_dbus_connection_call_sync(session, "org.a11y.Bus", "/org/a11y/bus", "org.a11y.Bus",
                                         "GetAddress", NULL, G_VARIANT_TYPE("(s)"), G_DBUS_CALL_FLAGS_NONE,
                                         START_MS, NULL, &error);
  if (answer) {
    const char *address;

    g_variant_get(answer, "(&s)", &address);
    env_set(s, "AT_SPI_BUS_ADDRESS", address);
    s->bus = bus_open(address, &error);
  }
  if (s->bus) {
    g_dbus_connection_set_exit_on_close(s->bus, FALSE);
    events_ask(s->bus, &error);
  }
  if (!error)
    return 0;
  dh_err_set(err, DH_EUNAVAILABLE, "the accessibility bus did not start");
  dh_err_seen(err, "%s", error->message);
  return dh_err_advice(err, "install it: apt install at-spi2-core"), err->code;
}

int dh_session_open(struct dh_session *s, const char *size, struct dh_err *err)
{
  g_autofree char *config = NULL;
  int rc;

  *s = (struct dh_session){.log = -1, .lock = -1};
  rc = folders_make(s, err);
  if (!rc) {
    env_make(s);
    rc = servers_start(s, size, err);
  }
  if (!rc)
    rc = display_open(s, err);
  if (!rc) {
    config = g_build_filename(s->dir, "config/openbox/rc.xml", NULL);
    const char *const openbox[] = {"openbox", "--sm-disable", "--config-file", config, NULL};

    rc = start(s, openbox, -1, &s->wm, err);
  }
  if (!rc)
    rc = accessibility_open(s, err);
  if (!rc)
    rc = wm_wait(s, err);
  if (rc)
    dh_session_close(s);
  return rc;
}

void dh_session_close(struct dh_session *s)
{
  g_clear_object(&s->bus);
  if (s->x)
    XCloseDisplay(s->x);
  s->x = NULL;
  dh_child_end(&s->wm);
  dh_child_end(&s->dbus);
  dh_child_end(&s->xvfb);
  dh_guard_end(&s->guard);
  g_clear_pointer(&s->env, g_strfreev);
  if (s->log >= 0)
    close(s->log);
  if (s->lock >= 0)
    close(s->lock);
  s->log = s->lock = -1;
}

char **dh_session_env(const struct dh_session *s, char *const *more)
{
  char **env = g_strdupv(s->env);

  for (; more && *more; more++) {
    char *value = strchr(*more, '=');

    if (value) {
      g_autofree char *name = g_strndup(*more, (gsize)(value - *more));

      env = g_environ_setenv(env, name, value + 1, TRUE);
    }
  }
  return env;
}
