/* script.c - see script.h. Owns a loop, a host, the children it needs and a folder for blobs, all gone at the
 * end. */
#include "script.h"
#include "../base/clock.h"
#include "../base/log.h"
#include "../host/run.h"
#include "../store/store.h"
#include "children.h"

#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 512 << 20 };

struct player {
  struct dh_port port; /* first */
  const struct dh_conf *conf;
  struct dh_loop loop;
  struct dh_host *host;
  struct dh_children children;
  char folder[DH_PATH];
  struct dh_buf *result;
  bool ended, interrupted;
  struct dh_err err;
  uv_signal_t on_int;
};

/* ---- the port: nothing is durable, everything else is real */

struct acknowledged {
  void (*done)(void *self, int rc, const struct dh_err *err, int64_t lease_end);
  void *self;
};

static void acknowledge(struct dh_op *op)
{
  struct acknowledged *a = op->waiter;

  a->done(a->self, 0, NULL, INT64_MAX);
  free(a);
  dh_op_release(op);
}

/* The answer comes from the loop, as it does where there is a disk: the host is not called from inside
 * itself. */
static void port_record(struct dh_port *p, const struct dh_record *r,
                        void (*done)(void *self, int rc, const struct dh_err *err, int64_t lease_end),
                        void *self)
{
  struct player *player = (struct player *)p;
  struct acknowledged *a = done ? malloc(sizeof *a) : NULL;
  struct dh_op *op = a ? dh_timer_new(&player->loop, 0) : NULL;
  struct dh_err err;

  (void)r;
  if (!done)
    return;
  if (op) {
    *a = (struct acknowledged){done, self};
    op->notify = acknowledge;
    op->waiter = a;
    if (!dh_op_start(op, &err))
      return;
    dh_op_release(op);
  }
  free(a);
  dh_err_set(&err, DH_ENOMEM, "no memory for a record");
  done(self, DH_ENOMEM, &err, 0);
}

static struct dh_op *port_secret(struct dh_port *p, const char *name)
{
  struct dh_err err;

  dh_err_set(&err, DH_EREFUSED, "there is no vault here for the secret '%s'", name);
  return dh_port_op_refused(&((struct player *)p)->loop, &err);
}

static struct dh_op *port_lend(struct dh_port *p, const char *run, const char *role, const char *needs,
                               size_t n)
{
  return dh_children_lend(&((struct player *)p)->children, run, role, needs, n);
}

static void port_give_back(struct dh_port *p, struct dh_peer *peer, bool healthy)
{
  dh_children_give_back(&((struct player *)p)->children, peer, healthy);
}

static struct dh_op *port_spawn(struct dh_port *p, const char *const argv[], const char *profile, int in)
{
  return dh_children_spawn(&((struct player *)p)->children, argv, profile, in);
}

static struct dh_op *port_keep(struct dh_port *p, const void *bytes, size_t n)
{
  struct player *player = (struct player *)p;

  return dh_keep_new(&player->loop, player->folder, bytes, n);
}

static int port_path(struct dh_port *p, const char *hash, char *out, size_t size, struct dh_err *err)
{
  return dh_blob_path(((struct player *)p)->folder, hash, out, size, err);
}

static const char *port_conf(struct dh_port *p, const char *key)
{
  return dh_conf_get(((struct player *)p)->conf, key);
}

static const struct dh_port_ops port_ops = {port_record, port_secret, port_lend, port_give_back,
                                            port_spawn,  port_keep,   port_path, port_conf};

/* ---- the case */

static int put_file(struct player *p, const char *file, struct dh_buf *b, struct dh_err *err)
{
  const char *slash = strrchr(file, '/');
  char hash[DH_SHA256_HEX];
  struct dh_buf bytes;
  int64_t size;
  int rc;

  dh_buf_init(&bytes, FILE_BYTES_MAX);
  rc = dh_buf_read_file(&bytes, file, err);
  if (!rc)
    rc = dh_blob_put(p->folder, bytes.data, bytes.len, hash, err);
  size = (int64_t)bytes.len;
  dh_buf_fini(&bytes);
  if (!rc && (dh_put_text(b, "file") || dh_put_tag(b, DH_TAG_FILE) || dh_put_map(b, 3) ||
              dh_put_kt(b, "name", slash ? slash + 1 : file) || dh_put_kt(b, "sha256", hash) ||
              dh_put_ki(b, "size", size)))
    rc = dh_err_set(err, DH_ENOMEM, "no memory for a case");
  return rc;
}

