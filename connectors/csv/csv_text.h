/* csv_text.h - CSV text (RFC 4180) to a list of maps and back. Plain C; owns nothing between calls. */
#ifndef DH_CSV_TEXT_H
#define DH_CSV_TEXT_H

#include "base/val.h"

enum { DH_CSV_MAX = 64 << 20 /* bytes */, DH_CSV_COLUMNS = 1024 };

/* Appends a list of maps, one a row, keyed by the header, all values text. The separator is the comma,
 * semicolon or tab that stands most often in the header (separator 0), or the one that is given. A byte order
 * mark, CRLF and empty lines are skipped; a quoted field may hold line ends. DH_EFORMAT names the line: a row
 * with more or fewer fields than the header, a column that stands twice or has no name, a quote in the wrong
 * place, bytes that are no UTF-8. DH_ELIMIT, DH_ENOMEM. On an error cbor is as it was. */
int dh_csv_decode(const char *p, size_t n, char separator, struct dh_buf *cbor, struct dh_err *err);

struct dh_csv_style {
  char separator; /* ',' ';' '\t' */
  bool guard;     /* puts an apostrophe before texts that a spreadsheet would take for a formula */
  const struct dh_val *columns; /* list of texts, or NULL: the keys of all rows as they first appear */
};

/* Writes a list of maps: header, rows, CRLF. Quotes what must be quoted; money as "250000.00 EUR", dates ISO,
 * flags true and false, a missing value empty, a list or map inside as JSON text. DH_EUSE: v is no list of
 * maps, or a row has a key that is no column. */
int dh_csv_encode(const struct dh_val *v, const struct dh_csv_style *style, struct dh_buf *text,
                  struct dh_err *err);

#endif
