/* store_front.h - inside of the front: store.c and store_thread.c. */
#ifndef DH_STORE_FRONT_H
#define DH_STORE_FRONT_H

#include "store.h"

struct dh_store_thread;

struct dh_store {
  struct dh_db *db; /* the thread's, while there is one */
  struct dh_store_thread *thread;
  int lock_fd; /* -1: none */
  char path[1024];
  char blobs[1024];
};

int dh_store_thread_open(struct dh_store *s, struct dh_loop *loop, struct dh_err *err);
/* Finishes what was submitted and calls the `done`s. Nothing without a thread. */
void dh_store_thread_close(struct dh_store *s);

#endif
