/* wall.h - a timer by the wall clock: fires at a time of day, and whenever somebody has set the clock. */
#ifndef DH_WALL_H
#define DH_WALL_H

#include "loop.h"

#include <stdint.h>

struct dh_wall;

/* fired is called on the loop: the time has come, or the clock was set; whoever owns the timer looks at the
 * clock and sets it anew. */
int dh_wall_open(struct dh_loop *loop, void (*fired)(void *self), void *self, struct dh_wall **out,
                 struct dh_err *err);
/* When, in wall ms; INT64_MAX: only when the clock is set. A time that has passed fires at once. */
int dh_wall_set(struct dh_wall *w, int64_t at_ms, struct dh_err *err);
void dh_wall_close(struct dh_wall **w); /* idempotent through the pointer */

#endif
