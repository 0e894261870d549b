/* arrivals.h - a folder of cases watched for files that are complete (inotify). For a process of its own: it
 * waits. */
#ifndef DH_ARRIVALS_H
#define DH_ARRIVALS_H

#include "intake.h"

struct dh_arrivals {
  int fd; /* -1: closed */
  const struct dh_source *source;
};

int dh_arrivals_open(struct dh_arrivals *w, const struct dh_source *source, struct dh_err *err);
void dh_arrivals_close(struct dh_arrivals *w);
/* Waits, at most ms (-1: for ever); false when `until` can be read or has ended. */
bool dh_arrivals_wait(struct dh_arrivals *w, int until, int ms);
/* Tells of each file that may be complete now; linked: it has only got a name here, nobody may have written
 * it. *lost: there was more than the system keeps, look at all. DH_ECLOSED: the folder is gone. */
int dh_arrivals_read(struct dh_arrivals *w,
                     int (*arrived)(const char *name, bool linked, void *self, struct dh_err *err),
                     void *self, bool *lost, struct dh_err *err);

enum dh_arrival { DH_ARRIVAL_READY, DH_ARRIVAL_NOT_YET, DH_ARRIVAL_EMPTY };
/* Whether a file is complete, as far as the system can tell: nobody has it open for writing (asked by a
 * lease, which the owner of a file may; SIGIO must be ignored). A file whose owner is another user counts as
 * complete, unless it is linked. What cannot be opened is ready: taking it in says why not. */
enum dh_arrival dh_arrivals_state(const struct dh_source *s, const char *name, bool linked);

#endif
