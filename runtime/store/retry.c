/* retry.c - how long a run waits before it is tried again after a system error. The same for every backend.
 */
#include "store.h"

enum { RETRY_MOST_MS = 3600 * 1000 };

/* FNV-1a over the run's name and the failure, its bits spread by the end of splitmix64: no state, the same
 * answer on every host. */
static uint64_t seed(const char *run, int64_t failures)
{
  uint64_t h = 14695981039346656037u;

  for (; *run; run++)
    h = (h ^ (unsigned char)*run) * 1099511628211u;
  h = (h ^ (uint64_t)failures) * 1099511628211u;
  h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9u;
  h = (h ^ (h >> 27)) * 0x94d049bb133111ebu;
  return h ^ (h >> 31);
}

int64_t dh_retry_wait_ms(int64_t wait_ms, int64_t failures, const char *run)
{
  int64_t most = wait_ms > RETRY_MOST_MS ? wait_ms : RETRY_MOST_MS, ms = wait_ms;

  if (wait_ms <= 0)
    return 0;
  while (failures-- > 0 && ms < most)
    ms *= 2;
  if (ms > most)
    ms = most;
  return ms + (int64_t)(seed(run, ms) % (uint64_t)(ms / 4 + 1));
}
