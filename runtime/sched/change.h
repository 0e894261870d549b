/* change.h - what commands change in a store, as one message: the supervisor does it when one answers on the
 * control socket, else the command itself, with the store's lock.
 *
 *   {do: "add", who?, queue, hash, wants, bundle: bytes, cases: [as intake.h makes them]}
 *       -> {added: n, refused: [{key, error}]}
 *   {do: "retry", queue, period?, key, who}        -> {}
 *   {do: "hold", queue, hold: enum dh_hold, who}   -> what hold_list says
 *   {do: "answer", id, answer: bytes (CBOR), who}  -> what dh_sign_answer says
 *   {do: "secret set", name, box: bytes, who}      -> {}
 *   {do: "secret remove", name, who}               -> {}
 *   {do: "stop", drain: bool}                      -> {effects: n that are waited for}; no change of the
 * store, so only the supervisor takes it */
#ifndef DH_CHANGE_H
#define DH_CHANGE_H

#include "../store/store.h"
#include "intake.h"

#define DH_WHO_COMMAND "a command" /* holds the store's lock for one change */

/* What a breaker holds (sup_breaker.c) bears its reason as the name of who holds it: "deskhand (…)". */
#define DH_BREAKER "deskhand ("
const struct dh_val *dh_hold_of(const struct dh_val *holds, const char *queue); /* of hold_list; or NULL */
bool dh_hold_is_breaker(const struct dh_val *hold);

/* Does it, inside a transaction. Appends the answer. */
int dh_change_apply(struct dh_db *db, const struct dh_val *request, struct dh_buf *answer,
                    struct dh_err *err);

/* The request that adds what was taken in. */
int dh_change_put_add(struct dh_buf *b, const struct dh_robot *r, const struct dh_intake *in);

/* Ends the supervisor of a store: at once, or when the effects that have begun are done (drain); waits for
 * its end, however long, and says what it is doing by `note` (may be NULL). DH_ENOENT: none runs. Blocks. */
int dh_change_stop(const char *url, bool drain, void (*note)(const char *text), struct dh_err *err);

/* The whole way, for commands: over the control socket, or by itself (always in a store that hosts share).
 * Blocks. url as in the configuration. */
int dh_change_send(const char *url, const struct dh_buf *request, struct dh_buf *answer, struct dh_err *err);

/* Path of the control socket of a store: PATH.sock, in the runtime folder if that is too long for a socket.
 */
int dh_control_path(const char *url, char *out, size_t size, struct dh_err *err);
/* What the configuration says of this host in a store that hosts share. */
void dh_store_conf(const struct dh_conf *c, struct dh_store_options *o);
/* Folder of the blobs of a store (see dh_blob_put), without opening it. */
char *dh_store_blobs_of(const char *url, char *out, size_t size);
/* The store's URL: --store, DESKHAND_STORE, the configuration, else the data folder. */
char *dh_store_url(const struct dh_conf *c, char *out, size_t size);

#endif
