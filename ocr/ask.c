/* ask.c - requests of a reader, checked field by field. Owns nothing. */
#include "ask.h"

#include "image.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEADLINE_MS = 120000, DEADLINE_MAX_MS = 600000 };

static int pick(const struct dh_val *v, const char *key, const char *const names[], int n, int otherwise,
                struct dh_err *err)
{
  const struct dh_val *name = dh_val_get(v, key);

  if (!name)
    return otherwise;
  for (int i = 0; i < n; i++)
    if (dh_val_is(name, names[i]))
      return i;
  return dh_err_set(err, DH_EUSE, "a reader knows no such %s", key);
}

static int list_of_ints(const struct dh_val *v, const char *key, int *out, size_t n, struct dh_err *err)
{
  const struct dh_val *list = dh_val_get(v, key);

  if (!list || list->type == DH_NIL)
    return 0;
  if (list->type != DH_LIST || list->n != n)
    return dh_err_set(err, DH_EUSE, "%s must be a list of %zu numbers", key, n);
  for (size_t i = 0; i < n; i++) {
    const struct dh_val *item = &list->items[i];
    double d = item->type == DH_INT ? (double)item->i : item->type == DH_NUM ? item->d : -1;

    if (!(d >= 0 && d < 1e6))
      return dh_err_set(err, DH_EUSE, "%s holds something that is no place on a page", key);
    out[i] = (int)d;
  }
  return 1;
}

static int parse_places(const struct dh_val *v, struct ocr_ask *ask, struct dh_err *err)
{
  int pages[2] = {1, OCR_PAGES_MAX}, rc;

  if ((rc = list_of_ints(v, "region", ask->region, 4, err)) < 0)
    return rc;
  ask->has_region = rc;
  if (rc && (ask->region[2] < 1 || ask->region[3] < 1))
    return dh_err_set(err, DH_EUSE, "the region is empty");
  if ((rc = list_of_ints(v, "pages", pages, 2, err)) < 0)
    return rc;
  if (ask->op == OCR_AGAIN)
    pages[0] = pages[1] = (int)dh_val_int(v, "page", 0);
  if (pages[0] < 1 || pages[1] < pages[0])
    return dh_err_set(err, DH_EUSE, "pages %d to %d make no sense", pages[0], pages[1]);
  ask->first = pages[0];
  ask->last = pages[1];
  return 0;
}

static int parse_map(const struct dh_val *v, struct ocr_ask *ask, struct dh_err *err)
{
  static const char *const ops[] = {"ping", "read", "again", "forget"};
  static const char *const modes[OCR_MODES] = {"auto", "column", "block", "line", "word", "sparse"};
  int op = pick(v, "op", ops, 4, DH_EUSE, err), mode = pick(v, "mode", modes, OCR_MODES, OCR_AUTO, err);
  int64_t ms = dh_val_int(v, "deadline_ms", DEADLINE_MS);

  if (op < 0 || mode < 0)
    return err->code ? err->code : dh_err_set(err, DH_EUSE, "a request without an op");
  ask->op = (enum ocr_op)op;
  ask->mode = (enum ocr_mode)mode;
  ask->mend = dh_val_bool(v, "mend", true);
  ask->dpi = (int)dh_val_int(v, "dpi", 0);
  ask->scale = dh_val_num(v, "scale", 0);
  ask->number = (int)dh_val_int(v, "number", 0);
  if (ask->number < 0 || ask->number > OCR_PAGES_MAX)
    return dh_err_set(err, DH_EUSE, "a document has pages 1 to %d", OCR_PAGES_MAX);
  if (ask->dpi < 0 || ask->dpi > 2400 || !(ask->scale >= 0 && ask->scale <= 8))
    return dh_err_set(err, DH_EUSE, "dpi is at most 2400, scale at most 8");
  dh_val_text(v, "langs", ask->langs, sizeof ask->langs);
  if (!ask->langs[0])
    snprintf(ask->langs, sizeof ask->langs, "eng");
  ask->deadline = dh_mono_ms() + (ms < 1 ? 1 : ms > DEADLINE_MAX_MS ? DEADLINE_MAX_MS : ms);
  return parse_places(v, ask, err);
}

int ocr_ask_parse(const void *cbor, size_t n, struct ocr_ask *ask, struct dh_err *err)
{
  struct dh_val *v = NULL;
  int rc;

  memset(ask, 0, sizeof *ask);
  memset(err, 0, sizeof *err);
  rc = dh_val_parse(cbor, n, &v, err);
  if (!rc)
    rc = parse_map(v, ask, err);
  free(v);
  return rc;
}
