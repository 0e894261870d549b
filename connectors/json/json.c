/* json.c - the json module: JSON text to plain data and back, for robots and for commands. */
#include "deskhand.h"
#include "json_read.h"

#include <math.h>
#include <stdlib.h>

/* JSON has no infinity; writing null instead would change a value silently. */
static bool is_finite(const struct dh_val *v)
{
  size_t n = v->type == DH_LIST ? v->n : v->type == DH_MAP ? 2 * v->n : 0;

  if (v->type == DH_NUM)
    return isfinite(v->d);
  for (size_t i = 0; i < n; i++)
    if (!is_finite(&v->items[i]))
      return false;
  return true;
}

static int encode_value(const struct dh_val *v, bool pretty, struct dh_buf *text, struct dh_err *err)
{
  int rc;

  if (v && !is_finite(v))
    return dh_err_set(err, DH_EUSE, "JSON cannot hold a number that is infinite or none (0/0)");
  rc = dh_val_json(text, v, pretty);
  return rc ? dh_err_set(err, rc, "the JSON text would be larger than %zu bytes", text->max) : 0;
}

static int encode(const struct dh_val *v, struct dh_buf *text, struct dh_err *err)
{
  int rc = encode_value(v, true, text, err);

  return rc ? rc : dh_buf_putc(text, '\n');
}

static int encode_lines(const struct dh_val *v, struct dh_buf *text, struct dh_err *err)
{
  int rc = 0;

  if (v->type != DH_LIST)
    return dh_err_set(err, DH_EUSE, "JSON Lines holds a list of values, one a line");
  for (size_t i = 0; !rc && i < v->n; i++) {
    rc = encode_value(&v->items[i], false, text, err);
    if (!rc)
      rc = dh_buf_putc(text, '\n');
  }
  return rc;
}

/* _parse(text) -> value | nil, err */
static int l_parse(lua_State *L)
{
  struct dh_err err;
  size_t n;
  const char *s = luaL_checklstring(L, 1, &n);
  struct dh_buf *cbor = dh_buf_box(L, 2 * DH_JSON_MAX);

  return dh_json_decode(s, n, cbor, &err) ? dh_fail(L, &err) : dh_push_cbor(L, cbor->data, cbor->len);
}

/* _text(value, pretty) -> text | nil, err */
static int l_text(lua_State *L)
{
  struct dh_err err;
  struct dh_val *v = NULL;
  struct dh_buf *cbor = dh_buf_box(L, 2 * DH_JSON_MAX), *text = dh_buf_box(L, 2 * DH_JSON_MAX);
  int rc;

  dh_to_cbor(L, 1, cbor);
  rc = dh_val_parse_buf(cbor, &v, &err);
  if (!rc)
    rc = encode_value(v, lua_toboolean(L, 2), text, &err);
  free(v);
  if (rc)
    return dh_fail(L, &err);
  lua_pushlstring(L, text->data, text->len);
  return 1;
}

static const luaL_Reg funcs[] = {{"_parse", l_parse}, {"_text", l_text}, {NULL, NULL}};
static const struct dh_codec codecs[] = {
    {.name = "json", .decode = dh_json_decode, .encode = encode},
    {.name = "jsonl", .decode = dh_jsonl_decode, .encode = encode_lines},
    {0},
};

DH_EXPORT const struct dh_module dh_module = {
    .abi = DH_MODULE_ABI, .name = "json", .funcs = funcs, .lua = dh_module_lua, .codecs = codecs};
