/* xml.c - the xml module: questions by XPath, answered on the pool. */
#include "deskhand.h"
#include "xml_query.h"

#include <stdlib.h>
#include <string.h>

struct find_op {
  struct dh_op op;
  char *text, *xpath; /* own copies: Lua's may move on */
  size_t len;
  struct dh_buf names; /* CBOR list {columns, namespaces} */
  struct dh_buf found;
};

static int find_work(struct dh_op *op, struct dh_err *err)
{
  struct find_op *f = (struct find_op *)op;
  struct dh_xml_query q = {.text = f->text, .len = f->len, .xpath = f->xpath};
  struct dh_val *names;
  int rc = dh_val_parse_buf(&f->names, &names, err);

  if (rc)
    return rc;
  if (names->items[0].type == DH_MAP)
    q.columns = &names->items[0];
  if (names->items[1].type == DH_MAP)
    q.namespaces = &names->items[1];
  rc = dh_xml_find(&q, &f->found, err);
  free(names);
  return rc;
}

static int find_push(lua_State *L, struct dh_op *op)
{
  const struct dh_buf *found = &((struct find_op *)op)->found;

  return dh_push_cbor(L, found->data, found->len);
}

static void find_fini(struct dh_op *op)
{
  struct find_op *f = (struct find_op *)op;

  free(f->text);
  free(f->xpath);
  dh_buf_fini(&f->names);
  dh_buf_fini(&f->found);
}

static const struct dh_op_class find_class = {
    .name = "xml.find",
    .size = sizeof(struct find_op),
    .lane = DH_LANE_POOL,
    .work = find_work,
    .push = find_push,
    .fini = find_fini,
};

/* _find(text, xpath, columns?, namespaces?) -> list | nil, err.  Yields. */
static int l_find(lua_State *L)
{
  struct find_op *f;
  struct dh_err err;
  size_t len;
  const char *text = luaL_checklstring(L, 1, &len), *xpath = luaL_checkstring(L, 2);

  lua_settop(L, 4);
  dh_xml_init();
  f = (struct find_op *)dh_op_box(L, &find_class);
  dh_buf_init(&f->names, 1 << 20);
  dh_buf_init(&f->found, 2 * DH_XML_MAX);
  dh_put_list(&f->names, 2);
  dh_to_cbor(L, 3, &f->names);
  dh_to_cbor(L, 4, &f->names);
  f->len = len;
  f->text = malloc(len + 1);
  f->xpath = strdup(xpath);
  if (!f->text || !f->xpath) {
    dh_err_set(&err, DH_ENOMEM, "no memory for an XML text of %zu bytes", len);
    return dh_fail(L, &err);
  }
  memcpy(f->text, text, len + 1);
  return dh_await(L, &f->op);
}

static const luaL_Reg funcs[] = {{"_find", l_find}, {NULL, NULL}};

DH_EXPORT const struct dh_module dh_module = {
    .abi = DH_MODULE_ABI, .name = "xml", .funcs = funcs, .lua = dh_module_lua};
