/* test_case.h - a store and a claimed case for the tests of the ops. */
#ifndef DH_TEST_CASE_H
#define DH_TEST_CASE_H

#include "test_store.h"

struct fixture {
  struct place place;
  struct dh_store *store;
  struct dh_db *db;
  struct dh_buf data;
  struct dh_claim c;
};

static inline int set_up(void **state)
{
  struct fixture *f = calloc(1, sizeof *f);

  place_make(&f->place);
  f->store = store_open(&f->place, DH_STORE_WRITE);
  f->db = f->store->db;
  dh_buf_init(&f->data, 32 << 20);
  *state = f;
  return 0;
}

static inline int tear_down(void **state)
{
  struct fixture *f = *state;

  dh_buf_fini(&f->data);
  dh_store_close(&f->store);
  place_drop(&f->place);
  free(f);
  return 0;
}

static inline void begin_case(struct fixture *f, const char *key)
{
  struct dh_err err = {0};

  OK(add_case(f->db, "q", key, 0, &err));
  assert_int_equal(claim_one(f->db, "q", "w1", &f->c), 1);
}

/* The next claim of the only due case in place of the last. */
static inline void claim_again(struct fixture *f)
{
  dh_claim_fini(&f->c);
  assert_int_equal(claim_one(f->db, "q", "w2", &f->c), 1);
}

static inline void failed_data(struct dh_buf *b, int64_t times, int64_t wait_ms)
{
  struct dh_err err;

  dh_err_set(&err, DH_EMISMATCH, "the balance is stale");
  dh_buf_clear(b);
  dh_put_map(b, 2);
  dh_put_text(b, "error");
  dh_put_err(b, &err);
  dh_put_text(b, "retry");
  dh_put_map(b, 2);
  dh_put_ki(b, "times", times);
  dh_put_ki(b, "wait_ms", wait_ms);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
