/* bus.h - calls on the accessibility bus. Many at a time, none that hangs: a program that does not answer
 * ends the wait after its patience, a cancelled request at once. */
#ifndef DH_SCREEN_BUS_H
#define DH_SCREEN_BUS_H

#include "desk.h"

/* Calls that are under way together. */
struct dh_batch {
  struct dh_desk *desk;
  GCancellable *cancel;
  int open;   /* not answered yet */
  int failed; /* answered by an error */
  bool dead;  /* one of them was: nobody owns that name any more */
};

void dh_batch_init(struct dh_batch *b, struct dh_desk *d);
/* Adds a call; *answer (NULL until then) becomes its reply, owned by the caller, and stays NULL on failure.
 * args may be NULL or floating. */
void dh_batch_call(struct dh_batch *b, const char *bus, const char *path, const char *iface,
                   const char *method, GVariant *args, GVariant **answer);
/* org.freedesktop.DBus.Properties.Get; the answer is "(v)". */
void dh_batch_get(struct dh_batch *b, const char *bus, const char *path, const char *iface,
                  const char *property, GVariant **answer);
/* Waits for all. 0 even if single calls failed (their answers are NULL); DH_EAGAIN when the program did not
 * answer in time, DH_ECANCELED, DH_ECLOSED. Ends the batch; it may be filled again. */
int dh_batch_wait(struct dh_batch *b, struct dh_err *err);

/* One call. NULL with err filled: DH_ENOENT when the object is gone, else as dh_batch_wait. */
GVariant *dh_bus_call(struct dh_desk *d, const char *bus, const char *path, const char *iface,
                      const char *method, GVariant *args, struct dh_err *err);

#define DH_A11Y "org.a11y.atspi."

#endif
