/* sign.c - who may answer what: roles of the configuration, and maker is never checker. Owns nothing. */
#include "sign.h"

#include <stdlib.h>
#include <string.h>

enum { OUT_MAX = 64 << 20 };

static bool is_signature(const struct dh_val *review)
{
  return dh_val_is(dh_val_get(review, "word"), "approve");
}

/* ---- roles */

static bool is_among(const char *people, const char *who)
{
  size_t n = strlen(who);

  for (const char *at = people; n && *(at += strspn(at, " ,")); at += strcspn(at, " ,"))
    if (strcspn(at, " ,") == n && strncmp(at, who, n) == 0)
      return true;
  return false;
}

int dh_sign_may(const struct dh_conf *conf, const struct dh_val *review, const char *who, struct dh_err *err)
{
  char role[64], key[96];
  const char *people;

  if (!*dh_val_text(review, "role", role, sizeof role))
    return 0;
  snprintf(key, sizeof key, "role.%s.people", role);
  people = dh_conf_get(conf, key);
  if (people ? is_among(people, who) : !is_signature(review))
    return 0;
  dh_err_set(err, DH_EACCES, "review %lld is for the role %s, which %s does not have",
             (long long)dh_val_int(review, "id", 0), role, who);
  dh_err_seen(err, "%s = %s", key, people ? people : "(not set)");
  if (people)
    dh_err_advice(err, "one of them answers it, as himself");
  else
    dh_err_advice(err, "say in deskhand.conf who has it: %s = NAME NAME", key);
  return DH_EACCES;
}

/* ---- signatures */

/* The word of an answer: a text, or {decision}. */
static int decide(const struct dh_val *review, const void *answer, size_t n, bool *yes, struct dh_err *err)
{
  const struct dh_val *word;
  struct dh_val *v = NULL;
  int rc = dh_val_parse(answer, n, &v, err);

  if (rc)
    return rc;
  word = v->type == DH_TEXT ? v : dh_val_get(v, "decision");
  *yes = word && dh_val_is(word, "approve");
  if (!*yes && !(word && dh_val_is(word, "refuse"))) {
    rc = dh_err_set(err, DH_EUSE, "review %lld asks for a signature", (long long)dh_val_int(review, "id", 0));
    dh_err_advice(err, "answer: approve | refuse");
  }
  free(v);
  return rc;
}

static int check_maker(struct dh_db *db, int64_t id, const char *who, struct dh_err *err)
{
  struct dh_buf out;
  struct dh_val *makers = NULL;
  int rc;

  dh_buf_init(&out, 1 << 20);
  rc = db->ops->review_makers(db, id, &out, err);
  if (!rc)
    rc = dh_val_parse_buf(&out, &makers, err);
  for (size_t i = 0; !rc && i < makers->n; i++)
    if (dh_val_is(&makers->items[i], who)) {
      rc = dh_err_set(err, DH_EACCES, "%s made the values of this case and does not sign them", who);
      dh_err_seen(err, "%s brought the case, or answered a question of it", who);
      dh_err_advice(err, "a second person signs: deskhand review answer %lld approve", (long long)id);
    }
  free(makers);
  dh_buf_fini(&out);
  return rc;
}

static int put_signature(const struct dh_val *review, bool yes, const char *who, struct dh_buf *b)
{
  char role[64], hash[DH_SHA256_HEX];
  int rc = dh_put_map(b, 4);

  dh_val_text(dh_val_get(review, "question"), "sign", hash, sizeof hash);
  if (!rc)
    rc = dh_put_kt(b, "decision", yes ? "approve" : "refuse");
  if (!rc)
    rc = dh_put_kt(b, "by", who);
  if (!rc)
    rc = dh_put_kt(b, "role", dh_val_text(review, "role", role, sizeof role));
  return rc ? rc : dh_put_kt(b, "hash", hash);
}

static int sign(struct dh_db *db, const struct dh_val *review, const void *answer, size_t n, const char *who,
                struct dh_buf *out, struct dh_err *err)
{
  int64_t id = dh_val_int(review, "id", 0);
  struct dh_buf b;
  bool yes = false;
  int rc = decide(review, answer, n, &yes, err);

  if (!rc && !*who)
    rc = dh_err_set(err, DH_EACCES, "nobody signs review %lld", (long long)id);
  if (!rc && yes)
    rc = check_maker(db, id, who, err);
  if (rc)
    return rc;
  dh_buf_init(&b, 4096);
  rc = put_signature(review, yes, who, &b);
  rc = rc ? dh_err_set(err, rc, "no memory for a signature")
          : db->ops->review_answer(db, id, b.data, b.len, who, out, err);
  dh_buf_fini(&b);
  return rc;
}

int dh_sign_answer(struct dh_db *db, int64_t id, const void *answer, size_t n, const char *who,
                   struct dh_buf *out, struct dh_err *err)
{
  struct dh_buf shown;
  struct dh_val *review = NULL;
  int rc;

  dh_buf_init(&shown, OUT_MAX);
  rc = db->ops->review_show(db, id, &shown, err);
  if (!rc)
    rc = dh_val_parse_buf(&shown, &review, err);
  if (!rc && is_signature(review) && dh_val_is(dh_val_get(review, "state"), "open"))
    rc = sign(db, review, answer, n, who, out, err);
  else if (!rc)
    rc = db->ops->review_answer(db, id, answer, n, who, out, err);
  free(review);
  dh_buf_fini(&shown);
  return rc;
}
