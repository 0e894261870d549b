/* edge.h - the field that belongs to a text on a picture: found by its edges, where no accessibility tells
 * it. Plain computation: knows no display. */
#ifndef DH_SCREEN_EDGE_H
#define DH_SCREEN_EDGE_H

#include "image.h"

#include <stdbool.h>

struct dh_area {
  int x, y, w, h;
};

/* The nearest area of one colour, bounded by an edge, that begins to the right of label on its line, or below
 * it: what is inside the edges, letters in it included. False: there is none, or no memory to look. */
bool dh_edge_field(const struct dh_image *window, const struct dh_area *label, bool below,
                   struct dh_area *field);

#endif
