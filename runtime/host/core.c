/* core.c - "core.host": what the language (dsl) and the Lua halves of modules may ask of the host. The
 * journal's mechanism is here; its rules (what is read, what is an effect) are in dsl. */
#include "../base/zone.h"
#include "modules.h"
#include "state.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

static struct dh_task *current(lua_State *L)
{
  struct dh_task *t = dh_run_from(L)->current;

  if (!t)
    luaL_error(L, "this word is known only inside run");
  return t;
}

static void hash_value(lua_State *L, int index, const char *word, char out[DH_SHA256_HEX])
{
  struct dh_buf *b = dh_buf_box(L, DH_RESULT_MAX);
  unsigned char d[DH_SHA256_BYTES];
  struct dh_sha256 s;

  dh_to_cbor_mode(L, index, b, DH_SECRET_NAME);
  dh_sha256_init(&s);
  dh_sha256_add(&s, word, strlen(word) + 1);
  dh_sha256_add(&s, b->data, b->len);
  dh_sha256_end(&s, d);
  dh_hex(d, sizeof d, out);
  dh_buf_fini(b);
  lua_pop(L, 1);
}

/* _hash(word, value) -> 64 digits */
static int l_hash(lua_State *L)
{
  char hash[DH_SHA256_HEX];

  hash_value(L, 2, luaL_checkstring(L, 1), hash);
  lua_pushstring(L, hash);
  return 1;
}

/* ---- the journal: what stands */

static int other_way(lua_State *L, const struct dh_record *was, const char *word)
{
  struct dh_err err;

  dh_err_set(&err, DH_EREPLAY, "this run went another way than before the crash: then %s%s%s, now %s",
             was->word, *was->name ? " " : "", was->name, word);
  dh_err_seen(&err, "then it stood at %s", *was->where ? was->where : "an unknown line");
  dh_err_advice(
      &err,
      "this line depends on something the journal does not know: use now(), today(), a read or step for it");
  dh_where(L, err.where, sizeof err.where);
  return dh_raise(L, &err);
}

static void next_place(lua_State *L, struct dh_task *t)
{
  if (++t->run->words > DH_WORDS_MAX)
    luaL_error(L,
               "over %d words in one run\ndo: make cases of the loop (cases = { from = … }), or put the run "
               "away with wait",
               DH_WORDS_MAX);
  t->position++;
}

/* _answer(word, args) -> true, value, hash, position | false, nil, hash, position
 * Takes the next place of the scope. Raises when another word stood there. A journaled error is returned as a
 * value; dsl raises it again. */
static int l_answer(lua_State *L)
{
  const char *word = luaL_checkstring(L, 1);
  struct dh_task *t = current(L);
  const struct dh_record *rec;
  char hash[DH_SHA256_HEX];

  hash_value(L, 2, word, hash);
  next_place(L, t);
  rec = dh_journal_at(t->run->journal, t->scope, t->position);
  if (rec && (strcmp(rec->word, word) != 0 || strcmp(rec->hash, hash) != 0))
    return other_way(L, rec, word);
  lua_pushboolean(L, rec != NULL);
  if (rec)
    dh_push_cbor(L, rec->data, rec->len);
  else
    lua_pushnil(L);
  lua_pushstring(L, hash);
  lua_pushinteger(L, t->position);
  return 4;
}

/* _place(word, name | nil) -> position, kind of what stands there | nil. For words that are found by name:
 * takes the next place and checks what stood there; for a new effect also that no journaled word of the scope
 * is still unread. */
