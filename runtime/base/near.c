/* near.c - how far two words are apart, for "did you mean". Owns nothing. */
#include "near.h"

#include <string.h>

enum { WORD_MAX = 40 };

int dh_distance(const char *a, const char *b)
{
  int d[WORD_MAX + 2][WORD_MAX + 2];
  int n = (int)strlen(a), m = (int)strlen(b);

  if (n > WORD_MAX || m > WORD_MAX)
    return DH_FAR;
  for (int i = 0; i <= n; i++)
    d[i][0] = i;
  for (int j = 0; j <= m; j++)
    d[0][j] = j;
  for (int i = 1; i <= n; i++)
    for (int j = 1; j <= m; j++) {
      int best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

      if (d[i - 1][j] + 1 < best)
        best = d[i - 1][j] + 1;
      if (d[i][j - 1] + 1 < best)
        best = d[i][j - 1] + 1;
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < best)
        best = d[i - 2][j - 2] + 1;
      d[i][j] = best;
    }
  return d[n][m];
}

const char *dh_closest(const char *word, const char *const *list, size_t n)
{
  const char *best = NULL;
  int least = (int)strlen(word) / 3 + 1;

  for (size_t i = 0; i < n; i++) {
    int d = dh_distance(word, list[i]);

    if (d <= least && (!best || d < least)) {
      best = list[i];
      least = d;
    }
  }
  return best;
}
