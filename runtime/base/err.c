/* err.c - fills struct dh_err. Owns the names of the codes; allocates nothing. */
#include "err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const names[] = {
    "OK",      "ENOMEM",  "EUSE",    "ENOENT",     "EEXIST",    "EACCES",   "EIO",
    "EFORMAT", "ELIMIT",  "ETIME",   "ECANCELED",  "ECLOSED",   "EAGAIN",   "EUNAVAILABLE",
    "EAUTH",   "ERATE",   "ESCHEMA", "EAMBIGUOUS", "EMISMATCH", "EUNKNOWN", "EREFUSED",
    "EREPLAY", "EMEMORY", "ESCRIPT", "EREJECT",    "EWAIT",
};
static const int n_names = sizeof names / sizeof *names;

const char *dh_err_name(int code)
{
  return code <= 0 && -code < n_names ? names[-code] : "EIO";
}

int dh_err_code(const char *name)
{
  for (int i = 1; i < n_names; i++)
    if (strcmp(names[i], name) == 0)
      return -i;
  return 0;
}

bool dh_err_retryable(int code)
{
  return code == DH_ETIME || code == DH_EUNAVAILABLE || code == DH_ERATE || code == DH_ECLOSED ||
         code == DH_EAGAIN;
}

int dh_err_set(struct dh_err *err, int code, const char *fmt, ...)
{
  va_list ap;

  if (!err)
    return code;
  err->code = code;
  err->retryable = dh_err_retryable(code);
  err->seen[0] = err->advice[0] = err->where[0] = '\0';
  va_start(ap, fmt);
  vsnprintf(err->text, sizeof err->text, fmt, ap);
  va_end(ap);
  return code;
}

int dh_err_seen(struct dh_err *err, const char *fmt, ...)
{
  va_list ap;

  if (!err)
    return 0;
  va_start(ap, fmt);
  vsnprintf(err->seen, sizeof err->seen, fmt, ap);
  va_end(ap);
  return err->code;
}

int dh_err_advice(struct dh_err *err, const char *fmt, ...)
{
  va_list ap;

  if (!err)
    return 0;
  va_start(ap, fmt);
  vsnprintf(err->advice, sizeof err->advice, fmt, ap);
  va_end(ap);
  return err->code;
}

static int code_of_errno(int e)
{
  switch (e) {
  case ENOENT:
  case ENOTDIR:
    return DH_ENOENT;
  case EEXIST:
    return DH_EEXIST;
  case EACCES:
  case EPERM:
  case EROFS:
    return DH_EACCES;
  case ENOMEM:
    return DH_ENOMEM;
  case EAGAIN:
    return DH_EAGAIN;
  case ETIMEDOUT:
    return DH_ETIME;
  case EPIPE:
  case ECONNRESET:
    return DH_ECLOSED;
  case ECONNREFUSED:
    return DH_EUNAVAILABLE;
  case EFBIG:
  case EMFILE:
  case ENFILE:
  case EMSGSIZE:
    return DH_ELIMIT;
  default:
    return DH_EIO;
  }
}

int dh_err_errno(struct dh_err *err, const char *fmt, ...)
{
  int e = errno;
  int code = code_of_errno(e);
  char what[400];
  va_list ap;

  va_start(ap, fmt);
  vsnprintf(what, sizeof what, fmt, ap);
  va_end(ap);
  return dh_err_set(err, code, "%s: %s", what, strerror(e));
}
