/* screen_x11.c - what the module gives to Deskhand: the role "desk" and its Lua half. A worker that opens the
 * module touches no display: all of X, GLib and AT-SPI is used by the role alone. */
#include "desk.h"

static const struct dh_role roles[] = {{"desk", dh_desk_main}, {NULL, NULL}};

DH_EXPORT const struct dh_module dh_module = {
    .abi = DH_MODULE_ABI,
    .name = "screen_x11",
    .lua = dh_module_lua,
    .roles = roles,
};
