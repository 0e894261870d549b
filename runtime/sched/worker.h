/* worker.h - the worker process: one loop, one host, many runs. It knows no store: what it needs from the
 * world goes as messages to the supervisor. Messages (CBOR maps), from the supervisor: {hello: name, conf,
 * blobs} with the page that says which run is on the CPU {bundle: hash, data: bytes}           before the
 * first run that needs it {start: run, attempt, resumed, robot, key, period, bundle: hash, input: bytes,
 * journal: bytes} {stop: run} to the supervisor: {records: [record…]}                  as a question when
 * somebody waits: {results: [[index, lease_end]… or [index, error]…]} {ended: run, outcome, error?} after its
 * last record was durable {refused: run, error}                 it could not begin {secret: name} -> {value:
 * bytes} {lend: role, run, needs: bytes} -> {lent: number} and a socket;   {back: number, healthy} {spawn:
 * [argv…], profile} with descriptors for 0, 1, 2 -> {status}      cancel: {cancel: id} */
#ifndef DH_WORKER_H
#define DH_WORKER_H

#include "../base/conf.h"
#include "../host/port.h"

/* The worker's whole life on this socket. Returns the exit status. */
int dh_worker_main(int fd);
/* `deskhand intake`: reads one robot and its case file for the supervisor (sup_intake.c). */
int dh_intake_main(int fd);

/* ---- its port (port_worker.c) */

struct dh_worker_port {
  struct dh_port port; /* first */
  struct dh_loop *loop;
  struct dh_peer *peer;
  struct dh_conf *conf;
  char blobs[DH_PATH * 2];
  struct dh_buf records; /* encoded, not yet sent */
  size_t nrecords;
  struct dh_waiter *waiters, **last_waiter; /* of records in the buffer */
  struct dh_worker_lent *lent;
  uv_timer_t flush;
};

void dh_worker_port_init(struct dh_worker_port *p, struct dh_loop *loop, struct dh_peer *peer,
                         struct dh_conf *conf);
/* Sends what is buffered. */
void dh_worker_port_flush(struct dh_worker_port *p);

#endif
