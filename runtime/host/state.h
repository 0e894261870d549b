/* state.h - what the files of host/ share: the structs of a host, its runs and their tasks. Nobody outside
 * host/ includes it. A run owns one isolate (a capped Lua state); a task is one line of the run: the robot's
 * own, or a branch of together. All on the loop thread, but for the three fields that the watchdog's signal
 * handler reads. */
#ifndef DH_HOST_STATE_H
#define DH_HOST_STATE_H

#include "await.h"
#include "module.h"
#include "run.h"
#include "../base/clock.h"
#include "../base/log.h"
#include "../base/near.h"

#include <lua.h>
#include <signal.h>
#include <time.h>

enum {
  DH_MEMORY_DEFAULT = 64 << 20,
  DH_SLICE_MS = 10000,      /* on the CPU without a wait, at most */
  DH_SLICE_MOST_MS = 60000, /* that a robot may ask for */
  DH_TIME_MS = 10 * 60000,  /* in memory, at most */
  DH_RESULT_MAX = 16 << 20, /* bytes of one journaled value */
  DH_WORDS_MAX = 10000,     /* journaled words of one run */
};

struct dh_program; /* compiled files of a bundle (code.c) */
struct dh_journal;

struct dh_task {
  struct dh_run *run;
  lua_State *L;
  int anchor;           /* in the registry */
  struct dh_op *op;     /* waited for; owned by its box on the Lua stack */
  struct dh_task *next; /* of the run */
  struct dh_task *parent;
  char scope[128];
  int64_t position;
  int children;     /* branches not yet ended */
  int live;         /* > 0: inside a proof or a step: reads are not journaled */
  int shield;       /* > 0: an effect has begun: cancel waits for its proof */
  char effect[160]; /* name of the effect that has begun */
  bool cancelled, ended, pending;
  struct dh_task *next_pending;
  int rc;             /* how it ended: 0 or DH_E* */
  struct dh_err *err; /* when rc < 0 */
  struct dh_op *join; /* of a parent that waits for its branches */
};

struct dh_run {
  struct dh_host *host;
  struct dh_run *next, **at; /* of the host, and what points to this one there */
  char id[33], robot[64], *key, *period;
  int attempt;
  lua_State *L; /* the isolate's main state */
  size_t memory, memory_max;
  struct dh_program *code;
  struct dh_journal *journal;
  struct dh_task *tasks, *main, *current;
  struct dh_op *deadline;
  int64_t words;
  int64_t started_ms, time_ms, slice_ms;
  struct dh_buf input;
  int kill; /* DH_E* once the run must end; sticky, no pcall catches it */
  bool stopped, ending;
  bool tidy;   /* its garbage was collected before its first wait */
  bool begun;  /* an effect had begun when the run was ended by force; a review stands for it */
  bool orphan; /* its host was closed while its last record was on the way */
  int64_t retry_times, retry_wait_ms;
  uint64_t random[4];
  struct secret_value *secrets;
  struct dh_buf end_data;
  struct dh_err end_err;
  enum dh_outcome outcome;
  int open_reviews;
  int64_t fail_alloc,
      cancel_at; /* `deskhand test`: count down to a failing allocation, a cancelled wait; 0: none */
};

struct dh_host {
  struct dh_loop *loop;
  struct dh_port *port;
  struct dh_host_options opt;
  char *record_dir, *replay_dir;
  struct dh_run *runs;
  struct dh_program *codes;
  int n_runs;
  bool has_timer;
  bool busy; /* tasks that become ready wait in pending until whoever holds this lets go */
  struct dh_task *pending, **last_pending;
  struct dh_slabs *slabs; /* memory of its isolates */
  int64_t fail_alloc;     /* tests: given to each new run */
  uv_async_t *kick;
};

/* ---- isolate.c */
int dh_isolate_open(struct dh_run *r, struct dh_err *err);
void dh_isolate_close(struct dh_run *r);
/* Loads a file of the language (dsl) or a module's Lua half; pushes the chunk. 0 or DH_ENOENT. */
int dh_load_builtin(lua_State *L, const char *name);

