/* ops_session.c - requests about the program as a whole: start it, leave it signed on at home for the next
 * run of the same robot, take it up again, end it. */
#include "dialog.h"
#include "ops.h"
#include "xwin.h"

#include <string.h>
#include <sys/random.h>

static int run_start(struct dh_desk *d, const struct dh_val *request, const struct dh_frame *in,
                     struct dh_answer *answer, struct dh_err *err)
{
  int rc = dh_app_start(d, request, err);

  (void)in;
  if (!rc)
    dh_answer_windows(d, answer);
  return rc;
}

/* Whoever owns a selection loses it: what was copied stays with the run that copied it. */
static void selections_clear(struct dh_desk *d)
{
  XSetSelectionOwner(d->x, XInternAtom(d->x, "CLIPBOARD", False), None, CurrentTime);
  XSetSelectionOwner(d->x, XInternAtom(d->x, "PRIMARY", False), None, CurrentTime);
  XSync(d->x, False);
}

static int run_reset(struct dh_desk *d, const struct dh_val *request, const struct dh_frame *in,
                     struct dh_answer *answer, struct dh_err *err)
{
  (void)request, (void)in, (void)answer, (void)err;
  dh_app_reset(d);
  g_ptr_array_set_size(d->masked, 0);
  g_array_set_size(d->covers, 0);
  g_clear_pointer(&d->seal, g_free);
  selections_clear(d);
  return 0;
}

/* Ties what is left open to what it was opened with, without keeping that: a salted hash. */
static char *seal_of(const struct dh_desk *d, const struct dh_val *with)
{
  struct dh_buf b;
  char *seal = NULL;

  dh_buf_init(&b, DH_FRAME_MAX);
  if (!dh_put_val(&b, with))
    seal = g_compute_hmac_for_data(G_CHECKSUM_SHA256, d->salt, sizeof d->salt, (const guchar *)b.data, b.len);
  if (b.len)
    explicit_bzero(b.data, b.len);
  dh_buf_fini(&b);
  return seal;
}

static int run_keep(struct dh_desk *d, const struct dh_val *request, const struct dh_frame *in,
                    struct dh_answer *answer, struct dh_err *err)
{
  int rc;

  if (!d->app.started)
    return dh_err_set(err, DH_EUSE, "no program runs on this desk: there is nothing to keep");
  if (getrandom(d->salt, sizeof d->salt, 0) != sizeof d->salt)
    return dh_err_errno(err, "no random numbers for the desk");
  rc = dh_home_go(d, request, answer, err);
  (void)in;
  if (rc)
    return rc;
  dh_app_forget(d);
  selections_clear(d);
  g_free(d->seal);
  d->seal = seal_of(d, dh_val_get(request, "seal"));
  return 0;
}

static int run_resume(struct dh_desk *d, const struct dh_val *request, const struct dh_frame *in,
                      struct dh_answer *answer, struct dh_err *err)
{
  g_autofree char *seal = seal_of(d, dh_val_get(request, "seal"));
  bool same = d->app.started && d->seal && seal && !strcmp(seal, d->seal);
  int rc;

  (void)in;
  if (d->app.started && !same)
    return dh_err_set(err, DH_EACCES, "what is open on this desk was signed on with other values");
  if (same) {
    rc = dh_home_go(d, request, answer, err);
    if (rc)
      return rc;
  }
  g_clear_pointer(&d->seal, g_free);
  dh_answer_bool(answer, "resumed", same);
  return 0;
}

const struct dh_op_entry dh_ops_session[] = {
    {"start", run_start}, {"keep", run_keep}, {"resume", run_resume}, {"reset", run_reset}, {NULL, NULL},
};
