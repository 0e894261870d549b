/* mend.h - a page made upright, straight and of a readable size, and the way back to the picture it came
 * from. Nothing is thresholded or cleaned: measured, that costs more text than it saves. Blocks; runs in the
 * reader only. */
#ifndef OCR_MEND_H
#define OCR_MEND_H

#include "base/err.h"

#include <leptonica/allheaders.h>

enum { OCR_SCALED_MAX = 100000000 }; /* pixels of a page or part after scaling */

struct ocr_page {
  PIX *pix;          /* upright and straight, 8 bits a pixel (as decoded when nothing was asked for); owned */
  int width, height; /* of the upright page, in pixels of the original picture */
  int rotation;      /* 0, 90, 180, 270: degrees it was turned clockwise */
  double skew;       /* degrees it was turned clockwise after that */
  int letters;       /* median height of its letters in pixels, 0: unknown (only when mended) */
  double matrix[6];  /* upright (x, y) -> original (a x + b y + c, d x + e y + f) */
};

/* Takes pix over. mended false: kept as it is. dpi, if > 0, is what the picture is said to have. */
int ocr_page_init(struct ocr_page *p, PIX *pix, int dpi, bool mended, struct dh_err *err);
void ocr_page_fini(struct ocr_page *p); /* idempotent */

/* Turns an initialised page by a further 90, 180 or 270 degrees clockwise. */
int ocr_page_turn(struct ocr_page *p, int degrees, struct dh_err *err);

/* A part of the page (box in upright pixels, cut to the page; NULL: all of it) at the given scale. The caller
 * destroys it. at gets where it begins, in upright pixels. */
PIX *ocr_page_part(const struct ocr_page *p, const int box[4], double scale, int at[2], struct dh_err *err);

#endif
