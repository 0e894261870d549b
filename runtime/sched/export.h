/* export.h - the results of a queue as a table in a file (cases.to): one row a case, written whole and
 * atomically. */
#ifndef DH_EXPORT_H
#define DH_EXPORT_H

#include "../base/val.h"

/* cases: the list of case_list; only those of this period are taken. to is relative to folder; its extension
 * names the codec. key_column: what the key is called, NULL: "key". *rows: how many were written. */
int dh_export(const struct dh_val *cases, const char *period, const char *key_column, const char *folder,
              const char *to, size_t *rows, struct dh_err *err);

#endif
