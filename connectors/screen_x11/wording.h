/* wording.h - what a clerk is told when a name fits nothing or too much. */
#ifndef DH_SCREEN_WORDING_H
#define DH_SCREEN_WORDING_H

#include "locate.h"

/* DH_ENOENT: lists what the window has of that kind, with the nearest name as advice. */
int dh_say_missing(struct dh_desk *d, struct dh_front *f, int scope, const struct dh_target *t,
                   enum dh_want want, struct dh_err *err);
/* DH_EAMBIGUOUS: lists the n found, each with what it stands below or in. */
int dh_say_ambiguous(struct dh_desk *d, struct dh_front *f, int scope, const struct dh_target *t,
                     const int *found, int n, struct dh_err *err);

#endif
