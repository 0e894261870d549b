/* module.h - what a shared object <name>.so gives to Deskhand: one const struct named dh_module. */
#ifndef DH_MODULE_H
#define DH_MODULE_H

#include "../base/val.h"

#include <lauxlib.h>

enum { DH_MODULE_ABI = 2 };

/* A program a child process runs: `deskhand NAME`, started by the launcher with a connected socket. */
struct dh_role {
  const char *name; /* "reader", "desk" */
  /* fd: the frame socket. Runs until the peer closes. Returns the exit status. Plain C, its own process: may
   * block, may link what it likes. */
  int (*main)(int fd, int argc, char **argv);
};

/* A text format that commands and words read: bytes in, plain data (CBOR) out. */
struct dh_codec {
  const char *name; /* "json", "jsonl", "csv": also the file's extension */
  int (*decode)(const char *p, size_t n, struct dh_buf *cbor, struct dh_err *err);
  int (*encode)(const struct dh_val *v, struct dh_buf *text, struct dh_err *err); /* NULL: reading only */
};

/* Bytes sealed and opened by the vault's module. */
struct dh_vault {
  int (*new_key)(unsigned char key[32]);
  int (*seal)(const unsigned char key[32], const char *name, const char *value, size_t n, struct dh_buf *box,
              struct dh_err *err);
  int (*open)(const unsigned char key[32], const char *name, const void *box, size_t n, struct dh_buf *value,
              struct dh_err *err);
};

/* Lua files of a module as bytecode, made by the build: <name>.lua is `require "<name>"`, any other x.lua of
 * the folder (tests excepted) is `require "<name>.x"`. Ended by a NULL name. */
struct dh_lua {
  const char *name;
  const char *words; /* of a dsl file: the words it has, from its line "-- words: …" */
  const unsigned char *code;
  size_t len;
};
extern const struct dh_lua dh_module_lua[]; /* every module links its own */

struct dh_command;   /* runtime/cli/cli.h */
struct dh_store_ops; /* runtime/store/store.h */

struct dh_module {
  int abi; /* DH_MODULE_ABI */
  const char *name;
  const luaL_Reg *funcs;       /* private C half: require "core.<name>", functions named _verb; may be NULL */
  const struct dh_lua *lua;    /* dh_module_lua, or NULL for a module without Lua */
  const struct dh_role *roles; /* ended by a NULL name; each may be NULL */
  const struct dh_codec *codecs;
  const struct dh_command *const *commands;
  const struct dh_vault *vault;
  const struct dh_store_ops *store; /* a backend */
};

/* Marks the one symbol that a module exports: DH_EXPORT const struct dh_module dh_module = { … }; */
#define DH_EXPORT __attribute__((visibility("default")))

/* Loads build/modules/<name>.so (beside the binary, or in the installed library folder) once per process.
 * DH_ENOENT says that the module was not built and which package it wanted. */
int dh_module_load(const char *name, const struct dh_module **out, struct dh_err *err);
/* The module that carries a word, a codec, a role: from the list that the build makes of all module.mk files.
 */
const char *dh_module_of_word(const char *word);
int dh_codec_find(const char *name, const struct dh_codec **out, struct dh_err *err);
bool dh_role_known(const char *name); /* some module's, built or not */
int dh_role_find(const char *name, const struct dh_role **out, struct dh_err *err);

#endif
