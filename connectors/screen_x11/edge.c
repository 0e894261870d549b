/* edge.c - see edge.h. A field is looked for as the eye does: from the text on, until the ground changes over
 * the height of a line; what is of one colour from there on is filled like a bucket, and its bounds are the
 * field. */
#include "edge.h"

#include <stdlib.h>
#include <string.h>

/* STEP: the least change of a colour channel that is an edge. A frame is drawn with at most FRAME lines. */
enum { STEP = 12, FRAME = 6 };

static int apart(uint32_t a, uint32_t b)
{
  int most = 0;

  for (int shift = 0; shift < 24; shift += 8) {
    int d = (int)(a >> shift & 0xff) - (int)(b >> shift & 0xff);

    d = d < 0 ? -d : d;
    most = d > most ? d : most;
  }
  return most;
}

static uint32_t at(const struct dh_image *i, int x, int y)
{
  return i->px[(size_t)y * (size_t)i->w + (size_t)x];
}

/* A line across the way: of one colour over its whole length, which becomes *colour. */
static bool plain(const struct dh_image *i, bool right, int along, int from, int to, uint32_t *colour)
{
  *colour = right ? at(i, along, from) : at(i, from, along);
  for (int k = from + 1; k < to; k++)
    if (apart(*colour, right ? at(i, along, k) : at(i, k, along)) >= STEP)
      return false;
  return true;
}

/* Fills from x, y what has its colour, gives the bounds and how much of them was filled: a frame is hollow, a
 * field with letters in it is not. seen: a byte a pixel, stack: room for all. */
static bool fill(const struct dh_image *i, int x, int y, unsigned char *seen, int *stack, struct dh_area *out)
{
  const uint32_t colour = at(i, x, y);
  int n = 0, left = x, right = x, top = y, bottom = y, filled = 0;

  stack[n++] = y * i->w + x;
  seen[stack[0]] = 1;
  while (n) {
    int p = stack[--n], px = p % i->w, py = p / i->w;
    const int next[4] = {px > 0 ? p - 1 : -1, px + 1 < i->w ? p + 1 : -1, py > 0 ? p - i->w : -1,
                         py + 1 < i->h ? p + i->w : -1};

    filled++;
    left = px < left ? px : left;
    right = px > right ? px : right;
    top = py < top ? py : top;
    bottom = py > bottom ? py : bottom;
    for (int k = 0; k < 4; k++)
      if (next[k] >= 0 && !seen[next[k]] && apart(i->px[next[k]], colour) < STEP) {
        seen[next[k]] = 1;
        stack[n++] = next[k];
      }
  }
  *out = (struct dh_area){left, top, right - left + 1, bottom - top + 1};
  return filled > out->w * out->h * 2 / 5;
}

/* As large as a line of writing, and not the ground that the label itself stands on. */
static bool is_field(const struct dh_area *a, const struct dh_area *label)
{
  bool holds = a->x <= label->x && a->x + a->w >= label->x + label->w && a->y <= label->y &&
               a->y + a->h >= label->y + label->h;

  return !holds && a->h >= label->h && a->w >= 2 * label->h;
}

/* Goes from `start` on along the way; from..to lies across it. */
static bool search(const struct dh_image *i, const struct dh_area *label, bool right, int start, int from,
                   int to, unsigned char *seen, int *stack, struct dh_area *field)
{
  int end = right ? i->w : i->h, edge = -1;
  uint32_t ground, colour;

  if (start >= end || from < 0 || to > (right ? i->h : i->w) || from >= to)
    return false;
  ground = right ? at(i, start, (from + to) / 2) : at(i, (from + to) / 2, start);
  for (int along = start; along < end; along++) {
    if (!plain(i, right, along, from, to, &colour))
      continue;
    if (edge < 0 && apart(colour, ground) < STEP)
      continue;
    edge = edge < 0 ? along : edge;
    memset(seen, 0, (size_t)i->w * (size_t)i->h);
    if (fill(i, right ? along : (from + to) / 2, right ? (from + to) / 2 : along, seen, stack, field) &&
        is_field(field, label))
      return true;
    if (along - edge >= FRAME)
      edge = -1; /* a line that frames nothing */
  }
  return false;
}

bool dh_edge_field(const struct dh_image *window, const struct dh_area *label, bool below,
                   struct dh_area *field)
{
  size_t pixels = (size_t)window->w * (size_t)window->h;
  unsigned char *seen = malloc(pixels);
  int *stack = malloc(pixels * sizeof *stack);
  int middle = label->y + label->h / 2, half = label->h * 3 / 4;
  bool found = false;

  if (seen && stack)
    found = below ? search(window, label, false, label->y + label->h + 1, label->x, label->x + label->w, seen,
                           stack, field)
                  : search(window, label, true, label->x + label->w + 1, middle - half, middle + half, seen,
                           stack, field);
  free(seen);
  free(stack);
  return found;
}
