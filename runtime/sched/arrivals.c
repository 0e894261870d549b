/* arrivals.c - see arrivals.h. A file is told when its writer closes it and when it is moved here: never
 * while it is being written. */
#include "arrivals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum { GONE = IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED };

int dh_arrivals_open(struct dh_arrivals *w, const struct dh_source *source, struct dh_err *err)
{
  w->source = source;
  w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (w->fd < 0)
    return dh_err_errno(err, "nothing can be watched");
  if (inotify_add_watch(w->fd, source->folder,
                        IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE_SELF | IN_MOVE_SELF |
                            IN_ONLYDIR) < 0)
    return dh_err_errno(err, "the folder %s of cases.from cannot be watched", source->folder);
  return 0;
}

void dh_arrivals_close(struct dh_arrivals *w)
{
  if (w->fd >= 0)
    close(w->fd);
  w->fd = -1;
}

bool dh_arrivals_wait(struct dh_arrivals *w, int until, int ms)
{
  struct pollfd p[2] = {{.fd = until, .events = POLLIN}, {.fd = w->fd, .events = POLLIN}};

  while (poll(p, 2, ms) < 0 && errno == EINTR)
    ;
  return !p[0].revents;
}

static int gone(const struct dh_arrivals *w, struct dh_err *err)
{
  dh_err_set(err, DH_ECLOSED, "the folder %s is gone: nothing more is taken in from it", w->source->folder);
  return dh_err_advice(err, "make it again, or end serve");
}

int dh_arrivals_read(struct dh_arrivals *w,
                     int (*arrived)(const char *name, bool linked, void *self, struct dh_err *err),
                     void *self, bool *lost, struct dh_err *err)
{
  char buf[16 << 10] __attribute__((aligned(__alignof__(struct inotify_event))));
  char last[256];
  ssize_t n;
  int rc = 0;

  *lost = false;
  while (!rc && (n = read(w->fd, buf, sizeof buf)) > 0) {
    *last = '\0';
    for (ssize_t at = 0; !rc && at < n;) {
      const struct inotify_event *e = (const struct inotify_event *)(buf + at);

      at += (ssize_t)(sizeof *e + e->len);
      *lost |= (e->mask & IN_Q_OVERFLOW) != 0;
      if (e->mask & GONE)
        rc = gone(w, err);
      else if (e->len && !(e->mask & IN_ISDIR) && ((e->mask & IN_CREATE) || strcmp(last, e->name)))
        rc = arrived(e->name, e->mask & IN_CREATE, self, err);
      if (e->len && !(e->mask & IN_CREATE))
        snprintf(last, sizeof last, "%s", e->name); /* written twice in a row: told once */
    }
  }
  return rc;
}

enum dh_arrival dh_arrivals_state(const struct dh_source *s, const char *name, bool linked)
{
  char path[sizeof s->folder + 300];
  enum dh_arrival state = DH_ARRIVAL_READY;
  struct stat st;
  int fd;

  snprintf(path, sizeof path, "%s/%s", s->folder, name);
  if (stat(path, &st) || !S_ISREG(st.st_mode) || (linked && st.st_nlink < 2))
    return DH_ARRIVAL_NOT_YET; /* gone again, no file, or created to be written */
  fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0)
    return linked ? DH_ARRIVAL_NOT_YET : DH_ARRIVAL_READY;
  if (fcntl(fd, F_SETLEASE, F_RDLCK)) {
    if (errno == EAGAIN || linked)
      state = DH_ARRIVAL_NOT_YET;
  }
  if (state == DH_ARRIVAL_READY && st.st_size == 0)
    state = DH_ARRIVAL_EMPTY;
  close(fd); /* the lease, too */
  return state;
}
