/* store_fleet.c - this process as one of the hosts that share a store: joins under its name, brings what
 * others have made due to the loop. Owns the handle for that. `queue` is under the mutex. */
#include "store_front.h"

#include "../base/buf.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct dh_store_fleet {
  struct dh_join join;
  char name[64], place[160];
  void (*stir)(void *self, const char *queue);
  void *self;
  uv_async_t wake;
  pthread_mutex_t mutex;
  bool stirred;
  char queue[64];
};

/* The heart's thread. */
static void on_stir(void *self, const char *queue)
{
  struct dh_store_fleet *f = self;

  pthread_mutex_lock(&f->mutex);
  if (f->stirred && strcmp(f->queue, queue))
    queue = ""; /* several */
  snprintf(f->queue, sizeof f->queue, "%s", queue);
  f->stirred = true;
  pthread_mutex_unlock(&f->mutex);
  uv_async_send(&f->wake);
}

static void on_wake(uv_async_t *wake)
{
  struct dh_store_fleet *f = wake->data;
  char queue[64];
  bool stirred;

  pthread_mutex_lock(&f->mutex);
  memcpy(queue, f->queue, sizeof queue);
  stirred = f->stirred;
  f->stirred = false;
  pthread_mutex_unlock(&f->mutex);
  if (stirred && f->stir)
    f->stir(f->self, queue);
}

/* Names the lock: whoever has it later, since this machine was started, knows that we are gone. */
static int name_lock(int fd, char out[160], struct dh_err *err)
{
  struct dh_buf boot;
  struct stat st;
  int rc;

  dh_buf_init(&boot, 256);
  rc = fstat(fd, &st) ? dh_err_errno(err, "the lock of this host cannot be read")
                      : dh_buf_read_file(&boot, "/proc/sys/kernel/random/boot_id", err);
  if (!rc)
    snprintf(out, 160, "%.*s %llx:%llx", (int)strcspn(boot.data, "\n"), boot.data,
             (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
  dh_buf_fini(&boot);
  return rc;
}

static int join(struct dh_db *db, const struct dh_join *j, struct dh_err *err)
{
  int rc = db->ops->begin(db, err);

  if (rc)
    return rc;
  if ((rc = db->ops->join(db, j, err))) {
    db->ops->rollback(db);
    return rc;
  }
  return db->ops->commit(db, err);
}

int dh_store_fleet_open(struct dh_store *s, const struct dh_store_options *o, struct dh_err *err)
{
  struct dh_store_fleet *f;

  if (!s->db->ops->join || o->mode == DH_STORE_READ)
    return 0;
  f = calloc(1, sizeof *f);
  if (!f || uv_async_init(&o->loop->uv, &f->wake, on_wake)) {
    free(f);
    return dh_err_set(err, DH_ENOMEM, "no memory to join a fleet");
  }
  uv_unref((uv_handle_t *)&f->wake);
  f->wake.data = f;
  f->stir = o->stir;
  f->self = o->self;
  pthread_mutex_init(&f->mutex, NULL);
  snprintf(f->name, sizeof f->name, "%s", strrchr(s->files.lock, '/') + 1);
  f->join = (struct dh_join){.name = f->name,
                             .place = f->place,
                             .lease_ms = o->lease_ms ? o->lease_ms : DH_LEASE_MS,
                             .settle_ms = o->settle_ms ? o->settle_ms : DH_SETTLE_MS,
                             .stir = on_stir,
                             .self = f};
  s->fleet = f;
  if (name_lock(s->lock_fd, f->place, err))
    return err->code;
  return join(s->db, &f->join, err);
}

static void closed(uv_handle_t *wake)
{
  struct dh_store_fleet *f = wake->data;

  pthread_mutex_destroy(&f->mutex);
  free(f);
}

void dh_store_fleet_close(struct dh_store *s)
{
  if (s->fleet)
    uv_close((uv_handle_t *)&s->fleet->wake, closed);
  s->fleet = NULL;
}

int64_t dh_store_lease_end(const struct dh_store *s)
{
  return s->fleet ? s->db->ops->lease_end(s->db) : INT64_MAX;
}

const struct dh_join *dh_store_join(const struct dh_store *s)
{
  return s->fleet ? &s->fleet->join : NULL;
}

bool dh_store_leads(const struct dh_store *s)
{
  return !s->fleet || s->db->ops->leads(s->db);
}
