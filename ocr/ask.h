/* ask.h - what a reader is asked, taken apart and checked; and what it reads with. Inside the reader only.
 *
 * Requests (CBOR map; one descriptor with the picture's bytes for "read"):
 *   {op="read", langs="chi_sim+eng", pages=[1, 3]?, number?, region=[x, y, w, h]?, mode?, mend=true, scale?,
 *    dpi?, deadline_ms?}      number: the first page counts as this one of a document whose other pages are
 *                             kept; without it what was kept is dropped
 *   {op="again", page, region?, mode?, langs?, scale?, deadline_ms?}      a kept page, as it was mended
 *   {op="forget"}             drops the pages that were kept
 *   {op="ping"}               -> {engine, languages}
 * Answer of read and again: {engine, ms, pages=[{page, width, height, rotation, skew, matrix, scale}],
 * words=[{text, page, box=[x, y, w, h], confidence, line, block}]}. Boxes and regions are in pixels of the
 * upright page at the picture's own scale; matrix leads from there to the picture as it was given. A failure
 * is a tagged error. {cancel=id} without an id of its own ends the question with that id. */
#ifndef OCR_ASK_H
#define OCR_ASK_H

#include "engine.h"
#include "mend.h"

#include "base/val.h"

enum ocr_op { OCR_PING, OCR_READ, OCR_AGAIN, OCR_FORGET };

struct ocr_ask {
  enum ocr_op op;
  char langs[64];
  enum ocr_mode mode;
  bool mend;
  bool has_region;
  int region[4];
  int first, last;  /* pages of the picture, from 1 */
  int number;       /* of its first page in the document, 0: not said */
  int dpi;          /* 0: as the file says */
  double scale;     /* 0: chosen by the height of the letters, 1 when not mended */
  int64_t deadline; /* monotonic ms */
};

/* Takes a request apart. DH_EUSE names what is wrong with it. */
int ocr_ask_parse(const void *cbor, size_t n, struct ocr_ask *ask, struct dh_err *err);

/* The first pages of a document, so that a region can be read again without decoding anew. */
enum { OCR_KEPT = 8 };
struct ocr_kept {
  struct ocr_page pages[OCR_KEPT];
  int number[OCR_KEPT];   /* of the page, from 1; 0: free */
  double scale[OCR_KEPT]; /* at which it was read */
};
void ocr_kept_clear(struct ocr_kept *k);

/* Reads the picture behind fd, or a kept page again, and puts the answer. stop is asked between words. */
int ocr_do_read(const struct ocr_ask *ask, int fd, struct ocr_kept *kept, bool (*stop)(void *), void *self,
                struct dh_buf *answer, struct dh_err *err);
int ocr_do_again(const struct ocr_ask *ask, struct ocr_kept *kept, bool (*stop)(void *), void *self,
                 struct dh_buf *answer, struct dh_err *err);

#endif
