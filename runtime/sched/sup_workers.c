/* sup_workers.c - worker processes: begun, greeted, given runs, listened to, watched. What their death means
 * stands in sup_death.c. */
#include "sup.h"
#include "../base/clock.h"
#include "../base/log.h"
#include "../host/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { GRACE_MS = 1000 };

static void ended(struct dh_sup_worker *w, const struct dh_val *v)
{
  struct dh_supervisor *s = w->s;
  const struct dh_val *error = dh_val_get(v, "error");
  char run[DH_RUN_ID];
  struct dh_sup_run *r = dh_sup_run_find(s, dh_val_text(v, "ended", run, sizeof run));
  int outcome = (int)dh_val_int(v, "outcome", DH_RUN_LOST);
  struct dh_err err;

  if (!r || r->worker != w)
    return;
  w->useful = true;
  s->quick_deaths = 0;
  if (error)
    dh_val_err(error, &err);
  dh_sup_tell_end(s, r, outcome, error ? &err : NULL);
  dh_sup_breaker_ended(s, r, outcome, error ? &err : NULL);
  if (outcome == DH_RUN_LOST) {
    dh_sup_lost(s, r, NULL);
    return;
  }
  s->unsettled |= outcome <= DH_RUN_FAILED;
  s->stirred = true;
  dh_sup_run_remove(s, r);
  dh_sup_look(s);
}

static void refused(struct dh_sup_worker *w, const struct dh_val *v)
{
  char run[DH_RUN_ID];
  struct dh_sup_run *r = dh_sup_run_find(w->s, dh_val_text(v, "refused", run, sizeof run));
  struct dh_err err;

  if (!r || r->worker != w)
    return;
  dh_val_err(dh_val_get(v, "error"), &err);
  dh_sup_tell_end(w->s, r, DH_RUN_FAILED, &err);
  dh_sup_lost(w->s, r, &err);
}

static void message(struct dh_peer *p, struct dh_frame *f, void *self)
{
  struct dh_sup_worker *w = self;
  struct dh_val *v = NULL;
  struct dh_err err;

  (void)p;
  if (dh_val_parse_buf(&f->data, &v, &err)) {
    dh_log(DH_ERROR, NULL, "worker %s sends nonsense and is ended: %s", w->name, err.text);
    dh_child_kill(w->child, SIGKILL);
  } else if (dh_val_get(v, "records")) {
    dh_sup_records(w, f, v);
  } else if (dh_val_get(v, "ended")) {
    ended(w, v);
  } else if (dh_val_get(v, "refused")) {
    refused(w, v);
  } else {
    dh_sup_question(w, f, v);
  }
  free(v);
}

/* Its process ends too, and that is what counts: its exit status says how. */
static void closed(struct dh_peer *p, const struct dh_err *err, void *self)
{
  struct dh_sup_worker *w = self;

  (void)p;
  (void)err;
  dh_peer_close(&w->peer);
  dh_child_kill(w->child, SIGKILL);
}

static void child_ended(struct dh_op *child)
{
  struct dh_sup_worker *w = child->waiter;
  struct dh_supervisor *s = w->s;

  if (s->stopping)
    return;
  if (child->rc && child->rc != DH_ECLOSED)
    dh_log(DH_ERROR, NULL, "worker %s cannot be started: %s", w->name,
           child->err ? child->err->text : "no memory");
  dh_sup_death(w, child->rc ? 0 : dh_child_status(child));
}

