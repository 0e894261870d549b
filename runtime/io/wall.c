/* wall.c - a timerfd of the real-time clock that a change of that clock cancels. See wall.h. */
#include "wall.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { FAR_S = 0x7fffffff /* a time that never comes: 2038, then set again */ };

struct dh_wall {
  uv_poll_t poll;
  int fd;
  void (*fired)(void *self);
  void *self;
};

static void readable(uv_poll_t *p, int status, int events)
{
  struct dh_wall *w = p->data;
  uint64_t times;
  ssize_t n;

  (void)status;
  (void)events;
  n = read(w->fd, &times, sizeof times); /* ECANCELED: the clock was set */
  if (n < 0 && errno != ECANCELED)
    return;
  w->fired(w->self);
}

int dh_wall_open(struct dh_loop *loop, void (*fired)(void *self), void *self, struct dh_wall **out,
                 struct dh_err *err)
{
  struct dh_wall *w = calloc(1, sizeof *w);

  *out = NULL;
  if (!w)
    return dh_err_set(err, DH_ENOMEM, "no memory for a timer");
  w->fired = fired;
  w->self = self;
  w->fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
  if (w->fd < 0 || uv_poll_init(&loop->uv, &w->poll, w->fd)) {
    int rc = dh_err_errno(err, "a timer by the wall clock cannot be made");

    if (w->fd >= 0)
      close(w->fd);
    free(w);
    return rc;
  }
  w->poll.data = w;
  uv_poll_start(&w->poll, UV_READABLE, readable);
  uv_unref((uv_handle_t *)&w->poll);
  *out = w;
  return dh_wall_set(w, INT64_MAX, err);
}

int dh_wall_set(struct dh_wall *w, int64_t at_ms, struct dh_err *err)
{
  struct itimerspec t = {.it_value = {.tv_sec = at_ms / 1000, .tv_nsec = at_ms % 1000 * 1000000}};

  if (at_ms / 1000 > FAR_S)
    t.it_value = (struct timespec){.tv_sec = FAR_S};
  if (at_ms <= 0)
    t.it_value = (struct timespec){.tv_nsec = 1}; /* zero would stop it */
  if (timerfd_settime(w->fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &t, NULL) == 0 ||
      errno == ECANCELED) /* set meanwhile: the timer runs, and fires for it */
    return 0;
  return dh_err_errno(err, "a timer by the wall clock cannot be set");
}

static void closed(uv_handle_t *h)
{
  struct dh_wall *w = h->data;

  close(w->fd);
  free(w);
}

void dh_wall_close(struct dh_wall **w)
{
  if (*w)
    uv_close((uv_handle_t *)&(*w)->poll, closed);
  *w = NULL;
}
