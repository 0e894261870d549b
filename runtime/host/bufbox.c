/* bufbox.c - a buffer that Lua's collector owns, so that no error can leak it. */
#include "await.h"

static int l_free(lua_State *L)
{
  dh_buf_fini(lua_touserdata(L, 1));
  return 0;
}

struct dh_buf *dh_buf_box(lua_State *L, size_t max_bytes)
{
  struct dh_buf *b = lua_newuserdatauv(L, sizeof *b, 0);

  dh_buf_init(b, max_bytes);
  if (luaL_newmetatable(L, "dh.buf")) {
    lua_pushcfunction(L, l_free);
    lua_setfield(L, -2, "__gc");
    lua_pushboolean(L, false); /* nothing for a script to see or to change */
    lua_setfield(L, -2, "__metatable");
  }
  lua_setmetatable(L, -2);
  return b;
}
