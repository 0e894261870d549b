/* record.c - the journal's mechanism for the language: places in the run, what stands at them, what is added
 * and waited for. Its rules (what is read, what is an effect) are in dsl. */
#include "state.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

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

/* _hash(word, value, digits?) -> so many digits, 64 */
static int l_hash(lua_State *L)
{
  size_t digits = (size_t)(lua_isnoneornil(L, 3) ? 64 : dh_check_int(L, 3, 1, 64));
  char hash[DH_SHA256_HEX];

  hash_value(L, 2, luaL_checkstring(L, 1), hash);
  lua_pushlstring(L, hash, digits);
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
  struct dh_task *t = dh_task_current(L);
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
  struct dh_task *t = dh_task_current(L);
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

/* _asked(prefix) -> {{name, scope, position}…}: reviews that stood without an answer when the run began, in
 * scopes that begin so. */
static int l_asked(lua_State *L)
{
  const char *prefix = luaL_checkstring(L, 1);
  const struct dh_record *rec;
  size_t from = 0;
  int n = 0;

  lua_newtable(L);
  while ((rec = dh_journal_asked(dh_run_from(L)->journal, prefix, &from))) {
    lua_createtable(L, 0, 3);
    lua_pushstring(L, rec->name);
    lua_setfield(L, -2, "name");
    lua_pushstring(L, rec->scope);
    lua_setfield(L, -2, "scope");
    lua_pushinteger(L, rec->position);
    lua_setfield(L, -2, "position");
    lua_rawseti(L, -2, ++n);
  }
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
  size_t n;
  const char *s;

  *out = '\0';
  if (lua_getfield(L, 2, key) != LUA_TNIL) {
    s = luaL_tolstring(L, -1, &n);
    n = n < size ? n : size - 1;
    memcpy(out, s, n);
    out[n] = '\0';
  }
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
  if (rec->kind == DH_REC_WITHDRAW) /* written outside the branch that asked */
    field(L, "scope", rec->scope, sizeof rec->scope);
  else
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
  if (rc) /* once the store has refused one, it refuses all that follow: the end of the run says why */
    dh_log(rc == DH_EREFUSED ? DH_DEBUG : DH_WARN, self, "a record was refused: %s",
           err ? err->text : dh_err_name(rc));
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

/* _plain(value) -> the value as a later reading of the journal gives it. */
static int l_plain(lua_State *L)
{
  struct dh_buf *b = dh_buf_box(L, DH_RESULT_MAX);

  dh_to_cbor_mode(L, 1, b, DH_SECRET_NAME);
  dh_push_cbor(L, b->data, b->len);
  dh_buf_fini(b);
  return 1;
}

const luaL_Reg dh_record_funcs[] = {{"_hash", l_hash},         {"_answer", l_answer}, {"_place", l_place},
                                    {"_standing", l_standing}, {"_asked", l_asked},   {"_record", l_record},
                                    {"_commit", l_commit},     {"_plain", l_plain},   {NULL, NULL}};
