/* store_thread.c - group commit: jobs queue up while the disk is busy and share the next transaction. Owns
 * the queue, the thread and the handle that brings results back to the loop. `first`, `ended`, `urgent`,
 * `oldest`, `stop` are under the mutex; `open` and the handle are the loop thread's; the connection is the
 * store thread's. */
#include "store_front.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { GROUP_NS = 5 * 1000 * 1000 /* that nobody waits for stays in memory this long at most */ };

struct list {
  struct dh_job *first, **last;
};

struct dh_store_thread {
  struct dh_db *db;
  struct dh_loop *loop;
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t more;
  struct list queue, ended;
  struct timespec group_end; /* when the oldest of the queue must be written */
  bool urgent, stop;
  uv_async_t *wake; /* freed by its own close */
  size_t open;      /* submitted and not yet told; the loop stays alive for them */
  int telling;      /* how deep in `tell`: a `done` may close the store */
  bool closed;      /* to be freed when the last `tell` ends */
};

static void push(struct list *l, struct dh_job *job)
{
  job->next = NULL;
  *l->last = job;
  l->last = &job->next;
}

static struct dh_job *take_all(struct list *l)
{
  struct dh_job *first = l->first;

  l->first = NULL;
  l->last = &l->first;
  return first;
}

/* ---- store thread */

/* All jobs up to the first that takes the transaction with it; NULL when all went well. */
static struct dh_job *work_all(struct dh_db *db, struct dh_job *first)
{
  for (struct dh_job *j = first; j; j = j->next) {
    j->rc = db->ops->mark(db, &j->err);
    if (!j->rc) {
      struct dh_err err;

      j->rc = j->work(db, j, &j->err);
      if (db->ops->sound(db) && db->ops->unmark(db, j->rc < 0, &err) && j->rc >= 0) {
        j->rc = err.code;
        j->err = err;
      }
    }
    if (!db->ops->sound(db)) {
      if (!j->rc)
        j->rc = dh_err_set(&j->err, DH_EIO, "the store's transaction was lost");
      return j;
    }
  }
  return NULL;
}

static void write_group(struct dh_db *db, struct dh_job *first)
{
  struct dh_err err;
  struct dh_job *broke;
  int rc = db->ops->begin(db, &err);

  if (!rc) {
    broke = work_all(db, first);
    if (broke) {
      rc = broke->rc;
      err = broke->err;
      db->ops->rollback(db);
    } else
      rc = db->ops->commit(db, &err);
  }
  if (rc) /* nothing of the group is on the disk; a job's own reason says more than the group's */
    for (struct dh_job *j = first; j; j = j->next)
      if (j->rc >= 0) {
        j->rc = rc;
        j->err = err;
      }
}

static void wait_for_group(struct dh_store_thread *t)
{
  int rc = 0;

  while (!t->urgent && !t->stop && !rc)
    rc = pthread_cond_timedwait(&t->more, &t->mutex, &t->group_end);
}

static void *store_thread(void *self)
{
  struct dh_store_thread *t = self;

  pthread_mutex_lock(&t->mutex);
  for (;;) {
    struct dh_job *group, *next;

    while (!t->queue.first && !t->stop)
      pthread_cond_wait(&t->more, &t->mutex);
    if (!t->queue.first)
      break;
    wait_for_group(t);
    group = take_all(&t->queue);
    t->urgent = false;
    pthread_mutex_unlock(&t->mutex);
    write_group(t->db, group);
    pthread_mutex_lock(&t->mutex);
    for (; group; group = next) {
      next = group->next;
      push(&t->ended, group);
    }
    uv_async_send(t->wake);
  }
  pthread_mutex_unlock(&t->mutex);
  return NULL;
}

/* ---- loop thread */

void dh_store_submit(struct dh_store *s, struct dh_job *job)
{
  struct dh_store_thread *t = s->thread;

  job->rc = 0;
  job->err = (struct dh_err){0};
  if (!t->open++)
    uv_ref((uv_handle_t *)t->wake);
  t->loop->ops++;
  pthread_mutex_lock(&t->mutex);
  if (!t->queue.first) {
    clock_gettime(CLOCK_MONOTONIC, &t->group_end);
    t->group_end.tv_nsec += GROUP_NS;
    t->group_end.tv_sec += t->group_end.tv_nsec / 1000000000;
    t->group_end.tv_nsec %= 1000000000;
  }
  if (job->urgent || !t->queue.first)
    pthread_cond_signal(&t->more);
  t->urgent |= job->urgent;
  push(&t->queue, job);
  pthread_mutex_unlock(&t->mutex);
}

static struct dh_job *take_ended(struct dh_store_thread *t)
{
  struct dh_job *job;

  pthread_mutex_lock(&t->mutex);
  job = t->ended.first;
  if (job && !(t->ended.first = job->next))
    t->ended.last = &t->ended.first;
  pthread_mutex_unlock(&t->mutex);
  return job;
}

static void thread_free(struct dh_store_thread *t)
{
  pthread_cond_destroy(&t->more);
  pthread_mutex_destroy(&t->mutex);
  free(t);
}

/* Tells all that have ended. t may be gone afterwards. */
static void tell(struct dh_store_thread *t)
{
  struct dh_job *job;

  t->telling++;
  while ((job = take_ended(t))) {
    if (!--t->open && !t->closed)
      uv_unref((uv_handle_t *)t->wake);
    t->loop->ops--;
    job->done(job, job->rc, job->rc < 0 ? &job->err : NULL);
  }
  if (!--t->telling && t->closed)
    thread_free(t);
}

static void on_wake(uv_async_t *wake)
{
  tell(wake->data);
}

static void free_wake(uv_handle_t *wake)
{
  free(wake);
}

int dh_store_thread_open(struct dh_store *s, struct dh_loop *loop, struct dh_err *err)
{
  struct dh_store_thread *t = calloc(1, sizeof *t);
  uv_async_t *wake = malloc(sizeof *wake);
  pthread_condattr_t attr;

  if (!t || !wake || uv_async_init(&loop->uv, wake, on_wake)) {
    free(t);
    free(wake);
    return dh_err_set(err, DH_ENOMEM, "no memory for the store's thread");
  }
  wake->data = t;
  t->wake = wake;
  t->loop = loop;
  t->db = s->db;
  t->queue.last = &t->queue.first;
  t->ended.last = &t->ended.first;
  uv_unref((uv_handle_t *)wake);
  pthread_mutex_init(&t->mutex, NULL);
  pthread_condattr_init(&attr);
  pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  pthread_cond_init(&t->more, &attr);
  pthread_condattr_destroy(&attr);
  if (pthread_create(&t->thread, NULL, store_thread, t)) {
    uv_close((uv_handle_t *)wake, free_wake);
    thread_free(t);
    return dh_err_set(err, DH_ENOMEM, "the store's thread does not start");
  }
  s->thread = t;
  return 0;
}

void dh_store_thread_close(struct dh_store *s)
{
  struct dh_store_thread *t = s->thread;

  if (!t)
    return;
  pthread_mutex_lock(&t->mutex);
  t->stop = true;
  pthread_cond_signal(&t->more);
  pthread_mutex_unlock(&t->mutex);
  if (t->db->ops->hurry)
    t->db->ops->hurry(t->db);
  pthread_join(t->thread, NULL);
  tell(t);
  uv_close((uv_handle_t *)t->wake, free_wake);
  if (t->telling) /* closed from inside a `done` */
    t->closed = true;
  else
    thread_free(t);
  s->thread = NULL;
}
