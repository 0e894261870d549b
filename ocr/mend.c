/* mend.c - skew, quarter turns and size of a page. Owns the pictures of one page. */
#include "mend.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SHADE_TILE = 400, SWEEP = 10, LETTERS_LEAST = 30, SAMPLE = 400 };
static const double skew_least = 0.25, skew_confidence = 2.5, upside_down_least = 8;

/* Ink as 1: a threshold for each tile, so that a shadow over half the page does not become ink. */
static PIX *ink_of(PIX *pix)
{
  PIX *grey = pixConvertTo8(pix, 0), *ink = NULL;

  if (grey)
    pixOtsuAdaptiveThreshold(grey, SHADE_TILE, SHADE_TILE, 1, 1, 0.1f, NULL, &ink);
  pixDestroy(&grey);
  return ink;
}

/* Degrees to turn clockwise; 0 when unsure. */
static double find_skew(PIX *ink)
{
  l_float32 angle = 0, confidence = 0;
  int reduce = pixGetWidth(ink) > 1200 && pixGetHeight(ink) > 1200 ? 4 : 2;

  if (pixFindSkewSweepAndSearch(ink, &angle, &confidence, reduce, 2, SWEEP, 1.0f, 0.01f))
    return 0;
  return confidence < skew_confidence || fabs(angle) < skew_least ? 0 : angle;
}

struct letter {
  int x, y, w, h; /* centre and size */
};

static int by_height(const void *a, const void *b)
{
  return ((const struct letter *)a)->h - ((const struct letter *)b)->h;
}

/* What looks like letters among the spots of ink, by height; dust, rules and pictures are none. malloc'd. */
static struct letter *find_letters(PIX *ink, int *count)
{
  BOXA *boxes = pixConnCompBB(ink, 8);
  int n = boxes ? boxaGetCount(boxes) : 0, most = pixGetHeight(ink) / 8, x, y, w, h;
  struct letter *list = n ? malloc(sizeof *list * (size_t)n) : NULL;

  *count = 0;
  for (int i = 0; i < n && list; i++) {
    boxaGetBoxGeometry(boxes, i, &x, &y, &w, &h);
    if (h >= 6 && w >= 3 && h <= most && w <= 4 * h && h <= 6 * w)
      list[(*count)++] = (struct letter){x + w / 2, y + h / 2, w, h};
  }
  boxaDestroy(&boxes);
  if (list)
    qsort(list, (size_t)*count, sizeof *list, by_height);
  return list;
}

/* The median height, each letter with its height as weight: grain and dust are many, but small. 0 when there
 * are few. */
static int usual_height(const struct letter *list, int n)
{
  long all = 0, below = 0;
  int i = 0;

  for (int j = 0; j < n; j++)
    all += list[j].h;
  while (i < n && (below += list[i].h) < all / 2)
    i++;
  return n >= LETTERS_LEAST ? list[i].h : 0;
}

/* Is the text on its side? A letter's nearest neighbour stands beside it, not above: lines are further apart
 * than letters, in any script. */
static bool on_its_side(const struct letter *list, int n)
{
  int beside = 0, above = 0, step = n / SAMPLE + 1;

  for (int i = 0; i < n; i += step) {
    long best = -1;
    int dx = 0, dy = 0;

    for (int j = 0; j < n; j++) {
      long x = list[j].x - list[i].x, y = list[j].y - list[i].y, d = x * x + y * y;

      if (j != i && list[j].h * 2 > list[i].h && list[i].h * 2 > list[j].h && d > 0 &&
          (best < 0 || d < best)) {
        best = d;
        dx = abs((int)x);
        dy = abs((int)y);
      }
    }
    beside += dx > 2 * dy;
    above += dy > 2 * dx;
  }
  return above > beside + beside / 2;
}

/* Ascenders outnumber descenders in Latin text; of other scripts this says nothing. */
static bool upside_down(PIX *ink)
{
  l_float32 confidence = 0;

  return !pixUpDownDetect(ink, &confidence, 0, 0, 0) && confidence < -upside_down_least;
}

/* After the picture was turned about its middle, by degrees clockwise, into one of other size. */
static void matrix_turn(struct ocr_page *p, double degrees, double old_w, double old_h, double new_w,
                        double new_h)
{
  double c = cos(degrees * M_PI / 180), s = sin(degrees * M_PI / 180);
  /* new -> old */
  double a = c, b = s, x = old_w / 2 - c * new_w / 2 - s * new_h / 2;
  double d = -s, e = c, y = old_h / 2 + s * new_w / 2 - c * new_h / 2;
  const double *m = p->matrix;
  double out[6] = {m[0] * a + m[1] * d, m[0] * b + m[1] * e, m[0] * x + m[1] * y + m[2],
                   m[3] * a + m[4] * d, m[3] * b + m[4] * e, m[3] * x + m[4] * y + m[5]};

  memcpy(p->matrix, out, sizeof out);
}

