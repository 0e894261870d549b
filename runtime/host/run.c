/* run.c - hosts, and the life of a run in memory: begun, ended from outside, freed. How a run ends is
 * run_end.c's. */
#include "state.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>

/* ---- the host */

static void kicked(uv_async_t *a)
{
  dh_task_drain(a->data);
}

static void freed(uv_handle_t *h)
{
  free(h);
}

int dh_host_open(struct dh_loop *loop, struct dh_port *port, const struct dh_host_options *o,
                 struct dh_host **out, struct dh_err *err)
{
  struct dh_host *h = calloc(1, sizeof *h);
  int rc;

  if (!h || !(h->kick = malloc(sizeof *h->kick)) || !(h->slabs = dh_slabs_new())) {
    if (h)
      free(h->kick);
    free(h);
    return dh_err_set(err, DH_ENOMEM, "no memory for a host");
  }
  h->loop = loop;
  h->port = port;
  h->opt = *o;
  h->last_pending = &h->pending;
  uv_async_init(&loop->uv, h->kick, kicked);
  uv_unref((uv_handle_t *)h->kick);
  h->kick->data = h;
  h->record_dir = o->record_dir ? strdup(o->record_dir) : NULL;
  h->replay_dir = o->replay_dir ? strdup(o->replay_dir) : NULL;
  rc = dh_watch_open(h, err);
  if (rc)
    dh_host_close(&h);
  *out = h;
  return rc;
}

void dh_run_stop_deadline(struct dh_run *r)
{
  struct dh_op *old = r->deadline;

  r->deadline = NULL;
  if (!old)
    return;
  old->notify = NULL;
  dh_op_cancel(old);
  dh_op_release(old);
}

/* No task is resumed again, and nothing of them goes on: before the state closes, whose boxes hold their ops.
 */
void dh_run_end_tasks(struct dh_run *r)
{
  for (struct dh_task *t = r->tasks; t; t = t->next)
    dh_task_end(t);
}

static void unlink_run(struct dh_run *r)
{
  *r->at = r->next;
  if (r->next)
    r->next->at = r->at;
  r->host->n_runs--;
}

/* Takes a run out of its host; what is left needs the host no more. */
static void leave_host(struct dh_run *r)
{
  unlink_run(r);
  dh_run_end_tasks(r);
  dh_isolate_close(r);
  while (r->tasks) {
    struct dh_task *t = r->tasks;

    r->tasks = t->next;
    dh_task_free(t);
  }
  dh_run_stop_deadline(r);
}

void dh_run_free(struct dh_run *r)
{
  if (!r->orphan)
    leave_host(r);
  dh_secrets_free(r);
  dh_journal_free(r->journal);
  dh_buf_fini(&r->input);
  dh_buf_fini(&r->end_data);
  free(r->key);
  free(r->period);
  free(r);
}

void dh_host_close(struct dh_host **hp)
{
  struct dh_host *h = *hp;

  *hp = NULL;
  if (!h)
    return;
  h->opt.ended = NULL;
  h->busy = true; /* nothing is resumed any more */
  while (h->runs) {
    struct dh_run *r = h->runs;

    if (r->ending) { /* its last record's answer is still to come, and frees it */
      leave_host(r);
      r->orphan = true;
      continue;
    }
    dh_run_free(r);
  }
  dh_watch_close(h);
  dh_code_free_all(h);
  dh_slabs_free(h->slabs);
  uv_close((uv_handle_t *)h->kick, freed);
  free(h->record_dir);
  free(h->replay_dir);
  free(h);
}

int dh_run_count(const struct dh_host *h)
{
  return h->n_runs;
}

/* ---- ended from outside */

void dh_run_kill(struct dh_run *r, int code)
{
  struct dh_host *h = r->host;
  bool held = h->busy;

  if (r->ending)
    return;
  if (!r->kill)
    r->kill = code;
  h->busy = true; /* while walking over its tasks none is resumed: their end would free them */
  for (struct dh_task *t = r->tasks; t; t = t->next)
    if (t->op && !t->join)
      dh_op_cancel(t->op); /* its task is resumed, and raises the end; one that waits for branches goes on
                              after them */
  h->busy = held;
  dh_task_drain(h);
}

void dh_run_stop(struct dh_host *h, const char *run)
{
  for (struct dh_run *r = h->runs; r; r = r->next)
    if (strcmp(r->id, run) == 0) {
      r->stopped = true;
      dh_run_kill(r, DH_ECANCELED);
      return;
    }
}

static void out_of_time(struct dh_op *op)
{
  struct dh_run *r = op->waiter;

  if (op->rc == 0)
    dh_run_kill(r, DH_ETIME);
}

/* ---- the beginning */

