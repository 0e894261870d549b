/* sql_review.c - questions to people: listed, shown, answered once. */
#include "sql.h"

#include "../base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(SQ_REVIEW_OPEN == 1 && SQ_REVIEW_ANSWERED == 2 && SQ_REVIEW_WITHDRAWN == 3 &&
                   DH_REC_INTENT == 4 && DH_REC_REVIEW == 7,
               "the statements name states by number");

#define REVIEW                                                                                               \
  "r.id, c.run, c.queue, c.key, c.period, j.name, j.word, r.role, r.effect, j.at, j.place, j.data, j.blob, " \
  "r.state, r.answer, "                                                                                      \
  "r.who, r.answered FROM reviews r JOIN journal j ON j.id = r.row JOIN cases c ON c.id = r.case_id "
enum { REVIEW_PAIRS = 12 };

static int put_review(struct sq *q, struct sq_stmt *st, struct dh_buf *out, struct dh_err *err)
{
  struct dh_buf question;
  int rc;

  dh_buf_init(&question, DH_DATA_MAX);
  if ((rc = sq_row_data(q, st, 11, &question, err)) || (rc = dh_put_ki(out, "id", sq_int64(st, 0))) ||
      (rc = dh_put_kt(out, "run", sq_text(st, 1))) || (rc = dh_put_kt(out, "robot", sq_text(st, 2))) ||
      (rc = dh_put_kt(out, "key", sq_text(st, 3))) || (rc = dh_put_kt(out, "period", sq_text(st, 4))) ||
      (rc = dh_put_kt(out, "name", sq_text(st, 5))) || (rc = dh_put_kt(out, "word", sq_text(st, 6))) ||
      (rc = dh_put_kt(out, "role", sq_text(st, 7))) || (rc = dh_put_kb(out, "effect", sq_small(st, 8))) ||
      (rc = dh_put_ki(out, "since", sq_int64(st, 9))) || (rc = dh_put_kt(out, "where", sq_text(st, 10))) ||
      (rc = sq_put_data(out, "question", question.data, question.len)))
    sq_nomem(rc, err);
  dh_buf_fini(&question);
  return rc;
}

static int put_listed(struct sq *q, struct sq_stmt *st, struct dh_buf *data, struct dh_buf *out,
                      struct dh_err *err)
{
  int rc = dh_put_map(out, REVIEW_PAIRS);

  (void)data;
  return rc ? rc : put_review(q, st, out, err);
}

int sq_review_list(struct dh_db *db, const char *queue, struct dh_buf *out, struct dh_err *err)
{
  struct sq *q = sq_of(db);
  struct sq_stmt *st =
      sq_query(q, err, "SELECT " REVIEW "WHERE r.state = 1 AND (?1 IS NULL OR c.queue = ?1) ORDER BY r.id",
               "t", queue);

  return sq_rows(q, st, put_listed, out, err);
}

static int none(int64_t id, struct dh_err *err)
{
  dh_err_set(err, DH_ENOENT, "there is no review %lld", (long long)id);
  dh_err_advice(err, "deskhand review list shows those that are open");
  return DH_ENOENT;
}

int sq_review_show(struct dh_db *db, int64_t id, struct dh_buf *out, struct dh_err *err)
{
  static const char *const states[] = {"", "open", "answered", "withdrawn"};
  struct sq *q = sq_of(db);
  struct sq_stmt *st = sq_query(q, err, "SELECT " REVIEW "WHERE r.id = ?", "i", id);
  int rc = st ? sq_step(q, st, err) : err->code;

  if (rc <= 0)
    return rc ? rc : none(id, err);
  if ((rc = dh_put_map(out, REVIEW_PAIRS + 4)) || (rc = put_review(q, st, out, err)) ||
      (rc = dh_put_kt(out, "state", states[sq_small(st, 13) & 3])) ||
      (rc = sq_put_data(out, "answer", sq_blob(st, 14), sq_bytes(st, 14))) ||
      (rc = dh_put_kt(out, "who", sq_text(st, 15))) || (rc = dh_put_ki(out, "answered", sq_int64(st, 16))))
    sq_nomem(rc, err);
  sq_end(st);
  return rc;
}

