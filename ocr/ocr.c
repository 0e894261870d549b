/* ocr.c - the module: the role `reader`, the word `document`, the command `read`. Fields are found by its Lua
 * half. */
#include "cmd_read.h"
#include "reader.h"

#include "deskhand.h"

static const struct dh_role roles[] = {{"reader", ocr_reader_main}, {NULL, NULL}};
static const struct dh_command *const commands[] = {&ocr_cmd_read, NULL};

DH_EXPORT const struct dh_module dh_module = {
    .abi = DH_MODULE_ABI, .name = "ocr", .lua = dh_module_lua, .roles = roles, .commands = commands};
