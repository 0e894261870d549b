/* json_read.h - JSON text (RFC 8259) to plain data. Plain C; owns nothing between calls. */
#ifndef DH_JSON_READ_H
#define DH_JSON_READ_H

#include "base/val.h"

enum { DH_JSON_DEPTH = 50 /* nested lists and maps */, DH_JSON_MAX = 16 << 20 /* bytes */ };

/* Appends the one value that p holds to cbor. A byte order mark in front is skipped. Numbers keep what was
 * written: an integer of 64 bits becomes one, a decimal that a double holds exactly becomes a float, any
 * other number is its text under DH_TAG_DECIMAL. Map keys keep their order. DH_EFORMAT names line and column,
 * and the key when it stands twice; DH_ELIMIT: too deep or too long; DH_ENOMEM. On an error cbor is as it
 * was. */
int dh_json_decode(const char *p, size_t n, struct dh_buf *cbor, struct dh_err *err);

/* The same for JSON Lines: one value a line, empty lines are skipped; the result is a list. Errors name the
 * line. */
int dh_jsonl_decode(const char *p, size_t n, struct dh_buf *cbor, struct dh_err *err);

#endif
