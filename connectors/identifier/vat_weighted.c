/* vat_weighted.c - VAT rules that are one weighted sum, or a textbook check over all digits. */
#include "ident.h"

#include <string.h>

static bool all_digits(const char *s, size_t n, size_t want)
{
  return n == want && dh_ident_digits(s, n);
}

static bool sum_mod(const char *s, size_t n, const signed char *weights, size_t want, int mod, int rest)
{
  return all_digits(s, n, want) && dh_ident_sum(s, weights, want) % mod == rest;
}

bool dh_vat_at(const char *s, size_t n)
{
  int sum = 4;

  if (n != 9 || s[0] != 'U' || !dh_ident_digits(s + 1, 8))
    return false;
  for (int i = 1; i <= 7; i++) {
    int v = (s[i] - '0') * (i % 2 ? 1 : 2);
    sum += v > 9 ? v - 9 : v;
  }
  return (10 - sum % 10) % 10 == s[8] - '0';
}

bool dh_vat_be(const char *s, size_t n)
{
  return all_digits(s, n, 10) && s[0] <= '1' && 97 - dh_ident_number(s, 8) % 97 == dh_ident_number(s + 8, 2);
}

bool dh_vat_de(const char *s, size_t n)
{
  return all_digits(s, n, 9) && s[0] != '0' && dh_ident_mod11_10(s, 9);
}

bool dh_vat_dk(const char *s, size_t n)
{
  return s[0] != '0' && sum_mod(s, n, (const signed char[]){2, 7, 6, 5, 4, 3, 2, 1}, 8, 11, 0);
}

bool dh_vat_ee(const char *s, size_t n)
{
  return sum_mod(s, n, (const signed char[]){3, 7, 1, 3, 7, 1, 3, 7, 1}, 9, 10, 0);
}

bool dh_vat_el(const char *s, size_t n)
{
  int rest = 0;

  if (!all_digits(s, n, 9))
    return false;
  for (int i = 0; i < 8; i++)
    rest = (rest * 2 + (s[i] - '0')) % 11;
  return rest * 2 % 11 % 10 == s[8] - '0';
}

bool dh_vat_fi(const char *s, size_t n)
{
  return sum_mod(s, n, (const signed char[]){7, 9, 10, 5, 8, 4, 2, 1}, 8, 11, 0);
}

/* The three digits of a government department or health authority: below 500, or from 500 on. */
static bool gb_authority(const char *s, size_t n)
{
  bool health = !memcmp(s, "HA", 2);

  if (!health && memcmp(s, "GD", 2) != 0)
    return false;
  if (n == 5)
    return dh_ident_digits(s + 2, 3) && (dh_ident_number(s + 2, 3) >= 500) == health;
  return n == 11 && dh_ident_digits(s + 2, 9) && !memcmp(s + 2, "8888", 4) &&
         (dh_ident_number(s + 6, 3) >= 500) == health &&
         dh_ident_number(s + 6, 3) % 97 == dh_ident_number(s + 9, 2);
}

bool dh_vat_gb(const char *s, size_t n)
{
  static const signed char weights[] = {8, 7, 6, 5, 4, 3, 2, 10, 1};

  if (n < 9)
    return n == 5 && gb_authority(s, n);
  if (n == 11)
    return gb_authority(s, n);
  if ((n != 9 && n != 12) || !dh_ident_digits(s, n)) /* 12: a branch of the number before it */
    return false;
  long rest = dh_ident_sum(s, weights, 9) % 97;
  return rest == 0 || (dh_ident_number(s, 3) >= 100 && (rest == 42 || rest == 55));
}

bool dh_vat_hr(const char *s, size_t n)
{
  return all_digits(s, n, 11) && dh_ident_mod11_10(s, 11);
}

bool dh_vat_hu(const char *s, size_t n)
{
  return sum_mod(s, n, (const signed char[]){9, 7, 3, 1, 9, 7, 3, 1}, 8, 10, 0);
}

/* The office in digits 8 to 10 is not looked at: offices come and go, the registry knows. */
bool dh_vat_it(const char *s, size_t n)
{
  return all_digits(s, n, 11) && memcmp(s, "0000000", 7) != 0 && dh_ident_luhn(s, 11);
}

bool dh_vat_lu(const char *s, size_t n)
{
  return all_digits(s, n, 8) && dh_ident_number(s, 6) % 89 == dh_ident_number(s + 6, 2);
}

bool dh_vat_mt(const char *s, size_t n)
{
  return s[0] != '0' && sum_mod(s, n, (const signed char[]){3, 4, 6, 7, 8, 9, 10, 1}, 8, 37, 0);
}

bool dh_vat_pl(const char *s, size_t n)
{
  static const signed char weights[] = {6, 5, 7, 2, 3, 4, 5, 6, 7};

  return all_digits(s, n, 10) && dh_ident_sum(s, weights, 9) % 11 == s[9] - '0';
}

bool dh_vat_pt(const char *s, size_t n)
{
  static const signed char weights[] = {9, 8, 7, 6, 5, 4, 3, 2};

  return all_digits(s, n, 9) && s[0] != '0' &&
         (11 - dh_ident_sum(s, weights, 8) % 11) % 11 % 10 == s[8] - '0';
}

bool dh_vat_se(const char *s, size_t n)
{
  return all_digits(s, n, 12) && !memcmp(s + 10, "01", 2) && dh_ident_luhn(s, 10);
}

bool dh_vat_si(const char *s, size_t n)
{
  static const signed char weights[] = {8, 7, 6, 5, 4, 3, 2};

  return all_digits(s, n, 8) && s[0] != '0' &&
         (11 - dh_ident_sum(s, weights, 7) % 11) % 11 % 10 == s[7] - '0';
}
