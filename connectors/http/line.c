/* line.c - who runs when. libcurl's multi handle on the loop, a queue in front of it, and one gate for each
 * host that has a rate. One for the process, opened on first use; its timers and polls exist only while
 * something is under way, its connections stay for the next request. */
#include "transfer.h"

#include <stdlib.h>
#include <string.h>

enum { RUNNING_MAX = 64, SPARE_MAX = 64 };

struct gate { /* of a host with a rate */
  struct gate *next;
  struct dh_http_queue waiting;
  int64_t open_ms; /* monotonic: when the next may pass */
  int64_t gap_ms;
  uv_timer_t *timer;
  char host[];
};

struct poll { /* of one of libcurl's sockets */
  uv_poll_t uv;
  LIST_ENTRY(poll) entry;
  curl_socket_t fd;
  int events; /* UV_* watched for */
  bool idle;  /* libcurl does not ask for it now, but will again soon */
};

static struct {
  struct dh_loop *loop;
  CURLM *multi;
  uv_timer_t *timer;
  LIST_HEAD(poll_list, poll) polls;
  struct dh_http_queue ready; /* waits for one of the 64 places */
  int running;
  struct gate *gates;
  CURL *spare[SPARE_MAX];
  int n_spare;
} line;

/* ---- alarms */

static void closed(uv_handle_t *h)
{
  free(h);
}

void dh_alarm_clear(uv_timer_t **slot)
{
  if (*slot)
    uv_close((uv_handle_t *)*slot, closed);
  *slot = NULL;
}

int dh_alarm_set(uv_timer_t **slot, struct dh_loop *loop, int64_t ms, uv_timer_cb cb, void *data)
{
  if (!*slot) {
    *slot = malloc(sizeof **slot);
    if (!*slot)
      return DH_ENOMEM;
    uv_timer_init(&loop->uv, *slot);
  }
  (*slot)->data = data;
  return uv_timer_start(*slot, cb, ms > 0 ? (uint64_t)ms : 0, 0) ? DH_EIO : 0;
}

/* ---- libcurl on the loop */

static void report_ended(void)
{
  CURLMsg *m;
  int left;

  while ((m = curl_multi_info_read(line.multi, &left))) {
    struct dh_http_transfer *t = NULL;

    if (m->msg != CURLMSG_DONE)
      continue;
    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
    dh_http_ended(t, m->data.result);
  }
}

static void act(curl_socket_t fd, int events)
{
  int running;

  curl_multi_socket_action(line.multi, fd, events, &running);
  report_ended();
}

static void watch(struct poll *p, int events);

static void on_poll(uv_poll_t *uv, int status, int events)
{
  struct poll *p = (struct poll *)uv;

  if (p->idle) /* a connection that nobody uses has ended: libcurl finds out when it wants it */
    watch(p, 0);
  else
    act(p->fd, status < 0 ? CURL_CSELECT_ERR
                          : (events & UV_READABLE ? CURL_CSELECT_IN : 0) |
                                (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0));
}

static void watch(struct poll *p, int events)
{
  if (events == p->events)
    return;
  p->events = events;
  if (events)
    uv_poll_start(&p->uv, events, on_poll);
  else
    uv_poll_stop(&p->uv);
}

static struct poll *poll_of(curl_socket_t fd)
{
  struct poll *p;

  LIST_FOREACH(p, &line.polls, entry)
  if (p->fd == fd)
    return p;
  p = calloc(1, sizeof *p);
  if (!p || uv_poll_init_socket(&line.loop->uv, &p->uv, fd)) {
    free(p);
    return NULL;
  }
  p->fd = fd;
  LIST_INSERT_HEAD(&line.polls, p, entry);
  return p;
}

static void close_poll(struct poll *p)
{
  LIST_REMOVE(p, entry);
  uv_close((uv_handle_t *)&p->uv, closed);
}

/* libcurl drops a socket after each request and takes it up again for the next; its poll goes on meanwhile,
 * which saves three system calls a request. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *self, void *of_socket)
{
  struct poll *p = of_socket || what == CURL_POLL_REMOVE ? of_socket : poll_of(fd);

  (void)easy;
  (void)self;
  if (!p)
    return what == CURL_POLL_REMOVE ? 0 : -1;
  if (!of_socket && what != CURL_POLL_REMOVE)
    curl_multi_assign(line.multi, fd, p);
  p->idle = what == CURL_POLL_REMOVE;
  if (!p->idle)
    watch(p, (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0));
  return 0;
}

void dh_line_closed(curl_socket_t fd)
{
  struct poll *p;

  LIST_FOREACH(p, &line.polls, entry)
  if (p->fd == fd) {
    close_poll(p);
    return;
  }
}

/* No request is under way: nothing of ours stays open on the loop. The connections wait with libcurl. */
static void rest(void)
{
  while (!LIST_EMPTY(&line.polls))
    close_poll(LIST_FIRST(&line.polls));
  dh_alarm_clear(&line.timer);
}

