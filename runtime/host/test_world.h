/* test_world.h - for the tests of the host: a port that keeps records in memory, a world that counts what was
 * done to it, and a way to run robots written as text. Everything is static: each test program has its own.
 */
#ifndef DH_HOST_TEST_WORLD_H
#define DH_HOST_TEST_WORLD_H

#include "../sched/port_op.h"
#include "state.h"

#include <lauxlib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RECORDS_MAX = 4000, KEYS_MAX = 64, BUNDLES_MAX = 300 };

struct answer {
  struct answer *next;
  void (*done)(void *self, int rc, const struct dh_err *err, int64_t lease_end);
  void *self;
  int rc;
};

struct end {
  bool told;
  enum dh_outcome outcome;
  struct dh_err err;
  char json[4096];
};

struct world {
  struct dh_port port; /* first: the host knows the world by it */
  struct dh_loop loop;
  struct dh_host *host;
  uv_async_t answers_wait;
  struct answer *answers, **last_answer;
  bool hold; /* answers of commits are kept back */
  struct dh_record records[RECORDS_MAX];
  int n, crash_at; /* after so many records the process is as good as dead; -1: never */
  char keys[KEYS_MAX][80];
  int counts[KEYS_MAX], n_keys;
  int looks;  /* live looks at the world */
  bool blind; /* the world cannot be looked at */
  const char *zone;
  struct dh_buf bundles[BUNDLES_MAX];
  int n_bundles;
  int64_t time_ms;
  size_t memory;
  struct end ends[8]; /* by number of the run: its id's last digit */
};

static const char canary[] = "c4n4ry-7f3e91d2b5a80466";

static int *count_of(struct world *w, const char *key)
{
  for (int i = 0; i < w->n_keys; i++)
    if (strcmp(w->keys[i], key) == 0)
      return &w->counts[i];
  assert_true(w->n_keys < KEYS_MAX);
  snprintf(w->keys[w->n_keys], sizeof w->keys[0], "%s", key);
  return &w->counts[w->n_keys++];
}

static void drop_records(struct world *w, int from)
{
  while (w->n > from)
    free((void *)w->records[--w->n].data);
}

static void give_answers(uv_async_t *a)
{
  struct world *w = a->data;

  while (w->answers && !w->hold) {
    struct answer *x = w->answers;

    w->answers = x->next;
    if (!w->answers)
      w->last_answer = &w->answers;
    x->done(x->self, x->rc, NULL, INT64_MAX);
    free(x);
  }
}

static void fake_record(struct dh_port *p, const struct dh_record *r,
                        void (*done)(void *self, int rc, const struct dh_err *err, int64_t lease_end),
                        void *self)
{
  struct world *w = (struct world *)p;
  bool dead = w->crash_at >= 0 && w->n >= w->crash_at;
  struct answer *x;

  if (dead) {
    dh_run_stop(w->host, r->run);
  } else {
    char *copy = malloc(r->len + 1);

    assert_true(w->n < RECORDS_MAX);
    if (r->len)
      memcpy(copy, r->data, r->len);
    w->records[w->n] = *r;
    w->records[w->n++].data = copy;
  }
  if (!done)
    return;
  x = calloc(1, sizeof *x);
  x->done = done;
  x->self = self;
  x->rc = dead ? DH_ECLOSED : 0;
  *w->last_answer = x;
  w->last_answer = &x->next;
  uv_async_send(&w->answers_wait);
}

static int text_start(struct dh_op *op, struct dh_err *err)
{
  (void)err;
  dh_op_done(op, 0, NULL);
  return 0;
}

static struct dh_op *fake_secret(struct dh_port *p, const char *name)
{
  static const struct dh_op_class cls = {
      .name = "secret", .size = sizeof(struct dh_port_op), .start = text_start, .fini = dh_port_op_fini};
  struct dh_port_op *op = dh_port_op_new(&((struct world *)p)->loop, &cls, 4096);

