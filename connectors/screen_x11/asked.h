/* asked.h - a request about one target: looks, tries, and looks again until it succeeds or its time is over.
 */
#ifndef DH_SCREEN_ASKED_H
#define DH_SCREEN_ASKED_H

#include "locate.h"
#include "ops.h"

/* What a try gets, and keeps between tries. */
struct dh_asked {
  struct dh_target target; /* dh_target_fini by whoever read it */
  const struct dh_val *request;
  const struct dh_frame *in;
  struct dh_answer *answer;
};

typedef int dh_try_fn(struct dh_desk *d, struct dh_asked *a, struct dh_front *f, struct dh_err *err);

/* Takes the request's target. DH_EUSE. */
int dh_asked_read(struct dh_asked *a, const struct dh_val *request, const struct dh_frame *in,
                  struct dh_answer *answer, struct dh_err *err);
/* One look, one try; dialogs are dealt with before. */
int dh_asked_once(struct dh_desk *d, struct dh_asked *a, dh_try_fn *try, struct dh_err *err);
int dh_asked_until(struct dh_desk *d, struct dh_asked *a, dh_try_fn *try, struct dh_err *err);

#endif
