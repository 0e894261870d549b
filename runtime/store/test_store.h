/* test_store.h - what the tests of the store share: a store in a folder of its own, and short ways to say
 * what happens. */
#ifndef DH_TEST_STORE_H
#define DH_TEST_STORE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "store_front.h"
#include "../base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct place {
  char dir[64];
  char db[640]; /* the store's URL */
  char schema[32];
};

/* The URL of another store that the tests do their work in: "postgresql://…?…&schema=…", which then gets one
 * schema a test (tests/fakes/postgres.py). NULL: SQLite. */
static inline const char *elsewhere(void)
{
  return getenv("DH_TEST_STORE");
}

static inline void place_make(struct place *p)
{
  static int places;
  const char *tmp = getenv("TMPDIR");

  snprintf(p->dir, sizeof p->dir, "%.30s/dh-store-XXXXXX", tmp && strlen(tmp) < 30 ? tmp : "/tmp");
  assert_non_null(mkdtemp(p->dir));
  snprintf(p->db, sizeof p->db, "%s/store.db", p->dir);
  if (!elsewhere())
    return;
  snprintf(p->schema, sizeof p->schema, "t%d_%d", (int)getpid(), ++places);
  snprintf(p->db, sizeof p->db, "%.*s%s", (int)(strstr(elsewhere(), "schema=") + 7 - elsewhere()),
           elsewhere(), p->schema);
  setenv("XDG_DATA_HOME", p->dir, 1); /* the lock of a host, and its files */
}

static inline void place_drop(struct place *p)
{
  char cmd[1024];

  if (elsewhere()) {
    snprintf(cmd, sizeof cmd, "'%s' -Xqc 'SET client_min_messages = error; DROP SCHEMA %s CASCADE' '%.*s'",
             getenv("DH_TEST_PSQL"), p->schema, (int)(strstr(p->db, "&schema=") - p->db), p->db);
    assert_int_equal(system(cmd), 0);
  }
  snprintf(cmd, sizeof cmd, "rm -rf '%s'", p->dir);
  assert_int_equal(system(cmd), 0);
}

