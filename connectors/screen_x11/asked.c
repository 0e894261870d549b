/* asked.c - see asked.h. */
#include "asked.h"

int dh_asked_once(struct dh_desk *d, struct dh_asked *a, dh_try_fn *try, struct dh_err *err)
{
  struct dh_front f;
  int rc = dh_front_look(d, &f, err);

  if (rc)
    return rc;
  rc = try(d, a, &f, err);
  dh_front_free(&f);
  return rc;
}

int dh_asked_until(struct dh_desk *d, struct dh_asked *a, dh_try_fn *try, struct dh_err *err)
{
  int rc;

  while ((rc = dh_asked_once(d, a, try, err)))
    if ((rc = dh_desk_again(d, rc, err)))
      return rc;
  return 0;
}

int dh_asked_read(struct dh_asked *a, const struct dh_val *request, const struct dh_frame *in,
                  struct dh_answer *answer, struct dh_err *err)
{
  *a = (struct dh_asked){.request = request, .in = in, .answer = answer};
  return dh_target_read(dh_val_get(request, "target"), &a->target, err);
}
