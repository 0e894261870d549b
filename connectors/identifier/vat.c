/* vat.c - VAT numbers: which country, which rule, the canonical form. The rules are in vat_weighted.c (one
 * weighted sum and a remainder) and vat_rules.c (the rest). */
#include "ident.h"

#include <stdio.h>
#include <string.h>

struct vat_country {
  const char *code;
  const char *form; /* for people */
  dh_vat_fn *check;
};

static const struct vat_country countries[] = {
    {"AT", "U and 8 digits", dh_vat_at},
    {"BE", "10 digits", dh_vat_be},
    {"BG", "9 or 10 digits", dh_vat_bg},
    {"CY", "8 digits and a letter", dh_vat_cy},
    {"CZ", "8 to 10 digits", dh_vat_cz},
    {"DE", "9 digits", dh_vat_de},
    {"DK", "8 digits", dh_vat_dk},
    {"EE", "9 digits", dh_vat_ee},
    {"EL", "9 digits", dh_vat_el},
    {"ES", "9 characters, a letter first or last", dh_vat_es},
    {"FI", "8 digits", dh_vat_fi},
    {"FR", "2 characters and 9 digits", dh_vat_fr},
    {"GB", "9 or 12 digits, GD or HA and 3 digits", dh_vat_gb},
    {"HR", "11 digits", dh_vat_hr},
    {"HU", "8 digits", dh_vat_hu},
    {"IE", "7 digits and 1 or 2 letters", dh_vat_ie},
    {"IT", "11 digits", dh_vat_it},
    {"LT", "9 or 12 digits", dh_vat_lt},
    {"LU", "8 digits", dh_vat_lu},
    {"LV", "11 digits", dh_vat_lv},
    {"MT", "8 digits", dh_vat_mt},
    {"NL", "9 digits, B and 2 digits", dh_vat_nl},
    {"PL", "10 digits", dh_vat_pl},
    {"PT", "9 digits", dh_vat_pt},
    {"RO", "2 to 10 digits", dh_vat_ro},
    {"SE", "12 digits", dh_vat_se},
    {"SI", "8 digits", dh_vat_si},
    {"SK", "10 digits", dh_vat_sk},
    {"XI", "9 or 12 digits, GD or HA and 3 digits", dh_vat_gb},
};

bool dh_ident_eu_vat(const char *s, size_t n, struct dh_ident *out)
{
  const char *code = n >= 2 && !memcmp(s, "GR", 2) ? "EL" : s;
  char number[DH_IDENT_MAX];

  if (n < 4)
    return dh_ident_no(out, "a VAT number begins with its country and has more than %zu characters", n);
  for (size_t i = 0; i < sizeof countries / sizeof countries[0]; i++) {
    const struct vat_country *c = &countries[i];
    if (memcmp(c->code, code, 2) != 0)
      continue;
    /* Old Belgian and Greek numbers were a digit shorter, Dutch ones are written without their leading zeros.
     */
    size_t full = !strcmp(c->code, "BE") ? 10 : !strcmp(c->code, "EL") ? 9 : !strcmp(c->code, "NL") ? 12 : 0;
    int zeros = n - 2 < full && n - 2 + 3 > full ? (int)(full - (n - 2)) : 0;
    snprintf(number, sizeof number, "%.*s%s", zeros, "00", s + 2);
    snprintf(out->canonical, sizeof out->canonical, "%.2s%.30s", c->code, number);
    if (c->check(number, strlen(number)))
      return true;
    return dh_ident_no(out, "its form or its check digits are wrong for %.2s (%s)", c->code, c->form);
  }
  return dh_ident_no(out, "\"%.2s\" is no member state of the EU, nor XI or GB", s);
}
