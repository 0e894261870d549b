/* desk.c - the desk's own process: takes requests from the frame socket, runs them one after the other,
 * answers. */
#include "desk.h"

#include "dialog.h"
#include "ops.h"
#include "xwin.h"

#include <glib-unix.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TIME_MS = 20000, TIME_MAX_MS = 3600000, EVIDENCE_MS = 3000, AGAIN_MS = 50, QUIET_MS = 1000 };

/* ---- waiting */

static void inbox_add(struct dh_desk *d, struct dh_frame *f, const struct dh_val *v)
{
  const struct dh_val *cancel = dh_val_get(v, "cancel");

  if (cancel && !dh_val_get(v, "op")) {
    d->canceled |= d->asking && dh_val_int(v, "cancel", 0) == d->asking;
    for (GList *l = d->inbox->head; l; l = l->next) {
      struct dh_frame *waiting = l->data;

      if (waiting->id && waiting->id == dh_val_int(v, "cancel", 0)) {
        g_queue_delete_link(d->inbox, l); /* nobody waits for its answer any more */
        dh_frame_fini(waiting);
        g_free(waiting);
        break;
      }
    }
    dh_frame_fini(f);
    g_free(f);
    return;
  }
  g_queue_push_tail(d->inbox, f);
}

/* Takes what lies on the socket. */
static void socket_read(struct dh_desk *d)
{
  struct pollfd p = {d->fd, POLLIN, 0};

  while (!d->closed && poll(&p, 1, 0) > 0) {
    struct dh_frame *f = g_new0(struct dh_frame, 1);
    struct dh_val *v = NULL;
    struct dh_err err;
    int rc;

    dh_frame_init(f);
    rc = dh_frame_recv(d->fd, f, &err);
    if (!rc && !dh_val_parse_buf(&f->data, &v, &err)) {
      inbox_add(d, f, v);
      free(v);
      continue;
    }
    dh_frame_fini(f);
    g_free(f);
    d->closed |= rc != DH_EAGAIN; /* the end, or nonsense: nobody is there to talk to */
  }
}

