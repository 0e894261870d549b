/* worker.c - the worker process: takes runs from the supervisor, gives them to the host, says how they ended.
 * Ends at once when the supervisor's socket does. */
#include "worker.h"
#include "../base/log.h"
#include "../host/run.h"
#include "claim.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { PAGE = 4096 };

struct worker {
  struct dh_worker_port port; /* first */
  struct dh_loop loop;
  struct dh_peer *peer;
  struct dh_host *host;
  struct dh_version *versions;
  int status;
};

static void fail(struct worker *w, const struct dh_err *err)
{
  dh_log(DH_ERROR, NULL, "%s", err->text);
  w->status = 1;
  dh_loop_stop(&w->loop);
}

static void send_end(struct worker *w, const char *what, const char *run, int outcome,
                     const struct dh_err *err)
{
  struct dh_buf b;

  dh_worker_port_flush(&w->port); /* in order: what the run wrote comes before its end */
  dh_buf_init(&b, 64 << 10);
  if (!dh_put_map(&b, err ? 3 : 2) && !dh_put_kt(&b, what, run) && !dh_put_ki(&b, "outcome", outcome) &&
      (!err || (!dh_put_text(&b, "error") && !dh_put_err(&b, err))))
    dh_peer_send(w->peer, 0, false, &b, NULL, 0, NULL);
  dh_buf_fini(&b);
}

static void ended(void *self, const struct dh_run_end *end)
{
  send_end(self, "ended", end->run, end->outcome, end->err);
}

static int hello(struct worker *w, const struct dh_val *v, struct dh_frame *f, struct dh_err *err)
{
  struct dh_host_options o = {.ended = ended, .self = w};
  char role[32], name[16];
  void *page;
  int rc = dh_conf_take(w->port.conf, dh_val_get(v, "conf"), err);

  if (rc || w->host)
    return rc;
  if (f->nfds < 1 ||
      (page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, f->fds[0], 0)) == MAP_FAILED)
    return dh_err_set(err, DH_EIO, "the page shared with the supervisor cannot be mapped");
  o.on_cpu = page;
  dh_val_text(v, "blobs", w->port.blobs, sizeof w->port.blobs);
  snprintf(role, sizeof role, "worker %s", dh_val_text(v, "hello", name, sizeof name));
  dh_log_open(dh_level_parse(dh_conf_get(w->port.conf, "log.level")),
              strcmp(dh_conf_get(w->port.conf, "log.format"), "json") == 0, role);
  return dh_host_open(&w->loop, &w->port.port, &o, &w->host, err);
}

static int take_bundle(struct worker *w, const struct dh_val *v, struct dh_err *err)
{
  const struct dh_val *data = dh_val_get(v, "data");
  struct dh_version *version;
  char hash[DH_SHA256_HEX];

  dh_val_text(v, "bundle", hash, sizeof hash);
  if (!data || data->type != DH_BYTES)
    return dh_err_set(err, DH_EFORMAT, "a robot without its files");
  version = dh_version_add(&w->versions, hash);
  return version && !dh_buf_put(&version->bytes, data->s, data->n)
             ? 0
             : dh_err_set(err, DH_ENOMEM, "no memory for a robot");
}

static void bytes_of(const struct dh_val *v, const char *key, const void **p, size_t *n)
{
  const struct dh_val *bytes = dh_val_get(v, key);

  *p = bytes && bytes->type == DH_BYTES ? bytes->s : NULL;
  *n = *p ? bytes->n : 0;
}

static void start(struct worker *w, const struct dh_val *v)
{
  char run[33], robot[64], hash[DH_SHA256_HEX];
  char *key = dh_val_dup(v, "key"), *period = dh_val_dup(v, "period");
  struct dh_run_spec spec = {.run = dh_val_text(v, "start", run, sizeof run),
                             .attempt = (int)dh_val_int(v, "attempt", 1),
                             .resumed = dh_val_bool(v, "resumed", false),
                             .robot = dh_val_text(v, "robot", robot, sizeof robot),
                             .key = key,
                             .period = period,
                             .bundle_hash = dh_val_text(v, "bundle", hash, sizeof hash),
                             .time_ms = dh_conf_time_ms(w->port.conf, "limit.time", 0),
                             .memory = (size_t)dh_conf_size(w->port.conf, "limit.memory", 0)};
  const struct dh_version *version;
  struct dh_err err;
  int rc = 0;

  bytes_of(v, "input", &spec.input, &spec.input_len);
  bytes_of(v, "journal", &spec.journal, &spec.journal_len);
  version = dh_version_find(w->versions, hash);
  if (!version || !w->host)
    rc = dh_err_set(&err, DH_EFORMAT, "a run came before its robot");
  if (!rc) {
    spec.bundle = version->bytes.data;
    spec.bundle_len = version->bytes.len;
    rc = dh_run_start(w->host, &spec, &err);
  }
  if (rc)
    send_end(w, "refused", run, DH_RUN_FAILED, &err);
  free(key);
  free(period);
}

static void message(struct dh_peer *p, struct dh_frame *f, void *self)
{
  struct worker *w = self;
  struct dh_val *v = NULL;
  struct dh_err err;
  char run[33];
  int rc = dh_val_parse_buf(&f->data, &v, &err);

  (void)p;
  if (!rc && dh_val_get(v, "hello"))
    rc = hello(w, v, f, &err);
  else if (!rc && dh_val_get(v, "bundle") && dh_val_get(v, "data"))
    rc = take_bundle(w, v, &err);
  else if (!rc && dh_val_get(v, "start"))
    start(w, v);
  else if (!rc && dh_val_get(v, "stop") && w->host)
    dh_run_stop(w->host, dh_val_text(v, "stop", run, sizeof run));
  free(v);
  if (rc)
    fail(w, &err);
}

/* No clean-up: what is in memory is worth nothing without a supervisor, and must not touch the outside any
 * more. */
static void closed(struct dh_peer *p, const struct dh_err *err, void *self)
{
  (void)p;
  (void)err;
  (void)self;
  _exit(0);
}

int dh_worker_main(int fd)
{
  static const struct dh_peer_events events = {message, closed};
  struct worker *w = calloc(1, sizeof *w);
  struct dh_conf *conf = NULL;
  struct dh_err err;
  int rc = w ? dh_loop_open(&w->loop, &err) : dh_err_set(&err, DH_ENOMEM, "no memory for a worker");

  prctl(PR_SET_DUMPABLE, 0); /* secrets pass through this memory */
  if (!rc)
    rc = dh_conf_new(&conf, &err);
  if (!rc)
    rc = dh_peer_open(&w->loop, fd, &events, w, &w->peer, &err);
  if (rc) {
    dh_log(DH_ERROR, NULL, "%s", err.text);
    return 1;
  }
  dh_worker_port_init(&w->port, &w->loop, w->peer, conf);
  dh_loop_run(&w->loop);
  _exit(w->status); /* see closed */
}
