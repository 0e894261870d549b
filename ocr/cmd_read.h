/* cmd_read.h - the command that this module brings. */
#ifndef OCR_CMD_READ_H
#define OCR_CMD_READ_H

#include "cli/cli.h"

extern const struct dh_command ocr_cmd_read;

#endif
