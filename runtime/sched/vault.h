/* vault.h - secrets in the clear: between the sealed boxes of the store, the key file, and whoever may see a
 * value. */
#ifndef DH_SCHED_VAULT_H
#define DH_SCHED_VAULT_H

#include "../store/store.h"
#include "port_op.h"

/* A secret's value as a port op (dh_port_text). The value is registered with the log's mask. */
struct dh_op *dh_secret_new(struct dh_loop *loop, struct dh_store *store, const char *name);
/* Seals a value for the store; makes the key when there is none. key_path gets where it lies. */
int dh_secret_seal(const char *name, const char *value, size_t n, struct dh_buf *box, char *key_path,
                   size_t size, struct dh_err *err);

#endif