static int l_place(lua_State *L)
{
  const char *word = luaL_checkstring(L, 1), *name = luaL_optstring(L, 2, NULL);
  bool all_read = lua_toboolean(L, 3);
  struct dh_task *t = current(L);
  const struct dh_record *rec, *here;

  next_place(L, t);
  here = rec = dh_journal_at(t->run->journal, t->scope, t->position);
  if (!rec && all_read && dh_journal_last(t->run->journal, t->scope) > t->position)
    rec = dh_journal_at(t->run->journal, t->scope, dh_journal_last(t->run->journal, t->scope));
  if (rec && (strcmp(rec->word, word) != 0 || (name && strcmp(rec->name, name) != 0)))
    return other_way(L, rec, name ? lua_pushfstring(L, "%s %s", word, name) : word);
  lua_pushinteger(L, t->position);
  lua_pushstring(L, here ? dh_record_kind_name(here->kind) : NULL);
  return 2;
}

static const struct {
  const char *name;
  enum dh_record_kind kind;
} kinds[] = {{"read", DH_REC_READ},       {"step", DH_REC_STEP},         {"log", DH_REC_LOG},
             {"intent", DH_REC_INTENT},   {"confirm", DH_REC_CONFIRM},   {"void", DH_REC_VOID},
             {"review", DH_REC_REVIEW},   {"withdraw", DH_REC_WITHDRAW}, {"wait", DH_REC_WAIT},
             {"picture", DH_REC_PICTURE}, {"answer", DH_REC_ANSWER}};

static enum dh_record_kind kind_at(lua_State *L, int index)
{
  const char *name = luaL_checkstring(L, index);

  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (strcmp(kinds[i].name, name) == 0)
      return kinds[i].kind;
  return (enum dh_record_kind)luaL_argerror(L, index, "a kind of record");
}

/* _standing(kind, name) -> {data, hash, at, scope, position, where} | nil: the newest of that kind and name.
 */
static int l_standing(lua_State *L)
{
  const struct dh_record *rec =
      dh_journal_named(dh_run_from(L)->journal, kind_at(L, 1), luaL_checkstring(L, 2));

  if (!rec)
    return 0;
  lua_createtable(L, 0, 6);
  dh_push_cbor(L, rec->data, rec->len);
  lua_setfield(L, -2, "data");
  lua_pushstring(L, rec->hash);
  lua_setfield(L, -2, "hash");
  lua_pushinteger(L, rec->at);
  lua_setfield(L, -2, "at");
  lua_pushstring(L, rec->scope);
  lua_setfield(L, -2, "scope");
  lua_pushinteger(L, rec->position);
  lua_setfield(L, -2, "position");
  lua_pushstring(L, rec->where);
  lua_setfield(L, -2, "where");
  return 1;
}

/* ---- the journal: what is added */

struct commit {
  struct dh_op op;
  struct dh_port *port;
  struct dh_record rec;
  struct dh_buf data;
  int64_t lease_end;
};

static void field(lua_State *L, const char *key, char *out, size_t size)
{
  lua_getfield(L, 2, key);
  snprintf(out, size, "%s", lua_isnil(L, -1) ? "" : luaL_tolstring(L, -1, NULL));
  lua_settop(L, 3);
}

/* Fills the record from (kind, {word, name, hash, position, data}) at 1 and 2; data's bytes go to b, boxed
 * at 3. */
static void read_record(lua_State *L, struct dh_record *rec, struct dh_buf *b)
{
  struct dh_run *r = dh_run_from(L);

  memset(rec, 0, sizeof *rec);
  rec->kind = kind_at(L, 1);
  memcpy(rec->run, r->id, sizeof rec->run);
  rec->attempt = r->attempt;
  rec->at = dh_wall_ms();
  field(L, "word", rec->word, sizeof rec->word);
  field(L, "name", rec->name, sizeof rec->name);
  field(L, "hash", rec->hash, sizeof rec->hash);
  field(L, "where", rec->where, sizeof rec->where);
  if (!*rec->where)
    dh_where(L, rec->where, sizeof rec->where);
  snprintf(rec->scope, sizeof rec->scope, "%s", r->current ? r->current->scope : "");
  lua_getfield(L, 2, "position");
  rec->position = lua_tointeger(L, -1);
  lua_getfield(L, 2, "data");
  dh_to_cbor_mode(L, -1, b, DH_SECRET_NAME);
  lua_settop(L, 3);
  rec->data = b->data;
  rec->len = b->len;
}

