/* image.c - exact search by the richest row; else grey levels, coarse at a quarter of the size, then in full.
 */
#include "image.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { COARSE = 4, BEST = 32, REACH = COARSE + 1 };

/* ---- equal */

static int richest_row(const struct dh_image *n)
{
  int best = 0, most = -1;

  for (int y = 0; y < n->h; y++) {
    int changes = 0;

    for (int x = 1; x < n->w; x++)
      changes += n->px[y * n->w + x] != n->px[y * n->w + x - 1];
    if (changes > most) {
      most = changes;
      best = y;
    }
  }
  return best;
}

static bool equal_at(const struct dh_image *hay, const struct dh_image *n, int x, int y)
{
  for (int r = 0; r < n->h; r++)
    if (memcmp(hay->px + (y + r) * hay->w + x, n->px + r * n->w, (size_t)n->w * 4) != 0)
      return false;
  return true;
}

static int find_equal(const struct dh_image *hay, const struct dh_image *n, struct dh_hit *hits, int max)
{
  int rich = richest_row(n), found = 0;
  const uint32_t *row = n->px + rich * n->w;

  for (int y = 0; y + n->h <= hay->h && found < max; y++) {
    const char *from = (const char *)(hay->px + (y + rich) * hay->w), *end = from + (size_t)hay->w * 4,
               *at = from;

    while (found < max && (at = memmem(at, (size_t)(end - at), row, (size_t)n->w * 4))) {
      long off = at - from;

      if (off % 4 == 0 && equal_at(hay, n, (int)(off / 4), y))
        hits[found++] = (struct dh_hit){(int)(off / 4), y, 1};
      at++;
    }
  }
  return found;
}

/* ---- alike */

struct grey {
  uint8_t *px;
  int w, h;
};

/* Grey levels at 1/by of the size: mean of each block. */
static bool grey_make(struct grey *g, const struct dh_image *i, int by)
{
  *g = (struct grey){.w = i->w / by, .h = i->h / by};
  g->px = malloc((size_t)g->w * (size_t)g->h + 1);
  if (!g->px)
    return false;
  for (int y = 0; y < g->h; y++)
    for (int x = 0; x < g->w; x++) {
      unsigned sum = 0;

      for (int v = 0; v < by; v++)
        for (int u = 0; u < by; u++) {
          uint32_t p = i->px[(y * by + v) * i->w + x * by + u];

          sum += (2 * (p >> 16 & 255) + 5 * (p >> 8 & 255) + (p & 255)) / 8;
        }
      g->px[y * g->w + x] = (uint8_t)(sum / (unsigned)(by * by));
    }
  return true;
}

/* Normalised correlation of n with the place x, y of hay: -1 to 1; 0 where either is of one colour. */
static double alike(const struct grey *hay, const struct grey *n, int x, int y)
{
  int64_t a = 0, b = 0, aa = 0, bb = 0, ab = 0, count = (int64_t)n->w * n->h;

  for (int v = 0; v < n->h; v++) {
    const uint8_t *p = hay->px + (y + v) * hay->w + x, *q = n->px + v * n->w;
    int32_t sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0; /* a row of 16,000 pixels fits */

    for (int u = 0; u < n->w; u++) {
      sa += p[u];
      sb += q[u];
      saa += p[u] * p[u];
      sbb += q[u] * q[u];
      sab += p[u] * q[u];
    }
    a += sa, b += sb, aa += saa, bb += sbb, ab += sab;
  }
  double va = (double)(count * aa - a * a), vb = (double)(count * bb - b * b);

  return va > 0 && vb > 0 ? (double)(count * ab - a * b) / sqrt(va * vb) : 0;
}

/* Keeps the best few, best first. */
static void best_add(struct dh_hit *best, int *n, int max, struct dh_hit hit)
{
  int at = *n;

  if (*n == max && hit.score <= best[max - 1].score)
    return;
  if (*n < max)
    (*n)++;
  else
    at = max - 1;
  for (; at > 0 && best[at - 1].score < hit.score; at--)
    best[at] = best[at - 1];
  best[at] = hit;
}

static int coarse(const struct grey *hay, const struct grey *n, struct dh_hit best[BEST])
{
  int found = 0;

  /* No least score here: a needle that lies across the blocks falls to 0.4 and is right all the same. */
  for (int y = 0; y + n->h <= hay->h; y++)
    for (int x = 0; x + n->w <= hay->w; x++)
      best_add(best, &found, BEST, (struct dh_hit){x * COARSE, y * COARSE, alike(hay, n, x, y)});
  return found;
}

static struct dh_hit refine(const struct grey *hay, const struct grey *n, const struct dh_hit *from)
{
  struct dh_hit best = {from->x, from->y, -1};

  for (int y = from->y - REACH; y <= from->y + REACH; y++)
    for (int x = from->x - REACH; x <= from->x + REACH; x++) {
      double score;

      if (x < 0 || y < 0 || x + n->w > hay->w || y + n->h > hay->h)
        continue;
      score = alike(hay, n, x, y);
      if (score > best.score)
        best = (struct dh_hit){x, y, score};
    }
  return best;
}

static bool overlaps(const struct dh_hit *hits, int n, const struct dh_hit *one, const struct grey *size)
{
  for (int i = 0; i < n; i++)
    if (abs(hits[i].x - one->x) < size->w && abs(hits[i].y - one->y) < size->h)
      return true;
  return false;
}

static int find_alike(const struct grey big[2], const struct grey small[2], double least, struct dh_hit *hits,
                      int max)
{
  struct dh_hit rough[BEST], fine[BEST];
  int n = coarse(&big[1], &small[1], rough), sorted = 0, found = 0;

  for (int i = 0; i < n; i++)
    best_add(fine, &sorted, BEST, refine(&big[0], &small[0], &rough[i]));
  for (int i = 0; i < sorted && found < max; i++)
    if (fine[i].score >= least && !overlaps(hits, found, &fine[i], &small[0]))
      hits[found++] = fine[i];
  return found;
}

int dh_image_find(const struct dh_image *hay, const struct dh_image *needle, double least,
                  struct dh_hit *hits, int max)
{
  struct grey big[2] = {{0}}, small[2] = {{0}};
  int n;

  if (needle->w > hay->w || needle->h > hay->h || needle->w < 2 * COARSE || needle->h < 2 * COARSE)
    return needle->w > hay->w || needle->h > hay->h ? 0 : find_equal(hay, needle, hits, max);
  n = find_equal(hay, needle, hits, max);
  if (n)
    return n;
  if (grey_make(&big[0], hay, 1) && grey_make(&big[1], hay, COARSE) && grey_make(&small[0], needle, 1) &&
      grey_make(&small[1], needle, COARSE))
    n = find_alike(big, small, least, hits, max);
  else
    n = -1;
  for (int i = 0; i < 2; i++) {
    free(big[i].px);
    free(small[i].px);
  }
  return n;
}