static void seed(struct dh_run *r)
{
  unsigned char d[DH_SHA256_BYTES];
  struct dh_sha256 s;

  dh_sha256_init(&s);
  dh_sha256_add(&s, "random", 6);
  dh_sha256_add(&s, r->id, strlen(r->id));
  dh_sha256_end(&s, d);
  memcpy(r->random, d, sizeof d);
}

static int fill(struct dh_run *r, const struct dh_run_spec *s, struct dh_err *err)
{
  snprintf(r->id, sizeof r->id, "%s", s->run);
  snprintf(r->robot, sizeof r->robot, "%s", s->robot);
  r->key = strdup(s->key ? s->key : "");
  r->period = strdup(s->period ? s->period : "");
  r->attempt = s->attempt;
  r->memory_max = s->memory ? s->memory : DH_MEMORY_DEFAULT;
  r->time_ms = s->time_ms ? s->time_ms : DH_TIME_MS;
  r->slice_ms = DH_SLICE_MS;
  r->retry_times = 3;
  r->retry_wait_ms = 60000;
  r->started_ms = dh_mono_ms();
  dh_buf_init(&r->end_data, DH_RESULT_MAX);
  dh_buf_init(&r->input, DH_RESULT_MAX);
  seed(r);
  if (!r->key || !r->period || dh_buf_put(&r->input, s->input, s->input_len))
    return dh_err_set(err, DH_ENOMEM, "no memory for a run");
  r->code = dh_code_get(r->host, s->bundle, s->bundle_len, s->bundle_hash, err);
  if (!r->code)
    return err ? err->code : DH_EFORMAT;
  r->journal = dh_journal_new(s->journal, s->journal_len, err);
  return r->journal ? 0 : err ? err->code : DH_EFORMAT;
}

/* Pushes the language's entry and its argument on a new task; protected by the caller. */
static int begin_main(lua_State *L)
{
  struct dh_run *r = dh_run_from(L);

  r->main = dh_task_new(L, NULL, "");
  if (!r->main)
    return luaL_error(L, "no memory for a task");
  if (dh_load_builtin(r->main->L, "main"))
    return luaL_error(L, "the language is not built in");
  lua_getfield(r->main->L, LUA_REGISTRYINDEX, "dh.core");
  return 0;
}

static int start_deadline(struct dh_run *r, struct dh_err *err)
{
  r->deadline = dh_timer_new(r->host->loop, r->time_ms);
  if (!r->deadline)
    return dh_err_set(err, DH_ENOMEM, "no memory for a timer");
  r->deadline->notify = out_of_time;
  r->deadline->waiter = r;
  return dh_op_start(r->deadline, err);
}

void dh_run_restart_clock(struct dh_run *r)
{
  struct dh_err err;

  dh_watch_again(r);
  if (!r->deadline)
    return;
  dh_run_stop_deadline(r);
  if (start_deadline(r, &err))
    dh_log(DH_ERROR, r->id, "%s", err.text);
}

static void write_begin(struct dh_run *r, bool resumed)
{
  struct dh_record rec = {.kind = DH_REC_BEGIN, .attempt = r->attempt, .at = dh_wall_ms()};
  struct dh_buf b;

  memcpy(rec.run, r->id, sizeof rec.run);
  dh_buf_init(&b, 256);
  dh_put_map(&b, 1);
  dh_put_kb(&b, "resumed", resumed);
  rec.data = b.data;
  rec.len = b.len;
  r->host->port->ops->record(r->host->port, &rec, NULL, NULL);
  dh_buf_fini(&b);
}

int dh_run_start(struct dh_host *h, const struct dh_run_spec *spec, struct dh_err *err)
{
  struct dh_run *r = calloc(1, sizeof *r);
  int rc;

  if (!r)
    return dh_err_set(err, DH_ENOMEM, "no memory for a run");
  r->host = h;
  r->next = h->runs;
  r->at = &h->runs;
  if (r->next)
    r->next->at = &r->next;
  h->runs = r;
  h->n_runs++;
  rc = fill(r, spec, err);
  if (!rc)
    rc = dh_isolate_open(r, err);
  if (!rc) {
    lua_pushcfunction(r->L, begin_main);
    if (lua_pcall(r->L, 0, 0, 0))
      rc = dh_err_set(err, DH_ENOMEM, "cannot begin a run: %s", lua_tostring(r->L, -1));
  }
  if (!rc)
    rc = start_deadline(r, err);
  if (rc) {
    dh_run_free(r);
    return rc;
  }
  write_begin(r, spec->resumed);
  r->main->pending = true;
  *h->last_pending = r->main;
  h->last_pending = &r->main->next_pending;
  uv_async_send(h->kick);
  return 0;
}