static int put_name(struct sq *q, struct sq_stmt *st, struct dh_buf *data, struct dh_buf *out,
                    struct dh_err *err)
{
  (void)q;
  (void)data;
  (void)err;
  return dh_put_text(out, sq_text(st, 0));
}

int sq_review_makers(struct dh_db *db, int64_t id, struct dh_buf *out, struct dh_err *err)
{
  struct sq *q = sq_of(db);
  struct sq_stmt *st = sq_query(
      q, err,
      "SELECT m.who FROM (SELECT c.maker AS who FROM reviews r JOIN cases c ON c.id = r.case_id WHERE "
      "r.id = ?1 UNION SELECT o.who FROM reviews r JOIN reviews o ON o.case_id = r.case_id JOIN "
      "journal j ON j.id = o.row WHERE r.id = ?1 AND o.state = 2 AND j.word <> 'approve') AS m WHERE "
      "m.who <> '' ORDER BY m.who",
      "i", id);

  return sq_rows(q, st, put_name, out, err);
}

/* ---- answering */

struct asked {
  int64_t case_id, row;
  int state, case_state, effect, attempt;
  char who[128];
  int64_t answered;
  struct dh_buf answer; /* the one that stands */
  struct dh_buf question;
  struct dh_record r; /* the record to be written: place of the review */
  char robot[160], key[512];
};

static int read_asked(struct sq *q, int64_t id, struct asked *a, struct dh_err *err)
{
  struct sq_stmt *st = sq_query(
      q, err,
      "SELECT r.case_id, r.state, c.state, r.effect, c.attempt, r.who, r.answered, r.answer, c.run, "
      "j.scope, j.position, j.word, j.name, j.hash, j.place, c.queue, c.key, j.data, j.blob, "
      "j.id FROM reviews r JOIN journal j ON j.id = r.row JOIN cases c ON c.id = r.case_id WHERE r.id = ?",
      "i", id);
  int rc = st ? sq_step(q, st, err) : err->code;

  if (rc <= 0)
    return rc ? rc : none(id, err);
  a->row = sq_int64(st, 19);
  a->case_id = sq_int64(st, 0);
  a->state = sq_small(st, 1);
  a->case_state = sq_small(st, 2);
  a->effect = sq_small(st, 3);
  a->r.attempt = sq_small(st, 4);
  snprintf(a->who, sizeof a->who, "%s", sq_text(st, 5));
  a->answered = sq_int64(st, 6);
  snprintf(a->r.run, sizeof a->r.run, "%s", sq_text(st, 8));
  snprintf(a->r.scope, sizeof a->r.scope, "%s", sq_text(st, 9));
  a->r.position = sq_int64(st, 10);
  snprintf(a->r.word, sizeof a->r.word, "%s", sq_text(st, 11));
  snprintf(a->r.name, sizeof a->r.name, "%s", sq_text(st, 12));
  snprintf(a->r.hash, sizeof a->r.hash, "%s", sq_text(st, 13));
  snprintf(a->r.where, sizeof a->r.where, "%s", sq_text(st, 14));
  snprintf(a->robot, sizeof a->robot, "%s", sq_text(st, 15));
  snprintf(a->key, sizeof a->key, "%s", sq_text(st, 16));
  rc = sq_nomem(dh_buf_put(&a->answer, sq_blob(st, 7), sq_bytes(st, 7)), err);
  if (!rc)
    rc = sq_row_data(q, st, 17, &a->question, err);
  sq_end(st);
  return rc;
}

/* Two people may answer at once, or the run may end meanwhile. */
static int lock_asked(struct sq *q, int64_t id, struct dh_err *err)
{
  int64_t case_id = 0;
  int rc =
      q->driver->lock ? sq_int(q, &case_id, 0, err, "SELECT case_id FROM reviews WHERE id = ?", "i", id) : 0;

  return rc || !case_id ? rc : sq_lock(q, case_id, err);
}

static int answered_before(int64_t id, const struct asked *a, struct dh_err *err)
{
  struct dh_val *v = NULL;
  struct dh_buf text;
  char when[DH_TIME_TEXT];

  dh_buf_init(&text, sizeof err->seen);
  if (!dh_val_parse_buf(&a->answer, &v, NULL))
    dh_val_json(&text, v,
                false); /* cut when it is long: the first answer is shown as far as an error text goes */
  free(v);
  dh_err_set(err, DH_EEXIST, "review %lld was answered already, by %s at %s", (long long)id, a->who,
             dh_time_text(a->answered, when));
  dh_err_seen(err, "%s", text.data);
  dh_buf_fini(&text);
  return DH_EEXIST;
}

