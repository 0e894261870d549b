/* sha256.c - FIPS 180-4, section 6.2, written plainly. */
#include "sha256.h"

#include <string.h>

static const uint32_t k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotr(uint32_t x, int n)
{
  return x >> n | x << (32 - n);
}

static void compress(uint32_t h[8], const unsigned char *p)
{
  uint32_t w[64], v0 = h[0], v1 = h[1], v2 = h[2], v3 = h[3]; /* in registers, not in an array */
  uint32_t v4 = h[4], v5 = h[5], v6 = h[6], v7 = h[7];

  for (int t = 0; t < 16; t++)
    w[t] =
        (uint32_t)p[4 * t] << 24 | (uint32_t)p[4 * t + 1] << 16 | (uint32_t)p[4 * t + 2] << 8 | p[4 * t + 3];
  for (int t = 16; t < 64; t++)
    w[t] = (rotr(w[t - 2], 17) ^ rotr(w[t - 2], 19) ^ w[t - 2] >> 10) + w[t - 7] +
           (rotr(w[t - 15], 7) ^ rotr(w[t - 15], 18) ^ w[t - 15] >> 3) + w[t - 16];
  for (int t = 0; t < 64; t++) {
    uint32_t t1 = v7 + (rotr(v4, 6) ^ rotr(v4, 11) ^ rotr(v4, 25)) + ((v4 & v5) ^ (~v4 & v6)) + k[t] + w[t];
    uint32_t t2 = (rotr(v0, 2) ^ rotr(v0, 13) ^ rotr(v0, 22)) + ((v0 & v1) ^ (v0 & v2) ^ (v1 & v2));

    v7 = v6;
    v6 = v5;
    v5 = v4;
    v4 = v3 + t1;
    v3 = v2;
    v2 = v1;
    v1 = v0;
    v0 = t1 + t2;
  }
  h[0] += v0;
  h[1] += v1;
  h[2] += v2;
  h[3] += v3;
  h[4] += v4;
  h[5] += v5;
  h[6] += v6;
  h[7] += v7;
}

void dh_sha256_init(struct dh_sha256 *s)
{
  static const uint32_t h0[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

  memcpy(s->h, h0, sizeof h0);
  s->bytes = 0;
}

void dh_sha256_add(struct dh_sha256 *s, const void *p, size_t n)
{
  const unsigned char *b = p;
  size_t used = s->bytes % 64;

  s->bytes += n;
  while (n) {
    size_t take = 64 - used < n ? 64 - used : n;

    memcpy(s->block + used, b, take);
    used += take;
    b += take;
    n -= take;
    if (used == 64) {
      compress(s->h, s->block);
      used = 0;
    }
  }
}

void dh_sha256_end(struct dh_sha256 *s, unsigned char out[DH_SHA256_BYTES])
{
  uint64_t bits = s->bytes * 8;
  unsigned char tail[72] = {0x80};
  size_t used = s->bytes % 64;
  size_t pad = (used < 56 ? 56 : 120) - used;

  for (int i = 0; i < 8; i++)
    tail[pad + (size_t)i] = (unsigned char)(bits >> (56 - 8 * i));
  dh_sha256_add(s, tail, pad + 8);
  for (int i = 0; i < 32; i++)
    out[i] = (unsigned char)(s->h[i / 4] >> (24 - 8 * (i % 4)));
}

void dh_hex(const unsigned char *p, size_t n, char *out)
{
  static const char digits[] = "0123456789abcdef";

  for (size_t i = 0; i < n; i++) {
    out[2 * i] = digits[p[i] >> 4];
    out[2 * i + 1] = digits[p[i] & 15];
  }
  out[2 * n] = '\0';
}

void dh_sha256_hex(const void *p, size_t n, char out[DH_SHA256_HEX])
{
  unsigned char d[DH_SHA256_BYTES];
  struct dh_sha256 s;

  dh_sha256_init(&s);
  dh_sha256_add(&s, p, n);
  dh_sha256_end(&s, d);
  dh_hex(d, sizeof d, out);
}
