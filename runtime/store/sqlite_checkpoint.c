/* sqlite_checkpoint.c - moves the write-ahead log into the database beside the writer: a thread with its own
 * connection, begun by the first commit that leaves enough to do. The writer never copies pages itself, so no
 * commit waits for that. */
#include "sqlite.h"

#include "../base/log.h"

#include <pthread.h>
#include <stdlib.h>

enum {
  PASSIVE_PAGES = 1000,  /* copy what can be copied without stopping anybody */
  RESTART_PAGES = 16000, /* 64 MiB: a writer that never pauses must wait once, or the log grows for ever */
};

struct sq_checkpointer {
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t more;
  sqlite3 *sql;
  int pages; /* in the log, as of the last commit that asked; 0: nothing to do */
  bool stop;
};

static void copy_log(sqlite3 *sql, int pages)
{
  int rc = sqlite3_wal_checkpoint_v2(sql, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);

  if (rc == SQLITE_OK && pages >= RESTART_PAGES)
    rc = sqlite3_wal_checkpoint_v2(sql, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL);
  if (rc != SQLITE_OK && rc != SQLITE_BUSY &&
      rc != SQLITE_LOCKED) /* somebody reads: the next commit asks again */
    dh_log(DH_WARN, NULL,
           "the store's log of %d pages was not moved into the database: %s; tried again later", pages,
           sqlite3_errmsg(sql));
}

static void *checkpoint_thread(void *self)
{
  struct sq_checkpointer *c = self;

  pthread_mutex_lock(&c->mutex);
  while (!c->stop) {
    int pages = c->pages;

    if (!pages) {
      pthread_cond_wait(&c->more, &c->mutex);
      continue;
    }
    c->pages = 0;
    pthread_mutex_unlock(&c->mutex);
    copy_log(c->sql, pages);
    pthread_mutex_lock(&c->mutex);
  }
  pthread_mutex_unlock(&c->mutex);
  return NULL;
}

static struct sq_checkpointer *begin(struct sq *q)
{
  struct sq_checkpointer *c = calloc(1, sizeof *c);

  if (!c)
    return NULL;
  if (sqlite3_open_v2(q->path, &c->sql, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK) {
    sqlite3_busy_timeout(c->sql, 1000);
    pthread_mutex_init(&c->mutex, NULL);
    pthread_cond_init(&c->more, NULL);
    if (!pthread_create(&c->thread, NULL, checkpoint_thread, c))
      return c;
    pthread_cond_destroy(&c->more);
    pthread_mutex_destroy(&c->mutex);
  }
  sqlite3_close(c->sql);
  free(c);
  return NULL; /* the log grows a little longer; the next commit tries again */
}

static int committed(void *self, sqlite3 *sql, const char *name, int pages)
{
  struct sq *q = self;

  (void)sql;
  (void)name;
  if (pages < PASSIVE_PAGES)
    return SQLITE_OK;
  if (!q->checkpointer)
    q->checkpointer = begin(q);
  if (q->checkpointer) {
    pthread_mutex_lock(&q->checkpointer->mutex);
    q->checkpointer->pages = pages;
    pthread_cond_signal(&q->checkpointer->more);
    pthread_mutex_unlock(&q->checkpointer->mutex);
  }
  return SQLITE_OK;
}

void sq_checkpoint_hook(struct sq *q)
{
  sqlite3_wal_hook(q->sql, committed, q);
}

void sq_checkpoint_stop(struct sq *q)
{
  struct sq_checkpointer *c = q->checkpointer;

  if (!c)
    return;
  pthread_mutex_lock(&c->mutex);
  c->stop = true;
  pthread_cond_signal(&c->more);
  pthread_mutex_unlock(&c->mutex);
  pthread_join(c->thread, NULL);
  sqlite3_close(c->sql);
  pthread_cond_destroy(&c->more);
  pthread_mutex_destroy(&c->mutex);
  free(c);
  q->checkpointer = NULL;
}
