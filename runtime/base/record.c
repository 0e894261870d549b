/* record.c - records as messages. */
#include "record.h"

#include <stdio.h>
#include <string.h>

static const char *const kind_names[] = {
    "",     "read",   "step",    "log",   "intent", "confirm", "void",   "review", "withdraw",
    "wait", "answer", "picture", "begin", "result", "reject",  "failed", "parked", "putaway",
};

const char *dh_record_kind_name(enum dh_record_kind k)
{
  return (size_t)k < sizeof kind_names / sizeof *kind_names ? kind_names[k] : "";
}

bool dh_record_urgent(enum dh_record_kind k)
{
  return k == DH_REC_INTENT || k == DH_REC_REVIEW || k == DH_REC_WAIT || k >= DH_REC_RESULT;
}

int dh_record_put(struct dh_buf *b, const struct dh_record *r)
{
  int rc = dh_put_map(b, 11);

  if (!rc)
    rc = dh_put_ki(b, "kind", r->kind);
  if (!rc)
    rc = dh_put_kt(b, "run", r->run);
  if (!rc)
    rc = dh_put_ki(b, "attempt", r->attempt);
  if (!rc)
    rc = dh_put_kt(b, "scope", r->scope);
  if (!rc)
    rc = dh_put_ki(b, "position", r->position);
  if (!rc)
    rc = dh_put_kt(b, "word", r->word);
  if (!rc)
    rc = dh_put_kt(b, "name", r->name);
  if (!rc)
    rc = dh_put_kt(b, "hash", r->hash);
  if (!rc)
    rc = dh_put_kt(b, "where", r->where);
  if (!rc)
    rc = dh_put_ki(b, "at", r->at);
  if (!rc)
    rc = dh_put_text(b, "data");
  return rc ? rc : dh_put_bytes(b, r->data, r->len);
}

int dh_record_get(const struct dh_val *v, struct dh_record *r, struct dh_err *err)
{
  const struct dh_val *data = dh_val_get(v, "data");

  memset(r, 0, sizeof *r);
  r->kind = (enum dh_record_kind)dh_val_int(v, "kind", 0);
  if (!*dh_record_kind_name(r->kind) || !data || data->type != DH_BYTES)
    return dh_err_set(err, DH_EFORMAT, "a record without a known kind");
  dh_val_text(v, "run", r->run, sizeof r->run);
  r->attempt = (int)dh_val_int(v, "attempt", 0);
  dh_val_text(v, "scope", r->scope, sizeof r->scope);
  r->position = dh_val_int(v, "position", 0);
  dh_val_text(v, "word", r->word, sizeof r->word);
  dh_val_text(v, "name", r->name, sizeof r->name);
  dh_val_text(v, "hash", r->hash, sizeof r->hash);
  dh_val_text(v, "where", r->where, sizeof r->where);
  r->at = dh_val_int(v, "at", 0);
  r->data = data->s;
  r->len = data->n;
  return 0;
}