static void not_waited(void *self, int rc, const struct dh_err *err, int64_t lease_end)
{
  (void)lease_end;
  if (rc)
    dh_log(DH_ERROR, self, "a record was refused: %s", err ? err->text : dh_err_name(rc));
  free(self);
}

/* _record(kind, {word, name, hash, position, data, where}, plain?): added to the run's stream; nobody waits.
 * A refusal is logged here and ends the run at its next urgent record. With plain -> data as a later reading
 * gives it. */
static int l_record(lua_State *L)
{
  struct dh_port *port = dh_port_of(L);
  struct dh_record rec;
  struct dh_buf *b;
  bool plain = lua_toboolean(L, 3);

  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  b = dh_buf_box(L, DH_RESULT_MAX);
  read_record(L, &rec, b);
  port->ops->record(port, &rec, not_waited, strdup(rec.run));
  if (plain)
    dh_push_cbor(L, b->data, b->len);
  dh_buf_fini(b);
  return plain;
}

static void durable(void *self, int rc, const struct dh_err *err, int64_t lease_end)
{
  struct commit *c = self;

  c->lease_end = lease_end;
  dh_op_done(&c->op, rc, err);
  dh_op_release(&c->op);
}

static int commit_start(struct dh_op *op, struct dh_err *err)
{
  struct commit *c = (struct commit *)op;

  (void)err;
  dh_op_ref(op); /* until the port has answered */
  c->port->ops->record(c->port, &c->rec, durable, c);
  return 0;
}

static int commit_push(lua_State *L, struct dh_op *op)
{
  lua_pushinteger(L, ((struct commit *)op)->lease_end);
  return 1;
}

static void commit_fini(struct dh_op *op)
{
  dh_buf_fini(&((struct commit *)op)->data);
}

static const struct dh_op_class commit_class = {.name = "commit",
                                                .size = sizeof(struct commit),
                                                .start = commit_start,
                                                .push = commit_push,
                                                .fini = commit_fini};

/* _commit(kind, {…}) -> lease end | nil, err: added, and waited for until it is durable. */
static int l_commit(lua_State *L)
{
  struct commit *c;

  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  c = (struct commit *)dh_op_box(L, &commit_class);
  dh_buf_init(&c->data, DH_RESULT_MAX);
  read_record(L, &c->rec, &c->data);
  c->port = dh_port_of(L);
  return dh_await(L, &c->op);
}

/* ---- the task */

/* _live(n) -> was: reads are live (not journaled) while the count is above 0. */
static int l_live(lua_State *L)
{
  struct dh_task *t = current(L);

  t->live += (int)luaL_optinteger(L, 1, 0);
  lua_pushboolean(L, t->live > 0);
  return 1;
}

/* _shield(effect | nil): from here the task is not cancelled; nil ends it. */
static int l_shield(lua_State *L)
{
  struct dh_task *t = current(L);

  snprintf(t->effect, sizeof t->effect, "%s", luaL_optstring(L, 1, ""));
  t->shield = *t->effect != '\0';
  return 0;
}

static int l_scope(lua_State *L)
{
  lua_pushstring(L, current(L)->scope);
  return 1;
}

/* _where() -> "robot.lua:12" */
static int l_where(lua_State *L)
{
  char where[160];

  dh_where(L, where, sizeof where);
  lua_pushstring(L, where);
  return 1;
}

/* _timer(ms): waits. */
static int l_timer(lua_State *L)
{
  lua_Integer ms = luaL_checkinteger(L, 1);

  return dh_await(L, dh_op_adopt(L, dh_timer_new(dh_loop_of(L), ms)));
}

static int l_now(lua_State *L)
{
  lua_pushinteger(L, dh_wall_ms());
  lua_pushinteger(L, dh_mono_ms());
  return 2;
}

/* The iterators of the for loops that run in a thread now, innermost first, are added to the list at 1. What
 * the compiler calls "(for state)" is gone when the loop is left, however it is left. */
