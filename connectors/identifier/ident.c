/* ident.c - the table of kinds, guessing and repairing over it. */
#include "ident.h"

#include "base/err.h"

#include <stdio.h>
#include <string.h>

/* Strongest check first: the order of guesses. */
static const struct dh_ident_kind kinds[DH_IDENT_KINDS] = {
    {"lei", true, dh_ident_lei},       {"uscc", true, dh_ident_uscc},
    {"iban", true, dh_ident_iban},     {"cn_resident", true, dh_ident_cn_resident},
    {"cnpj", true, dh_ident_cnpj},     {"eu_vat", true, dh_ident_eu_vat},
    {"cn_org", true, dh_ident_cn_org}, {"uk_company", false, dh_ident_uk_company},
};

static const struct dh_ident_kind *kind_find(const char *name)
{
  for (size_t i = 0; i < DH_IDENT_KINDS; i++)
    if (!strcmp(kinds[i].name, name))
      return &kinds[i];
  return NULL;
}

static void check_folded(const struct dh_ident_kind *kind, const char *folded, struct dh_ident *out)
{
  memset(out, 0, sizeof *out);
  snprintf(out->canonical, sizeof out->canonical, "%s", folded);
  out->valid = folded[0] ? kind->check(folded, strlen(folded), out) : dh_ident_no(out, "it is empty");
}

int dh_ident_check(const char *kind, const char *text, size_t n, struct dh_ident *out)
{
  const struct dh_ident_kind *k = kind_find(kind);
  char folded[DH_IDENT_MAX];

  if (!k)
    return DH_EUSE;
  memset(out, 0, sizeof *out);
  if (dh_ident_fold(text, n, folded, out->why) == 0)
    check_folded(k, folded, out);
  else
    memcpy(out->canonical, folded, sizeof folded);
  return 0;
}

size_t dh_ident_guess(const char *text, size_t n, const char *names[DH_IDENT_KINDS])
{
  char folded[DH_IDENT_MAX], why[128];
  struct dh_ident one;
  size_t count = 0;

  if (dh_ident_fold(text, n, folded, why) < 0)
    return 0;
  for (size_t i = 0; i < DH_IDENT_KINDS; i++) {
    check_folded(&kinds[i], folded, &one);
    if (one.valid)
      names[count++] = kinds[i].name;
  }
  return count;
}

int dh_ident_repair(const char *kind, const char *text, size_t n, struct dh_ident *out)
{
  static const char pairs[][3] = {"O0", "I1", "L1", "S5", "B8", "Z2"};
  const struct dh_ident_kind *k = kind_find(kind);
  char folded[DH_IDENT_MAX], why[128];
  struct dh_ident one;
  int count = 0;

  if (!k || !k->has_check)
    return DH_EUSE;
  memset(out, 0, sizeof *out);
  if (dh_ident_fold(text, n, folded, why) < 0)
    return 0;
  check_folded(k, folded, &one);
  if (one.valid)
    return 0;
  for (char *at = folded; *at; at++) {
    char was = *at;
    for (size_t p = 0; p < sizeof pairs / sizeof pairs[0]; p++) {
      if (was != pairs[p][0] && was != pairs[p][1])
        continue;
      *at = was == pairs[p][0] ? pairs[p][1] : pairs[p][0];
      check_folded(k, folded, &one);
      if (one.valid && count++ == 0)
        *out = one;
      *at = was;
    }
  }
  if (count != 1)
    memset(out, 0, sizeof *out);
  return count;
}
