/* format.h - amounts and dates as the bank's clerks write them. */
#ifndef LC_FORMAT_H
#define LC_FORMAT_H

#include <glib.h>

/* The longest amount a clerk can type and the program can show, in characters. */
#define LC_AMOUNT_CHARS 16

enum lc_amount { LC_AMOUNT_OK, LC_AMOUNT_NOT_A_NUMBER, LC_AMOUNT_TOO_LARGE };

/* How many digits follow the point in `currency` (ISO 4217 code): EUR 2, JPY 0, KWD 3. Unknown codes have 2.
 */
int lc_currency_digits(const char *currency);

/* Reads "1234567.89" or "1,234,567.89" into minor units; blanks around it are allowed, a sign is not. At most
 * `digits` digits may follow the point. LC_AMOUNT_TOO_LARGE when it could not be shown in LC_AMOUNT_CHARS. */
enum lc_amount lc_amount_parse(const char *text, int digits, gint64 *minor);

/* "1,234,567.89"; the caller frees it. */
char *lc_amount_format(gint64 minor, int digits);

/* "1,234,567.89 EUR"; the caller frees it. */
char *lc_money_format(gint64 minor, const char *currency);

/* Reads dd/mm/yyyy, exactly so, of a day that exists. The caller frees the date; NULL when it is none. */
GDate *lc_date_parse(const char *text);

/* ISO yyyy-mm-dd and back to dd/mm/yyyy. The caller frees the text. An ISO text that is none comes back as it
 * is. */
char *lc_date_iso(const GDate *date);
char *lc_date_show(const GDate *date);
char *lc_date_show_iso(const char *iso);

/* An instant "2026-11-24T09:30:00Z" as local "24/11/2026 10:30:00"; anything else comes back as it is. */
char *lc_instant_show(const char *iso);

#endif
