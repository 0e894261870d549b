/* shot.h - pictures of the display: taken through shared memory, made PNG only when somebody keeps them. */
#ifndef DH_SCREEN_SHOT_H
#define DH_SCREEN_SHOT_H

#include "base/buf.h"
#include "base/err.h"

#include <X11/Xutil.h>
#include <X11/extensions/XShm.h>
#include <stdint.h>

struct dh_desk;
struct dh_box;

struct dh_shot {
  XShmSegmentInfo shm;
  XImage *image; /* the whole display, 32 bits a pixel: blue, green, red, nothing */
  int width, height;
};

int dh_shot_open(struct dh_desk *d, struct dh_err *err);
void dh_shot_close(struct dh_desk *d);
/* Brings the picture up to date. */
int dh_shot_take(struct dh_desk *d, struct dh_err *err);
/* Row y of the last picture; width pixels. */
const uint32_t *dh_shot_row(const struct dh_desk *d, int y);
/* Makes a part of the last picture black. */
void dh_shot_black(struct dh_desk *d, const struct dh_box *box);
/* Appends a part of the last picture as PNG. */
int dh_shot_png(struct dh_desk *d, const struct dh_box *part, struct dh_buf *out, struct dh_err *err);

#endif
