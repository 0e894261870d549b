/* reader.c - the process `deskhand reader`: languages, sandbox, then questions one after the other until the
 * other side is gone. Owns the socket's conversation. */
#include "reader.h"

#include "ask.h"
#include "sandbox.h"

#include "base/clock.h"
#include "base/log.h"
#include "io/frame.h"

#include <leptonica/allheaders.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum { ANSWER_MAX = 30 << 20, GRACE_MS = 3000 };

struct session {
  int fd;
  struct dh_frame now;  /* the question that is being answered */
  struct dh_frame next; /* one that came meanwhile */
  bool has_next, stopped, gone;
  struct ocr_kept kept;
};

/* -1 when the message calls nothing off, else the id of the question. */
static int64_t cancel_of(const struct dh_frame *f)
{
  struct dh_val *v = NULL;
  int64_t id = -1;

  if (f->id == 0 && !dh_val_parse_buf(&f->data, &v, NULL))
    id = dh_val_int(v, "cancel", -1);
  free(v);
  return id;
}

/* Looks, without waiting, whether the question was called off or the other side is gone. */
static bool stop_asked(void *self)
{
  struct session *s = self;

  while (!s->stopped && !s->has_next) {
    struct pollfd p = {.fd = s->fd, .events = POLLIN};
    struct dh_err err;

    if (poll(&p, 1, 0) <= 0)
      break;
    if (dh_frame_recv(s->fd, &s->next, &err))
      s->stopped = s->gone = true;
    else if (cancel_of(&s->next) < 0)
      s->has_next = true;
    else if (cancel_of(&s->next) == s->now.id)
      s->stopped = true;
  }
  return s->stopped;
}

/* What nothing else ends (a decoder that loops) is ended by SIGALRM, and the process with it. */
static void backstop(int64_t ms)
{
  struct itimerval t = {.it_value = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000}};

  setitimer(ITIMER_REAL, &t, NULL);
}

static int put_ping(struct dh_buf *out)
{
  int rc = dh_put_map(out, 2);

  rc = rc ? rc : dh_put_kt(out, "engine", ocr_tesseract.version());
  return rc ? rc : dh_put_kt(out, "languages", ocr_tesseract.languages());
}

static int dispatch(struct session *s, struct dh_buf *out, struct dh_err *err)
{
  struct ocr_ask ask;
  int rc = ocr_ask_parse(s->now.data.data, s->now.data.len, &ask, err);

  if (rc)
    return rc;
  backstop(ask.deadline - dh_mono_ms() + GRACE_MS);
  switch (ask.op) {
  case OCR_PING:
    return put_ping(out);
  case OCR_FORGET:
    ocr_kept_clear(&s->kept);
    return dh_put_bool(out, true);
  case OCR_AGAIN:
    return ocr_do_again(&ask, &s->kept, stop_asked, s, out, err);
  case OCR_READ:
    if (s->now.nfds != 1)
      return dh_err_set(err, DH_EUSE, "read wants one descriptor with the picture, not %d", s->now.nfds);
    return ocr_do_read(&ask, s->now.fds[0], &s->kept, stop_asked, s, out, err);
  }
  return DH_EUSE;
}

static int answer(struct session *s)
{
  struct dh_frame reply;
  struct dh_err err = {0};
  int rc;

  dh_frame_init(&reply);
  reply.data.max = ANSWER_MAX;
  reply.id = s->now.id;
  reply.flags = DH_FRAME_REPLY;
  rc = dispatch(s, &reply.data, &err);
  backstop(0);
  if (rc) {
    if (!err.code)
      dh_err_set(&err, rc, "the answer does not fit into a message");
    dh_buf_clear(&reply.data);
    rc = dh_put_err(&reply.data, &err);
  }
  if (!rc && s->now.id)
    rc = dh_frame_send(s->fd, &reply, &err);
  dh_frame_fini(&reply);
  return rc;
}

static int serve(struct session *s)
{
  struct dh_err err;
  int rc = 0;

  while (!s->gone) {
    if (s->has_next) {
      struct dh_frame empty = s->now;

      s->now = s->next;
      s->next = empty;
      s->has_next = false;
    } else if ((rc = dh_frame_recv(s->fd, &s->now, &err))) {
      break;
    }
    s->stopped = false;
    if (cancel_of(&s->now) < 0 && (rc = answer(s)))
      break;
    dh_frame_clear(&s->now);
  }
  return s->gone || rc == DH_ECLOSED ? 0 : rc;
}

/* Sets of languages from the environment, or all that are installed of the usual ones. */
static int load_languages(struct dh_err *err)
{
  static const char *const usual[] = {"eng", "deu", "fra", "chi_sim+eng", "chi_tra+eng"};
  const char *sets = getenv("DESKHAND_READER_LANGUAGES");
  int loaded = 0, rc = 0;

  if (sets && *sets)
    return ocr_tesseract.open(sets, err);
  for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
    rc = ocr_tesseract.open(usual[i], err);
    if (rc)
      dh_log(DH_WARN, NULL, "%s: %s", err->text, err->advice);
    loaded += !rc;
  }
  return loaded ? 0 : rc;
}

int ocr_reader_main(int fd, int argc, char **argv)
{
  struct session s = {.fd = fd};
  struct dh_err err = {0};
  int rc;

  (void)argc;
  (void)argv;
  signal(SIGALRM, SIG_DFL);
  signal(SIGPIPE, SIG_IGN);
  setMsgSeverity(L_SEVERITY_NONE);
  rc = load_languages(&err);
  rc = rc ? rc : ocr_sandbox_enter(&err);
  if (rc) {
    dh_log(DH_ERROR, NULL, "the reader cannot start: %s. %s", err.text, err.advice);
    return 1;
  }
  dh_frame_init(&s.now);
  dh_frame_init(&s.next);
  rc = serve(&s);
  ocr_kept_clear(&s.kept);
  ocr_tesseract.close();
  dh_frame_fini(&s.now);
  dh_frame_fini(&s.next);
#ifdef __SANITIZE_ADDRESS__ /* its search for leaks traces the process, which the filter refuses */
  _exit(rc ? 1 : 0);
#endif
  return rc ? 1 : 0;
}
