/* words.h - what an engine found: words with places, as a list and as the answer of a reader. Owns their
 * text. */
#ifndef OCR_WORDS_H
#define OCR_WORDS_H

#include "base/buf.h"
#include "base/err.h"

enum { OCR_WORDS_MAX = 100000 };

struct ocr_word {
  size_t text;       /* offset into words.text, NUL-terminated */
  int page;          /* from 1 */
  int box[4];        /* x, y, width, height in pixels of the upright page */
  int block, line;   /* from 1, counted through the whole document */
  double confidence; /* 0..1 as the engine says; not a probability */
};

struct ocr_words {
  struct ocr_word *list;
  size_t n, cap;
  struct dh_buf text;
};

void ocr_words_init(struct ocr_words *w);
void ocr_words_fini(struct ocr_words *w);          /* idempotent */
void ocr_words_cut(struct ocr_words *w, size_t n); /* forgets all after the first n */

/* A copy of word with this text. DH_ENOMEM, DH_ELIMIT. */
int ocr_words_add(struct ocr_words *w, const struct ocr_word *word, const char *text, struct dh_err *err);

/* Mean confidence of the words from first on, weighted by their letters; 0 when there are none. */
double ocr_words_confidence(const struct ocr_words *w, size_t first);

/* As a CBOR list of maps {text, page, box, confidence, line, block}. */
int ocr_words_put(struct dh_buf *out, const struct ocr_words *w);

#endif
