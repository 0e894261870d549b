/* frame.c - packets between our processes. Owns nothing but what a frame holds. */
#include "frame.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { INLINE_MAX = 64 << 10, MAGIC = 0x44484631 /* "DHF1" */ };

struct header {
  uint32_t magic, id, flags;
  uint32_t len;     /* of the data */
  uint32_t spilled; /* 1: the data lies in the first descriptor */
};

enum { SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL };

void dh_frame_init(struct dh_frame *f)
{
  memset(f, 0, sizeof *f);
  dh_buf_init(&f->data, DH_FRAME_MAX);
}

void dh_frame_clear(struct dh_frame *f)
{
  for (int i = 0; i < f->nfds; i++)
    if (f->fds[i] >= 0)
      close(f->fds[i]);
  f->nfds = 0;
  f->id = f->flags = 0;
  dh_buf_clear(&f->data);
}

void dh_frame_fini(struct dh_frame *f)
{
  dh_frame_clear(f);
  dh_buf_fini(&f->data);
}

int dh_frame_pair(int fds[2], struct dh_err *err)
{
  int size = 512 << 10;

  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds))
    return dh_err_errno(err, "cannot make a socket pair");
  for (int i = 0; i < 2; i++)
    setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  return 0;
}

int dh_memfd_sealed(const char *name, const void *p, size_t n, struct dh_err *err)
{
  int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  const char *at = p;

  if (fd < 0)
    return dh_err_errno(err, "cannot make a memory file for %s", name);
  while (n) {
    ssize_t w = write(fd, at, n);

    if (w < 0 && errno == EINTR)
      continue;
    if (w < 0) {
      dh_err_errno(err, "cannot fill a memory file for %s", name);
      close(fd);
      return -1;
    }
    at += w;
    n -= (size_t)w;
  }
  lseek(fd, 0, SEEK_SET); /* whoever gets it as its standard input reads from the beginning */
  if (fcntl(fd, F_ADD_SEALS, SEALS | F_SEAL_WRITE)) {
    dh_err_errno(err, "cannot seal a memory file for %s", name);
    close(fd);
    return -1;
  }
  return fd;
}

int dh_memfd_map(int fd, size_t max, const void **p, size_t *n, struct dh_err *err)
{
  int seals = fcntl(fd, F_GET_SEALS);
  struct stat st;
  void *at;

  if (seals < 0 || (seals & SEALS) != SEALS)
    return dh_err_set(err, DH_EFORMAT, "a child sent memory that it can still change");
  if (fstat(fd, &st))
    return dh_err_errno(err, "cannot look at a child's memory");
  if (st.st_size <= 0 || (uint64_t)st.st_size > max)
    return dh_err_set(err, DH_ELIMIT, "a child sent %lld bytes (1 to %zu are allowed)", (long long)st.st_size,
                      max);
  at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
  if (at == MAP_FAILED)
    return dh_err_errno(err, "cannot map a child's memory");
  *p = at;
  *n = (size_t)st.st_size;
  return 0;
}

union control {
  char room[CMSG_SPACE(sizeof(int) * (DH_FRAME_FDS + 1))];
  struct cmsghdr align;
};

static void attach(struct msghdr *m, union control *c, const int *fds, int n)
{
  struct cmsghdr *h;

  if (!n)
    return;
  memset(c, 0, sizeof *c);
  m->msg_control = c->room;
  m->msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)n);
  h = CMSG_FIRSTHDR(m);
  h->cmsg_level = SOL_SOCKET;
  h->cmsg_type = SCM_RIGHTS;
  h->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)n);
  memcpy(CMSG_DATA(h), fds, sizeof(int) * (size_t)n);
}

