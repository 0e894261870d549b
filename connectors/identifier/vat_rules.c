/* vat_rules.c - VAT rules of countries with several kinds of numbers, or with letters in them. */
#include "ident.h"

#include <string.h>

/* Bulgaria: companies 9 digits; 10 digits are a person, a foreigner, or others. */
static bool bg_person(const char *s)
{
  static const signed char weights[] = {2, 4, 8, 5, 10, 9, 7, 3, 6};
  int year = 1900 + (int)dh_ident_number(s, 2), month = (int)dh_ident_number(s + 2, 2);

  /* The month tells the century: + 40 for 2000, + 20 for 1800. */
  if (month > 40) {
    year += 100;
    month -= 40;
  } else if (month > 20) {
    year -= 100;
    month -= 20;
  }
  return dh_ident_day(year, month, (int)dh_ident_number(s + 4, 2)) &&
         dh_ident_sum(s, weights, 9) % 11 % 10 == s[9] - '0';
}

bool dh_vat_bg(const char *s, size_t n)
{
  static const signed char first[] = {1, 2, 3, 4, 5, 6, 7, 8}, second[] = {3, 4, 5, 6, 7, 8, 9, 10};
  static const signed char foreigner[] = {21, 19, 17, 13, 11, 9, 7, 3, 1},
                           other[] = {4, 3, 2, 7, 6, 5, 4, 3, 2};

  if (!dh_ident_digits(s, n) || (n != 9 && n != 10))
    return false;
  if (n == 10)
    return bg_person(s) || dh_ident_sum(s, foreigner, 9) % 10 == s[9] - '0' ||
           (11 - dh_ident_sum(s, other, 9) % 11) % 11 == s[9] - '0';
  long rest = dh_ident_sum(s, first, 8) % 11;
  if (rest == 10)
    rest = dh_ident_sum(s, second, 8) % 11;
  return rest % 10 == s[8] - '0';
}

bool dh_vat_cy(const char *s, size_t n)
{
  static const signed char odd[] = {1, 0, 5, 7, 9, 13, 15, 17, 19, 21};
  int sum = 0;

  if (n != 9 || !dh_ident_digits(s, 8) || !memcmp(s, "12", 2))
    return false;
  for (int i = 0; i < 8; i++)
    sum += i % 2 ? s[i] - '0' : odd[s[i] - '0'];
  return s[8] == 'A' + sum % 26;
}

/* The birth number of Czechs and Slovaks: the month carries + 50 for women and + 20 when the serial ran over.
 */
static bool cz_person(const char *s, size_t n)
{
  int year = 1900 + (int)dh_ident_number(s, 2), month = (int)dh_ident_number(s + 2, 2) % 50 % 20;

  if (n == 9 && year >= 1980)
    year -= 100;
  if (n == 9 && year > 1953)
    return false;
  if (n == 10 && year < 1954)
    year += 100;
  if (!dh_ident_day(year, month, (int)dh_ident_number(s + 4, 2)))
    return false;
  if (n == 9)
    return true;
  long rest = dh_ident_number(s, 9) % 11;
  return (year < 1985 ? rest % 10 : rest) == s[9] - '0';
}

bool dh_vat_cz(const char *s, size_t n)
{
  static const signed char weights[] = {8, 7, 6, 5, 4, 3, 2};

  if (!dh_ident_digits(s, n))
    return false;
  if (n == 8) {
    long rest = (11 - dh_ident_sum(s, weights, 7) % 11) % 11;
    return s[0] != '9' && (rest ? rest : 1) % 10 == s[7] - '0';
  }
  if (n == 9 && s[0] == '6') {
    long rest = dh_ident_sum(s + 1, weights, 7) % 11;
    return "87654321098"[(21 - rest) % 11] == s[8] || cz_person(s, n);
  }
  return (n == 9 || n == 10) && cz_person(s, n);
}

bool dh_vat_es(const char *s, size_t n)
{
  static const char letters[] = "TRWAGMYFPDXBNJZSQVHLCKE";
  char digits[10];

  if (n != 9 || !dh_ident_digits(s + 1, 7))
    return false;
  if (strchr("KLM", s[0])) /* persons without a national number */
    return s[8] == letters[dh_ident_number(s + 1, 7) % 23];
  if (dh_ident_digits(s, 1) || strchr("XYZ", s[0])) { /* residents, foreigners */
    memcpy(digits, s, 9);
    if (s[0] >= 'X')
      digits[0] = (char)('0' + (s[0] - 'X'));
    return s[8] == letters[dh_ident_number(digits, 8) % 23];
  }
  if (!strchr("ABCDEFGHJNPQRSUVW", s[0]))
    return false;
  memcpy(digits, s + 1, 7);
  for (char c = '0'; c <= '9'; c++) { /* companies: a digit, or the letter that stands for it */
    digits[7] = c;
    if (dh_ident_luhn(digits, 8))
      return s[8] == c || s[8] == "JABCDEFGHI"[c - '0'];
  }
  return false;
}

