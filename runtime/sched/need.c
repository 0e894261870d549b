/* need.c - see need.h. */
#include "need.h"
#include "../base/val.h"

#include <stdlib.h>
#include <string.h>

static int label_read(struct dh_need *need, const char *role, bool kept, const struct dh_val *name,
                      const struct dh_val *value, struct dh_err *err)
{
  if (!kept || !dh_val_is(name, "session")) {
    dh_err_set(err, DH_EUSE, "a %s is not chosen by \"%.*s\"", role, name->type == DH_TEXT ? (int)name->n : 0,
               name->type == DH_TEXT ? name->s : "");
    dh_err_seen(err, "%s", kept ? "labels that it can have: session" : "it has no labels");
    return dh_err_advice(err, "leave the label out"), err->code;
  }
  if (value->type != DH_TEXT || !value->n || value->n >= sizeof need->session)
    return dh_err_set(err, DH_EUSE, "the session of a %s is a text of 1 to %zu bytes", role,
                      sizeof need->session - 1);
  memcpy(need->session, value->s, value->n);
  return 0;
}

int dh_need_read(struct dh_need *need, const char *role, bool kept, const void *needs, size_t n,
                 struct dh_err *err)
{
  struct dh_val *v = NULL;
  int rc = n ? dh_val_parse(needs, n, &v, err) : 0;

  memset(need, 0, sizeof *need);
  if (!rc && v && v->type != DH_MAP && v->n)
    rc = dh_err_set(err, DH_EUSE, "what a run needs of a %s is a map of labels", role);
  for (size_t i = 0; !rc && v && i < v->n; i++)
    rc = label_read(need, role, kept, &v->items[2 * i], &v->items[2 * i + 1], err);
  free(v);
  return rc;
}
