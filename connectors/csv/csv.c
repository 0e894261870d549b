/* csv.c - the csv module: rows from and to CSV text, for robots and for commands. */
#include "deskhand.h"
#include "csv_text.h"

#include <stdlib.h>
#include <string.h>

static int decode(const char *p, size_t n, struct dh_buf *cbor, struct dh_err *err)
{
  return dh_csv_decode(p, n, 0, cbor, err);
}

static int encode(const struct dh_val *v, struct dh_buf *text, struct dh_err *err)
{
  return dh_csv_encode(v, &(struct dh_csv_style){.separator = ','}, text, err);
}

/* 0 when the argument is nil: find it in the header. */
static char check_separator(lua_State *L, int arg)
{
  size_t n;
  const char *s = luaL_optlstring(L, arg, "", &n);

  luaL_argcheck(L, n == 0 || (n == 1 && strchr(",;\t|", *s)), arg,
                "the separator is one of , ; | and the tab");
  return n ? *s : 0;
}

/* _parse(text, separator?) -> rows | nil, err */
static int l_parse(lua_State *L)
{
  struct dh_err err;
  size_t n;
  const char *s = luaL_checklstring(L, 1, &n);
  char separator = check_separator(L, 2);
  struct dh_buf *cbor = dh_buf_box(L, 2 * DH_CSV_MAX);

  return dh_csv_decode(s, n, separator, cbor, &err) ? dh_fail(L, &err)
                                                    : dh_push_cbor(L, cbor->data, cbor->len);
}

/* _text(rows, columns?, separator?, guard) -> text | nil, err */
static int l_text(lua_State *L)
{
  struct dh_err err;
  struct dh_val *rows = NULL, *columns = NULL;
  struct dh_csv_style style = {.separator = check_separator(L, 3), .guard = lua_toboolean(L, 4)};
  struct dh_buf *cbor = dh_buf_box(L, 2 * DH_CSV_MAX), *names = dh_buf_box(L, 1 << 20);
  struct dh_buf *text = dh_buf_box(L, DH_CSV_MAX);
  int rc;

  if (!style.separator)
    style.separator = ',';
  dh_to_cbor(L, 1, cbor);
  dh_to_cbor(L, 2, names);
  rc = dh_val_parse_buf(cbor, &rows, &err);
  if (!rc)
    rc = dh_val_parse_buf(names, &columns, &err);
  if (!rc && columns->type == DH_LIST)
    style.columns = columns;
  if (!rc)
    rc = dh_csv_encode(rows, &style, text, &err);
  free(rows);
  free(columns);
  if (rc)
    return dh_fail(L, &err);
  lua_pushlstring(L, text->data, text->len);
  return 1;
}

static const luaL_Reg funcs[] = {{"_parse", l_parse}, {"_text", l_text}, {NULL, NULL}};
static const struct dh_codec codecs[] = {{.name = "csv", .decode = decode, .encode = encode}, {0}};

DH_EXPORT const struct dh_module dh_module = {
    .abi = DH_MODULE_ABI, .name = "csv", .funcs = funcs, .lua = dh_module_lua, .codecs = codecs};
