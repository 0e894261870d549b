/* identifier.h - numbers that name companies, accounts and persons: is the form right, are the check digits
 * right?
 *
 * Plain C without state: nothing here allocates, waits or keeps anything. Kinds, by name:
 *   lei          ISO 17442, 20 characters
 *   uscc         Chinese unified social credit code, GB 32100, 18 characters
 *   cn_org       Chinese organisation code, GB 11714, 9 characters
 *   cn_resident  Chinese resident identity number, GB 11643, 18 digits (15 of old)
 *   eu_vat       VAT number with its country: the member states, XI and GB
 *   iban         ISO 13616
 *   cnpj         Brazilian company number, 14 characters, digits or alphanumeric
 *   uk_company   Companies House number, 8 characters; it has no check digit, so only its form is checked */
#ifndef DH_IDENTIFIER_H
#define DH_IDENTIFIER_H

#include <stdbool.h>
#include <stddef.h>

enum { DH_IDENT_MAX = 40, DH_IDENT_KINDS = 8 };

struct dh_ident {
  bool valid;
  char canonical[DH_IDENT_MAX]; /* upper case, no separators, leading zeros and country added; as far as it
                                   was read */
  char why[128];                /* what is wrong, for people; "" when valid */
};

/* Checks text (UTF-8; spaces, dots, colons, hyphens, slashes, full-width forms and lower case are folded
 * first). 0, or DH_EUSE when there is no such kind. */
int dh_ident_check(const char *kind, const char *text, size_t n, struct dh_ident *out);

/* The kinds under which text is valid, strongest check first. Returns how many. */
size_t dh_ident_guess(const char *text, size_t n, const char *kinds[DH_IDENT_KINDS]);

/* Looks for the one number that differs from text in a single character of those that scanners confuse (O 0,
 * I 1, L 1, S 5, B 8, Z 2) and is valid. Returns how many there are: with exactly 1, out holds it; text that
 * is valid already gives 0. DH_EUSE when there is no such kind, or it has no check digit to tell. A
 * suggestion for a person, never a correction. */
int dh_ident_repair(const char *kind, const char *text, size_t n, struct dh_ident *out);

#endif
