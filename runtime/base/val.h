/* val.h - plain data: what stands in the journal, in results, and in messages between processes.
 *
 * Encoded as deterministic CBOR (RFC 8949): integers, floats, text, bytes, booleans, null, lists, maps, and
 * these tags. Writers put bytes into a dh_buf; readers parse into a tree. A tree owns a copy of nothing but
 * itself: text points into the parsed bytes, which must outlive the tree. */
#ifndef DH_VAL_H
#define DH_VAL_H

#include "buf.h"
#include "err.h"

#include <stdbool.h>
#include <stdint.h>

enum dh_val_tag {
  DH_TAG_NONE = 0,
  DH_TAG_DATE = 1004,    /* text "2026-11-30" (RFC 8943) */
  DH_TAG_MONEY = 48001,  /* list: minor units, currency, digits of the minor unit: [25000000, "EUR", 2] */
  DH_TAG_FILE = 48002,   /* map: name, sha256 (hex), size, path (where it lies now; not part of its hash) */
  DH_TAG_RECORD = 48003, /* map that is strict in Lua: a missing field is an error with "did you mean" */
  DH_TAG_ERROR = 48004,  /* map: code, text, seen, advice, where, retryable: an error that a robot caught */
  DH_TAG_DECIMAL =
      48005, /* text: a number that a float cannot hold exactly, as it was written: "190000.10" */
};

enum dh_val_type { DH_NIL, DH_BOOL, DH_INT, DH_NUM, DH_TEXT, DH_BYTES, DH_LIST, DH_MAP };

struct dh_val {
  enum dh_val_type type;
  uint32_t tag; /* enum dh_val_tag, DH_TAG_NONE if none */
  size_t n;     /* bytes of text; items of a list; pairs of a map */
  union {
    bool b;
    int64_t i;
    double d;
    const char *s;        /* not NUL-terminated */
    struct dh_val *items; /* list: n values; map: 2 n values, key, value, key, value … */
  };
};

/* ---- writing; each returns 0, DH_ENOMEM or DH_ELIMIT. A list or map is followed by its n items or 2 n
 * keys and values; a tag by the value it marks. Whoever hashes the bytes writes map keys in sorted order. */
int dh_put_nil(struct dh_buf *b);
int dh_put_bool(struct dh_buf *b, bool v);
int dh_put_int(struct dh_buf *b, int64_t v);
int dh_put_num(struct dh_buf *b, double v);
int dh_put_text(struct dh_buf *b, const char *s); /* NULL puts nil */
int dh_put_textn(struct dh_buf *b, const char *s, size_t n);
int dh_put_bytes(struct dh_buf *b, const void *p, size_t n);
int dh_put_list(struct dh_buf *b, size_t n);
int dh_put_map(struct dh_buf *b, size_t n);
int dh_put_tag(struct dh_buf *b, uint32_t tag);
int dh_put_val(struct dh_buf *b, const struct dh_val *v); /* the whole tree; nil for NULL */

/* Pairs for maps: key and value in one call. */
int dh_put_kt(struct dh_buf *b, const char *key, const char *text);
int dh_put_ki(struct dh_buf *b, const char *key, int64_t v);
int dh_put_kb(struct dh_buf *b, const char *key, bool v);
int dh_put_kd(struct dh_buf *b, const char *key, double v);
int dh_put_kx(struct dh_buf *b, const char *key, const void *cbor,
              size_t n); /* n bytes already encoded; 0: nil */
/* The error as a tagged map, and back. */
int dh_put_err(struct dh_buf *b, const struct dh_err *err);
void dh_val_err(const struct dh_val *v, struct dh_err *err);

/* ---- reading. One malloc for the whole tree; free(tree) ends it. Depth is limited to 64, indefinite
 * lengths, unknown tags on scalars and trailing bytes are DH_EFORMAT: the bytes may come from a hostile
 * child. */
int dh_val_parse(const void *p, size_t n, struct dh_val **out, struct dh_err *err);
int dh_val_parse_buf(const struct dh_buf *b, struct dh_val **out, struct dh_err *err);

/* Value of a key, NULL if v is no map or has no such key. */
const struct dh_val *dh_val_get(const struct dh_val *v, const char *key);
int64_t dh_val_int(const struct dh_val *v, const char *key, int64_t otherwise);
double dh_val_num(const struct dh_val *v, const char *key, double otherwise); /* takes an integer too */
bool dh_val_bool(const struct dh_val *v, const char *key, bool otherwise);
/* Copies a text value to out, cut to size; "" when it is missing. Returns out. */
char *dh_val_text(const struct dh_val *v, const char *key, char *out, size_t size);
/* malloc'd copy of a text value, NULL when missing (or out of memory). */
char *dh_val_dup(const struct dh_val *v, const char *key);
bool dh_val_is(const struct dh_val *v, const char *text); /* v is the text */

/* ---- JSON out. Money becomes "250000.00 EUR", a date its text, a file {"name","sha256","size"}, bytes
 * base64. pretty: two-space indent. */
int dh_val_json(struct dh_buf *b, const struct dh_val *v, bool pretty);
int dh_json_text(struct dh_buf *b, const char *s,
                 size_t n); /* one quoted JSON string; bad UTF-8 becomes U+FFFD */
/* The first byte that is no plain text of one line: not UTF-8, or a control character; NULL: all of it is. */
const char *dh_text_bad(const char *s, size_t n);
/* Money in figures, "250000.00 EUR"; digits is that of the minor unit. */
int dh_money_text(struct dh_buf *b, int64_t minor, const char *currency, int digits);

#endif