static void add_loops(lua_State *L, lua_State *thread)
{
  lua_Debug ar;

  if (!lua_checkstack(thread, 2))
    luaL_error(L, "no memory for names");
  for (int level = 0; lua_getstack(thread, level, &ar); level++) {
    int n = 0;

    while (lua_getlocal(thread, &ar, n + 1)) {
      lua_pop(thread, 1);
      n++;
    }
    for (; n > 0; n--) {
      const char *name = lua_getlocal(thread, &ar, n);

      if (strcmp(name, "(for state)") == 0 && lua_isfunction(thread, -1)) {
        lua_xmove(thread, L, 1);
        lua_rawseti(L, 1, (lua_Integer)lua_rawlen(L, 1) + 1);
      } else {
        lua_pop(thread, 1);
      }
    }
  }
}

/* _loops() -> iterators of all for loops around this call, innermost first, also those around its coroutine
 */
static int l_loops(lua_State *L)
{
  lua_settop(L, 0);
  lua_newtable(L);
  for (lua_State *thread = L; thread; thread = dh_resumer(thread))
    add_loops(L, thread);
  return 1;
}

/* _local(wall ms, zone) -> "2026-11-24", "13:25:12", "+08:00" | nil when there is no such zone */
static int l_local(lua_State *L)
{
  struct dh_local t;
  struct dh_err err;
  char text[32];

  if (dh_zone_local(luaL_checkstring(L, 2), luaL_checkinteger(L, 1), &t, &err))
    return 0;
  snprintf(text, sizeof text, "%04d-%02d-%02d", t.year, t.month, t.day);
  lua_pushstring(L, text);
  snprintf(text, sizeof text, "%02d:%02d:%02d", t.hour, t.minute, t.second);
  lua_pushstring(L, text);
  snprintf(text, sizeof text, "%c%02d:%02d", t.offset_s < 0 ? '-' : '+', abs(t.offset_s) / 3600,
           abs(t.offset_s) / 60 % 60);
  lua_pushstring(L, text);
  return 3;
}

/* _duration("3d") -> ms | nil */
static int l_duration(lua_State *L)
{
  int64_t ms = dh_duration_ms(luaL_checkstring(L, 1));

  if (ms < 0)
    return 0;
  lua_pushinteger(L, ms);
  return 1;
}

/* ---- the run and its bundle */

/* _this() -> {run, robot, key, period, attempt, case} */
static int l_this(lua_State *L)
{
  struct dh_run *r = dh_run_from(L);

  lua_createtable(L, 0, 6);
  lua_pushstring(L, r->id);
  lua_setfield(L, -2, "run");
  lua_pushstring(L, r->robot);
  lua_setfield(L, -2, "robot");
  lua_pushstring(L, r->key);
  lua_setfield(L, -2, "key");
  lua_pushstring(L, r->period);
  lua_setfield(L, -2, "period");
  lua_pushinteger(L, r->attempt);
  lua_setfield(L, -2, "attempt");
  if (r->input.len)
    dh_push_cbor(L, r->input.data, r->input.len);
  else
    lua_newtable(L);
  lua_setfield(L, -2, "case");
  return 1;
}

/* _rules{times, wait_ms, time_ms, memory, slice_ms}: what robot { } declares, for the host. */
static int l_rules(lua_State *L)
{
  struct dh_run *r = dh_run_from(L);
  int64_t *const at[] = {&r->retry_times, &r->retry_wait_ms, &r->time_ms, &r->slice_ms};
  static const char *const names[] = {"times", "wait_ms", "time_ms", "slice_ms", "memory"};
  static const lua_Integer most[] = {1000, INT64_C(366) * 86400000, 86400000, DH_SLICE_MOST_MS, 1 << 30};

  for (int i = 0; i < 5; i++) {
    lua_getfield(L, 1, names[i]);
    if (lua_isinteger(L, -1)) {
      lua_Integer v = lua_tointeger(L, -1);

      if (v < 0 || v > most[i])
        return luaL_error(L, "robot { }: the limit for %s is too high (%I at most)", names[i],
                          (LUAI_UACINT)most[i]);
      if (i < 4)
        *at[i] = v;
      else
        r->memory_max = (size_t)v;
    }
    lua_pop(L, 1);
  }
  dh_run_restart_clock(r);
  return 0;
}

