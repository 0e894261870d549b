/* china.c - unified social credit code (GB 32100), organisation code (GB 11714), resident number (GB 11643).
 */
#include "ident.h"

#include <stdio.h>
#include <string.h>

static const char uscc_alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";

/* The check character of an organisation code over its first 8 characters. */
static char org_check(const char *s)
{
  static const signed char weights[] = {3, 7, 9, 10, 5, 8, 4, 2};
  int sum = 0;

  for (int i = 0; i < 8; i++)
    sum += weights[i] * dh_ident_value(s[i]);
  return "0X987654321"[sum % 11];
}

bool dh_ident_cn_org(const char *s, size_t n, struct dh_ident *out)
{
  if (n != 9)
    return dh_ident_no(out, "an organisation code has 9 characters, this has %zu", n);
  if (strpbrk(s, "+*") || (s[8] > '9' && s[8] != 'X'))
    return dh_ident_no(out, "an organisation code is 8 letters or digits and a check digit or X");
  if (org_check(s) != s[8])
    return dh_ident_no(out, "its check digit is wrong (GB 11714)");
  return true;
}

bool dh_ident_uscc(const char *s, size_t n, struct dh_ident *out)
{
  int sum = 0, weight = 1;

  if (n != 18)
    return dh_ident_no(out, "a credit code has 18 characters, this has %zu", n);
  for (size_t i = 0; i < n; i++)
    if (!strchr(uscc_alphabet, s[i]))
      return dh_ident_no(out, "a credit code never holds \"%c\" (character %zu)", s[i], i + 1);
  if (!dh_ident_digits(s + 2, 6))
    return dh_ident_no(out, "characters 3 to 8 of a credit code are the digits of a region");
  for (int i = 0; i < 17; i++) {
    sum += weight * (int)(strchr(uscc_alphabet, s[i]) - uscc_alphabet);
    weight = weight * 3 % 31;
  }
  if (uscc_alphabet[(31 - sum % 31) % 31] != s[17])
    return dh_ident_no(out, "its check character is wrong (GB 32100)");
  if (org_check(s + 8) != s[16])
    return dh_ident_no(out, "the organisation code in it, %.9s, has a wrong check digit (GB 11714)", s + 8);
  return true;
}

static char resident_check(const char *s)
{
  static const signed char weights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};

  return "10X98765432"[dh_ident_sum(s, weights, 17) % 11];
}

bool dh_ident_cn_resident(const char *s, size_t n, struct dh_ident *out)
{
  static const char provinces[] =
      "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 "
      "64 65 71 81 82 83 91 ";
  char full[19];
  bool known = false;

  if ((n != 18 && n != 15) || !dh_ident_digits(s, n - (n == 18)) || (n == 18 && s[17] > '9' && s[17] != 'X'))
    return dh_ident_no(out, "a resident number is 17 digits and a digit or X (or 15 digits of old)");
  if (n == 15) { /* numbers before 1999: no century, no check character */
    snprintf(full, sizeof full, "%.6s19%.9s", s, s + 6);
    full[17] = resident_check(full);
    full[18] = 0;
  } else {
    memcpy(full, s, 19);
  }
  for (const char *at = provinces; *at; at += 3)
    known |= !memcmp(at, full, 2);
  if (!known)
    return dh_ident_no(out, "no region begins with %.2s", full);
  if (!dh_ident_day((int)dh_ident_number(full + 6, 4), (int)dh_ident_number(full + 10, 2),
                    (int)dh_ident_number(full + 12, 2)))
    return dh_ident_no(out, "%.8s in it is no date of birth", full + 6);
  if (resident_check(full) != full[17])
    return dh_ident_no(out, "its check character is wrong (GB 11643)");
  memcpy(out->canonical, full, sizeof full);
  return true;
}