/* An answer about an effect is a record of the effect: it stands where its intent does, if it was begun. */
static int place_effect(struct sq *q, struct asked *a, struct dh_err *err)
{
  struct sq_stmt *st = sq_query(
      q, err,
      "SELECT scope, position, word, hash FROM journal WHERE case_id = ? AND kind = 4 AND stands = 1 AND "
      "name = ? ORDER BY id DESC LIMIT 1",
      "it", a->case_id, a->r.name);
  int rc = st ? sq_step(q, st, err) : err->code;

  if (rc <= 0)
    return rc;
  snprintf(a->r.scope, sizeof a->r.scope, "%s", sq_text(st, 0));
  a->r.position = sq_int64(st, 1);
  snprintf(a->r.word, sizeof a->r.word, "%s", sq_text(st, 2));
  snprintf(a->r.hash, sizeof a->r.hash, "%s", sq_text(st, 3));
  sq_end(st);
  return 0;
}

/* {error} for an effect that a person refuses: what its proof found is not this case's. */
static int put_refusal(const struct asked *a, const char *who, struct dh_buf *data)
{
  struct dh_err why;
  int rc;

  dh_err_set(&why, DH_EREFUSED,
             "effect \"%s\" not begun: %s says that what its proof found belongs to something else",
             a->r.name, who);
  dh_err_advice(&why, "make the proof narrower, then: deskhand queue retry %s %s", a->robot, a->key);
  snprintf(why.where, sizeof why.where, "%s", a->r.where);
  if (!(rc = dh_put_map(data, 1)) && !(rc = dh_put_text(data, "error")))
    rc = dh_put_err(data, &why);
  return rc;
}

/* What the proof shows: as the person says, else as the question has it. */
static const struct dh_val *shown(const struct dh_val *answer, const struct dh_val *question)
{
  const struct dh_val *value = dh_val_get(answer, "value"), *show = dh_val_get(question, "show"),
                      *proof = NULL;

  if (value && value->type != DH_NIL)
    return value;
  if (show && show->type == DH_MAP && show->tag != DH_TAG_ERROR)
    proof = dh_val_get(show, "proof");
  return proof ? proof : dh_val_get(question, "seen");
}

/* What a person's word on an effect means: CONFIRM with what the proof shows, VOID, or (refuse) FAILED. */
static int effect_record(struct sq *q, struct asked *a, const void *answer, size_t n, const char *who,
                         struct dh_buf *data, struct dh_err *err)
{
  struct dh_val *v = NULL, *question = NULL;
  const struct dh_val *word;
  int rc = dh_val_parse(answer, n, &v, err);

  if (!rc)
    rc = dh_val_parse_buf(&a->question, &question, err);
  if (!rc)
    rc = place_effect(q, a, err);
  word = rc ? NULL : dh_val_get(v, "answer");
  if (word && dh_val_is(word, "not-happened")) {
    a->r.kind = DH_REC_VOID;
    rc = dh_put_nil(data);
  } else if (word && (dh_val_is(word, "accept") || dh_val_is(word, "happened"))) {
    a->r.kind = DH_REC_CONFIRM;
    rc = dh_put_val(data, shown(v, question));
  } else if (word && dh_val_is(word, "refuse")) {
    a->r.kind = DH_REC_FAILED;
    a->r.position = 0;
    rc = put_refusal(a, who, data);
  } else if (!rc) {
    rc = dh_err_set(err, DH_EUSE, "the review asks whether \"%s\" happened", a->r.name);
    dh_err_advice(err, "answer: accept, happened VALUE, not-happened, or refuse");
  }
  free(v);
  free(question);
  return sq_nomem(rc, err);
}

static int check_open(int64_t id, const struct asked *a, struct dh_err *err)
{
  if (a->state == SQ_REVIEW_ANSWERED)
    return answered_before(id, a, err);
  if (a->state == SQ_REVIEW_WITHDRAWN)
    return dh_err_set(err, DH_EREFUSED, "review %lld was withdrawn: the run went on without it",
                      (long long)id);
  if (a->effect && a->case_state == DH_CASE_LEASED) {
    dh_err_set(err, DH_EREFUSED, "a worker has run %.8s right now and asks the screen itself", a->r.run);
    dh_err_advice(err, "answer again when deskhand review list still shows review %lld in a minute",
                  (long long)id);
    return DH_EREFUSED;
  }
  return 0;
}

