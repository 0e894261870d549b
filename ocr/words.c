/* words.c - the list of words of one answer. */
#include "words.h"

#include "base/val.h"

#include <stdlib.h>
#include <string.h>

void ocr_words_init(struct ocr_words *w)
{
  memset(w, 0, sizeof *w);
  dh_buf_init(&w->text, 8 << 20);
}

void ocr_words_fini(struct ocr_words *w)
{
  free(w->list);
  dh_buf_fini(&w->text);
  w->list = NULL;
  w->n = w->cap = 0;
}

void ocr_words_cut(struct ocr_words *w, size_t n)
{
  if (n < w->n)
    w->text.len = w->list[n].text;
  w->n = n < w->n ? n : w->n;
}

int ocr_words_add(struct ocr_words *w, const struct ocr_word *word, const char *text, struct dh_err *err)
{
  if (w->n == OCR_WORDS_MAX)
    return dh_err_set(err, DH_ELIMIT, "the document has more than %d words", OCR_WORDS_MAX);
  if (w->n == w->cap) {
    size_t cap = w->cap ? 2 * w->cap : 256;
    struct ocr_word *list = realloc(w->list, cap * sizeof *list);

    if (!list)
      return dh_err_set(err, DH_ENOMEM, "no memory for %zu words", cap);
    w->list = list;
    w->cap = cap;
  }
  w->list[w->n] = *word;
  w->list[w->n].text = w->text.len;
  if (dh_buf_put(&w->text, text, strlen(text) + 1))
    return dh_err_set(err, DH_ELIMIT, "the document has more text than %zu bytes", w->text.max);
  w->n++;
  return 0;
}

double ocr_words_confidence(const struct ocr_words *w, size_t first)
{
  double sum = 0, letters = 0;

  for (size_t i = first; i < w->n; i++) {
    double n = (double)strlen(w->text.data + w->list[i].text);

    sum += n * w->list[i].confidence;
    letters += n;
  }
  return letters > 0 ? sum / letters : 0;
}

static int put_word(struct dh_buf *out, const struct ocr_words *w, const struct ocr_word *one)
{
  int rc = dh_put_map(out, 6);

  rc = rc ? rc : dh_put_ki(out, "block", one->block);
  rc = rc ? rc : dh_put_text(out, "box");
  rc = rc ? rc : dh_put_list(out, 4);
  for (int i = 0; i < 4; i++)
    rc = rc ? rc : dh_put_int(out, one->box[i]);
  rc = rc ? rc : dh_put_kd(out, "confidence", one->confidence);
  rc = rc ? rc : dh_put_ki(out, "line", one->line);
  rc = rc ? rc : dh_put_ki(out, "page", one->page);
  return rc ? rc : dh_put_kt(out, "text", w->text.data + one->text);
}

int ocr_words_put(struct dh_buf *out, const struct ocr_words *w)
{
  int rc = dh_put_list(out, w->n);

  for (size_t i = 0; i < w->n && !rc; i++)
    rc = put_word(out, w, &w->list[i]);
  return rc;
}
