/* field.h - values of fields: reading, and filling that is finished only when what is read back equals what
 * was sent. */
#ifndef DH_SCREEN_FIELD_H
#define DH_SCREEN_FIELD_H

#include "app.h"
#include "locate.h"

/* What a field shows now. Text is malloc'd (g_free); on tells check boxes. */
struct dh_shown {
  char *text; /* NULL: it is on or off */
  bool on;
  bool hidden; /* a password: text holds only as many signs as it has */
};

int dh_field_show(struct dh_desk *d, struct dh_front *f, int node, struct dh_shown *out, struct dh_err *err);

/* On or off: a check box, a radio button. */
bool dh_field_is_switch(const struct dh_node *n);

struct dh_filled {
  int filled;
  GPtrArray *corrected, *unread; /* char *, owned */
};

/* The op fill; also the final look that finds a field which another one has changed. */
int dh_fields_fill(struct dh_desk *d, const struct dh_val *pairs, struct dh_filled *out, struct dh_err *err);
/* True for names in mask, and for password fields. */
bool dh_field_masked(const struct dh_desk *d, const struct dh_node *n);

#endif
