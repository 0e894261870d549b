/* port.h - what the host needs from the rest of the world. sched fills it in: in `deskhand run` directly over
 * the store, in a worker by messages to the supervisor; tests fill it with a fake. */
#ifndef DH_PORT_H
#define DH_PORT_H

#include "../base/record.h"
#include "../io/op.h"
#include "../io/peer.h"

struct dh_port {
  const struct dh_port_ops *ops;
};

struct dh_port_ops {
  /* Adds a record to its run's stream. Copies what it needs. done may be NULL; else it is called on the loop
   * thread once the record is durable (rc 0) or refused (rc < 0: the fence is lost, a duplicate, the disk is
   * full; the run must then stop without touching the outside). lease_end is the monotonic ms past which an
   * effect must no longer begin; INT64_MAX when nobody can take the run away. */
  void (*record)(struct dh_port *p, const struct dh_record *r,
                 void (*done)(void *self, int rc, const struct dh_err *err, int64_t lease_end), void *self);

  /* A secret's value. The op's answer: see dh_port_text. */
  struct dh_op *(*secret)(struct dh_port *p, const char *name);

  /* Lends a child for this run: role "desk" or "reader" (or another role of a module). needs is CBOR, a map
   * of labels that the pool compares ({"session": …}: sched/need.h); may be empty. Unknown ones: DH_EUSE. The
   * op's answer is a connected peer: see dh_port_peer. Ends with DH_EUNAVAILABLE when none can be had. Give
   * it back with give_back; one that died is simply closed. */
  struct dh_op *(*lend)(struct dh_port *p, const char *run, const char *role, const char *needs, size_t n);
  void (*give_back)(struct dh_port *p, struct dh_peer *peer, bool healthy);

  /* Runs a child to its end through the launcher: argv[0] is looked up in PATH. profile names its limits
   * ("pdftoppm"). in may be -1 (then /dev/null) or a descriptor for its standard input. Done when it has
   * ended and its output is closed: see dh_port_output. Cancel kills it. */
  struct dh_op *(*spawn)(struct dh_port *p, const char *const argv[], const char *profile, int in);

  /* Puts bytes into the store's blobs (pictures, files over the journal's limits) and names them by hash.
   * The bytes are copied; done when durable. */
  struct dh_op *(*keep)(struct dh_port *p, const void *bytes, size_t n);
  /* The path of a kept blob, for reading. 0 or DH_ENOENT. No wait. */
  int (*path)(struct dh_port *p, const char *hash, char *out, size_t size, struct dh_err *err);

  /* A configuration value, NULL when unset. No wait. */
  const char *(*conf)(struct dh_port *p, const char *key);
};

/* Results of done ops made by a port. */
const char *dh_port_text(struct dh_op *op, size_t *n); /* of secret: the value; of keep: the hash */
struct dh_peer *dh_port_peer(struct dh_op *op);        /* of lend: owned by the caller from now on */
struct dh_output {
  int status; /* exit status, 128 + signal when killed */
  const char *out, *err;
  size_t out_len, err_len;
};
const struct dh_output *dh_port_output(struct dh_op *op); /* of spawn; valid as long as the op */

#endif
