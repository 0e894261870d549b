/* image.h - finds a small picture in a large one. Plain computation: knows no display. */
#ifndef DH_SCREEN_IMAGE_H
#define DH_SCREEN_IMAGE_H

#include <stddef.h>
#include <stdint.h>

struct dh_image {
  uint32_t *px; /* 0x00rrggbb; owned by whoever made the image */
  int w, h;
};

struct dh_hit {
  int x, y;
  double score; /* 1: equal; correlation of the grey levels otherwise */
};

/* Where needle stands in hay, best first, at most max places that do not overlap: equal ones if there are
 * any, else those alike by at least least (0.9 is the same drawing with other smoothing). Returns how many;
 * -1 without memory. */
int dh_image_find(const struct dh_image *hay, const struct dh_image *needle, double least,
                  struct dh_hit *hits, int max);

#endif
