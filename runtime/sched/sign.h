/* sign.h - signatures: answers to the question whether an effect may act (word "approve",
 * dsl/effect_sign.lua). */
#ifndef DH_SIGN_H
#define DH_SIGN_H

#include "../base/conf.h"
#include "../store/store.h"

/* As db->ops->review_answer, inside a transaction; but whoever made the values of a case does not sign them
 * (DH_EACCES), and what becomes of a signature is {decision, by, role, hash}: the hash of the values that
 * were shown. Questions of other kinds are answered as they are. */
int dh_sign_answer(struct dh_db *db, int64_t id, const void *answer, size_t n, const char *who,
                   struct dh_buf *out, struct dh_err *err);

/* Whether who has the role that the review (a map of review_show) wants: role.NAME.people of the
 * configuration. DH_EACCES says who has it. A role that is not in the configuration keeps nobody from a plain
 * question, and everybody from a signature. */
int dh_sign_may(const struct dh_conf *conf, const struct dh_val *review, const char *who, struct dh_err *err);

#endif
