/* claim.h - cases claimed from the store together with the robot versions they run under: what `deskhand run`
 * and the supervisor share. */
#ifndef DH_CLAIM_H
#define DH_CLAIM_H

#include "../store/store.h"

/* A robot version in memory: the bytes are a bundle as dh_bundle_read makes it. */
struct dh_version {
  struct dh_version *next;
  char hash[DH_SHA256_HEX];
  struct dh_buf bytes;
};
/* A version without bytes yet, in front of the list. NULL: no memory. */
struct dh_version *dh_version_add(struct dh_version **list, const char *hash);
const struct dh_version *dh_version_find(const struct dh_version *list, const char *hash); /* NULL: none */
void dh_versions_free(struct dh_version **list);

enum { DH_CLAIM_MOST = 64, DH_CLAIM_KNOWN = 16 };

/* One claim on its way: begun on the loop thread, worked on the store's, ended on the loop thread. */
struct dh_claiming {
  char known[DH_CLAIM_KNOWN][DH_SHA256_HEX]; /* versions that need not be read */
  size_t n;                                  /* cases: at most, then how many were got */
  struct dh_claim claims[DH_CLAIM_MOST];     /* the caller's once it has ended, also after an error */
  struct dh_version *fetched;
};
void dh_claiming_begin(struct dh_claiming *c, const struct dh_version *have, size_t most);
/* Claims as ask says (its n is set here) and reads the versions that are not known. */
int dh_claiming_work(struct dh_claiming *c, struct dh_db *db, struct dh_claim_ask *ask, struct dh_err *err);
/* What was read goes to the list. */
void dh_claiming_end(struct dh_claiming *c, struct dh_version **have);

#endif