/* _load(path, env) -> function | nil, text: a file of the robot, compiled once per process. */
static int l_load(lua_State *L)
{
  struct dh_err err;

  if (dh_code_push(L, dh_run_from(L)->code, luaL_checkstring(L, 1), &err)) {
    lua_pushnil(L);
    lua_pushstring(L, err.code == DH_ENOENT ? "" : err.text);
    return 2;
  }
  if (lua_istable(L, 2)) {
    lua_pushvalue(L, 2);
    lua_setupvalue(L, -2, 1);
  }
  return 1;
}

/* _source(path) -> text | nil */
static int l_source(lua_State *L)
{
  const char *p;
  size_t n;

  if (!dh_code_text(dh_run_from(L)->code, luaL_checkstring(L, 1), &p, &n))
    return 0;
  lua_pushlstring(L, p, n);
  return 1;
}

static int l_paths(lua_State *L)
{
  dh_code_paths(L, dh_run_from(L)->code);
  return 1;
}

/* _builtin(name, env) -> chunk | nil: a file of the language or a module's Lua half, with env as its globals.
 */
static int l_builtin(lua_State *L)
{
  if (dh_load_builtin(L, luaL_checkstring(L, 1)))
    return 0;
  if (lua_istable(L, 2)) {
    lua_pushvalue(L, 2);
    if (!lua_setupvalue(L, -2, 1))
      lua_pop(L, 1); /* a chunk that uses no global has no such upvalue */
  }
  return 1;
}

/* _plain(value) -> the value as a later reading of the journal gives it. */
static int l_plain(lua_State *L)
{
  struct dh_buf *b = dh_buf_box(L, DH_RESULT_MAX);

  dh_to_cbor_mode(L, 1, b, DH_SECRET_NAME);
  dh_push_cbor(L, b->data, b->len);
  dh_buf_fini(b);
  return 1;
}

static int l_log(lua_State *L)
{
  int level = dh_level_parse(luaL_checkstring(L, 1));

  dh_log(level < 0 ? DH_INFO : (enum dh_level)level, dh_run_id(L), "%s", luaL_checkstring(L, 2));
  return 0;
}

/* _core(module) -> table of the module's private C functions | nil, error */
static int l_core(lua_State *L)
{
  const struct dh_module *m;
  struct dh_err err;

  if (dh_module_load(luaL_checkstring(L, 1), &m, &err))
    return dh_fail(L, &err);
  lua_newtable(L);
  if (m->funcs)
    luaL_setfuncs(L, m->funcs, 0);
  return 1;
}

/* _module_of(word) -> name | nil */
static int l_module_of(lua_State *L)
{
  lua_pushstring(L, dh_module_of_word(luaL_checkstring(L, 1)));
  return 1;
}

/* _dsl_of(word) -> name of the dsl file that has it | nil; _words() -> every word of language and modules */
static int l_dsl_of(lua_State *L)
{
  lua_pushstring(L, dh_dsl_of_word(luaL_checkstring(L, 1)));
  return 1;
}

static int l_words(lua_State *L)
{
  dh_push_words(L);
  return 1;
}

static int l_closest(lua_State *L)
{
  const char *names[512];
  size_t n = 0;
  lua_Integer count = (lua_Integer)lua_rawlen(L, 2);

  for (lua_Integer i = 1; i <= count && n < 512; i++) {
    lua_rawgeti(L, 2, i);
    if (lua_type(L, -1) == LUA_TSTRING)
      names[n++] = lua_tostring(L, -1);
    lua_pop(L, 1);
  }
  lua_pushstring(L, dh_closest(luaL_checkstring(L, 1), names, n));
  return 1;
}

