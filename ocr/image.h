/* image.h - from bytes nobody trusts to a picture: what it is, whether it may be decoded, its pages one by
 * one. Blocks; runs in the reader only. */
#ifndef OCR_IMAGE_H
#define OCR_IMAGE_H

#include "base/err.h"

#include <leptonica/allheaders.h>
#include <stddef.h>

enum { OCR_FILE_MAX = 64 << 20, OCR_PIXELS_MAX = 50000000, OCR_PAGES_MAX = 200 };

struct ocr_image {
  const unsigned char *bytes; /* the whole file; mapped or malloc'd */
  size_t n;
  bool mapped;
  int format; /* Leptonica's IFF_* */
  int pages;
};

/* Takes the bytes behind fd (a sealed memfd is mapped, anything else is read; fd stays the caller's), finds
 * the type from the content and checks the size of every page from its header. DH_ELIMIT, DH_EFORMAT. Nothing
 * is decoded. */
int ocr_image_open(int fd, struct ocr_image *im, struct dh_err *err);
void ocr_image_close(struct ocr_image *im); /* idempotent */

/* Decodes a page (from 0) to 1, 8 or 32 bits a pixel, without colour map or alpha. The caller destroys it. */
int ocr_image_page(const struct ocr_image *im, int page, PIX **out, struct dh_err *err);

#endif
