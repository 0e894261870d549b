/* tesseract.c - Tesseract as a reading engine: one instance for each set of languages, loaded once. The only
 * file that knows Tesseract. It throws and aborts on its own faults: that ends the reader, and nothing else.
 */
#include "engine.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tesseract/capi.h>

enum { SETS_MAX = 8, LANGS_MAX = 8 };

static struct {
  char name[64];
  TessBaseAPI *api;
} sets[SETS_MAX];
static int set_count;

/* Runs everything once on a small picture: what Tesseract opens or allocates late is there before the sandbox
 * closes. */
static void warm_up(TessBaseAPI *api)
{
  PIX *pix = pixCreate(300, 80, 8);

  if (!pix)
    return;
  pixSetAll(pix);
  for (int x = 40; x < 240; x += 40)
    pixRasterop(pix, x, 20, 8, 40, PIX_CLR, NULL, 0, 0);
  TessBaseAPISetImage2(api, pix);
  TessBaseAPIRecognize(api, NULL);
  TessBaseAPIClear(api);
  pixDestroy(&pix);
}

static int open_set(const char *name, struct dh_err *err)
{
  TessBaseAPI *api;

  if (set_count == SETS_MAX || strlen(name) >= sizeof sets[0].name)
    return dh_err_set(err, DH_ELIMIT, "a reader loads at most %d sets of languages", SETS_MAX);
  api = TessBaseAPICreate();
  if (!api || TessBaseAPIInit2(api, NULL, name, OEM_LSTM_ONLY)) {
    if (api)
      TessBaseAPIDelete(api);
    dh_err_set(err, DH_ENOENT, "Tesseract cannot load the languages %s", name);
    return dh_err_advice(err, "install them, for example: apt install tesseract-ocr-chi-sim");
  }
  /* Its chatter about each page goes nowhere. The file is opened at the first complaint: make one while it
   * can be. */
  TessBaseAPISetVariable(api, "debug_file", "/dev/null");
  TessBaseAPIReadConfigFile(api, "there is no such file");
  warm_up(api);
  snprintf(sets[set_count].name, sizeof sets[0].name, "%s", name);
  sets[set_count++].api = api;
  return 0;
}

static int tess_open(const char *names, struct dh_err *err)
{
  char copy[512], *at = copy, *name;
  int rc;

  snprintf(copy, sizeof copy, "%s", names);
  while ((name = strsep(&at, ",")))
    if (*name && (rc = open_set(name, err)))
      return rc;
  return 0;
}

static bool holds(const char *set, const char *lang, size_t n)
{
  for (const char *at = set; at; at = strchr(at, '+')) {
    at += *at == '+';
    if (!strncmp(at, lang, n) && (at[n] == '+' || !at[n]))
      return true;
  }
  return false;
}

/* The first set that holds every language asked for, with none to spare if there is such a set. */
static int find_set(const char *langs)
{
  int best = -1;
  size_t best_len = 0;

  for (int i = 0; i < set_count; i++) {
    bool all = true;

    for (const char *at = langs; at && all; at = strchr(at, '+')) {
      at += *at == '+';
      all = holds(sets[i].name, at, strcspn(at, "+"));
    }
    if (all && (best < 0 || strlen(sets[i].name) < best_len)) {
      best = i;
      best_len = strlen(sets[i].name);
    }
  }
  return best;
}

static const char *tess_serves(const char *langs)
{
  int i = find_set(langs);

  return i < 0 ? NULL : sets[i].name;
}

static int collect(TessBaseAPI *api, struct ocr_words *out, struct dh_err *err)
{
  TessResultIterator *it = TessBaseAPIGetIterator(api);
  TessPageIterator *at = it ? TessResultIteratorGetPageIterator(it) : NULL;
  struct ocr_word word = {0};
  int rc = 0, right, bottom;

  if (!it) /* an empty page */
    return 0;
  do {
    char *text = TessResultIteratorGetUTF8Text(it, RIL_WORD);

    word.block += TessPageIteratorIsAtBeginningOf(at, RIL_BLOCK) || !word.block;
    word.line += TessPageIteratorIsAtBeginningOf(at, RIL_TEXTLINE) || !word.line;
    if (text && text[strspn(text, " \n")] &&
        TessPageIteratorBoundingBox(at, RIL_WORD, &word.box[0], &word.box[1], &right, &bottom)) {
      word.box[2] = right - word.box[0];
      word.box[3] = bottom - word.box[1];
      word.confidence = TessResultIteratorConfidence(it, RIL_WORD) / 100.0;
      rc = ocr_words_add(out, &word, text, err);
    }
    TessDeleteText(text);
  } while (!rc && TessPageIteratorNext(at, RIL_WORD));
  TessResultIteratorDelete(it);
  return rc;
}

static bool stop_asked(void *self, int words)
{
  const struct ocr_how *how = self;

  (void)words;
  return how->stop && how->stop(how->self);
}

static int tess_read(PIX *pix, const struct ocr_how *how, struct ocr_words *out, struct dh_err *err)
{
  static const TessPageSegMode modes[OCR_MODES] = {PSM_AUTO,        PSM_SINGLE_COLUMN, PSM_SINGLE_BLOCK,
                                                   PSM_SINGLE_LINE, PSM_SINGLE_WORD,   PSM_SPARSE_TEXT};
  TessBaseAPI *api = sets[find_set(how->langs)].api;
  ETEXT_DESC *monitor = TessMonitorCreate();
  int64_t left = how->deadline - dh_mono_ms();
  int failed, rc = 0;

  if (!monitor)
    return dh_err_set(err, DH_ENOMEM, "no memory to read a page");
  TessMonitorSetCancelFunc(monitor, stop_asked);
  TessMonitorSetCancelThis(monitor, (void *)how);
  TessMonitorSetDeadlineMSecs(monitor, (int)(left > 1 ? left : 1));
  TessBaseAPISetPageSegMode(api, modes[how->mode]);
  TessBaseAPISetImage2(api, pix);
  failed = TessBaseAPIRecognize(api, monitor);
  if (how->stop && how->stop(how->self))
    rc = dh_err_set(err, DH_ECANCELED, "reading was called off");
  else if (dh_mono_ms() >= how->deadline)
    rc = dh_err_set(err, DH_ETIME, "reading took too long");
  else if (failed)
    rc = dh_err_set(err, DH_EFORMAT, "Tesseract gave up on the page");
  else
    rc = collect(api, out, err);
  TessBaseAPIClear(api);
  TessMonitorDelete(monitor);
  return rc;
}

static void tess_close(void)
{
  while (set_count)
    TessBaseAPIDelete(sets[--set_count].api);
}

static const char *tess_version(void)
{
  static char text[64];

  snprintf(text, sizeof text, "tesseract %s", TessVersion());
  return text;
}

static const char *tess_languages(void)
{
  static char text[SETS_MAX * sizeof sets[0].name];
  size_t n = 0;

  text[0] = 0;
  for (int i = 0; i < set_count; i++)
    n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", i ? "," : "", sets[i].name);
  return text;
}

const struct ocr_engine ocr_tesseract = {.name = "tesseract",
                                         .open = tess_open,
                                         .serves = tess_serves,
                                         .read = tess_read,
                                         .close = tess_close,
                                         .version = tess_version,
                                         .languages = tess_languages};