/* The journal's row, and what else an answer changes. */
static int write_answer(struct sq *q, struct asked *a, struct dh_err *err)
{
  bool refused = a->r.kind == DH_REC_FAILED, again = a->r.kind == DH_REC_VOID || refused;
  int64_t row;
  int rc = sq_row_add(q, a->case_id, &a->r, a->r.kind != DH_REC_VOID, &row, err);

  if (!rc && again) /* the effect may be begun anew, and asked about anew */
    rc = sq_exec(q, NULL, err,
                 "UPDATE journal SET stands = 0 WHERE case_id = ?1 AND stands = 1 AND (id = ?2 OR (kind = 4 "
                 "AND name = ?3))",
                 "iit", a->case_id, a->row, a->r.name);
  if (!rc && refused)
    return sq_case_fail(q, a->case_id, row, err);
  if (!rc)
    rc = sq_exec(q, NULL, err, "UPDATE cases SET woken = 1 WHERE id = ? AND state = 2", "i", a->case_id);
  return rc ? rc
            : sq_exec(q, NULL, err,
                      "UPDATE cases SET state = 4, due = 0, last_end = 2 WHERE id = ?1 AND (state = 3 OR "
                      "(state = 8 AND ?2 = 1))",
                      "ii", a->case_id, (int64_t)a->effect);
}

static int put_outcome(struct sq *q, const struct asked *a, struct dh_buf *out, struct dh_err *err)
{
  struct sq_stmt *st = sq_query(q, err, "SELECT due = 0, state FROM cases WHERE id = ?", "i", a->case_id);
  int rc = st ? sq_step(q, st, err) : err->code;

  if (rc <= 0)
    return rc;
  if ((rc = dh_put_map(out, 5)) || (rc = dh_put_kt(out, "run", a->r.run)) ||
      (rc = dh_put_kt(out, "robot", a->robot)) || (rc = dh_put_kt(out, "key", a->key)) ||
      (rc = dh_put_kb(out, "due", sq_small(st, 0))) ||
      (rc = dh_put_kt(out, "state", dh_case_state_name(sq_small(st, 1)))))
    sq_nomem(rc, err);
  sq_end(st);
  return rc;
}

int sq_review_answer(struct dh_db *db, int64_t id, const void *answer, size_t n, const char *who,
                     struct dh_buf *out, struct dh_err *err)
{
  struct sq *q = sq_of(db);
  struct asked *a = calloc(1, sizeof *a);
  struct dh_buf data;
  char object[32];
  int rc;

  if (!a)
    return dh_err_set(err, DH_ENOMEM, "no memory to answer review %lld", (long long)id);
  dh_buf_init(&data, DH_DATA_MAX);
  dh_buf_init(&a->answer, DH_DATA_MAX);
  dh_buf_init(&a->question, DH_DATA_MAX);
  if ((rc = lock_asked(q, id, err)) || (rc = read_asked(q, id, a, err)) || (rc = check_open(id, a, err)))
    goto out;
  sq_stir(q, NULL);
  a->r.kind = DH_REC_ANSWER;
  if ((rc = a->effect ? effect_record(q, a, answer, n, who, &data, err)
                      : sq_nomem(dh_buf_put(&data, answer, n), err)))
    goto out;
  a->r.at = sq_now(q);
  a->r.data = data.data;
  a->r.len = data.len;
  snprintf(object, sizeof object, "review %lld", (long long)id);
  if ((rc = sq_exec(q, NULL, err,
                    "UPDATE reviews SET state = 2, answer = ?, who = ?, answered = ? WHERE id = ?", "btii",
                    answer, n, who, a->r.at, id)) ||
      (rc = write_answer(q, a, err)) || (rc = sq_audit(db, who, "answer", object, answer, n, err)))
    goto out;
  rc = put_outcome(q, a, out, err);
out:
  dh_buf_fini(&data);
  dh_buf_fini(&a->answer);
  dh_buf_fini(&a->question);
  free(a);
  return rc;
}