int dh_frame_send(int fd, const struct dh_frame *f, struct dh_err *err)
{
  struct header h = {MAGIC, f->id, f->flags, (uint32_t)f->data.len, f->data.len > INLINE_MAX};
  struct iovec iov[2] = {{&h, sizeof h}, {f->data.data, f->data.len}};
  struct msghdr m = {.msg_iov = iov, .msg_iovlen = 2};
  int fds[DH_FRAME_FDS + 1], n = 0, rc = 0;
  union control c;
  ssize_t sent;

  if (f->data.len > DH_FRAME_MAX || f->nfds > DH_FRAME_FDS)
    return dh_err_set(err, DH_ELIMIT, "a message of %zu bytes and %d descriptors is too large", f->data.len,
                      f->nfds);
  if (h.spilled) {
    fds[n] = dh_memfd_sealed("frame", f->data.data, f->data.len, err);
    if (fds[n++] < 0)
      return err ? err->code : DH_EIO;
    m.msg_iovlen = 1;
  }
  memcpy(fds + n, f->fds, sizeof(int) * (size_t)f->nfds);
  n += f->nfds;
  attach(&m, &c, fds, n);
  do
    sent = sendmsg(fd, &m, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  if (sent < 0)
    rc = dh_err_errno(err, "cannot send a message to another process");
  if (h.spilled)
    close(fds[0]);
  return rc;
}

static void take_fds(struct msghdr *m, int *fds, int *n)
{
  *n = 0;
  for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h; h = CMSG_NXTHDR(m, h)) {
    int count;

    if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
      continue;
    count = (int)((h->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    for (int i = 0; i < count; i++) {
      int fd;

      memcpy(&fd, CMSG_DATA(h) + sizeof(int) * (size_t)i, sizeof fd);
      if (*n < DH_FRAME_FDS + 1)
        fds[(*n)++] = fd;
      else
        close(fd);
    }
  }
}

static int take_spilled(struct dh_frame *f, uint32_t len, int fd, struct dh_err *err)
{
  const void *p;
  size_t n;
  int rc = dh_memfd_map(fd, DH_FRAME_MAX, &p, &n, err);

  if (!rc) {
    if (n != len)
      rc = dh_err_set(err, DH_EFORMAT, "a message says %u bytes and holds %zu", len, n);
    else if ((rc = dh_buf_put(&f->data, p, n)))
      dh_err_set(err, rc, "no memory for a message of %zu bytes", n);
    munmap((void *)p, n);
  }
  close(fd);
  return rc;
}

int dh_frame_recv(int fd, struct dh_frame *f, struct dh_err *err)
{
  struct header h;
  struct iovec iov[2] = {{&h, sizeof h}, {NULL, INLINE_MAX}};
  union control c;
  struct msghdr m = {.msg_iov = iov, .msg_iovlen = 2, .msg_control = c.room, .msg_controllen = sizeof c.room};
  int fds[DH_FRAME_FDS + 1], n;
  ssize_t got;
  int spilled; /* descriptors that carry the data: 0 or 1 */

  dh_frame_clear(f);
  if (dh_buf_room(&f->data, INLINE_MAX))
    return dh_err_set(err, DH_ENOMEM, "no memory for a message");
  iov[1].iov_base = f->data.data;
  do
    got = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  if (got < 0)
    return dh_err_errno(err, "cannot receive a message");
  if (got == 0)
    return dh_err_set(err, DH_ECLOSED, "the other process has ended");
  take_fds(&m, fds, &n);
  spilled = got >= (ssize_t)sizeof h && h.spilled;
  memcpy(f->fds, fds + spilled, sizeof(int) * (size_t)(n > spilled ? n - spilled : 0));
  f->nfds = n > spilled ? n - spilled : 0;
  if ((size_t)got < sizeof h || h.magic != MAGIC || (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) ||
      (spilled && n < 1) || (!spilled && (size_t)got - sizeof h != h.len)) {
    if (spilled && n)
      close(fds[0]);
    return dh_err_set(err, DH_EFORMAT, "a damaged message of %zd bytes", got);
  }
  f->id = h.id;
  f->flags = h.flags;
  if (spilled)
    return take_spilled(f, h.len, fds[0], err);
  f->data.len = h.len;
  f->data.data[h.len] = '\0';
  return 0;
}
