/* choice.h - combo boxes: what is chosen, and choosing by the exact text. */
#ifndef DH_SCREEN_CHOICE_H
#define DH_SCREEN_CHOICE_H

#include "app.h"

/* The chosen text, g_free; "" for none. NULL with err filled. */
char *dh_choice_read(struct dh_desk *d, struct dh_front *f, int node, struct dh_err *err);
/* Chooses; DH_ENOENT lists the choices. A combo box that one can write into is written into. */
int dh_choice_make(struct dh_desk *d, struct dh_front *f, int window, int node, const char *text,
                   struct dh_err *err);

#endif
