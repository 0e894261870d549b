/* kinds.c - LEI, IBAN, CNPJ and the numbers of Companies House. */
#include "ident.h"

#include <stdio.h>
#include <string.h>

bool dh_ident_lei(const char *s, size_t n, struct dh_ident *out)
{
  if (n != 20)
    return dh_ident_no(out, "an LEI has 20 characters, this has %zu", n);
  if (strpbrk(s, "+*") || !dh_ident_digits(s + 18, 2))
    return dh_ident_no(out, "an LEI is 18 letters or digits and ends with two digits");
  if (dh_ident_mod97(s, n, 0) != 1)
    return dh_ident_no(out, "its check digits are wrong (ISO 17442)");
  return true;
}

/* Country and length, from the registry of ISO 13616. */
static const char iban_lengths[] = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 "
                                   "CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 "
                                   "ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 "
                                   "IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 "
                                   "LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 "
                                   "MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 "
                                   "PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 "
                                   "SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 "
                                   "YE30 ";

/* A Spanish account carries two check digits of its own: over bank and branch, and over the account. */
static bool spanish_account(const char *s)
{
  static const signed char weights[] = {1, 2, 4, 8, 5, 10, 9, 7, 3, 6};
  long bank = 11 - dh_ident_sum(s, weights + 2, 8) % 11,
       account = 11 - dh_ident_sum(s + 10, weights, 10) % 11;

  return dh_ident_digits(s, 20) && (bank == 10 ? 1 : bank % 11) == s[8] - '0' &&
         (account == 10 ? 1 : account % 11) == s[9] - '0';
}

bool dh_ident_iban(const char *s, size_t n, struct dh_ident *out)
{
  if (n < 5 || strpbrk(s, "+*") || s[0] < 'A' || s[1] < 'A' || !dh_ident_digits(s + 2, 2))
    return dh_ident_no(out, "an IBAN begins with a country and two check digits");
  for (const char *at = iban_lengths; *at; at += 5) {
    if (memcmp(at, s, 2) != 0)
      continue;
    size_t want = (size_t)dh_ident_number(at + 2, 2);
    if (n != want)
      return dh_ident_no(out, "an IBAN of %.2s has %zu characters, this has %zu", s, want, n);
    if (dh_ident_mod97(s, 4, dh_ident_mod97(s + 4, n - 4, 0)) != 1)
      return dh_ident_no(out, "its check digits are wrong (ISO 13616)");
    if (!memcmp(s, "ES", 2) && !spanish_account(s + 4))
      return dh_ident_no(out, "the Spanish account in it, %s, has wrong check digits", s + 4);
    return true;
  }
  return dh_ident_no(out, "there are no IBANs of \"%.2s\"", s);
}

static int cnpj_digit(const char *s, size_t n)
{
  int sum = 0;

  /* Weights 2..9 over and over from the right; a letter counts as its ASCII code less 48 (since July 2026).
   */
  for (size_t i = 0; i < n; i++)
    sum += (s[n - 1 - i] - '0') * (2 + (int)(i % 8));
  return (11 - sum % 11) % 11 % 10;
}

bool dh_ident_cnpj(const char *s, size_t n, struct dh_ident *out)
{
  if (n != 14)
    return dh_ident_no(out, "a CNPJ has 14 characters, this has %zu", n);
  if (strpbrk(s, "+*") || !dh_ident_digits(s + 12, 2))
    return dh_ident_no(out, "a CNPJ is 12 letters or digits and ends with two digits");
  if (strspn(s, "0") == n)
    return dh_ident_no(out, "it is all zeros");
  if (cnpj_digit(s, 12) != s[12] - '0' || cnpj_digit(s, 13) != s[13] - '0')
    return dh_ident_no(out, "its check digits are wrong (CNPJ, mod 11)");
  return true;
}

bool dh_ident_uk_company(const char *s, size_t n, struct dh_ident *out)
{
  static const char prefixes[] =
      "SC NI OC SO NC R0 FC SF NF LP SL NL IP SP NP RC SR NR CE CS AC SA NA GE GS GN IC SI ZC "
      "SZ NZ OE PC RS ";

  if (n > 8)
    return dh_ident_no(out, "a UK company number has 8 characters, this has %zu", n);
  if (dh_ident_digits(s, n)) {
    snprintf(out->canonical, sizeof out->canonical, "%08ld", dh_ident_number(s, n));
    return true;
  }
  if (n != 8)
    return dh_ident_no(out, "a UK company number with letters has 8 characters, this has %zu", n);
  for (const char *at = prefixes; *at; at += 3)
    if (!memcmp(at, s, 2)) {
      bool society = s[1] == 'P' && (s[0] == 'I' || s[0] == 'S') && s[7] == 'R' && dh_ident_digits(s + 2, 5);
      if (society || dh_ident_digits(s + 2, 6))
        return true;
    }
  return dh_ident_no(out, "a UK company number is 8 digits, or letters like SC, NI, OC and 6 digits");
}
