/* takeover.h - the store's lock when the tree of an earlier supervisor is still ending. */
#ifndef DH_TAKEOVER_H
#define DH_TAKEOVER_H

#include "../store/store.h"

/* Like dh_store_open for a supervisor: a living supervisor is left alone (DH_EUNAVAILABLE names it); of a
 * dead one what is left of its children gets 2 s to end and is then killed. A command that holds the lock is
 * waited for as long. */
int dh_takeover_open(struct dh_store_options *o, struct dh_store **out, struct dh_err *err);

#endif
