/* near.h - how far two words are apart, for "did you mean". */
#ifndef DH_NEAR_H
#define DH_NEAR_H

#include <stddef.h>

enum { DH_FAR = 99 };

/* Edits between two words (insert, drop, change a letter, swap two neighbours); DH_FAR when one is longer
 * than 40. */
int dh_distance(const char *a, const char *b);
/* The word of the list that was probably meant: a third of its letters may be wrong, and one. NULL: none. */
const char *dh_closest(const char *word, const char *const *list, size_t n);

#endif
