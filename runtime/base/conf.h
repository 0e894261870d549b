/* conf.h - the configuration of a process: which keys there are, what they are worth, and who said so.
 *
 * Later sources win: built-in defaults, /etc/deskhand/deskhand.conf, $XDG_CONFIG_HOME/deskhand/deskhand.conf
 * (~/.config), DESKHAND_* in the environment, options of the command. Files hold `key = value` lines and #
 * comments. A key that is not in the table is an error that names file, line and the key that was probably
 * meant. A file that holds a secret must not be readable by others. Owns its texts; not thread-safe while it
 * is being filled. */
#ifndef DH_CONF_H
#define DH_CONF_H

#include "buf.h"
#include "err.h"
#include "val.h"

#include <stdbool.h>
#include <stdint.h>

struct dh_conf;

enum dh_conf_kind {
  DH_CONF_TEXT,
  DH_CONF_INT,
  DH_CONF_BOOL,
  DH_CONF_TIME,
  DH_CONF_SIZE,
  DH_CONF_LEVEL,
  DH_CONF_FORMAT
};

struct dh_conf_key {
  const char *name; /* "workers", "source.*.url": * stands for one name without a dot */
  enum dh_conf_kind kind;
  const char *otherwise; /* default, NULL: unset */
  bool secret;           /* shown as ***, and its file must be 0600 */
  const char *help;
};

/* The table, ended by a NULL name. */
extern const struct dh_conf_key dh_conf_keys[];

/* Reads both files and the environment. DH_EUSE: an unknown key or a bad value; DH_EACCES: lax mode. */
int dh_conf_open(struct dh_conf **out, struct dh_err *err);
/* Empty: for tests and for workers, who get theirs by message. */
int dh_conf_new(struct dh_conf **out, struct dh_err *err);
void dh_conf_close(struct dh_conf **c);

/* origin is shown by `config show` and in errors: "--store", "/etc/deskhand/deskhand.conf:3". */
int dh_conf_set(struct dh_conf *c, const char *key, const char *value, const char *origin,
                struct dh_err *err);
int dh_conf_read(struct dh_conf *c, const char *path, struct dh_err *err); /* a missing file is fine */
int dh_conf_environment(struct dh_conf *c, char **environment, struct dh_err *err);

/* The value or its default; NULL when unset or unknown. Valid until the key is set again. */
const char *dh_conf_get(const struct dh_conf *c, const char *key);
int64_t dh_conf_int(const struct dh_conf *c, const char *key, int64_t otherwise);
bool dh_conf_bool(const struct dh_conf *c, const char *key, bool otherwise);
int64_t dh_conf_time_ms(const struct dh_conf *c, const char *key, int64_t otherwise_ms);
int64_t dh_conf_size(const struct dh_conf *c, const char *key,
                     int64_t otherwise_bytes); /* "64M", "1G", bytes */

/* The table's entry of a key, NULL for an unknown one. */
const struct dh_conf_key *dh_conf_key(const char *key);
/* All keys that have a value, sorted by name, defaults too (origin "default"). */
void dh_conf_each(const struct dh_conf *c,
                  void (*each)(void *self, const char *key, const char *value, const char *origin),
                  void *self);

/* Everything that was set, as a CBOR map, for a child; and back. */
int dh_conf_put(const struct dh_conf *c, struct dh_buf *b);
int dh_conf_take(struct dh_conf *c, const struct dh_val *map, struct dh_err *err);

/* Folders of this user: configuration, data ($XDG_DATA_HOME/deskhand), runtime ($XDG_RUNTIME_DIR, else one of
 * our own under /tmp with mode 0700). Not made by these. */
enum { DH_PATH = 1024 };
char *dh_dir_config(char out[DH_PATH]);
char *dh_dir_data(char out[DH_PATH]);
char *dh_dir_runtime(char out[DH_PATH]);

#endif
