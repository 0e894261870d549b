/* json_number.h - a JSON number without loss. Plain C. */
#ifndef DH_JSON_NUMBER_H
#define DH_JSON_NUMBER_H

#include <stddef.h>
#include <stdint.h>

enum dh_json_kind { DH_JSON_INT, DH_JSON_FLOAT, DH_JSON_DECIMAL /* only its text holds it */ };

struct dh_json_number {
  enum dh_json_kind kind;
  int64_t i;
  double d;
};

/* Reads the number that s begins with. Bytes it takes, 0 when s begins with none (RFC 8259: no plus, no
 * leading zeros, digits on both sides of the point). */
size_t dh_json_number(const char *s, size_t n, struct dh_json_number *out);

#endif
