/* local.c - robots in this process: opens and closes what they need, waits on its loop. See local.h. */
#include "local_state.h"
#include "../base/log.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { LOCK_MS = 2000 };

static void on_signal(uv_signal_t *h, int number)
{
  struct dh_local *l = h->data;

  (void)number;
  l->interrupted = true;
  dh_loop_stop(&l->loop);
}

int dh_local_release_all(struct dh_db *db, struct dh_err *err)
{
  size_t released;

  return db->ops->release(db, NULL, NULL, NULL, &released, err);
}

bool dh_local_release_now(struct dh_local *l)
{
  bool now = !l->released;

  l->released = true;
  return now;
}

struct sync_job {
  struct dh_job job;
  struct dh_local *local;
  bool release;
  int (*work)(struct dh_db *db, void *self, struct dh_err *err);
  void *self;
  bool ended;
  int rc;
  struct dh_err err;
};

static int sync_work(struct dh_db *db, struct dh_job *job, struct dh_err *err)
{
  struct sync_job *s = (struct sync_job *)job;
  int rc = s->release ? dh_local_release_all(db, err) : 0;

  return rc ? rc : s->work(db, s->self, err);
}

static void sync_done(struct dh_job *job, int rc, const struct dh_err *err)
{
  struct sync_job *s = (struct sync_job *)job;

  s->rc = rc;
  if (rc)
    s->err = *err;
  s->ended = true;
  dh_loop_stop(&s->local->loop);
}

int dh_local_do(struct dh_local *l, int (*work)(struct dh_db *db, void *self, struct dh_err *err), void *self,
                struct dh_err *err)
{
  struct sync_job s = {.job = {.work = sync_work, .done = sync_done, .urgent = true},
                       .local = l,
                       .release = dh_local_release_now(l),
                       .work = work,
                       .self = self};

  dh_store_submit(l->store, &s.job);
  while (!s.ended)
    dh_loop_run(&l->loop);
  if (s.rc && err)
    *err = s.err;
  return s.rc;
}

static void watch_signals(struct dh_local *l)
{
  static const int numbers[] = {SIGINT, SIGTERM};

  for (int i = 0; i < 2; i++) {
    uv_signal_init(&l->loop.uv, &l->signals[i]);
    l->signals[i].data = l;
    uv_signal_start(&l->signals[i], on_signal, numbers[i]);
    uv_unref((uv_handle_t *)&l->signals[i]);
  }
  l->watching = true;
}

int dh_local_open(const struct dh_local_options *o, struct dh_local **out, struct dh_err *err)
{
  struct dh_local *l = calloc(1, sizeof *l);
  char url[DH_PATH * 2];
  struct dh_store_options so = {.url = dh_store_url(o->conf, url, sizeof url),
                                .mode = DH_STORE_WRITE,
                                .who = "deskhand run",
                                .wait_ms = LOCK_MS};
  struct dh_host_options ho = {.ended = dh_local_run_ended,
                               .self = l,
                               .exit_on_hang = true,
                               .record_dir = o->record_dir,
                               .replay_dir = o->replay_dir,
                               .test_file = o->test_file,
                               .test_conf = o->test_conf};
  int rc;

  if (!l)
    return dh_err_set(err, DH_ENOMEM, "no memory to run a robot");
  l->port.ops = &dh_local_port;
  l->o = *o;
  rc = dh_loop_open(&l->loop, err);
  if (rc) {
    free(l);
    return rc;
  }
  watch_signals(l);
  so.loop = &l->loop;
  dh_store_conf(o->conf, &so);
  rc = dh_store_open(&so, &l->store, err);
  dh_children_init(&l->children, &l->loop, o->conf, rc ? -1 : dh_store_lock_fd(l->store));
  if (!rc)
    rc = dh_host_open(&l->loop, &l->port, &ho, &l->host, err);
  if (rc)
    dh_local_close(&l);
  *out = l;
  return rc;
}

static int give_up_work(struct dh_db *db, void *self, struct dh_err *err)
{
  int rc = 0;

  for (struct dh_local_run *r = self; !rc && r; r = r->next)
    rc = db->ops->release_run(db, r->claim.run, r->claim.fence, err);
  return rc;
}

void dh_local_close(struct dh_local **pl)
{
  struct dh_local *l = *pl;
  int left;

  *pl = NULL;
  if (!l)
    return;
  dh_host_close(&l->host);
  if (l->runs && l->store)
    dh_local_do(l, give_up_work, l->runs, NULL);
  while (l->runs)
    dh_local_run_remove(l, l->runs);
  dh_children_close(&l->children);
  dh_store_close(&l->store);
  for (int i = 0; i < 2 && l->watching; i++)
    uv_close((uv_handle_t *)&l->signals[i], NULL);
  left = dh_loop_close(&l->loop);
  if (left)
    dh_log(DH_DEBUG, NULL, "%d handles were left open", left);
  dh_versions_free(&l->versions);
  free(l);
}

struct dh_store *dh_local_store(struct dh_local *l)
{
  return l->store;
}
