/* ident.h - inside the module: a kind is one const struct, and what the kinds share. */
#ifndef DH_IDENT_H
#define DH_IDENT_H

#include "identifier.h"

/* s: folded text of n bytes, only 0-9 A-Z and the * + of old Irish numbers, NUL-terminated. Fills
 * out->canonical and returns true, or fills out->why and returns false. out->canonical holds s on entry. */
typedef bool dh_ident_fn(const char *s, size_t n, struct dh_ident *out);

struct dh_ident_kind {
  const char *name;
  bool has_check; /* false: only the form can be wrong */
  dh_ident_fn *check;
};

dh_ident_fn dh_ident_lei, dh_ident_iban, dh_ident_cnpj, dh_ident_uk_company;
dh_ident_fn dh_ident_uscc, dh_ident_cn_org, dh_ident_cn_resident;
dh_ident_fn dh_ident_eu_vat;

/* Folds UTF-8 text into out (DH_IDENT_MAX bytes). 0; -1 when there is another character (why says which) or
 * too many. */
int dh_ident_fold(const char *text, size_t n, char *out, char why[128]);

/* Says why and returns false. */
bool dh_ident_no(struct dh_ident *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- arithmetic that several rules share; s holds digits unless it says otherwise. */
bool dh_ident_digits(const char *s, size_t n);
int dh_ident_value(char c);                    /* 0-9 -> 0..9, A-Z -> 10..35 */
long dh_ident_number(const char *s, size_t n); /* n <= 18 */
long dh_ident_sum(const char *s, const signed char *weights, size_t n);
int dh_ident_mod97(const char *s, size_t n, int start); /* letters count as two digits; goes on from start */
bool dh_ident_luhn(const char *s, size_t n);
bool dh_ident_mod11_10(const char *s, size_t n); /* ISO 7064 hybrid */
bool dh_ident_day(int year, int month, int day); /* is in the calendar */

/* ---- VAT rules: the number without its country. */
typedef bool dh_vat_fn(const char *s, size_t n);
dh_vat_fn dh_vat_at, dh_vat_be, dh_vat_bg, dh_vat_cy, dh_vat_cz, dh_vat_de, dh_vat_dk, dh_vat_ee, dh_vat_el;
dh_vat_fn dh_vat_es, dh_vat_fi, dh_vat_fr, dh_vat_gb, dh_vat_hr, dh_vat_hu, dh_vat_ie, dh_vat_it, dh_vat_lt;
dh_vat_fn dh_vat_lu, dh_vat_lv, dh_vat_mt, dh_vat_nl, dh_vat_pl, dh_vat_pt, dh_vat_ro, dh_vat_se, dh_vat_si;
dh_vat_fn dh_vat_sk;

#endif
