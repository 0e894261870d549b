/* company.c - the module's name; everything it does is Lua over http. */
#include "deskhand.h"

DH_EXPORT const struct dh_module dh_module = {.abi = DH_MODULE_ABI, .name = "company", .lua = dh_module_lua};
