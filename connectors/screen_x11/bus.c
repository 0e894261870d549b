/* bus.c - asynchronous calls with one wait for all of them. */
#include "bus.h"

/* How long a program may keep silent before the caller looks at windows and dialogs again. A frozen program
 * is waited for by asking again until the request's own time is over. */
enum { PATIENCE_MS = 1500 };

struct call {
  struct dh_batch *batch;
  GVariant **answer;
};

void dh_batch_init(struct dh_batch *b, struct dh_desk *d)
{
  *b = (struct dh_batch){.desk = d};
}

static void on_answer(GObject *source, GAsyncResult *result, gpointer data)
{
  struct call *c = data;
  struct dh_batch *b = c->batch;
  g_autoptr(GError) error = NULL;

  *c->answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
  g_free(c);
  b->open--;
  b->failed += error != NULL;
  b->dead |= g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
             g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD) ||
             g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT);
  b->desk->woken = true;
}

void dh_batch_call(struct dh_batch *b, const char *bus, const char *path, const char *iface,
                   const char *method, GVariant *args, GVariant **answer)
{
  struct call *c = g_new(struct call, 1);

  if (!b->cancel)
    b->cancel = g_cancellable_new();
  *c = (struct call){b, answer};
  *answer = NULL;
  b->open++;
  g_dbus_connection_call(b->desk->bus, bus, path, iface, method, args, NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START,
                         G_MAXINT, b->cancel, on_answer, c);
}

void dh_batch_get(struct dh_batch *b, const char *bus, const char *path, const char *iface,
                  const char *property, GVariant **answer)
{
  dh_batch_call(b, bus, path, "org.freedesktop.DBus.Properties", "Get",
                g_variant_new("(ss)", iface, property), answer);
}

int dh_batch_wait(struct dh_batch *b, struct dh_err *err)
{
  int64_t until = dh_mono_ms() + PATIENCE_MS;
  int rc = 0;

  while (b->open && !rc) {
    int64_t left = until - dh_mono_ms();

    rc = left > 0 ? dh_desk_wait(b->desk, (int)left, err)
                  : dh_err_set(err, DH_EAGAIN, "the program does not answer");
  }
  if (b->open) {
    g_cancellable_cancel(b->cancel);
    /* Cancelled calls still report; their answers point into the caller's memory. */
    while (b->open)
      g_main_context_iteration(NULL, TRUE);
  }
  g_clear_object(&b->cancel);
  return rc;
}

GVariant *dh_bus_call(struct dh_desk *d, const char *bus, const char *path, const char *iface,
                      const char *method, GVariant *args, struct dh_err *err)
{
  struct dh_batch b;
  GVariant *answer = NULL;

  dh_batch_init(&b, d);
  dh_batch_call(&b, bus, path, iface, method, args, &answer);
  if (dh_batch_wait(&b, err))
    return NULL;
  if (!answer)
    dh_err_set(err, b.dead ? DH_ENOENT : DH_EAGAIN, "%s",
               b.dead ? "it has gone meanwhile" : "the program refused to answer");
  return answer;
}
