/* peer.h - a conversation with another of our processes, on the loop: questions that are ops, answers, and
 * messages that come unasked. Owns the socket. */
#ifndef DH_PEER_H
#define DH_PEER_H

#include "frame.h"
#include "op.h"

struct dh_peer;

struct dh_peer_events {
  /* A message that is no answer. The frame is the peer's: take descriptors by setting them to -1. */
  void (*message)(struct dh_peer *p, struct dh_frame *f, void *self);
  /* The other side is gone (or sent nonsense: err says which). Called once; questions still open end with
   * DH_ECLOSED before. The peer must be closed by its owner. */
  void (*closed)(struct dh_peer *p, const struct dh_err *err, void *self);
};

int dh_peer_open(struct dh_loop *loop, int fd, const struct dh_peer_events *ev, void *self,
                 struct dh_peer **out, struct dh_err *err);
/* Idempotent through the pointer: *p becomes NULL. Open questions end with DH_ECLOSED. */
void dh_peer_close(struct dh_peer **p);
int dh_peer_fd(const struct dh_peer *p);

/* Sends a message that wants no answer (id 0), or an answer (id of the question, reply = true). Queued when
 * the socket is full; fds are duplicated. */
int dh_peer_send(struct dh_peer *p, uint32_t id, bool reply, const struct dh_buf *data, const int *fds,
                 int nfds, struct dh_err *err);

/* A question as an op: begun by dh_op_start, done when the answer is there. An answer whose CBOR is a tagged
 * error (DH_TAG_ERROR) makes the op fail with it. data is copied, fds are duplicated.
 * Cancelling sends {"cancel": id} to the other side and does not wait for it. */
struct dh_op *dh_ask_new(struct dh_peer *p, const struct dh_buf *data, const int *fds, int nfds);
/* The answer of a done ask. Valid as long as the op; take descriptors by setting them to -1. */
struct dh_frame *dh_ask_answer(struct dh_op *op);

#endif
