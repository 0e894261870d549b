/* need.h - what a run needs of the child it borrows: labels, as CBOR from whoever asks. */
#ifndef DH_NEED_H
#define DH_NEED_H

#include "../base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct dh_need {
  char session[72]; /* what stands open on it: given back at home, it is lent to the same session only; "" */
};

/* needs: a CBOR map of labels, n bytes, 0: none. kept: children of this role belong to one run until it gives
 * them back (desks), and may have a session. DH_EUSE: a label that such a child cannot have. */
int dh_need_read(struct dh_need *need, const char *role, bool kept, const void *needs, size_t n,
                 struct dh_err *err);

#endif
