/* store_front.h - inside of the front: store.c, store_place.c, store_thread.c, store_fleet.c. */
#ifndef DH_STORE_FRONT_H
#define DH_STORE_FRONT_H

#include "store.h"

struct dh_store_thread;
struct dh_store_fleet;

struct dh_store {
  struct dh_db *db; /* the thread's, while there is one */
  struct dh_store_thread *thread;
  struct dh_store_fleet *fleet;
  int lock_fd; /* -1: none */
  char path[1024];
  struct dh_store_files files;
};

/* ---- store_place.c: what a URL means */

/* The backend, and what its `open` gets. */
int dh_store_place(const char *url, const struct dh_store_ops **ops, const char **place, struct dh_err *err);

/* ---- store_fleet.c: a process as a host of those that share a store */

/* Joins. Nothing without `join`. The lock is held already. */
int dh_store_fleet_open(struct dh_store *s, const struct dh_store_options *o, struct dh_err *err);
/* Once the connection is closed: nobody stirs any more. */
void dh_store_fleet_close(struct dh_store *s);

int dh_store_thread_open(struct dh_store *s, struct dh_loop *loop, struct dh_err *err);
/* Finishes what was submitted and calls the `done`s. Nothing without a thread. */
void dh_store_thread_close(struct dh_store *s);

#endif
