/* walk.h - the tree of an application whose toolkit keeps no list of its controls: asked level by level, all
 * calls of a level at once. */
#ifndef DH_SCREEN_WALK_H
#define DH_SCREEN_WALK_H

#include "tree.h"

/* Adds the application at bus, path and all below it to t, unsorted. Tables with many cells are not entered.
 */
int dh_walk(struct dh_desk *d, struct dh_tree *t, const char *bus, const char *path, int most,
            struct dh_err *err);

/* Shared with the list: wire forms of interfaces and states. */
unsigned dh_ifaces_read(GVariantIter *names);
uint64_t dh_states_read(GVariantIter *words);

#endif
