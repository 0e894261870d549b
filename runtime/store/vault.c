/* vault.c - the module `vault`: seals and opens secrets with XChaCha20-Poly1305 (libsodium). A box is one
 * byte of version, the nonce, and the sealed bytes; the secret's name is bound to it, so that no box can
 * stand in for another. Owns nothing. */
#include "../deskhand.h"

#include <sodium.h>
#include <string.h>

enum {
  VERSION = 1,
  NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
  TAG = crypto_aead_xchacha20poly1305_ietf_ABYTES,
  HEAD = 1 + NONCE,
};
_Static_assert(crypto_aead_xchacha20poly1305_ietf_KEYBYTES == 32, "the key of store.h has 32 bytes");

static int ready(struct dh_err *err)
{
  return sodium_init() < 0 ? dh_err_set(err, DH_EIO, "libsodium cannot be used: it finds no randomness") : 0;
}

static int vault_new_key(unsigned char key[32])
{
  struct dh_err err;
  int rc = ready(&err);

  if (!rc)
    crypto_aead_xchacha20poly1305_ietf_keygen(key);
  return rc;
}

static int vault_seal(const unsigned char key[32], const char *name, const char *value, size_t n,
                      struct dh_buf *box, struct dh_err *err)
{
  unsigned char *at;
  int rc = ready(err);

  if (rc)
    return rc;
  if ((rc = dh_buf_room(box, HEAD + n + TAG)))
    return dh_err_set(err, rc, "no room for the secret %s", name);
  at = (unsigned char *)box->data + box->len;
  at[0] = VERSION;
  randombytes_buf(at + 1, NONCE);
  crypto_aead_xchacha20poly1305_ietf_encrypt(at + HEAD, NULL, (const unsigned char *)value, n,
                                             (const unsigned char *)name, strlen(name), NULL, at + 1, key);
  box->len += HEAD + n + TAG;
  box->data[box->len] = '\0';
  return 0;
}

static int vault_open(const unsigned char key[32], const char *name, const void *box, size_t n,
                      struct dh_buf *value, struct dh_err *err)
{
  const unsigned char *at = box;
  int rc = ready(err);

  if (rc)
    return rc;
  if (n < HEAD + TAG || at[0] != VERSION)
    return dh_err_set(err, DH_EFORMAT, "the secret %s is no sealed box of this version", name);
  if ((rc = dh_buf_room(value, n - HEAD - TAG)))
    return dh_err_set(err, rc, "no room for the secret %s", name);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt((unsigned char *)value->data + value->len, NULL, NULL,
                                                 at + HEAD, n - HEAD, (const unsigned char *)name,
                                                 strlen(name), at + 1, key)) {
    dh_err_set(err, DH_EAUTH, "the secret %s does not open", name);
    dh_err_advice(
        err, "the vault's key is another one, or the store was changed; set it anew: deskhand secret set %s",
        name);
    return DH_EAUTH;
  }
  value->len += n - HEAD - TAG;
  value->data[value->len] = '\0';
  return 0;
}

static const struct dh_vault vault = {vault_new_key, vault_seal, vault_open};

DH_EXPORT const struct dh_module dh_module = {.abi = DH_MODULE_ABI, .name = "vault", .vault = &vault};
