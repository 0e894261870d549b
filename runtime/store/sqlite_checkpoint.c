/* sqlite_checkpoint.c - moves the write-ahead log into the database beside the writer: a thread with its own
 * connection, begun by the first commit that leaves enough to do. Commits go on meanwhile. Only when the
 * writer never pauses, so that the log cannot begin anew, it waits once for the copy: else the log would grow
 * for ever. */
#include "sqlite.h"

#include "../base/log.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum {
  PASSIVE_PAGES = 1000,  /* copy what can be copied without stopping anybody */
  RESTART_PAGES = 16000, /* 64 MiB: let the writer wait, copy the rest, begin the log anew */
  WAIT_S = 2,            /* the writer waits at most; a long reader may keep the log from beginning anew */
};

struct sq_checkpointer {
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t more, restarted;
  sqlite3 *sql;
  int pages;     /* in the log, as of the last commit that asked; 0: nothing to do */
  int limit;     /* pages from which the writer waits; doubled while a reader is in the way */
  unsigned turn; /* counts what the writer waits for */
  bool stop;
};

/* True when the log begins anew (or nobody asked for that). */
static bool copy_log(sqlite3 *sql, int pages, bool restart)
{
  int rc = sqlite3_wal_checkpoint_v2(sql, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);

  if (rc == SQLITE_OK && restart)
    rc = sqlite3_wal_checkpoint_v2(sql, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL);
  if (rc != SQLITE_OK && rc != SQLITE_BUSY &&
      rc != SQLITE_LOCKED) /* somebody reads: the next commit asks again */
    dh_log(DH_WARN, NULL,
           "the store's log of %d pages was not moved into the database: %s; tried again later", pages,
           sqlite3_errmsg(sql));
  return rc == SQLITE_OK;
}

static void *checkpoint_thread(void *self)
{
  struct sq_checkpointer *c = self;

  pthread_mutex_lock(&c->mutex);
  while (!c->stop) {
    int pages = c->pages;
    bool restart = pages >= c->limit, ok;

    if (!pages) {
      pthread_cond_wait(&c->more, &c->mutex);
      continue;
    }
    c->pages = 0;
    pthread_mutex_unlock(&c->mutex);
    ok = copy_log(c->sql, pages, restart);
    pthread_mutex_lock(&c->mutex);
    if (restart) {
      c->limit = ok ? RESTART_PAGES : pages * 2;
      c->turn++;
      pthread_cond_signal(&c->restarted);
    }
  }
  pthread_mutex_unlock(&c->mutex);
  return NULL;
}

static void checkpointer_free(struct sq_checkpointer *c)
{
  sqlite3_close(c->sql);
  pthread_cond_destroy(&c->restarted);
  pthread_cond_destroy(&c->more);
  pthread_mutex_destroy(&c->mutex);
  free(c);
}

static struct sq_checkpointer *begin(struct sq_lite *l)
{
  struct sq_checkpointer *c = calloc(1, sizeof *c);
  pthread_condattr_t attr;

  if (!c)
    return NULL;
  c->limit = RESTART_PAGES;
  pthread_mutex_init(&c->mutex, NULL);
  pthread_condattr_init(&attr);
  pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  pthread_cond_init(&c->more, NULL);
  pthread_cond_init(&c->restarted, &attr);
  pthread_condattr_destroy(&attr);
  /* A connection that has read nothing yet does not know of the log, and its checkpoint would quietly do
   * nothing. */
  if (sqlite3_open_v2(l->path, &c->sql, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
      sqlite3_exec(c->sql, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL) == SQLITE_OK) {
    sqlite3_busy_timeout(c->sql, 1000);
    if (!pthread_create(&c->thread, NULL, checkpoint_thread, c))
      return c;
  }
  checkpointer_free(c);
  return NULL; /* the log grows a little longer; the next commit tries again */
}

/* After each commit, on the writer's thread, its lock given up. */
static int committed(void *self, sqlite3 *sql, const char *name, int pages)
{
  struct sq_lite *l = self;
  struct sq_checkpointer *c;
  struct timespec end;
  unsigned turn;
  int rc = 0;

  (void)sql;
  (void)name;
  if (pages < PASSIVE_PAGES || (!l->checkpointer && !(l->checkpointer = begin(l))))
    return SQLITE_OK;
  c = l->checkpointer;
  clock_gettime(CLOCK_MONOTONIC, &end);
  end.tv_sec += WAIT_S;
  pthread_mutex_lock(&c->mutex);
  c->pages = pages;
  turn = c->turn;
  pthread_cond_signal(&c->more);
  while (pages >= c->limit && turn == c->turn && !rc)
    rc = pthread_cond_timedwait(&c->restarted, &c->mutex, &end);
  pthread_mutex_unlock(&c->mutex);
  return SQLITE_OK;
}

void sq_checkpoint_hook(struct sq_lite *l)
{
  sqlite3_wal_hook(l->sql, committed, l);
}

void sq_checkpoint_stop(struct sq_lite *l)
{
  struct sq_checkpointer *c = l->checkpointer;

  if (!c)
    return;
  pthread_mutex_lock(&c->mutex);
  c->stop = true;
  pthread_cond_signal(&c->more);
  pthread_mutex_unlock(&c->mutex);
  pthread_join(c->thread, NULL);
  checkpointer_free(c);
  l->checkpointer = NULL;
}
