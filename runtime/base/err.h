/* err.h - one way to say what went wrong.
 * A function that can fail returns 0 or a negative DH_E* and fills its last parameter. struct dh_err is plain
 * memory: it owns nothing, may be copied, and lives on the caller's stack. */
#ifndef DH_ERR_H
#define DH_ERR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

enum dh_code {
  DH_OK = 0,
  DH_ENOMEM = -1,        /* the process has no memory */
  DH_EUSE = -2,          /* wrong use: an argument or a call that can never work */
  DH_ENOENT = -3,        /* it does not exist */
  DH_EEXIST = -4,        /* it stands there already */
  DH_EACCES = -5,        /* not allowed */
  DH_EIO = -6,           /* the operating system refused */
  DH_EFORMAT = -7,       /* the bytes are not what they claim to be */
  DH_ELIMIT = -8,        /* a ceiling was reached: bytes, pages, depth */
  DH_ETIME = -9,         /* it took too long */
  DH_ECANCELED = -10,    /* somebody called it off */
  DH_ECLOSED = -11,      /* the other side is gone */
  DH_EAGAIN = -12,       /* would block */
  DH_EUNAVAILABLE = -13, /* a service or a screen does not answer now */
  DH_EAUTH = -14,        /* credentials were refused */
  DH_ERATE = -15,        /* asked to slow down */
  DH_ESCHEMA = -16,      /* a service answers in a shape it did not have before */
  DH_EAMBIGUOUS = -17,   /* a locator fits more than one thing */
  DH_EMISMATCH = -18,    /* what is read back is not what was sent */
  DH_EUNKNOWN = -19,     /* it is not known whether an effect happened */
  DH_EREFUSED = -20,     /* a rule of ours forbids it: sandbox, host list, changes list */
  DH_EREPLAY = -21,      /* the run went another way than before */
  DH_EMEMORY = -22,      /* the robot's own memory limit */
  DH_ESCRIPT = -23,      /* an error in the robot's text or raised by it */
  DH_EREJECT = -24,      /* the business says no; not a failure */
  DH_EWAIT = -25,        /* the run is put away until an answer or a time */
};

struct dh_err {
  int code;         /* enum dh_code */
  bool retryable;   /* the same call may succeed later */
  char text[512];   /* what failed, in one sentence without the place */
  char seen[1024];  /* what was seen instead; may be empty */
  char advice[384]; /* what to do; may be empty */
  char where[160];  /* "file:line" of the robot when known; may be empty */
};

/* Fills err (which may be NULL) and returns code, so that `return dh_err_set(...)` reads well.
 * retryable is derived from code: ETIME, EUNAVAILABLE, ERATE, ECLOSED, EAGAIN are. Clears seen, advice,
 * where. */
int dh_err_set(struct dh_err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Adds what was seen / what to do to an error already set. Returns err->code (or 0 for a NULL err). */
int dh_err_seen(struct dh_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int dh_err_advice(struct dh_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Like dh_err_set with errno's text appended (": No such file or directory"); the code follows errno. */
int dh_err_errno(struct dh_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* "ENOENT" for DH_ENOENT and so on; and back (0 for an unknown name). */
const char *dh_err_name(int code);
int dh_err_code(const char *name);
bool dh_err_retryable(int code);

#endif