static int share_page(struct dh_sup_worker *w, int *fd, struct dh_err *err)
{
  void *page;

  *fd = memfd_create("on-cpu", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (*fd < 0 || ftruncate(*fd, SUP_PAGE) ||
      fcntl(*fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
    return dh_err_errno(err, "no page can be shared with a worker");
  page = mmap(NULL, SUP_PAGE, PROT_READ, MAP_SHARED, *fd, 0);
  if (page == MAP_FAILED)
    return dh_err_errno(err, "no page can be shared with a worker");
  w->page = page;
  return 0;
}

static int greet(struct dh_sup_worker *w, int page, struct dh_err *err)
{
  struct dh_buf b;
  int rc;

  dh_buf_init(&b, 1 << 20);
  rc = dh_put_map(&b, 3);
  if (!rc)
    rc = dh_put_kt(&b, "hello", w->name);
  if (!rc)
    rc = dh_put_text(&b, "conf");
  if (!rc)
    rc = dh_conf_put(w->s->o.conf, &b);
  if (!rc)
    rc = dh_put_kt(&b, "blobs", dh_store_blobs(w->s->store));
  rc = rc ? dh_err_set(err, rc, "no memory to greet a worker")
          : dh_peer_send(w->peer, 0, false, &b, &page, 1, err);
  dh_buf_fini(&b);
  return rc;
}

static int begin(struct dh_sup_worker *w, struct dh_err *err)
{
  static const struct dh_peer_events events = {message, closed};
  static const char *const argv[] = {"deskhand", "worker", NULL};
  struct dh_child_spec spec = {.argv = argv, .profile = "worker", .fds = {-1, -1, -1, -1}};
  int pair[2], page = -1, rc = dh_frame_pair(pair, err);

  if (rc)
    return rc;
  rc = share_page(w, &page, err);
  if (!rc && (rc = dh_peer_open(&w->s->loop, pair[0], &events, w, &w->peer, err)))
    w->peer = NULL;
  if (rc)
    close(pair[0]);
  if (!rc)
    rc = greet(w, page, err);
  spec.fds[3] = pair[1];
  if (!rc && !(w->child = dh_child_new(w->s->launcher, &spec)))
    rc = dh_err_set(err, DH_ENOMEM, "no memory for a worker");
  if (!rc) {
    w->child->notify = child_ended;
    w->child->waiter = w;
    rc = dh_op_start(w->child, err);
  }
  close(pair[1]);
  if (page >= 0)
    close(page);
  return rc;
}

struct dh_sup_worker *dh_sup_worker_start(struct dh_supervisor *s, struct dh_err *err)
{
  struct dh_sup_worker *w = calloc(1, sizeof *w);

  if (!w) {
    dh_err_set(err, DH_ENOMEM, "no memory for a worker");
    return NULL;
  }
  w->s = s;
  w->started_ms = dh_mono_ms();
  snprintf(w->name, sizeof w->name, "%d", ++s->last_worker);
  w->next = s->workers;
  s->workers = w;
  if (begin(w, err)) {
    dh_log(DH_ERROR, NULL, "no worker can be started: %s", err->text);
    dh_sup_worker_close(w);
    return NULL;
  }
  return w;
}

void dh_sup_worker_close(struct dh_sup_worker *w)
{
  struct dh_supervisor *s = w->s;

  for (struct dh_sup_worker **at = &s->workers; *at; at = &(*at)->next)
    if (*at == w) {
      *at = w->next;
      break;
    }
  for (struct dh_sup_run *r = s->runs; r; r = r->next)
    if (r->worker == w)
      r->worker = NULL;
  dh_sup_asks_end(w);
  dh_peer_close(&w->peer);
  if (w->child) {
    w->child->notify = NULL;
    dh_op_cancel(w->child);
    dh_op_release(w->child);
  }
  if (w->page)
    munmap((void *)w->page, SUP_PAGE);
  free(w->known);
  free(w);
}

/* ---- giving runs */

static int send_bundle(struct dh_sup_worker *w, const char *hash)
{
  const struct dh_version *version = dh_version_find(w->s->versions, hash);
  char(*known)[DH_SHA256_HEX];
  struct dh_buf m;
  int rc;

  for (size_t i = 0; i < w->nknown; i++)
    if (strcmp(w->known[i], hash) == 0)
      return 0;
  known = realloc(w->known, (w->nknown + 1) * sizeof *known);
  if (!version || !known)
    return DH_ENOMEM;
  w->known = known;
  memcpy(known[w->nknown++], hash, DH_SHA256_HEX);
  dh_buf_init(&m, DH_FRAME_MAX);
  rc = dh_put_map(&m, 2);
  if (!rc)
    rc = dh_put_kt(&m, "bundle", hash);
  if (!rc)
    rc = dh_put_text(&m, "data");
  if (!rc)
    rc = dh_put_bytes(&m, version->bytes.data, version->bytes.len);
  if (!rc)
    rc = dh_peer_send(w->peer, 0, false, &m, NULL, 0, NULL);
  dh_buf_fini(&m);
  return rc;
}

static int put_bytes(struct dh_buf *m, const char *key, const struct dh_buf *bytes)
{
  int rc = dh_put_text(m, key);

  return rc ? rc : dh_put_bytes(m, bytes->data, bytes->len);
}

int dh_sup_worker_give(struct dh_sup_worker *w, struct dh_sup_run *r)
{
  struct dh_claim *c = &r->claim;
  struct dh_buf m;
  int rc = send_bundle(w, c->bundle);

  dh_buf_init(&m, DH_FRAME_MAX);
  if (!rc)
    rc = dh_put_map(&m, 9);
  if (!rc)
    rc = dh_put_kt(&m, "start", c->run);
  if (!rc)
    rc = dh_put_ki(&m, "attempt", c->attempt);
  if (!rc)
    rc = dh_put_kb(&m, "resumed", c->resumed);
  if (!rc)
    rc = dh_put_kt(&m, "robot", c->queue);
  if (!rc)
    rc = dh_put_kt(&m, "key", c->key);
  if (!rc)
    rc = dh_put_kt(&m, "period", c->period);
  if (!rc)
    rc = dh_put_kt(&m, "bundle", c->bundle);
  if (!rc)
    rc = put_bytes(&m, "input", &c->input);
  if (!rc)
    rc = put_bytes(&m, "journal", &c->journal);
  if (!rc) {
    rc = dh_peer_send(w->peer, 0, false, &m, NULL, 0, NULL);
    rc = rc == DH_ECLOSED ? 0 : rc; /* it has died: its end releases the run */
  }
  dh_buf_fini(&m);
  dh_buf_fini(&c->input);
  dh_buf_fini(&c->journal);
  return rc;
}

/* ---- watching */

/* What the page says, read until it holds still: the worker writes it while we look. */
static int64_t on_cpu_ms(const struct dh_sup_worker *w, char run[DH_RUN_ID])
{
  struct dh_sup_page a, b;

  for (int i = 0; i < 3; i++) {
    memcpy(&a, (const void *)w->page, sizeof a);
    memcpy(&b, (const void *)w->page, sizeof b);
    if (memcmp(&a, &b, sizeof a) == 0)
      break;
  }
  memcpy(run, a.run, DH_RUN_ID);
  run[DH_RUN_ID - 1] = '\0';
  return *run ? dh_mono_ms() - a.since_ms : 0;
}

void dh_sup_workers_watch(struct dh_supervisor *s)
{
  int64_t slice = dh_conf_time_ms(s->o.conf, "limit.slice", 10000);
  char run[DH_RUN_ID];

  for (struct dh_sup_worker *w = s->workers; w; w = w->next) {
    int64_t ms = w->nruns && !*w->killed_run ? on_cpu_ms(w, run) : 0;

    if (ms <= slice + GRACE_MS || !dh_sup_run_find(s, run))
      continue;
    dh_log(DH_WARN, run, "keeps worker %s for %lld s without pause: the worker is ended", w->name,
           (long long)(ms / 1000));
    memcpy(w->killed_run, run, sizeof run);
    dh_child_kill(w->child, SIGKILL);
  }
}
