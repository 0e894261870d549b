/* sha256.h - SHA-256 (FIPS 180-4). Ours, because the host links no cryptographic library (start-up time) and
 * every bundle, file and effect is named by this hash; signatures and encryption are never done here. */
#ifndef DH_SHA256_H
#define DH_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { DH_SHA256_BYTES = 32, DH_SHA256_HEX = 65 /* 64 digits and a NUL */ };

struct dh_sha256 {
  uint32_t h[8];
  uint64_t bytes;
  unsigned char block[64];
};

void dh_sha256_init(struct dh_sha256 *s);
void dh_sha256_add(struct dh_sha256 *s, const void *p, size_t n);
void dh_sha256_end(struct dh_sha256 *s, unsigned char out[DH_SHA256_BYTES]);
void dh_sha256_hex(const void *p, size_t n, char out[DH_SHA256_HEX]); /* of one piece, as lower-case text */
void dh_hex(const unsigned char *p, size_t n, char *out);             /* 2 n digits and a NUL */

#endif
