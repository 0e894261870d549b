/* script.h - a piece of the language run without a store, for commands of modules (deskhand read): no
 * journal, no queue, no robot on disk. Words that read work, readers are lent; secrets are refused. */
#ifndef DH_SCRIPT_H
#define DH_SCRIPT_H

#include "../base/conf.h"

struct dh_script {
  const struct dh_conf *conf;
  const char *name;         /* for messages */
  const char *text;         /* defines robot { } and function run(case), like any robot */
  const char *file;         /* a file of this machine: case.file; NULL without one */
  const char *const *pairs; /* further fields of the case, texts: name, value, …, NULL; may be NULL */
};

/* Blocks until it has ended. Appends what run returned (CBOR) to result. Ends with the run's error;
 * DH_ECANCELED after SIGINT. What words keep (pictures) lies in a folder of its own that is gone afterwards.
 */
int dh_script_run(const struct dh_script *script, struct dh_buf *result, struct dh_err *err);

#endif