  (void)name;
  if (op)
    dh_buf_put(&op->text, canary, strlen(canary));
  return (struct dh_op *)op;
}

static const char *fake_conf(struct dh_port *p, const char *key)
{
  return strcmp(key, "zone") == 0 ? ((struct world *)p)->zone : NULL;
}

static const struct dh_port_ops fake_ops = {.record = fake_record, .secret = fake_secret, .conf = fake_conf};

/* world(verb, key): act counts, seen shows whether anything was counted, look is a value that changes at
 * every look, wait takes key ms, spin never returns. */
static int l_world_verb(lua_State *L)
{
  struct world *w = (struct world *)dh_port_of(L);
  const char *verb = luaL_checkstring(L, 1);

  if (strcmp(verb, "wait") == 0)
    return dh_await(L, dh_op_adopt(L, dh_timer_new(&w->loop, luaL_checkinteger(L, 2))));
  if (strcmp(verb, "act") == 0) {
    ++*count_of(w, luaL_checkstring(L, 2));
    return 0;
  }
  if (strcmp(verb, "look") == 0) {
    lua_pushinteger(L, ++w->looks);
    return 1;
  }
  if (strcmp(verb, "spin") == 0)
    for (volatile int x = 0;; x++)
      ;
  if (w->blind)
    return luaL_error(L, "the world does not answer");
  if (*count_of(w, luaL_checkstring(L, 2)) == 0)
    return 0;
  lua_createtable(L, 0, 1);
  lua_pushvalue(L, 2);
  lua_setfield(L, -2, "entry");
  return 1;
}

static void told(void *self, const struct dh_run_end *e)
{
  struct world *w = self;
  struct end *x = &w->ends[e->run[31] - '0'];
  struct dh_val *v;
  struct dh_buf b;

  x->told = true;
  x->outcome = e->outcome;
  memset(&x->err, 0, sizeof x->err);
  if (e->err)
    x->err = *e->err;
  dh_buf_init(&b, sizeof x->json - 1);
  if (e->len && !dh_val_parse(e->data, e->len, &v, NULL)) {
    dh_val_json(&b, v, false);
    free(v);
  }
  snprintf(x->json, sizeof x->json, "%s", b.len ? b.data : "");
  dh_buf_fini(&b);
}

static struct world *world_open(bool exit_on_hang)
{
  struct world *w = calloc(1, sizeof *w);
  struct dh_host_options o = {.ended = told, .self = w, .exit_on_hang = exit_on_hang};

  w->port.ops = &fake_ops;
  w->last_answer = &w->answers;
  w->crash_at = -1;
  w->zone = "UTC";
  assert_int_equal(dh_loop_open(&w->loop, NULL), 0);
  uv_async_init(&w->loop.uv, &w->answers_wait, give_answers);
  w->answers_wait.data = w;
  assert_int_equal(dh_host_open(&w->loop, &w->port, &o, &w->host, NULL), 0);
  return w;
}

static void world_close(struct world *w)
{
  dh_host_close(&w->host);
  w->hold = false;
  give_answers(&w->answers_wait);
  assert_null(w->answers);
  drop_records(w, 0);
  uv_close((uv_handle_t *)&w->answers_wait, NULL);
  assert_int_equal(dh_loop_close(&w->loop), 0); /* no handle is left */
  assert_int_equal(w->loop.ops, 0);
  for (int i = 0; i < w->n_bundles; i++)
    dh_buf_fini(&w->bundles[i]);
  free(w);
}

static void put_journal(struct world *w, int standing, struct dh_buf *b)
{
  dh_buf_init(b, 64 << 20);
  dh_put_list(b, (size_t)standing);
  for (int i = 0; i < standing; i++)
    assert_int_equal(dh_record_put(b, &w->records[i]), 0);
}

