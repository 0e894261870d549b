/* engine.h - the one table through which a reader speaks to whatever reads letters. An engine is opened
 * before the sandbox closes and then opens no file, starts no thread and speaks to nobody. */
#ifndef OCR_ENGINE_H
#define OCR_ENGINE_H

#include "words.h"

#include <leptonica/allheaders.h>
#include <stdint.h>

enum ocr_mode { OCR_AUTO, OCR_COLUMN, OCR_BLOCK, OCR_LINE, OCR_WORD, OCR_SPARSE, OCR_MODES };

/* How one picture is read. */
struct ocr_how {
  const char *langs; /* as the engine was opened with, "chi_sim+eng" */
  enum ocr_mode mode;
  int64_t deadline;         /* monotonic ms: ends with DH_ETIME */
  bool (*stop)(void *self); /* asked between words: true ends with DH_ECANCELED */
  void *self;
};

struct ocr_engine {
  const char *name;

  /* Loads the languages (sets separated by ",", languages of a set by "+"). Once, before the sandbox. */
  int (*open)(const char *sets, struct dh_err *err);
  void (*close)(void);
  /* The loaded set that serves these languages, NULL when none does. */
  const char *(*serves)(const char *langs);
  /* Adds the words of pix in reading order; boxes in pixels of pix, page 0, block and line counted from 1. */
  int (*read)(PIX *pix, const struct ocr_how *how, struct ocr_words *out, struct dh_err *err);
  const char *(*version)(void);   /* "tesseract 5.3.0" */
  const char *(*languages)(void); /* the loaded sets, separated by "," */
};

extern const struct ocr_engine ocr_tesseract;

#endif
