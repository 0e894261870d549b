/* run_end.c - how a run ends: by a result, an error, a limit. Its last record is durable before anybody
 * outside learns of it. */
#include "state.h"

#include <lua.h>
#include <stdlib.h>
#include <string.h>

static void tell(struct dh_run *r)
{
  struct dh_run_end end = {
      .run = r->id, .outcome = r->outcome, .data = r->end_data.data, .len = r->end_data.len};
  struct dh_host *h = r->host;

  if (r->outcome == DH_RUN_FAILED || r->outcome == DH_RUN_LOST || r->outcome == DH_RUN_UNKNOWN)
    end.err = &r->end_err;
  if (h->opt.ended)
    h->opt.ended(h->opt.self, &end);
  dh_run_free(r);
}

static void last_durable(void *self, int rc, const struct dh_err *err, int64_t lease_end)
{
  struct dh_run *r = self;

  (void)lease_end;
  if (r->orphan) {
    dh_run_free(r);
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
  dh_run_stop_deadline(r);
  if (r->begun && r->outcome == DH_RUN_FAILED)
    r->outcome = DH_RUN_UNKNOWN;
  dh_run_end_tasks(r);
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