/* Every operation that must succeed. */
#define OK(call)                                                     \
  do {                                                               \
    int ok_rc_ = (call);                                             \
    if (ok_rc_)                                                      \
      fail_msg("%s: %d %s (%s)", #call, ok_rc_, err.text, err.seen); \
  } while (0)

static inline void nobody_stirs(void *self, const char *queue)
{
  (void)self;
  (void)queue;
}

/* Claims in a shared store are those of a host. */
static inline void host_join(struct dh_db *db, const char *name)
{
  struct dh_join j = {
      .name = name, .place = "here", .lease_ms = 60000, .settle_ms = 60000, .stir = nobody_stirs};
  struct dh_err err = {0};

  OK(db->ops->begin(db, &err));
  OK(db->ops->join(db, &j, &err));
  OK(db->ops->commit(db, &err));
}

static inline struct dh_store *store_open(const struct place *p, enum dh_store_mode mode)
{
  struct dh_store_options o = {.url = p->db, .mode = mode, .who = "test"};
  struct dh_store *s;
  struct dh_err err = {0};

  OK(dh_store_open(&o, &s, &err));
  if (mode == DH_STORE_WRITE && s->db->ops->join)
    host_join(s->db, "test");
  return s;
}

/* ---- one transaction each */

static inline void tx(struct dh_db *db)
{
  struct dh_err err = {0};

  OK(db->ops->begin(db, &err));
}

static inline void tx_end(struct dh_db *db)
{
  struct dh_err err = {0};

  OK(db->ops->commit(db, &err));
}

static const char bundle_hash[] = "b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0";

static inline int add_case(struct dh_db *db, const char *queue, const char *key, int priority,
                           struct dh_err *err)
{
  static const char input[] = {(char)0xa0}; /* {} */
  struct dh_case_new c = {.queue = queue,
                          .key = key,
                          .input = input,
                          .input_len = 1,
                          .priority = priority,
                          .bundle = bundle_hash};
  int rc;

  tx(db);
  db->ops->bundle_put(db, bundle_hash, queue, "text", 4, err);
  rc = db->ops->case_add(db, &c, err);
  tx_end(db);
  return rc;
}

/* 1 when a case was claimed. */
static inline size_t claim_one(struct dh_db *db, const char *queue, const char *worker, struct dh_claim *c)
{
  struct dh_claim_ask ask = {.worker = worker, .queues = &queue, .nqueues = 1, .n = 1};
  struct dh_err err = {0};
  size_t n = 0;

  tx(db);
  OK(db->ops->claim(db, &ask, c, &n, &err));
  tx_end(db);
  return n;
}

static inline struct dh_record record(const char *run, enum dh_record_kind kind, const char *scope,
                                      int64_t position, const char *name, const struct dh_buf *data)
{
  struct dh_record r = {.kind = kind, .position = position, .at = dh_wall_ms(), .data = "\xf6", .len = 1};

  snprintf(r.run, sizeof r.run, "%s", run);
  snprintf(r.scope, sizeof r.scope, "%s", scope);
  snprintf(r.word, sizeof r.word, "%s", dh_record_kind_name(kind));
  snprintf(r.name, sizeof r.name, "%s", name);
  if (data) {
    r.data = data->data;
    r.len = data->len;
  }
  return r;
}

static inline int put(struct dh_db *db, const struct dh_claim *c, enum dh_record_kind kind, const char *scope,
                      int64_t position, const char *name, const struct dh_buf *data)
{
  struct dh_record r = record(c->run, kind, scope, position, name, data);
  struct dh_err err;
  int rc;

  tx(db);
  rc = db->ops->append(db, &r, c->fence, NULL, &err);
  tx_end(db);
  return rc;
}

/* {key: number} */
static inline void map_int(struct dh_buf *b, const char *key, int64_t v)
{
  dh_buf_clear(b);
  assert_int_equal(dh_put_map(b, 1), 0);
  assert_int_equal(dh_put_ki(b, key, v), 0);
}

/* ---- looking: a tree and its bytes */

struct seen {
  struct dh_buf bytes;
  struct dh_val *v;
};

static inline void seen_init(struct seen *s)
{
  dh_buf_init(&s->bytes, 64 << 20);
  s->v = NULL;
}

static inline const struct dh_val *seen_parse(struct seen *s)
{
  struct dh_err err;

  OK(dh_val_parse_buf(&s->bytes, &s->v, &err));
  return s->v;
}

static inline void seen_fini(struct seen *s)
{
  free(s->v);
  dh_buf_fini(&s->bytes);
  s->v = NULL;
}

static inline const struct dh_val *case_of(struct dh_db *db, struct seen *s, const char *queue,
                                           const char *key)
{
  struct dh_err err;

  seen_init(s);
  tx(db);
  OK(db->ops->case_show(db, queue, NULL, key, &s->bytes, &err));
  tx_end(db);
  return seen_parse(s);
}

static inline void assert_state(struct dh_db *db, const char *queue, const char *key, const char *state)
{
  struct seen s;
  char text[32];

  dh_val_text(case_of(db, &s, queue, key), "state", text, sizeof text);
  assert_string_equal(text, state);
  seen_fini(&s);
}

/* Number of standing records of a kind in a claim's journal; 0: of all. */
static inline size_t standing(const struct dh_claim *c, enum dh_record_kind kind)
{
  struct dh_val *v = NULL;
  struct dh_err err;
  size_t n = 0;

  OK(dh_val_parse_buf(&c->journal, &v, &err));
  for (size_t i = 0; i < v->n; i++) {
    struct dh_record r;

    OK(dh_record_get(&v->items[i], &r, &err));
    n += !kind || r.kind == kind;
  }
  free(v);
  return n;
}

#endif
