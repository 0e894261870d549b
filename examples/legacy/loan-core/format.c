/* format.c - amounts and dates between a clerk's text and plain values. No widgets, no database. */
#include "format.h"

#include <string.h>

int lc_currency_digits(const char *currency)
{
  static const char *const none[] = {"CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF", NULL};
  static const char *const three[] = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND", NULL};

  if (g_strv_contains(none, currency))
    return 0;
  return g_strv_contains(three, currency) ? 3 : 2;
}

/* Digits before the point, with commas either nowhere or at every third place. Returns what follows, or NULL.
 */
static const char *whole_parse(const char *text, gint64 *value)
{
  size_t first = strspn(text, "0123456789");
  gboolean grouped = text[first] == ',';
  size_t left = first;
  const char *at = text;

  if (first == 0 || (grouped && first > 3))
    return NULL;
  for (;;) {
    for (; left > 0; left--, at++) {
      if (__builtin_mul_overflow(*value, 10, value) || __builtin_add_overflow(*value, *at - '0', value))
        *value = G_MAXINT64;
    }
    if (*at != ',')
      return at;
    if (strspn(at + 1, "0123456789") != 3)
      return NULL;
    at++;
    left = 3;
  }
}

enum lc_amount lc_amount_parse(const char *text, int digits, gint64 *minor)
{
  g_autofree char *clean = g_strstrip(g_strdup(text));
  gint64 value = 0;
  const char *rest = whole_parse(clean, &value);
  size_t decimals = 0;

  if (!rest)
    return LC_AMOUNT_NOT_A_NUMBER;
  if (*rest == '.') {
    rest++;
    decimals = strspn(rest, "0123456789");
    if (decimals == 0 || decimals > (size_t)digits)
      return LC_AMOUNT_NOT_A_NUMBER;
  }
  if (rest[decimals] != '\0')
    return LC_AMOUNT_NOT_A_NUMBER;
  for (int i = 0; i < digits; i++) {
    int digit = (size_t)i < decimals ? rest[i] - '0' : 0;

    if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, digit, &value))
      return LC_AMOUNT_TOO_LARGE;
  }
  g_autofree char *shown = lc_amount_format(value, digits);

  if (strlen(shown) > LC_AMOUNT_CHARS)
    return LC_AMOUNT_TOO_LARGE;
  *minor = value;
  return LC_AMOUNT_OK;
}

char *lc_amount_format(gint64 minor, int digits)
{
  g_autofree char *plain = g_strdup_printf("%0*" G_GINT64_FORMAT, digits + 1, minor);
  size_t whole = strlen(plain) - (size_t)digits;
  GString *out = g_string_new(NULL);

  for (size_t i = 0; i < whole; i++) {
    if (i > 0 && (whole - i) % 3 == 0 && plain[i - 1] != '-')
      g_string_append_c(out, ',');
    g_string_append_c(out, plain[i]);
  }
  if (digits > 0)
    g_string_append_printf(out, ".%s", plain + whole);
  return g_string_free(out, FALSE);
}

char *lc_money_format(gint64 minor, const char *currency)
{
  g_autofree char *amount = lc_amount_format(minor, lc_currency_digits(currency));

  return g_strdup_printf("%s %s", amount, currency);
}

GDate *lc_date_parse(const char *text)
{
  static const char shape[] = "dd/dd/dddd";
  g_autofree char *clean = g_strstrip(g_strdup(text));

  if (strlen(clean) != strlen(shape))
    return NULL;
  for (size_t i = 0; shape[i]; i++) {
    if (shape[i] == 'd' ? !g_ascii_isdigit(clean[i]) : clean[i] != shape[i])
      return NULL;
  }
  GDateDay day = (GDateDay)g_ascii_strtoull(clean, NULL, 10);
  GDateMonth month = (GDateMonth)g_ascii_strtoull(clean + 3, NULL, 10);
  GDateYear year = (GDateYear)g_ascii_strtoull(clean + 6, NULL, 10);

  return g_date_valid_dmy(day, month, year) ? g_date_new_dmy(day, month, year) : NULL;
}

char *lc_date_iso(const GDate *date)
{
  return g_strdup_printf("%04d-%02d-%02d", g_date_get_year(date), g_date_get_month(date),
                         g_date_get_day(date));
}

char *lc_date_show(const GDate *date)
{
  return g_strdup_printf("%02d/%02d/%04d", g_date_get_day(date), g_date_get_month(date),
                         g_date_get_year(date));
}

char *lc_date_show_iso(const char *iso)
{
  if (strlen(iso) != 10)
    return g_strdup(iso);
  return g_strdup_printf("%.2s/%.2s/%.4s", iso + 8, iso + 5, iso);
}

char *lc_instant_show(const char *iso)
{
  g_autoptr(GDateTime) instant = g_date_time_new_from_iso8601(iso, NULL);
  g_autoptr(GDateTime) here = instant ? g_date_time_to_local(instant) : NULL;

  return here ? g_date_time_format(here, "%d/%m/%Y %H:%M:%S") : g_strdup(iso);
}
