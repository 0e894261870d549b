/* journal.c - the records that stood when the run began, found by place or by name. Read only. */
#include "state.h"

#include <stdlib.h>
#include <string.h>

struct dh_journal {
  struct dh_val *tree;
  void *bytes;
  struct dh_record *rows; /* sorted by scope, position, order of writing */
  size_t n;
};

struct sorted {
  struct dh_record rec;
  size_t order;
};

static int by_place(const void *a, const void *b)
{
  const struct sorted *x = a, *y = b;
  int c = strcmp(x->rec.scope, y->rec.scope);

  if (c)
    return c;
  if (x->rec.position != y->rec.position)
    return x->rec.position < y->rec.position ? -1 : 1;
  return x->order < y->order ? -1 : 1;
}

static int read_rows(struct dh_journal *j, struct dh_err *err)
{
  struct sorted *s = calloc(j->tree->n + 1, sizeof *s);
  int rc = 0;

  j->rows = calloc(j->tree->n + 1, sizeof *j->rows);
  if (!s || !j->rows)
    rc = dh_err_set(err, DH_ENOMEM, "no memory for a journal of %zu records", j->tree->n);
  for (size_t i = 0; !rc && i < j->tree->n; i++) {
    rc = dh_record_get(&j->tree->items[i], &s[j->n].rec, err);
    s[j->n].order = i;
    j->n++;
  }
  if (!rc) {
    qsort(s, j->n, sizeof *s, by_place);
    for (size_t i = 0; i < j->n; i++)
      j->rows[i] = s[i].rec;
  }
  free(s);
  return rc;
}

struct dh_journal *dh_journal_new(const void *p, size_t n, struct dh_err *err)
{
  struct dh_journal *j = calloc(1, sizeof *j);
  int rc = 0;

  if (!j || (n && !(j->bytes = malloc(n)))) {
    dh_err_set(err, DH_ENOMEM, "no memory for a journal");
    free(j);
    return NULL;
  }
  if (!n)
    return j;
  memcpy(j->bytes, p, n);
  rc = dh_val_parse(j->bytes, n, &j->tree, err);
  if (!rc && j->tree->type != DH_LIST)
    rc = dh_err_set(err, DH_EFORMAT, "the journal is no list");
  if (!rc)
    rc = read_rows(j, err);
  if (rc) {
    dh_journal_free(j);
    return NULL;
  }
  return j;
}

void dh_journal_free(struct dh_journal *j)
{
  if (!j)
    return;
  free(j->rows);
  free(j->tree);
  free(j->bytes);
  free(j);
}

/* First row not before (scope, position). */
static size_t lower(const struct dh_journal *j, const char *scope, int64_t position)
{
  size_t lo = 0, hi = j->n;

  while (lo < hi) {
    size_t mid = (lo + hi) / 2;
    const struct dh_record *r = &j->rows[mid];
    int c = strcmp(r->scope, scope);

    if (c < 0 || (c == 0 && r->position < position))
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo;
}

static bool is_word(enum dh_record_kind k)
{
  return k == DH_REC_READ || k == DH_REC_STEP || k == DH_REC_INTENT || k == DH_REC_CONFIRM ||
         k == DH_REC_VOID || k == DH_REC_REVIEW || k == DH_REC_WAIT || k == DH_REC_ANSWER;
}

const struct dh_record *dh_journal_at(const struct dh_journal *j, const char *scope, int64_t position)
{
  const struct dh_record *found = NULL;

  /* the last one of a place counts: an answer after its review, a confirm after its intent */
  for (size_t i = lower(j, scope, position); i < j->n; i++) {
    const struct dh_record *r = &j->rows[i];

    if (strcmp(r->scope, scope) != 0 || r->position != position)
      break;
    if (is_word(r->kind))
      found = r;
  }
  return found;
}

const struct dh_record *dh_journal_named(const struct dh_journal *j, enum dh_record_kind k, const char *name)
{
  for (size_t i = j->n; i-- > 0;)
    if (j->rows[i].kind == k && strcmp(j->rows[i].name, name) == 0)
      return &j->rows[i];
  return NULL;
}

const struct dh_record *dh_journal_asked(const struct dh_journal *j, const char *prefix, size_t *from)
{
  for (; *from < j->n; ++*from) {
    const struct dh_record *r = &j->rows[*from];

    if (r->kind == DH_REC_REVIEW && (strcmp(r->word, "review") == 0 || strcmp(r->word, "approve") == 0) &&
        strncmp(r->scope, prefix, strlen(prefix)) == 0 && !dh_journal_named(j, DH_REC_ANSWER, r->name))
      return &j->rows[(*from)++];
  }
  return NULL;
}

int64_t dh_journal_last(const struct dh_journal *j, const char *scope)
{
  for (size_t i = lower(j, scope, INT64_MAX); i-- > 0;) {
    if (strcmp(j->rows[i].scope, scope) != 0)
      break;
    if (is_word(j->rows[i].kind))
      return j->rows[i].position;
  }
  return 0;
}

int dh_journal_count(const struct dh_journal *j)
{
  return (int)j->n;
}
