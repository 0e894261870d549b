/* json_number.c - decides what can hold a number exactly as it was written. */
#include "json_number.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXACT_DIGITS = 767 /* no double has more significant decimal digits */, LONGEST = 800 };

/* A decimal as digits without zeros at either end, times ten to the power of exp. */
struct decimal {
  char digits[LONGEST];
  size_t n;
  long exp;
};

static size_t span_digits(const char *s, const char *end)
{
  const char *p = s;

  while (p < end && *p >= '0' && *p <= '9')
    p++;
  return (size_t)(p - s);
}

static void normalise(const char *s, struct decimal *out)
{
  long exp = 0;
  bool fraction = false;

  out->n = 0;
  for (; *s && *s != 'e' && *s != 'E'; s++) {
    if (*s == '.')
      fraction = true;
    if (*s < '0' || *s > '9')
      continue;
    exp -= fraction;
    if (out->n || *s != '0')
      out->digits[out->n++] = *s;
  }
  if (*s)
    exp += strtol(s + 1, NULL, 10);
  while (out->n && out->digits[out->n - 1] == '0')
    out->n--, exp++;
  out->exp = out->n ? exp : 0;
}

/* Is d what text says, digit by digit? The C library prints doubles exactly when it is asked for enough
 * digits. */
static bool is_exact(const char *text, double d)
{
  struct decimal a, b;
  char printed[LONGEST + 16];

  normalise(text, &a);
  for (int pass = 0; pass < 2; pass++) {
    /* 20 digits more than were written tell nearly all inexact ones, at a tenth of the price. */
    int digits = pass == 0 ? (int)a.n + 20 : EXACT_DIGITS;

    snprintf(printed, sizeof printed, "%.*e", digits < EXACT_DIGITS ? digits : EXACT_DIGITS, d);
    normalise(printed, &b);
    if (a.n != b.n || a.exp != b.exp || memcmp(a.digits, b.digits, a.n) != 0)
      return false;
  }
  return true;
}

/* Length of the number at s by the grammar; whole tells an integer. */
static size_t scan(const char *s, const char *end, bool *whole)
{
  const char *p = s;
  size_t n;

  *whole = true;
  if (p < end && *p == '-')
    p++;
  n = span_digits(p, end);
  if (n == 0 || (n > 1 && *p == '0'))
    return 0;
  p += n;
  if (p < end && *p == '.') {
    n = span_digits(p + 1, end);
    if (n == 0)
      return 0;
    p += 1 + n;
    *whole = false;
  }
  if (p < end && (*p == 'e' || *p == 'E')) {
    p++;
    if (p < end && (*p == '+' || *p == '-'))
      p++;
    n = span_digits(p, end);
    if (n == 0)
      return 0;
    p += n;
    *whole = false;
  }
  return (size_t)(p - s);
}

size_t dh_json_number(const char *s, size_t n, struct dh_json_number *out)
{
  char text[LONGEST];
  bool whole;
  size_t len = scan(s, s + n, &whole);

  out->kind = DH_JSON_DECIMAL;
  if (len == 0 || len >= sizeof text)
    return len;
  memcpy(text, s, len);
  text[len] = '\0';
  if (whole) {
    errno = 0;
    out->i = strtoll(text, NULL, 10);
    if (!errno)
      out->kind = DH_JSON_INT;
    return len;
  }
  out->d = strtod(text, NULL);
  if (isfinite(out->d) && is_exact(text, out->d))
    out->kind = DH_JSON_FLOAT;
  return len;
}
