/* policy.c - addresses, host lists, rates. */
#include "policy.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

struct block4 {
  uint32_t net;
  int bits;
  enum dh_reach reach;
};

static enum dh_reach reach4(uint32_t a)
{
  static const struct block4 blocks[] = {
      {0x00000000, 8, DH_REACH_NEVER},    {0x0a000000, 8, DH_REACH_PRIVATE},
      {0x64400000, 10, DH_REACH_PRIVATE}, {0x7f000000, 8, DH_REACH_LOOPBACK},
      {0xa9fe0000, 16, DH_REACH_NEVER},   {0xac100000, 12, DH_REACH_PRIVATE},
      {0xc0000000, 24, DH_REACH_PRIVATE}, {0xc0a80000, 16, DH_REACH_PRIVATE},
      {0xc6120000, 15, DH_REACH_PRIVATE}, {0xe0000000, 3, DH_REACH_NEVER}, /* multicast and reserved */
  };

  for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
    if ((a ^ blocks[i].net) >> (32 - blocks[i].bits) == 0)
      return blocks[i].reach;
  return DH_REACH_PUBLIC;
}

static uint32_t word4(const unsigned char *p)
{
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static enum dh_reach reach6(const unsigned char a[16])
{
  static const unsigned char zeros[12], mapped[12] = {[10] = 0xff, [11] = 0xff},
                                        nat64[12] = {0, 0x64, 0xff, 0x9b};

  if (memcmp(a, zeros, 12) == 0 && word4(a + 12) <= 1)
    return a[15] ? DH_REACH_LOOPBACK : DH_REACH_NEVER;
  if (memcmp(a, zeros, 12) == 0 || memcmp(a, mapped, 12) == 0 || memcmp(a, nat64, 12) == 0)
    return reach4(word4(a + 12));
  if (a[0] == 0x20 && a[1] == 0x02) /* 6to4 */
    return reach4(word4(a + 2));
  if ((a[0] & 0xfe) == 0xfc || (a[0] == 0xfe && (a[1] & 0xc0) == 0xc0))
    return DH_REACH_PRIVATE;
  if (a[0] == 0xff || (a[0] == 0xfe && (a[1] & 0xc0) == 0x80))
    return DH_REACH_NEVER;
  return DH_REACH_PUBLIC;
}

enum dh_reach dh_reach_of(const struct sockaddr *a)
{
  switch (a->sa_family) {
  case AF_INET:
    return reach4(ntohl(((const struct sockaddr_in *)(const void *)a)->sin_addr.s_addr));
  case AF_INET6:
    return reach6(((const struct sockaddr_in6 *)(const void *)a)->sin6_addr.s6_addr);
  default:
    return DH_REACH_NEVER;
  }
}

enum dh_reach dh_reach_of_name(const char *host)
{
  size_t n = strlen(host);
  unsigned char a[16];
  char bare[64];

  if (strcasecmp(host, "localhost") == 0 || (n > 10 && strcasecmp(host + n - 10, ".localhost") == 0))
    return DH_REACH_LOOPBACK;
  if (inet_pton(AF_INET, host, a) == 1)
    return reach4(word4(a));
  if (*host == '[' && n < sizeof bare) {
    snprintf(bare, sizeof bare, "%.*s", (int)n - 2, host + 1);
    host = bare;
  }
  return inet_pton(AF_INET6, host, a) == 1 ? reach6(a) : DH_REACH_PUBLIC;
}

static bool ends_below(const char *host, const char *domain, size_t n)
{
  size_t len = strlen(host);

  return len > n && host[len - n - 1] == '.' && strncasecmp(host + len - n, domain, n) == 0;
}

bool dh_host_listed(char *const *list, size_t n, const char *host)
{
  for (size_t i = 0; i < n; i++) {
    const char *entry = list[i];

    if (strncmp(entry, "*.", 2) == 0 ? ends_below(host, entry + 2, strlen(entry + 2))
                                     : strcasecmp(entry, host) == 0)
      return true;
  }
  return false;
}

bool dh_host_in_text(const char *text, const char *host)
{
  while (text && *text) {
    size_t n;

    text += strspn(text, ", \t");
    text += *text == '.';
    n = strcspn(text, ", \t");
    if (n == 1 && *text == '*')
      return true;
    if (n && ((strlen(host) == n && strncasecmp(host, text, n) == 0) || ends_below(host, text, n)))
      return true;
    text += n;
  }
  return false;
}

int64_t dh_rate_gap_ms(const char *rate)
{
  char *end;
  unsigned long count = rate ? strtoul(rate, &end, 10) : 0;
  char unit[24];
  int64_t span;

  if (count == 0 || *end != '/')
    return -1;
  if (end[1] >= '0' && end[1] <= '9') {
    span = dh_duration_ms(end + 1);
  } else {
    snprintf(unit, sizeof unit, "1%s", strcmp(end + 1, "min") == 0 ? "m" : end + 1);
    span = dh_duration_ms(unit);
  }
  if (span <= 0)
    return -1;
  span = (span + (int64_t)count - 1) / (int64_t)count;
  return span > 0 ? span : 1;
}

int64_t dh_backoff_ms(int attempt)
{
  int64_t ms = 500;
  uint32_t r = 0;

  for (int i = 2; i < attempt && ms < 30000; i++)
    ms *= 2;
  if (ms > 30000)
    ms = 30000;
  if (getrandom(&r, sizeof r, GRND_NONBLOCK) != sizeof r)
    r = 0;
  return ms + (int64_t)(r % (uint32_t)(ms / 2 + 1));
}