/* ---- memory.c: all that isolates of a host allocate */
struct dh_slabs *dh_slabs_new(void);    /* NULL when out of memory */
void dh_slabs_free(struct dh_slabs *s); /* every isolate is closed */
/* A lua_Alloc; self is the run. What a piece really takes counts against the run's cap. */
void *dh_memory_alloc(void *self, void *p, size_t old, size_t n);

/* ---- code.c: bundles compiled once */
struct dh_program *dh_code_get(struct dh_host *h, const void *bundle, size_t n, const char *hash,
                               struct dh_err *err);
void dh_code_free_all(struct dh_host *h);
/* Pushes the compiled chunk of a bundle's file, or its text. 0, DH_ENOENT, DH_ESCRIPT (syntax: err in Lua's
 * words). */
int dh_code_push(lua_State *L, struct dh_program *c, const char *path, struct dh_err *err);
bool dh_code_text(struct dh_program *c, const char *path, const char **p, size_t *n);
/* Pushes a sorted list of the bundle's paths. */
void dh_code_paths(lua_State *L, struct dh_program *c);

const char *dh_dsl_of_word(const char *word); /* the dsl file that has a word; NULL */
void dh_push_words(lua_State *L);             /* a list of all words of the language and the modules */

/* ---- sandbox.c, libs.c, coro.c: the robot's standard library */
void dh_sandbox_open(lua_State *L);
/* Each pushes a library as robots have it. */
void dh_string_push(lua_State *L);
void dh_table_push(lua_State *L);
void dh_math_push(lua_State *L);
void dh_utf8_push(lua_State *L);
void dh_coroutine_push(lua_State *L);
void dh_texts_open(lua_State *L); /* texts.c: into the string library on top of the stack */
void dh_world_open(lua_State *L); /* world.c: after the base functions */
extern const luaL_Reg dh_world_funcs[];
int dh_pcall_language(lua_State *L); /* pcall as the language has it: only the end of the run passes */
bool dh_has_class(lua_State *L, int index, const char *name); /* a table with this class of the registry */
bool dh_is_control(lua_State *L, int index);                  /* an error that no pcall may keep */
/* Pushes any value as text: as tostring does, but a table, function or handle shows its type, never its
 * address. */
void dh_push_text(lua_State *L, int index);

/* ---- value.c, money.c, date.c, secret.c: money, date, file, secret, strict records */
/* Gives the value on top its class, which is made when it is first used, closed to robots. Methods without
 * "__" in front are reached through __index. */
void dh_set_class(lua_State *L, const char *name, const luaL_Reg *methods);
void dh_set_error_class(lua_State *L);
void dh_set_list_class(lua_State *L);      /* an empty list stays a list */
extern const luaL_Reg dh_schedule_funcs[]; /* schedule.c: what `check` asks of base/schedule.h */
extern const luaL_Reg dh_value_funcs[], dh_money_funcs[], dh_date_funcs[], dh_secret_funcs[];
int dh_concat_texts(lua_State *L); /* __concat of values: both sides as texts */
/* "1,250.00 EUR" -> minor units; DH_EFORMAT and why. */
int dh_money_parse(const char *s, size_t n, int64_t *minor, char currency[4], int *digits, const char **why);
bool dh_date_valid(const char *iso);
void dh_push_money(lua_State *L, int64_t minor, const char *currency, int digits);
bool dh_money_at(lua_State *L, int index, int64_t *minor, const char **currency, int *digits);
void dh_push_date(lua_State *L, const char *iso);
const char *dh_date_at(lua_State *L, int index, char out[16]); /* NULL if it is none */
void dh_push_decimal(lua_State *L, const char *text, size_t n);
const char *dh_decimal_at(lua_State *L, int index, size_t *n); /* its text; NULL if it is none */
const char *dh_secret_name(lua_State *L, int index);
void dh_make_strict(lua_State *L, int index, const char *what); /* sets the metatable */
bool dh_is_strict(lua_State *L, int index);
void dh_make_file(lua_State *L, int index);
bool dh_is_file(lua_State *L, int index);
int dh_secret_put(struct dh_run *r, const char *name, const char *value, size_t n);
void dh_secrets_free(struct dh_run *r);

/* ---- conv.c */
enum dh_secret_mode { DH_SECRET_REFUSE, DH_SECRET_NAME, DH_SECRET_REVEAL };
int dh_cbor_protected(lua_State *L); /* (value, light dh_buf): for lua_pcall */
void dh_to_cbor_mode(lua_State *L, int index, struct dh_buf *out, enum dh_secret_mode mode);

