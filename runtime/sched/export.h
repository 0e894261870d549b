/* export.h - the results of a period as a table in a file (cases.to): one row a case, written whole,
 * atomically and durably. */
#ifndef DH_EXPORT_H
#define DH_EXPORT_H

#include "../base/conf.h"
#include "../host/module.h"

struct dh_export {
  char path[2 * DH_PATH];
  char key_column[64]; /* what the key is called */
  const struct dh_codec *codec;
};

/* to: relative to folder; its extension names the codec. key_column "": "key". period: put into the file's
 * name, "" for none. On the loop's thread: it may load a module. */
int dh_export_open(struct dh_export *x, const char *folder, const char *to, const char *key_column,
                   const char *period, struct dh_err *err);
/* cases: the list of period_list. text gets the bytes of the file, too. Any thread. */
int dh_export_write(const struct dh_export *x, const struct dh_val *cases, struct dh_buf *text,
                    struct dh_err *err);
/* What there is to say of a case that has no result: the business's reason, or the error's first sentence. */
void dh_export_reason(const struct dh_val *c, char *out, size_t size);

enum { DH_TABLE_MAX = 256 << 20 }; /* bytes of a table */

#endif
