/* ocr.c - the module: the role `reader`, the word `document`. Fields are found by its Lua half. */
#include "reader.h"

#include "deskhand.h"

static const struct dh_role roles[] = {{"reader", ocr_reader_main}, {NULL, NULL}};

DH_EXPORT const struct dh_module dh_module = {
    .abi = DH_MODULE_ABI, .name = "ocr", .lua = dh_module_lua, .roles = roles};
