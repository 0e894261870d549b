/* frame.h - messages between our own processes, with file descriptors.
 *
 * One message on an AF_UNIX SOCK_SEQPACKET socket: a header, CBOR bytes, up to four descriptors. Bytes over
 * 64 KiB travel in a sealed memfd in front of the caller's descriptors, so a message has one packet whatever
 * its size. What comes in is not trusted: sizes are checked, and a memfd is mapped only when it is sealed
 * against shrinking, growing and unsealing (an unsealed one could kill the receiver by SIGBUS). */
#ifndef DH_FRAME_H
#define DH_FRAME_H

#include "../base/buf.h"
#include "../base/err.h"

#include <stdint.h>

enum { DH_FRAME_FDS = 4, DH_FRAME_MAX = 32 << 20 };

enum dh_frame_flag { DH_FRAME_REPLY = 1 /* answers the message with this id */ };

struct dh_frame {
  uint32_t id; /* of a question and its answer; 0: wants no answer */
  uint32_t flags;
  struct dh_buf data; /* CBOR; init by the owner of the frame */
  int fds[DH_FRAME_FDS];
  int nfds; /* received descriptors belong to whoever holds the frame: dh_frame_clear closes them */
};

void dh_frame_init(struct dh_frame *f);
void dh_frame_clear(struct dh_frame *f); /* closes descriptors left in it, empties data */
void dh_frame_fini(struct dh_frame *f);

/* Both ends of a new connection, close-on-exec. */
int dh_frame_pair(int fds[2], struct dh_err *err);
/* Sends; the caller keeps its descriptors. DH_EAGAIN on a full non-blocking socket, DH_ECLOSED when the peer
 * is gone. Waits on a blocking socket. */
int dh_frame_send(int fd, const struct dh_frame *f, struct dh_err *err);
/* Receives into f (cleared first). DH_ECLOSED at the end, DH_EAGAIN when nothing is there, DH_EFORMAT. */
int dh_frame_recv(int fd, struct dh_frame *f, struct dh_err *err);

/* A memfd with these bytes, sealed; -1 with err filled. name is for /proc only. */
int dh_memfd_sealed(const char *name, const void *p, size_t n, struct dh_err *err);
/* Maps a descriptor read-only after checking its seals and size (<= max). munmap by the caller. */
int dh_memfd_map(int fd, size_t max, const void **p, size_t *n, struct dh_err *err);

#endif
