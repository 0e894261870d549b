/* picture.h - controls by image: the picture that came with a request, looked for on the display. */
#ifndef DH_SCREEN_PICTURE_H
#define DH_SCREEN_PICTURE_H

#include "app.h"
#include "image.h"
#include "tree.h"

/* A part of the display as it is now; the caller frees out->px. */
int dh_picture_take(struct dh_desk *d, const struct dh_box *part, struct dh_image *out, struct dh_err *err);

/* Looks in the current window, once. number: which of the request's descriptors. DH_ENOENT, DH_EAMBIGUOUS;
 * DH_EUSE when the descriptor is missing or no PNG of at most a million pixels. */
int dh_picture_find(struct dh_desk *d, const struct dh_front *f, const struct dh_frame *in, int number,
                    struct dh_box *box, struct dh_err *err);

#endif