static gboolean on_socket(gint fd, GIOCondition what, gpointer data)
{
  struct dh_desk *d = data;

  (void)fd, (void)what;
  socket_read(d);
  d->woken = true;
  return d->closed ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static void changed(struct dh_desk *d)
{
  d->woken = true;
  d->changed_ms = dh_mono_ms();
}

/* What X has to say is only that something changed; callers look for themselves. */
static void display_drain(struct dh_desk *d)
{
  while (XPending(d->x)) {
    XEvent e;

    XNextEvent(d->x, &e);
    if (e.type == MappingNotify)
      XRefreshKeyboardMapping(&e.xmapping);
    changed(d);
  }
}

static gboolean on_display(gint fd, GIOCondition what, gpointer data)
{
  (void)fd, (void)what;
  display_drain(data);
  return G_SOURCE_CONTINUE;
}

static gboolean on_time(gpointer data)
{
  ((struct dh_desk *)data)->woken = true;
  return G_SOURCE_REMOVE;
}

static void on_bus_signal(GDBusConnection *bus, const char *sender, const char *path, const char *iface,
                          const char *signal, GVariant *args, gpointer data)
{
  (void)bus, (void)sender, (void)path, (void)iface, (void)signal, (void)args;
  changed(data);
}

int dh_desk_go_on(struct dh_desk *d, struct dh_err *err)
{
  if (d->closed)
    return dh_err_set(err, DH_ECLOSED, "whoever asked is gone");
  if (d->canceled)
    return dh_err_set(err, DH_ECANCELED, "called off");
  return 0;
}

int dh_desk_wait(struct dh_desk *d, int ms, struct dh_err *err)
{
  GSource *timer = g_timeout_source_new(ms > 0 ? (guint)ms : 0);

  g_source_set_callback(timer, on_time, d, NULL);
  g_source_attach(timer, NULL);
  d->woken = false;
  display_drain(d); /* events that Xlib read while it waited for something else make no noise on the socket */
  while (!d->woken)
    g_main_context_iteration(NULL, TRUE);
  g_source_destroy(timer);
  g_source_unref(timer);
  return dh_desk_go_on(d, err);
}

int dh_desk_left(const struct dh_desk *d)
{
  int64_t left = d->until_ms - dh_mono_ms();

  return left > 0 ? (int)left : 0;
}

int dh_desk_again(struct dh_desk *d, int rc, struct dh_err *err)
{
  struct dh_err stop;
  struct dh_err why = *err;
  int stopped;

  if (rc != DH_EAGAIN && rc != DH_ENOENT)
    return rc;
  if (dh_desk_left(d)) {
    stopped = dh_desk_wait(d, MIN(AGAIN_MS, dh_desk_left(d)), &stop);
    if (stopped)
      *err = stop;
    return stopped;
  }
  if (rc == DH_EAGAIN)
    dh_err_set(err, DH_ETIME, "%s (waited %g s)", why.text, d->time_ms / 1000.0);
  else
    dh_err_set(err, rc, "%s (waited %g s%s)", why.text, d->time_ms / 1000.0,
               dh_mono_ms() - d->changed_ms > QUIET_MS ? ", the window was ready" : "");
  if (*why.seen)
    dh_err_seen(err, "%s", why.seen);
  if (*why.advice)
    dh_err_advice(err, "%s", why.advice);
  return err->code;
}

/* ---- requests and answers */

void dh_answer_text(struct dh_answer *a, const char *key, const char *value)
{
  a->n += !dh_put_kt(&a->pairs, key, value);
}

void dh_answer_int(struct dh_answer *a, const char *key, int64_t value)
{
  a->n += !dh_put_ki(&a->pairs, key, value);
}

void dh_answer_bool(struct dh_answer *a, const char *key, bool value)
{
  a->n += !dh_put_kb(&a->pairs, key, value);
}

void dh_answer_texts(struct dh_answer *a, const char *key, const GPtrArray *texts)
{
  dh_put_text(&a->pairs, key);
  dh_put_list(&a->pairs, texts->len);
  for (guint i = 0; i < texts->len; i++)
    dh_put_text(&a->pairs, texts->pdata[i]);
  a->n++;
}

int dh_answer_bytes(struct dh_answer *a, const char *name, const struct dh_buf *bytes, struct dh_err *err)
{
  int fd = a->nfds < DH_FRAME_FDS ? dh_memfd_sealed(name, bytes->data, bytes->len, err) : -1;

  if (fd < 0)
    return err ? err->code : DH_EIO;
  a->fds[a->nfds++] = fd;
  return 0;
}

static const struct dh_op_entry *op_find(const struct dh_val *name)
{
  const struct dh_op_entry *all[] = {dh_ops_session, dh_ops_window,  dh_ops_look,
                                     dh_ops_act,     dh_ops_picture, dh_ops_sight};

  for (size_t i = 0; name && i < G_N_ELEMENTS(all); i++)
    for (const struct dh_op_entry *e = all[i]; e->name; e++)
      if (dh_val_is(name, e->name))
        return e;
  return NULL;
}

static void mask_add(struct dh_desk *d, const struct dh_val *name)
{
  if (name->type != DH_TEXT)
    return;
  for (guint i = 0; i < d->masked->len; i++)
    if (dh_val_is(name, d->masked->pdata[i]))
      return;
  g_ptr_array_add(d->masked, g_strndup(name->s, name->n));
}

/* What any request may bring along. */
static void settings_take(struct dh_desk *d, const struct dh_val *request)
{
  const struct dh_val *rules = dh_val_get(request, "dialogs"), *mask = dh_val_get(request, "mask");

  if (rules && rules->type == DH_LIST)
    dh_rules_set(d, rules);
  for (size_t i = 0; mask && mask->type == DH_LIST && i < mask->n; i++)
    mask_add(d, &mask->items[i]);
  d->time_ms = dh_val_int(request, "time_ms", TIME_MS);
  d->time_ms = CLAMP(d->time_ms, 1, TIME_MAX_MS);
  d->until_ms = dh_mono_ms() + d->time_ms;
  g_ptr_array_set_size(d->app.answered, 0);
}

static int request_run(struct dh_desk *d, const struct dh_val *request, const struct dh_frame *in,
                       struct dh_answer *answer, struct dh_err *err)
{
  const struct dh_val *name = dh_val_get(request, "op");
  const struct dh_op_entry *op = op_find(name);
  int rc;

  if (!op && name && name->type == DH_TEXT)
    return dh_err_set(err, DH_EUSE, "a desk knows no \"%.*s\"", (int)MIN(name->n, 40), name->s);
  if (!op)
    return dh_err_set(err, DH_EUSE, "a request to a desk needs op");
  settings_take(d, request);
  rc = op->run(d, request, in, answer, err);
  if (!rc && d->app.answered->len) {
    dh_dialogs_tell(d, &answer->pairs);
    answer->n++;
  }
  return rc;
}

static void answer_send(struct dh_desk *d, uint32_t id, struct dh_answer *answer, int rc,
                        const struct dh_err *why)
{
  struct dh_frame out;
  struct dh_err err;

  dh_frame_init(&out);
  out.id = id;
  out.flags = DH_FRAME_REPLY;
  if (rc) {
    dh_put_err(&out.data, why);
  } else {
    dh_put_map(&out.data, answer->n);
    dh_buf_put(&out.data, answer->pairs.data, answer->pairs.len);
  }
  memcpy(out.fds, answer->fds, sizeof out.fds);
  out.nfds = answer->nfds;
  if (dh_frame_send(d->fd, &out, &err))
    d->closed = true;
  dh_frame_fini(&out); /* and the descriptors with it */
}

static bool wants_evidence(int rc)
{
  return rc && rc != DH_ECLOSED && rc != DH_ECANCELED && rc != DH_EUSE;
}

static void request_serve(struct dh_desk *d, const struct dh_frame *in)
{
  struct dh_answer answer = {0};
  struct dh_val *request = NULL;
  struct dh_err err;
  int rc;

  dh_buf_init(&answer.pairs, DH_FRAME_MAX - 4096);
  d->asking = in->id;
  d->canceled = false;
  rc = dh_val_parse_buf(&in->data, &request, &err);
  if (!rc)
    rc = request_run(d, request, in, &answer, &err);
  if (wants_evidence(rc)) {
    d->until_ms = dh_mono_ms() + EVIDENCE_MS;
    dh_evidence_add(d, &answer);
  }
  d->asking = 0;
  answer_send(d, in->id, &answer, rc, &err);
  dh_buf_fini(&answer.pairs);
  free(request);
}

static void say_ready(struct dh_desk *d, int64_t ms)
{
  struct dh_frame out;
  struct dh_err err;

  dh_frame_init(&out);
  dh_put_map(&out.data, 2);
  dh_put_kb(&out.data, "ready", true);
  dh_put_ki(&out.data, "ms", ms);
  if (dh_frame_send(d->fd, &out, &err))
    d->closed = true;
  dh_frame_fini(&out);
}

static void serve(struct dh_desk *d)
{
  while (!d->closed) {
    struct dh_frame *in = g_queue_pop_head(d->inbox);

    if (!in) {
      g_main_context_iteration(NULL, TRUE);
      continue;
    }
    request_serve(d, in);
    dh_frame_fini(in);
    g_free(in);
  }
}

static int desk_open(struct dh_desk *d, const char *size, struct dh_err *err)
{
  int rc = dh_session_open(&d->session, size, err);

  if (rc)
    return rc;
  d->x = d->session.x;
  d->bus = d->session.bus;
  dh_x_errors_forgive();
  dh_keys_open(d);
  dh_app_open(d);
  rc = dh_shot_open(d, err);
  g_unix_fd_add(d->fd, G_IO_IN | G_IO_HUP, on_socket, d);
  g_unix_fd_add(ConnectionNumber(d->x), G_IO_IN, on_display, d);
  g_dbus_connection_signal_subscribe(d->bus, NULL, NULL, NULL, NULL, NULL, G_DBUS_SIGNAL_FLAGS_NONE,
                                     on_bus_signal, d, NULL);
  return rc;
}

static void desk_close(struct dh_desk *d)
{
  struct dh_frame *in;

  dh_app_reset(d);
  dh_shot_close(d);
  dh_session_close(&d->session);
  g_ptr_array_unref(d->app.rules);
  g_ptr_array_unref(d->app.answered);
  g_ptr_array_unref(d->masked);
  g_array_unref(d->covers);
  g_clear_pointer(&d->seal, g_free);
  while ((in = g_queue_pop_head(d->inbox))) {
    dh_frame_fini(in);
    g_free(in);
  }
  g_queue_free(d->inbox);
}

int dh_desk_main(int fd, int argc, char **argv)
{
  static struct dh_desk desk; /* one a process; large, and its callers' pointers live as long */
  struct dh_desk *d = &desk;
  int64_t since = dh_mono_ms();
  struct dh_err err;

  d->fd = fd;
  d->inbox = g_queue_new();
  d->masked = g_ptr_array_new_with_free_func(g_free);
  d->covers = g_array_new(FALSE, FALSE, sizeof(struct dh_cover));
  if (desk_open(d, argc > 1 ? argv[1] : "1280x800x24", &err)) {
    dh_log(DH_ERROR, NULL, "no desk: %s%s%s", err.text, *err.seen ? ": " : "", err.seen);
    return 1;
  }
  say_ready(d, dh_mono_ms() - since);
  serve(d);
  desk_close(d);
  return 0;
}