bool dh_vat_fr(const char *s, size_t n)
{
  static const char alphabet[] = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";
  const char *a = strchr(alphabet, s[0]);
  const char *b = s[0] ? strchr(alphabet, s[1]) : NULL;

  if (n != 11 || !a || !b || !dh_ident_digits(s + 2, 9))
    return false;
  if (memcmp(s + 2, "000", 3) != 0 && !dh_ident_luhn(s + 2, 9)) /* 000: Monaco */
    return false;
  long siren = dh_ident_number(s + 2, 9);
  if (dh_ident_digits(s, 2))
    return (12 + 3 * (siren % 97)) % 97 == dh_ident_number(s, 2);
  long key =
      s[0] <= '9' ? (a - alphabet) * 24 + (b - alphabet) - 10 : (a - alphabet) * 34 + (b - alphabet) - 100;
  return (siren + 1 + key / 11) % 11 == key % 11;
}

bool dh_vat_ie(const char *s, size_t n)
{
  static const char alphabet[] = "WABCDEFGHIJKLMNOPQRSTUV";
  static const signed char weights[] = {8, 7, 6, 5, 4, 3, 2};
  char digits[8];
  long extra = 0;

  if (n != 8 && n != 9)
    return false;
  memcpy(digits, s, 7);
  if (n == 8 && !dh_ident_digits(s + 1, 1)) { /* before 2013: a letter, + or * as second character */
    digits[0] = '0';
    memcpy(digits + 1, s + 2, 5);
    digits[6] = s[0];
  }
  if (!dh_ident_digits(digits, 7))
    return false;
  if (n == 9) {
    const char *at = strchr(alphabet, s[8]);
    if (!at)
      return false;
    extra = 9 * (at - alphabet);
  }
  return alphabet[(dh_ident_sum(digits, weights, 7) + extra) % 23] == s[7];
}

bool dh_vat_lt(const char *s, size_t n)
{
  long first = 0, second = 0;

  if ((n != 9 && n != 12) || !dh_ident_digits(s, n) || s[n - 2] != '1')
    return false;
  for (size_t i = 0; i + 1 < n; i++) {
    first += (long)(1 + i % 9) * (s[i] - '0');
    second += (long)(1 + (i + 2) % 9) * (s[i] - '0');
  }
  return (first % 11 == 10 ? second % 11 % 10 : first % 11) == s[n - 1] - '0';
}

bool dh_vat_lv(const char *s, size_t n)
{
  static const signed char company[] = {9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1};
  static const signed char person[] = {10, 5, 8, 4, 2, 1, 6, 3, 7, 9};

  if (n != 11 || !dh_ident_digits(s, n))
    return false;
  if (s[0] > '3')
    return dh_ident_sum(s, company, 11) % 11 == 3;
  if (!memcmp(s, "32", 2)) /* persons since 2017: no date, no check digit */
    return true;
  int year = 1800 + 100 * (s[6] - '0') + (int)dh_ident_number(s + 4, 2);
  return dh_ident_day(year, (int)dh_ident_number(s + 2, 2), (int)dh_ident_number(s, 2)) &&
         (1 + dh_ident_sum(s, person, 10)) % 11 % 10 == s[10] - '0';
}

bool dh_vat_nl(const char *s, size_t n)
{
  static const signed char weights[] = {9, 8, 7, 6, 5, 4, 3, 2, -1};

  if (n != 12 || s[9] != 'B' || !dh_ident_digits(s, 9) || !dh_ident_digits(s + 10, 2) ||
      !memcmp(s + 10, "00", 2))
    return false;
  /* Companies carry their number with a check mod 11, persons since 2020 one with check digits mod 97. */
  return dh_ident_sum(s, weights, 9) % 11 == 0 || dh_ident_mod97(s, 12, dh_ident_mod97("NL", 2, 0)) == 1;
}

bool dh_vat_ro(const char *s, size_t n)
{
  static const signed char company[] = {7, 5, 3, 2, 1, 7, 5, 3, 2};
  static const signed char person[] = {2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9};

  if (!dh_ident_digits(s, n) || s[0] == '0')
    return false;
  if (n == 13) {
    long rest = dh_ident_sum(s, person, 12) % 11;
    return s[0] != '9' &&
           dh_ident_day(2000 - 100 * (s[0] < '5') + (int)dh_ident_number(s + 1, 2),
                        (int)dh_ident_number(s + 3, 2), (int)dh_ident_number(s + 5, 2)) &&
           (rest == 10 ? 1 : rest) == s[12] - '0';
  }
  return n >= 2 && n <= 10 && dh_ident_sum(s, company + 10 - n, n - 1) * 10 % 11 % 10 == s[n - 1] - '0';
}

bool dh_vat_sk(const char *s, size_t n)
{
  if (n != 10 || !dh_ident_digits(s, n))
    return false;
  return cz_person(s, n) || (s[0] != '0' && strchr("234789", s[2]) && dh_ident_number(s, 10) % 11 == 0);
}