static int l_conf(lua_State *L)
{
  struct dh_port *port = dh_port_of(L);

  lua_pushstring(L, port ? port->ops->conf(port, luaL_checkstring(L, 1)) : NULL);
  return 1;
}

/* _recording() -> {record = DIR} | {replay = DIR} | nil */
static int l_recording(lua_State *L)
{
  struct dh_host *h = dh_run_from(L)->host;

  if (!h->record_dir && !h->replay_dir)
    return 0;
  lua_newtable(L);
  lua_pushstring(L, h->record_dir ? h->record_dir : h->replay_dir);
  lua_setfield(L, -2, h->record_dir ? "record" : "replay");
  return 1;
}

/* _raise(error table): raises it with the robot's line in it. */
static int l_raise(lua_State *L)
{
  char where[160];

  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_getfield(L, 1, "where");
  if (lua_isnil(L, -1)) {
    dh_where(L, where, sizeof where);
    lua_pushstring(L, where);
    lua_setfield(L, 1, "where");
  }
  lua_settop(L, 1);
  luaL_setmetatable(L, "dh.error");
  return lua_error(L);
}

static int error_tostring(lua_State *L)
{
  lua_pushliteral(L, "text");
  lua_rawget(L, 1);
  return 1;
}

static const luaL_Reg funcs[] = {{"_hash", l_hash},
                                 {"_answer", l_answer},
                                 {"_place", l_place},
                                 {"_standing", l_standing},
                                 {"_record", l_record},
                                 {"_commit", l_commit},
                                 {"_live", l_live},
                                 {"_shield", l_shield},
                                 {"_scope", l_scope},
                                 {"_where", l_where},
                                 {"_loops", l_loops},
                                 {"_timer", l_timer},
                                 {"_now", l_now},
                                 {"_local", l_local},
                                 {"_duration", l_duration},
                                 {"_this", l_this},
                                 {"_rules", l_rules},
                                 {"_load", l_load},
                                 {"_source", l_source},
                                 {"_paths", l_paths},
                                 {"_builtin", l_builtin},
                                 {"_plain", l_plain},
                                 {"_log", l_log},
                                 {"_core", l_core},
                                 {"_module_of", l_module_of},
                                 {"_dsl_of", l_dsl_of},
                                 {"_words", l_words},
                                 {"_closest", l_closest},
                                 {"_conf", l_conf},
                                 {"_recording", l_recording},
                                 {"_raise", l_raise},
                                 {NULL, NULL}};

void dh_core_open(lua_State *L)
{
  luaL_newmetatable(L, "dh.error");
  lua_pushcfunction(L, error_tostring);
  lua_setfield(L, -2, "__tostring");
  lua_pushcfunction(L, dh_concat_texts);
  lua_setfield(L, -2, "__concat");
  lua_pushliteral(L, "protected");
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 1);
  luaL_newmetatable(L, "dh.list");
  lua_pushliteral(L, "protected");
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 1);
  lua_createtable(L, 0, 96); /* about what follows: growing it step by step costs more than filling it */
  luaL_setfuncs(L, funcs, 0);
  luaL_setfuncs(L, dh_value_funcs, 0);
  luaL_setfuncs(L, dh_money_funcs, 0);
  luaL_setfuncs(L, dh_date_funcs, 0);
  luaL_setfuncs(L, dh_secret_funcs, 0);
  luaL_setfuncs(L, dh_branch_funcs, 0);
  luaL_setfuncs(L, dh_lend_funcs, 0);
  luaL_setfuncs(L, dh_testing_funcs, 0);
  luaL_setfuncs(L, dh_world_funcs, 0);
  lua_pushcfunction(L, dh_pcall_language);
  lua_setfield(L, -2, "_pcall");
  lua_setfield(L, LUA_REGISTRYINDEX, "dh.core");
}
