/* claim.c - see claim.h. */
#include "claim.h"

#include <stdlib.h>
#include <string.h>

struct dh_version *dh_version_add(struct dh_version **list, const char *hash)
{
  struct dh_version *v = calloc(1, sizeof *v);

  if (!v)
    return NULL;
  snprintf(v->hash, sizeof v->hash, "%s", hash);
  dh_buf_init(&v->bytes, DH_DATA_MAX);
  v->next = *list;
  return *list = v;
}

const struct dh_version *dh_version_find(const struct dh_version *list, const char *hash)
{
  while (list && strcmp(list->hash, hash))
    list = list->next;
  return list;
}

void dh_versions_free(struct dh_version **list)
{
  while (*list) {
    struct dh_version *v = *list;

    *list = v->next;
    dh_buf_fini(&v->bytes);
    free(v);
  }
}

static bool is_known(const struct dh_claiming *c, const char *hash)
{
  for (int i = 0; i < DH_CLAIM_KNOWN; i++)
    if (strcmp(c->known[i], hash) == 0)
      return true;
  return dh_version_find(c->fetched, hash) != NULL;
}

void dh_claiming_begin(struct dh_claiming *c, const struct dh_version *have, size_t most)
{
  int known = 0;

  memset(c, 0, sizeof *c);
  c->n = most < DH_CLAIM_MOST ? most : DH_CLAIM_MOST;
  for (; have && known < DH_CLAIM_KNOWN; have = have->next)
    memcpy(c->known[known++], have->hash, DH_SHA256_HEX);
}

int dh_claiming_work(struct dh_claiming *c, struct dh_db *db, struct dh_claim_ask *ask, struct dh_err *err)
{
  int rc;

  ask->n = c->n;
  rc = db->ops->claim(db, ask, c->claims, &c->n, err);
  if (rc)
    c->n = 0;
  for (size_t i = 0; !rc && i < c->n; i++) {
    struct dh_version *v;

    if (is_known(c, c->claims[i].bundle))
      continue;
    v = dh_version_add(&c->fetched, c->claims[i].bundle);
    rc = v ? db->ops->bundle_get(db, v->hash, &v->bytes, err)
           : dh_err_set(err, DH_ENOMEM, "no memory for a robot");
  }
  return rc;
}

void dh_claiming_end(struct dh_claiming *c, struct dh_version **have)
{
  struct dh_version **last = &c->fetched;

  while (*last)
    last = &(*last)->next;
  *last = *have;
  *have = c->fetched;
  c->fetched = NULL;
}
