/* sandbox.h - closes a process that is about to look at a stranger's file. */
#ifndef OCR_SANDBOX_H
#define OCR_SANDBOX_H

#include "base/err.h"

/* Ceilings (memory, file size, descriptors, no core), no new privileges, and a filter that leaves the system
 * calls of reading and answering: no file can be opened, no process or thread started, nobody called.
 * Everything else fails with EPERM. Cannot be undone. */
int ocr_sandbox_enter(struct dh_err *err);

#endif
