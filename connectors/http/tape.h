/* tape.h - recorded requests and answers in a folder: NNNN.json in the order they were made, bodies that are
 * no short text beside them, named by their hash. What stands in a file is the Lua half's business. */
#ifndef DH_HTTP_TAPE_H
#define DH_HTTP_TAPE_H

#include <lua.h>

/* _keep(folder, text, name?, body?) -> true | nil, err: the next NNNN.json, secrets masked; before it, the
 * body under its name. Makes the folder. Yields. */
int dh_tape_keep(lua_State *L);
/* _tape(folder) -> list of the texts of all NNNN.json in order | nil, err.  Yields. */
int dh_tape_read(lua_State *L);
/* _tape_body(folder, name) -> bytes | nil, err.  Yields. */
int dh_tape_body(lua_State *L);

#endif
