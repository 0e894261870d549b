/* run.c - the life of a run in memory: begun, resumed, ended by a result, an error, a limit, or from outside;
 * its last record is durable before anybody outside learns of it. */
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

  if (!h || !(h->kick = malloc(sizeof *h->kick))) {
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

static void stop_deadline(struct dh_run *r)
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
static void end_tasks(struct dh_run *r)
{
  for (struct dh_task *t = r->tasks; t; t = t->next)
    dh_task_end(t);
}

static void unlink_run(struct dh_run *r)
{
  struct dh_host *h = r->host;

  for (struct dh_run **at = &h->runs; *at; at = &(*at)->next)
    if (*at == r) {
      *at = r->next;
      h->n_runs--;
      break;
    }
}

/* Takes a run out of its host; what is left needs the host no more. */
static void leave_host(struct dh_run *r)
{
  unlink_run(r);
  end_tasks(r);
  dh_isolate_close(r);
  while (r->tasks) {
    struct dh_task *t = r->tasks;

    r->tasks = t->next;
    dh_task_free(t);
  }
  stop_deadline(r);
}

static void run_free(struct dh_run *r)
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
    run_free(r);
  }
  dh_watch_close(h);
  dh_code_free_all(h);
  uv_close((uv_handle_t *)h->kick, freed);
  free(h->record_dir);
  free(h->replay_dir);
  free(h);
}

int dh_run_count(const struct dh_host *h)
{
  return h->n_runs;
}

/* ---- the end */

static void tell(struct dh_run *r)
{
  struct dh_run_end end = {
      .run = r->id, .outcome = r->outcome, .data = r->end_data.data, .len = r->end_data.len};
  struct dh_host *h = r->host;

  if (r->outcome == DH_RUN_FAILED || r->outcome == DH_RUN_LOST || r->outcome == DH_RUN_UNKNOWN)
    end.err = &r->end_err;
  if (h->opt.ended)
    h->opt.ended(h->opt.self, &end);
  run_free(r);
}

static void last_durable(void *self, int rc, const struct dh_err *err, int64_t lease_end)
{
  struct dh_run *r = self;

  (void)lease_end;
  if (r->orphan) {
    run_free(r);
    return;
  }
  if (rc) {
    r->outcome = DH_RUN_LOST;
    if (err)
      r->end_err = *err;
    else
      dh_err_set(&r->end_err, rc, "the end of the run could not be recorded");
  }
  tell(r);
}

static void write_last(struct dh_run *r, enum dh_record_kind kind)
{
  struct dh_record rec = {.kind = kind, .attempt = r->attempt, .at = dh_wall_ms()};

  memcpy(rec.run, r->id, sizeof rec.run);
  rec.data = r->end_data.data;
  rec.len = r->end_data.len;
  snprintf(rec.where, sizeof rec.where, "%s", r->end_err.where);
  r->host->port->ops->record(r->host->port, &rec, last_durable, r);
}

/* Retry makes sense only where another try may go another way. */
static bool hopeless(int code)
{
  return code == DH_ESCRIPT || code == DH_EUSE || code == DH_EREPLAY || code == DH_EMEMORY ||
         code == DH_EREFUSED || code == DH_EFORMAT || code == DH_ELIMIT;
}

static void put_failure(struct dh_run *r)
{
  int64_t times = r->kill || hopeless(r->end_err.code) ? 0 : r->retry_times;

  dh_put_map(&r->end_data, 2);
  dh_put_text(&r->end_data, "error");
  dh_put_err(&r->end_data, &r->end_err);
  dh_put_text(&r->end_data, "retry");
  dh_put_map(&r->end_data, 2);
  dh_put_ki(&r->end_data, "times", times);
  dh_put_ki(&r->end_data, "wait_ms", r->retry_wait_ms);
}

static void put_unknown_review(struct dh_run *r, const char *effect)
{
  struct dh_record rec = {.kind = DH_REC_REVIEW, .attempt = r->attempt, .at = dh_wall_ms()};
  struct dh_buf b;

  memcpy(rec.run, r->id, sizeof rec.run);
  snprintf(rec.name, sizeof rec.name, "%s", effect);
  snprintf(rec.word, sizeof rec.word, "effect");
  dh_buf_init(&b, 16 << 10);
  dh_put_map(&b, 2);
  dh_put_kt(&b, "effect", effect);
  dh_put_text(&b, "show");
  dh_put_err(&b, &r->end_err);
  rec.data = b.data;
  rec.len = b.len;
  r->host->port->ops->record(r->host->port, &rec, NULL, NULL);
  dh_buf_fini(&b);
}

