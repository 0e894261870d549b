# The vault's cryptography is a module of its own, so that the host links no cryptographic library.
MODULES   += vault
vault_DIR := runtime/store
vault_SRC := vault.c
vault_PKG := libsodium
vault_UNIT := runtime/store/vault.c