static void on_timeout(uv_timer_t *timer)
{
  (void)timer;
  act(CURL_SOCKET_TIMEOUT, 0);
}

static int on_timer(CURLM *multi, long ms, void *self)
{
  (void)multi;
  (void)self;
  if (ms >= 0)
    return dh_alarm_set(&line.timer, line.loop, ms, on_timeout, NULL) ? -1 : 0;
  if (line.timer)
    uv_timer_stop(line.timer);
  return 0;
}

int dh_line_open(struct dh_loop *loop, struct dh_err *err)
{
  if (line.multi && line.loop == loop)
    return 0;
  if (line.multi && line.running)
    return dh_err_set(err, DH_EUSE, "http runs on another loop of this process");
  if (!line.multi) {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) || !(line.multi = curl_multi_init()))
      return dh_err_set(err, DH_ENOMEM, "libcurl does not start");
    TAILQ_INIT(&line.ready);
    curl_multi_setopt(line.multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(line.multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(line.multi, CURLMOPT_MAXCONNECTS, 2L * RUNNING_MAX);
  }
  line.loop = loop;
  return 0;
}

/* ---- easy handles are kept: making one ready costs as much as a small request */

CURL *dh_line_easy(void)
{
  CURL *easy = line.n_spare ? line.spare[--line.n_spare] : NULL;

  if (!easy && (easy = curl_easy_init()))
    dh_easy_basics(easy);
  return easy;
}

void dh_line_easy_back(CURL *easy, bool bare)
{
  if (line.n_spare == SPARE_MAX) {
    curl_easy_cleanup(easy);
    return;
  }
  if (!bare) {
    curl_easy_reset(easy);
    dh_easy_basics(easy);
  }
  line.spare[line.n_spare++] = easy;
}

/* ---- the queue */

static void put_last(struct dh_http_queue *q, struct dh_http_transfer *t)
{
  TAILQ_INSERT_TAIL(q, t, entry);
  t->queued = q;
}

static struct dh_http_transfer *take_first(struct dh_http_queue *q)
{
  struct dh_http_transfer *t = TAILQ_FIRST(q);

  if (t) {
    TAILQ_REMOVE(q, t, entry);
    t->queued = NULL;
  }
  return t;
}

static void fill_places(void)
{
  while (line.running < RUNNING_MAX && !TAILQ_EMPTY(&line.ready)) {
    struct dh_http_transfer *t = take_first(&line.ready);

    t->running = true;
    line.running++;
    dh_http_turn(t);
  }
}

static struct gate *gate_of(const char *host)
{
  struct gate *g;
  size_t n = strlen(host) + 1;

  for (g = line.gates; g; g = g->next)
    if (strcmp(g->host, host) == 0)
      return g;
  g = calloc(1, sizeof *g + n);
  if (!g)
    return NULL;
  memcpy(g->host, host, n);
  TAILQ_INIT(&g->waiting);
  g->next = line.gates;
  line.gates = g;
  return g;
}

static int open_gate(struct gate *g);

static void on_gate(uv_timer_t *timer)
{
  open_gate(timer->data);
  fill_places();
}

/* Lets pass who may pass now, and sets the alarm for the next. */
static int open_gate(struct gate *g)
{
  int64_t now = dh_mono_ms();

  while (!TAILQ_EMPTY(&g->waiting) && now >= g->open_ms) {
    g->open_ms = (now > g->open_ms + g->gap_ms ? now : g->open_ms) + g->gap_ms;
    put_last(&line.ready, take_first(&g->waiting));
  }
  if (!TAILQ_EMPTY(&g->waiting))
    return dh_alarm_set(&g->timer, line.loop, g->open_ms - now, on_gate, g);
  dh_alarm_clear(&g->timer);
  return 0;
}

static int pass_gate(struct dh_http_transfer *t)
{
  struct gate *g = gate_of(t->place.host);
  int rc;

  if (!g)
    return DH_ENOMEM;
  g->gap_ms = t->req.gap_ms;
  put_last(&g->waiting, t);
  rc = open_gate(g);
  if (rc && t->queued == &g->waiting)
    dh_line_leave(t, false);
  return rc;
}

int dh_line_enter(struct dh_http_transfer *t)
{
  if (t->req.gap_ms > 0) {
    int rc = pass_gate(t);

    if (rc)
      return rc;
  } else {
    put_last(&line.ready, t);
  }
  fill_places();
  return 0;
}

int dh_line_run(struct dh_http_transfer *t)
{
  return curl_multi_add_handle(line.multi, t->easy) ? DH_EIO : 0;
}

void dh_line_leave(struct dh_http_transfer *t, bool keep)
{
  if (t->queued)
    TAILQ_REMOVE(t->queued, t, entry);
  t->queued = NULL;
  if (t->easy)
    curl_multi_remove_handle(line.multi, t->easy);
  if (!t->running || keep)
    return;
  t->running = false;
  line.running--;
  fill_places();
  if (line.running == 0)
    rest();
}
