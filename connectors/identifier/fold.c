/* fold.c - from what stands on paper to what can be checked: one width, one case, no separators; and the
 * arithmetic that several rules share. */
#include "ident.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

bool dh_ident_no(struct dh_ident *out, const char *fmt, ...)
{
  va_list ap;

  va_start(ap, fmt);
  vsnprintf(out->why, sizeof out->why, fmt, ap);
  va_end(ap);
  return false;
}

/* One code point; a damaged sequence gives its first byte and moves on by one. */
static uint32_t utf8_next(const unsigned char *s, size_t n, size_t *used)
{
  static const unsigned char least[] = {0, 0, 0xC2, 0xE0, 0xF0};
  size_t len = s[0] < 0x80 ? 1 : s[0] >= 0xF0 && s[0] < 0xF5 ? 4 : s[0] >= 0xE0 ? 3 : s[0] >= 0xC2 ? 2 : 1;
  uint32_t c = s[0];

  *used = 1;
  if (len == 1 || len > n || s[0] < least[len])
    return c;
  c &= 0xFFu >> (len + 1);
  for (size_t i = 1; i < len; i++) {
    if ((s[i] & 0xC0) != 0x80)
      return s[0];
    c = c << 6 | (s[i] & 0x3F);
  }
  *used = len;
  return c;
}

static bool is_separator(uint32_t c)
{
  switch (c) {
  case ' ':
  case '\t':
  case '\n':
  case '\r':
  case '-':
  case '.':
  case '/':
  case ':':
  case 0xA0:
  case 0xB7:
  case 0x3000:
    return true;
  default: /* the spaces, hyphens and dashes of General Punctuation, the minus sign */
    return (c >= 0x2000 && c <= 0x2015) || c == 0x202F || c == 0x2212 || c == 0xFEFF;
  }
}

int dh_ident_fold(const char *text, size_t n, char *out, char why[128])
{
  size_t len = 0, used;

  out[0] = 0;
  for (size_t at = 0; at < n; at += used) {
    uint32_t c = utf8_next((const unsigned char *)text + at, n - at, &used);
    if (c >= 0xFF01 && c <= 0xFF5E)
      c -= 0xFEE0;
    if (is_separator(c))
      continue;
    if (c >= 'a' && c <= 'z')
      c -= 'a' - 'A';
    if (!(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') && c != '+' && c != '*') {
      snprintf(why, 128, "the character \"%.*s\" does not belong in it", (int)used, text + at);
      return -1;
    }
    if (len + 1 >= DH_IDENT_MAX) {
      snprintf(why, 128, "it is longer than any number of this kind");
      return -1;
    }
    out[len++] = (char)c;
    out[len] = 0;
  }
  return 0;
}

bool dh_ident_digits(const char *s, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (s[i] < '0' || s[i] > '9')
      return false;
  return true;
}

int dh_ident_value(char c)
{
  return c >= 'A' ? c - 'A' + 10 : c - '0';
}

long dh_ident_number(const char *s, size_t n)
{
  long v = 0;

  for (size_t i = 0; i < n; i++)
    v = v * 10 + (s[i] - '0');
  return v;
}

long dh_ident_sum(const char *s, const signed char *weights, size_t n)
{
  long sum = 0;

  for (size_t i = 0; i < n; i++)
    sum += weights[i] * (s[i] - '0');
  return sum;
}

int dh_ident_mod97(const char *s, size_t n, int start)
{
  int rest = start;

  for (size_t i = 0; i < n; i++) {
    int v = dh_ident_value(s[i]);
    rest = (rest * (v > 9 ? 100 : 10) + v) % 97;
  }
  return rest;
}

bool dh_ident_luhn(const char *s, size_t n)
{
  int sum = 0;

  for (size_t i = 0; i < n; i++) {
    int v = (s[n - 1 - i] - '0') * (1 + (int)(i % 2));
    sum += v > 9 ? v - 9 : v;
  }
  return sum % 10 == 0;
}

bool dh_ident_mod11_10(const char *s, size_t n)
{
  int rest = 10;

  for (size_t i = 0; i + 1 < n; i++) {
    rest = (rest + (s[i] - '0')) % 10;
    rest = (rest ? rest : 10) * 2 % 11;
  }
  return (11 - rest) % 10 == s[n - 1] - '0';
}

bool dh_ident_day(int year, int month, int day)
{
  static const signed char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

  return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] + (month == 2 && leap);
}
