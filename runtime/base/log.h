/* log.h - the structured log of a process: one line an event on standard error, JSON or for people.
 * Secrets: every value handed out by the vault is registered here and masked as *** in each line. */
#ifndef DH_LOG_H
#define DH_LOG_H

#include <stdbool.h>
#include <stddef.h>

enum dh_level { DH_DEBUG, DH_INFO, DH_WARN, DH_ERROR };

/* json: JSON lines. Lines below least are dropped. role names the process: "worker 2", "supervisor". */
void dh_log_open(enum dh_level least, bool json, const char *role);
/* run may be NULL. Never fails; a line that cannot be written is lost. Thread-safe. */
void dh_log(enum dh_level level, const char *run, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Registers a secret of at least 4 bytes (shorter ones would mask ordinary text). Kept until the process
 * ends. */
int dh_log_mask(const char *secret, size_t n);
/* Replaces registered secrets in text by *** in place. Also for error texts and journal entries. Returns the
 * new length. */
size_t dh_mask_text(char *text, size_t n);
/* True when text holds a registered secret. */
bool dh_mask_hit(const char *text, size_t n);
/* "debug" "info" "warn" "error" -> level, -1 otherwise. */
int dh_level_parse(const char *name);

#endif