/* The fake world's word, beside those of the language. */
static void add_word(struct dh_run *r)
{
  int64_t fail_alloc = r->fail_alloc;

  r->fail_alloc = 0;
  lua_getfield(r->L, LUA_REGISTRYINDEX, "dh.base");
  lua_pushcfunction(r->L, l_world_verb);
  lua_setfield(r->L, -2, "world");
  lua_pop(r->L, 1);
  r->fail_alloc = fail_alloc;
}

/* Starts run `number` (0 to 7) of a robot whose text is given, on the first `standing` records as its
 * journal. */
static int start(struct world *w, int number, const char *text, int standing, struct dh_err *err)
{
  struct dh_run_spec s = {
      .robot = "test", .key = "K-1", .period = "", .attempt = 1, .time_ms = w->time_ms, .memory = w->memory};
  struct dh_buf *bundle = &w->bundles[w->n_bundles++], journal;
  char hash[DH_SHA256_HEX], id[33];
  int rc;

  assert_true(w->n_bundles < BUNDLES_MAX);
  dh_buf_init(bundle, 1 << 20);
  dh_put_map(bundle, 1);
  dh_put_text(bundle, "robot.lua");
  dh_put_text(bundle, text);
  dh_sha256_hex(bundle->data, bundle->len, hash);
  put_journal(w, standing, &journal);
  snprintf(id, sizeof id, "%031d%d", 0, number);
  s.run = id;
  s.bundle = bundle->data;
  s.bundle_len = bundle->len;
  s.bundle_hash = hash;
  s.journal = journal.data;
  s.journal_len = journal.len;
  memset(&w->ends[number], 0, sizeof w->ends[number]);
  rc = dh_run_start(w->host, &s, err);
  dh_buf_fini(&journal);
  if (rc)
    return rc;
  add_word(w->host->runs);
  return 0;
}

static struct end *await_end(struct world *w, int number)
{
  while (!w->ends[number].told)
    uv_run(&w->loop.uv, UV_RUN_ONCE);
  return &w->ends[number];
}

/* "function run(case) BODY end" behind a declaration. */
static const char *robot(const char *body)
{
  static char text[16384];

  snprintf(text, sizeof text, "robot { about = 'a test' }\nfunction run(case)\n%s\nend\n", body);
  return text;
}

/* Runs a robot to the end of its stay in memory, on the first `standing` records. */
__attribute__((unused)) static struct end *run_on(struct world *w, const char *text, int standing)
{
  struct dh_err err;

  drop_records(w, standing);
  if (start(w, 0, text, standing, &err))
    fail_msg("the run did not start: %s", err.text);
  return await_end(w, 0);
}

__attribute__((unused)) static int count_records(struct world *w, enum dh_record_kind kind, const char *name)
{
  int n = 0;

  for (int i = 0; i < w->n; i++)
    n += w->records[i].kind == kind && (!name || strcmp(w->records[i].name, name) == 0);
  return n;
}

static const char *outcome_name(enum dh_outcome o)
{
  static const char *const names[] = {"done", "rejected", "failed", "waiting", "unknown", "lost"};

  return names[o];
}

/* Says what differs; a table of rows shows all of its failures at once. */
static bool matches(struct end *e, enum dh_outcome outcome, const char *part, const char *what)
{
  char all[8192];

  snprintf(all, sizeof all, "%s | %s | %s | %s | %s", e->json, e->err.text, e->err.seen, e->err.advice,
           e->err.where);
  if (e->outcome == outcome && strstr(all, part))
    return true;
  print_error("%s\n  ended:  %s: %s\n  wanted: %s: %s\n", what, outcome_name(e->outcome), all,
              outcome_name(outcome), part);
  return false;
}

static void expect(struct end *e, enum dh_outcome outcome, const char *part, const char *what)
{
  if (!matches(e, outcome, part, what))
    fail();
}

/* A robot's function enter(name): an effect whose proof looks at the world. */
#define ENTER                                                                        \
  "local function enter(name, ms) return effect(name, { values = { name = name },\n" \
  "proof = function() return world('seen', name) end,\n"                             \
  "act = function() if ms then world('wait', ms) end world('act', name) end }) end\n"

#endif