static void end_run(struct dh_run *r)
{
  enum dh_record_kind kind = DH_REC_RESULT;

  r->ending = true;
  stop_deadline(r);
  if (r->begun && r->outcome == DH_RUN_FAILED)
    r->outcome = DH_RUN_UNKNOWN;
  end_tasks(r);
  dh_log(DH_DEBUG, r->id, "leaves memory: its isolate had %zu bytes", r->memory);
  dh_isolate_close(r);
  if (r->stopped)
    r->outcome = DH_RUN_LOST;
  switch (r->outcome) {
  case DH_RUN_DONE:
    break;
  case DH_RUN_REJECTED:
    kind = DH_REC_REJECT;
    break;
  case DH_RUN_WAITING:
    kind = DH_REC_PUTAWAY;
    dh_put_map(&r->end_data, 0);
    break;
  case DH_RUN_UNKNOWN:
    kind = DH_REC_PARKED;
    dh_put_err(&r->end_data, &r->end_err);
    break;
  case DH_RUN_FAILED:
    kind = DH_REC_FAILED;
    put_failure(r);
    break;
  case DH_RUN_LOST:
    tell(r);
    return;
  }
  write_last(r, kind);
}

static void take_result(struct dh_run *r, lua_State *L)
{
  if (!lua_checkstack(L, 4)) {
    dh_err_set(&r->end_err, DH_EMEMORY, "memory: no room for the result");
    r->outcome = DH_RUN_FAILED;
    return;
  }
  lua_settop(L, 1); /* lua_resume left the results; one counts */
  lua_pushcfunction(L, dh_cbor_protected);
  lua_insert(L, 1);
  lua_pushlightuserdata(L, &r->end_data);
  if (lua_pcall(L, 2, 0, 0) == LUA_OK) {
    r->outcome = DH_RUN_DONE;
    return;
  }
  dh_buf_clear(&r->end_data);
  dh_err_of_lua(L, &r->end_err);
  snprintf(r->end_err.where, sizeof r->end_err.where, "robot.lua");
  r->outcome = DH_RUN_FAILED;
}

static void take_error(struct dh_run *r)
{
  switch (r->end_err.code) {
  case DH_EREJECT:
    r->outcome = DH_RUN_REJECTED;
    dh_put_map(&r->end_data, 1);
    dh_put_kt(&r->end_data, "reason", r->end_err.text);
    break;
  case DH_EWAIT:
    r->outcome = DH_RUN_WAITING;
    break;
  case DH_EUNKNOWN:
    r->outcome = DH_RUN_UNKNOWN;
    break;
  default:
    r->outcome = DH_RUN_FAILED;
  }
}

static void killed_error(struct dh_run *r)
{
  char where[sizeof r->end_err.where];

  memcpy(where, r->end_err.where, sizeof where);
  if (r->kill == DH_EMEMORY) {
    dh_err_set(&r->end_err, DH_EMEMORY, "memory: the robot needs more than the %zu MB it is allowed",
               r->memory_max >> 20);
    dh_err_advice(&r->end_err, "keep less in tables, or raise limit = { memory = \"128MB\" } in robot { }");
  } else if (r->kill == DH_ETIME) {
    dh_err_set(&r->end_err, DH_ETIME,
               "time: the robot did not end in its time (%lld s in all, %lld s without a wait)",
               (long long)(r->time_ms / 1000), (long long)(r->slice_ms / 1000));
    dh_err_advice(&r->end_err,
                  "look for a loop that does not end, or raise limit = { time = \"30m\" } in robot { }");
    r->end_err.retryable = false;
  } else {
    dh_err_set(&r->end_err, r->kill, "the run was ended from outside");
  }
  memcpy(r->end_err.where, where, sizeof where);
}

/* An effect had begun when the run was ended by force: a person or the proof must say. A run that is stopped
 * from outside goes on elsewhere, and asks there. */
static void ask_for_begun_effect(struct dh_run *r, struct dh_task *t)
{
  if (!r->kill || r->kill == DH_ECANCELED || !t->shield || !*t->effect)
    return;
  t->shield = 0;
  r->begun = true;
  killed_error(r);
  put_unknown_review(r, t->effect);
}

void dh_run_task_ended(struct dh_run *r, struct dh_task *t, int status)
{
  dh_task_end(t);
  t->rc = 0;
  if (status == LUA_ERRMEM && !r->kill)
    r->kill = DH_EMEMORY;
  ask_for_begun_effect(r, t);
  if (status == LUA_OK && r->kill) /* it came to its end while it was being ended */
    status = DH_TASK_CALLED_OFF;
  if (status != LUA_OK) {
    struct dh_err err;

    if (status == DH_TASK_CALLED_OFF)
      dh_err_set(&err, DH_ECANCELED, "called off");
    else if (status == DH_TASK_YIELDED)
      dh_err_set(&err, DH_ESCRIPT, "coroutine.yield outside a coroutine");
    else
      dh_err_of_lua(t->L, &err);
    t->rc = err.code;
    if ((t->err = malloc(sizeof err)))
      *t->err = err;
  }
  if (t->parent) {
    dh_branch_ended(t);
    return;
  }
  if (t->rc == 0) {
    take_result(r, t->L);
  } else {
    if (t->err)
      r->end_err = *t->err;
    else
      dh_err_set(&r->end_err, DH_ENOMEM, "the process has no memory");
    if (r->kill)
      killed_error(r);
    take_error(r);
  }
  end_run(r);
}

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
  stop_deadline(r);
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
    run_free(r);
    return rc;
  }
  write_begin(r, spec->resumed);
  r->main->pending = true;
  *h->last_pending = r->main;
  h->last_pending = &r->main->next_pending;
  uv_async_send(h->kick);
  return 0;
}