static int put_case(struct player *p, const struct dh_script *s, struct dh_buf *b, struct dh_err *err)
{
  size_t n = 0;
  int rc;

  while (s->pairs && s->pairs[n])
    n++;
  rc = dh_put_map(b, n / 2 + (s->file ? 1 : 0)) ? dh_err_set(err, DH_ENOMEM, "no memory for a case") : 0;
  if (!rc && s->file)
    rc = put_file(p, s->file, b, err);
  for (size_t i = 0; !rc && i + 1 < n; i += 2)
    if (dh_put_kt(b, s->pairs[i], s->pairs[i + 1]))
      rc = dh_err_set(err, DH_ENOMEM, "no memory for a case");
  return rc;
}

/* ---- the run */

static void ended(void *self, const struct dh_run_end *end)
{
  struct player *p = self;

  if (end->outcome == DH_RUN_DONE && dh_buf_put(p->result, end->data, end->len))
    dh_err_set(&p->err, DH_ELIMIT, "the result is too large (%zu bytes)", end->len);
  else if (end->outcome == DH_RUN_WAITING)
    dh_err_set(&p->err, DH_EWAIT, "it waits for a person, and nobody can be asked here");
  else if (end->outcome != DH_RUN_DONE && end->err)
    p->err = *end->err;
  else if (end->outcome != DH_RUN_DONE)
    dh_err_set(&p->err, DH_EREJECT, "it ended without a result");
  p->ended = true;
  dh_loop_stop(&p->loop);
}

static void on_interrupt(uv_signal_t *h, int number)
{
  struct player *p = h->data;

  (void)number;
  p->interrupted = true;
  dh_loop_stop(&p->loop);
}

static int play(struct player *p, const struct dh_script *s, struct dh_err *err)
{
  struct dh_run_spec spec = {.run = "00000000000000000000000000000000",
                             .attempt = 1,
                             .robot = s->name,
                             .key = s->file ? s->file : s->name,
                             .period = "",
                             .time_ms = dh_conf_time_ms(s->conf, "limit.time", 0),
                             .memory = (size_t)dh_conf_size(s->conf, "limit.memory", 0)};
  char hash[DH_SHA256_HEX];
  struct dh_buf bundle, input;
  int rc;

  dh_buf_init(&bundle, 1 << 20);
  dh_buf_init(&input, 1 << 20);
  rc = put_case(p, s, &input, err);
  if (!rc && (dh_put_map(&bundle, 1) || dh_put_text(&bundle, "robot.lua") ||
              dh_put_bytes(&bundle, s->text, strlen(s->text))))
    rc = dh_err_set(err, DH_ENOMEM, "no memory for a script");
  if (!rc) {
    dh_sha256_hex(bundle.data, bundle.len, hash);
    spec.bundle = bundle.data;
    spec.bundle_len = bundle.len;
    spec.bundle_hash = hash;
    spec.input = input.data;
    spec.input_len = input.len;
    rc = dh_run_start(p->host, &spec, err);
  }
  while (!rc && !p->ended && !p->interrupted)
    dh_loop_run(&p->loop);
  if (!rc && p->interrupted)
    rc = dh_err_set(err, DH_ECANCELED, "interrupted");
  if (!rc && p->err.code) {
    *err = p->err;
    rc = err->code;
  }
  dh_host_close(&p->host); /* before the bundle goes */
  dh_buf_fini(&bundle);
  dh_buf_fini(&input);
  return rc;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
  (void)st;
  (void)flag;
  (void)ftw;
  return remove(path);
}

int dh_script_run(const struct dh_script *script, struct dh_buf *result, struct dh_err *err)
{
  struct player *p = calloc(1, sizeof *p);
  struct dh_host_options o = {.ended = ended, .self = p, .exit_on_hang = true};
  const char *tmp = getenv("TMPDIR");
  int rc;

  if (!p)
    return dh_err_set(err, DH_ENOMEM, "no memory to run a script");
  p->port.ops = &port_ops;
  p->conf = script->conf;
  p->result = result;
  snprintf(p->folder, sizeof p->folder, "%s/deskhand-XXXXXX", tmp && *tmp == '/' ? tmp : "/tmp");
  rc = mkdtemp(p->folder) ? dh_loop_open(&p->loop, err)
                          : dh_err_errno(err, "no folder for passing files can be made");
  if (rc) {
    free(p);
    return rc;
  }
  uv_signal_init(&p->loop.uv, &p->on_int);
  p->on_int.data = p;
  uv_signal_start(&p->on_int, on_interrupt, SIGINT);
  uv_unref((uv_handle_t *)&p->on_int);
  dh_children_init(&p->children, &p->loop, script->conf, -1);
  rc = dh_host_open(&p->loop, &p->port, &o, &p->host, err);
  if (!rc)
    rc = play(p, script, err);
  dh_host_close(&p->host);
  dh_children_close(&p->children);
  uv_close((uv_handle_t *)&p->on_int, NULL);
  dh_loop_close(&p->loop);
  nftw(p->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
  free(p);
  return rc;
}