int ocr_page_turn(struct ocr_page *p, int degrees, struct dh_err *err)
{
  PIX *turned = pixRotateOrth(p->pix, degrees / 90);
  int w = p->width, h = p->height;

  if (!turned)
    return dh_err_set(err, DH_ENOMEM, "no memory to turn a page");
  pixDestroy(&p->pix);
  p->pix = turned;
  if (degrees != 180) {
    p->width = h;
    p->height = w;
  }
  matrix_turn(p, degrees, w, h, p->width, p->height);
  p->rotation = (p->rotation + degrees) % 360;
  return 0;
}

static int straighten(struct ocr_page *p, double degrees, struct dh_err *err)
{
  PIX *turned = pixRotate(p->pix, (l_float32)(degrees * M_PI / 180), L_ROTATE_AREA_MAP, L_BRING_IN_WHITE,
                          pixGetWidth(p->pix), pixGetHeight(p->pix));
  int w = p->width, h = p->height;

  if (!turned)
    return dh_err_set(err, DH_ENOMEM, "no memory to straighten a page");
  pixDestroy(&p->pix);
  p->pix = turned;
  p->width = pixGetWidth(turned);
  p->height = pixGetHeight(turned);
  matrix_turn(p, degrees, w, h, p->width, p->height);
  p->skew = degrees;
  return 0;
}

/* ink is the page in black and white. */
static int mend(struct ocr_page *p, PIX *ink, struct dh_err *err)
{
  int count, degrees, rc = 0;
  struct letter *list = find_letters(ink, &count);
  bool side = list && count >= LETTERS_LEAST && on_its_side(list, count);
  PIX *turned = side ? pixRotateOrth(ink, 1) : pixClone(ink), *straight;
  double skew = turned ? find_skew(turned) : 0;

  straight = turned
                 ? pixRotate(turned, (l_float32)(skew * M_PI / 180), L_ROTATE_SHEAR, L_BRING_IN_WHITE, 0, 0)
                 : NULL;
  degrees = (side ? 90 : 0) + (straight && upside_down(straight) ? 180 : 0);
  if (side && turned) {
    free(list);
    list = find_letters(turned, &count);
  }
  p->letters = list ? usual_height(list, count) : 0;
  if (degrees)
    rc = ocr_page_turn(p, degrees, err);
  if (!rc && skew != 0)
    rc = straighten(p, skew, err);
  free(list);
  pixDestroy(&straight);
  pixDestroy(&turned);
  return rc;
}

int ocr_page_init(struct ocr_page *p, PIX *pix, int dpi, bool mended, struct dh_err *err)
{
  PIX *grey, *ink;
  int rc = 0;

  memset(p, 0, sizeof *p);
  p->pix = pix;
  p->width = pixGetWidth(pix);
  p->height = pixGetHeight(pix);
  p->matrix[0] = p->matrix[4] = 1;
  if (dpi > 0)
    pixSetResolution(pix, dpi, dpi);
  if (!mended)
    return 0;
  grey = pixConvertTo8(pix, 0);
  if (!grey) {
    ocr_page_fini(p);
    return dh_err_set(err, DH_ENOMEM, "no memory to mend a page");
  }
  pixDestroy(&p->pix);
  p->pix = grey;
  ink = ink_of(grey);
  if (ink) /* none: a page too small to have tiles; it is read as it is */
    rc = mend(p, ink, err);
  pixDestroy(&ink);
  if (rc)
    ocr_page_fini(p);
  return rc;
}

void ocr_page_fini(struct ocr_page *p)
{
  pixDestroy(&p->pix);
}

/* Without the sharpening of pixScale: it makes letters of grain. */
static PIX *scaled(PIX *pix, l_float32 scale)
{
  return scale < 1 ? pixScaleAreaMap(pix, scale, scale) : pixScaleGeneral(pix, scale, scale, 0, 0);
}

PIX *ocr_page_part(const struct ocr_page *p, const int box[4], double scale, int at[2], struct dh_err *err)
{
  PIX *part, *out = NULL;

  at[0] = at[1] = 0;
  if (box) {
    BOX *cut = boxCreate(box[0], box[1], box[2], box[3]), *took = NULL;

    part = cut ? pixClipRectangle(p->pix, cut, &took) : NULL;
    if (took)
      boxGetGeometry(took, &at[0], &at[1], NULL, NULL);
    boxDestroy(&took);
    boxDestroy(&cut);
  } else {
    part = pixClone(p->pix);
  }
  if (!part)
    dh_err_set(err, DH_EUSE, "the region %d,%d %dx%d is not on the page of %dx%d pixels", box[0], box[1],
               box[2], box[3], p->width, p->height);
  else if (scale == 1)
    out = pixClone(part);
  else if ((double)pixGetWidth(part) * pixGetHeight(part) * scale * scale > OCR_SCALED_MAX)
    dh_err_set(err, DH_ELIMIT, "a part of %dx%d pixels cannot be read at %.1f times its size",
               pixGetWidth(part), pixGetHeight(part), scale);
  else if (!(out = scaled(part, (l_float32)scale)))
    dh_err_set(err, DH_ENOMEM, "no memory to scale a page");
  pixDestroy(&part);
  return out;
}