/* ---- await.c */
int dh_await_then(lua_State *L, struct dh_op *op, lua_KContext ctx, lua_KFunction then);
void dh_await_drop(struct dh_task *t); /* ends what the task waits for, without waking it */
bool dh_waits(lua_State *L);           /* the thread has yielded to the host */
void dh_set_waits(lua_State *L, bool waits);
lua_State *dh_resumer(lua_State *L); /* who resumed this coroutine of a robot; NULL for a task's own thread */
void dh_set_resumer(lua_State *L, lua_State *resumer);
extern const char dh_await_mark; /* its address is yielded by every wait */
/* How a task ended that no error of Lua ended. */
enum { DH_TASK_CALLED_OFF = 100, DH_TASK_YIELDED };
/* L: the thread that runs; raises when Lua has no memory. NULL: the process has none. */
struct dh_task *dh_task_new(lua_State *L, struct dh_task *parent, const char *scope);
struct dh_task *dh_task_current(lua_State *L); /* raises when none runs: the robot is being loaded */
void dh_task_ready(struct dh_task *t); /* resumes it now, or as soon as the task that runs has stopped */
void dh_task_drain(struct dh_host *h);
void dh_task_end(struct dh_task *t); /* it will not be resumed again; what it waits for is called off */
void dh_task_free(struct dh_task *t);
void dh_task_cancel(struct dh_task *t);
/* ---- run.c */
void dh_run_free(struct dh_run *r); /* takes it out of its host, unless that is closed already */
void dh_run_end_tasks(
    struct dh_run *r); /* none is resumed again: before the state closes, whose boxes hold their ops */
void dh_run_stop_deadline(struct dh_run *r);
void dh_run_kill(struct dh_run *r, int code);
void dh_run_restart_clock(struct dh_run *r); /* after time_ms has changed */
/* ---- run_end.c */
void dh_run_task_ended(struct dh_run *r, struct dh_task *t, int status); /* status: LUA_* or DH_TASK_* */

/* ---- error.c */
/* err from the error value on top of L (popped); where from L's stack. Never raises. */
void dh_err_of_lua(lua_State *L, struct dh_err *err);
/* "file:line" of the innermost robot frame of L and its resumers; "" when there is none. */
void dh_where(lua_State *L, char *out, size_t size);

/* ---- branch.c: together */
void dh_branch_ended(struct dh_task *t);
void dh_branch_cancel(struct dh_task *parent); /* its branches */
extern const luaL_Reg dh_branch_funcs[], dh_lend_funcs[], dh_testing_funcs[];

/* ---- watch.c */
int dh_watch_open(struct dh_host *h, struct dh_err *err);
void dh_watch_close(struct dh_host *h);
void dh_watch_begin(struct dh_host *h, struct dh_run *r, lua_State *L);
void dh_watch_again(struct dh_run *r); /* its limits have changed: if it has the CPU, they count from now */
void dh_watch_end(struct dh_host *h);
extern lua_State *volatile dh_running; /* the thread that runs now, for the signal handler */

/* ---- journal.c */
struct dh_journal *dh_journal_new(const void *p, size_t n, struct dh_err *err); /* of standing records */
void dh_journal_free(struct dh_journal *j);
const struct dh_record *dh_journal_at(const struct dh_journal *j, const char *scope, int64_t position);
const struct dh_record *dh_journal_named(const struct dh_journal *j, enum dh_record_kind k, const char *name);
/* The next review at or behind *from (0 at first) that nobody has answered, in scopes that begin so; not
 * those that ask about an effect. NULL: no more. */
const struct dh_record *dh_journal_asked(const struct dh_journal *j, const char *prefix, size_t *from);
int64_t dh_journal_last(const struct dh_journal *j, const char *scope); /* highest position, 0 */
int dh_journal_count(const struct dh_journal *j);

/* ---- core.c, record.c: functions for dsl and the Lua halves of modules */
extern const luaL_Reg dh_record_funcs[];
void dh_core_open(lua_State *L); /* preloads "core.host" */

struct dh_run *dh_run_from(lua_State *L); /* by the allocator's userdata; cheap */

#endif
