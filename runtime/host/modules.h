/* modules.h - the list of all modules, made by the build from their module.mk files. */
#ifndef DH_MODULES_H
#define DH_MODULES_H

struct dh_module_entry {
  const char *name;
  const char *words; /* separated by spaces, as are the rest */
  const char *codecs;
  const char *roles;
  const char *pkg;      /* pkg-config names it needs */
  const char *uses;     /* other modules whose public words its Lua half calls */
  const char *commands; /* first words of its commands */
};

extern const struct dh_module_entry dh_modules[]; /* ended by a NULL name */

#endif
