/* change.c - the changes that commands make, and the way they take. See change.h. */
#include "change.h"
#include "../io/frame.h"
#include "sign.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { ANSWER_S = 60, LOCK_MS = 2000 };

/* ---- doing */

static int add_one(struct dh_db *db, const char *queue, const char *hash, int wants, const struct dh_val *v,
                   const char *who, struct dh_err *err)
{
  const struct dh_val *input = dh_val_get(v, "input");
  struct dh_case_new c = {.queue = queue, .bundle = hash, .wants = wants, .maker = who};
  char key[256], period[16];

  if (!input || input->type != DH_BYTES)
    return dh_err_set(err, DH_EFORMAT, "a case without input");
  c.key = dh_val_text(v, "key", key, sizeof key);
  c.period = dh_val_text(v, "period", period, sizeof period);
  c.priority = (int)dh_val_int(v, "priority", 0);
  c.deadline = dh_val_int(v, "deadline", 0);
  c.not_before = dh_val_int(v, "not_before", 0);
  c.input = input->s;
  c.input_len = input->n;
  return db->ops->case_add(db, &c, err);
}

static int put_refused(struct dh_buf *b, const struct dh_val *v, const struct dh_err *why)
{
  char key[256];
  int rc = dh_put_map(b, 2);

  if (!rc)
    rc = dh_put_kt(b, "key", dh_val_text(v, "key", key, sizeof key));
  if (!rc)
    rc = dh_put_text(b, "error");
  return rc ? rc : dh_put_err(b, why);
}

static int add(struct dh_db *db, const struct dh_val *request, struct dh_buf *answer, struct dh_err *err)
{
  const struct dh_val *bundle = dh_val_get(request, "bundle"), *cases = dh_val_get(request, "cases");
  char queue[64], hash[DH_SHA256_HEX], who[64];
  size_t added = 0, refused = 0;
  struct dh_buf list;
  int rc;

  if (!bundle || bundle->type != DH_BYTES || !cases || cases->type != DH_LIST)
    return dh_err_set(err, DH_EFORMAT, "a message to add cases has no bundle or no cases");
  dh_val_text(request, "queue", queue, sizeof queue);
  dh_val_text(request, "hash", hash, sizeof hash);
  dh_val_text(request, "who", who, sizeof who);
  dh_buf_init(&list, 16 << 20);
  rc = db->ops->bundle_put(db, hash, queue, bundle->s, bundle->n, err);
  for (size_t i = 0; !rc && i < cases->n; i++) {
    struct dh_err why;

    rc = add_one(db, queue, hash, (int)dh_val_int(request, "wants", 0), &cases->items[i], who, &why);
    added += !rc;
    refused += rc == DH_EEXIST;
    if (rc == DH_EEXIST)
      rc = put_refused(&list, &cases->items[i], &why);
    if (rc)
      *err = why;
  }
  if (!rc && (dh_put_map(answer, 2) || dh_put_ki(answer, "added", (int64_t)added) ||
              dh_put_text(answer, "refused") || dh_put_list(answer, refused) ||
              dh_buf_put(answer, list.data, list.len)))
    rc = dh_err_set(err, DH_ENOMEM, "no memory for an answer");
  dh_buf_fini(&list);
  return rc;
}

static int bytes_of(const struct dh_val *request, const char *key, const struct dh_val **out,
                    struct dh_err *err)
{
  *out = dh_val_get(request, key);
  return *out && (*out)->type == DH_BYTES ? 0 : dh_err_set(err, DH_EFORMAT, "the request has no '%s'", key);
}

const struct dh_val *dh_hold_of(const struct dh_val *holds, const char *queue)
{
  for (size_t i = 0; holds && holds->type == DH_LIST && i < holds->n; i++)
    if (dh_val_is(dh_val_get(&holds->items[i], "queue"), queue))
      return &holds->items[i];
  return NULL;
}

bool dh_hold_is_breaker(const struct dh_val *hold)
{
  const struct dh_val *who = dh_val_get(hold, "who");
  size_t n = strlen(DH_BREAKER);

  return who && who->type == DH_TEXT && who->n >= n && memcmp(who->s, DH_BREAKER, n) == 0;
}

/* A person's hold takes the place of a breaker's, which would end by itself. */
static int hold(struct dh_db *db, const char *queue, enum dh_hold hold, const char *who,
                struct dh_buf *answer, struct dh_err *err)
{
  struct dh_buf out;
  struct dh_val *holds = NULL;
  int rc;

  dh_buf_init(&out, 16 << 20);
  rc = db->ops->hold_list(db, &out, err);
  if (!rc)
    rc = dh_val_parse_buf(&out, &holds, err);
  if (!rc && hold != DH_HOLD_NONE && dh_hold_is_breaker(dh_hold_of(holds, queue)))
    rc = db->ops->queue_hold(db, queue, DH_HOLD_NONE, who, err);
  if (!rc)
    rc = db->ops->queue_hold(db, queue, hold, who, err);
  free(holds);
  dh_buf_fini(&out);
  return rc ? rc : db->ops->hold_list(db, answer, err);
}

int dh_change_apply(struct dh_db *db, const struct dh_val *request, struct dh_buf *answer, struct dh_err *err)
{
  const struct dh_val *what = dh_val_get(request, "do"), *bytes;
  char who[64], name[256], queue[64], period[16];
  size_t before = answer->len;
  int rc;

  dh_val_text(request, "who", who, sizeof who);
  dh_val_text(request, "name", name, sizeof name);
  if (dh_val_is(what, "add")) {
    rc = add(db, request, answer, err);
  } else if (dh_val_is(what, "answer")) {
    rc = bytes_of(request, "answer", &bytes, err);
    if (!rc)
      rc = dh_sign_answer(db, dh_val_int(request, "id", 0), bytes->s, bytes->n, who, answer, err);
  } else if (dh_val_is(what, "retry")) {
    dh_val_text(request, "queue", queue, sizeof queue);
    dh_val_text(request, "period", period, sizeof period);
    dh_val_text(request, "key", name, sizeof name);
    rc = db->ops->case_retry(db, queue, dh_val_get(request, "period") ? period : NULL, name, who, err);
  } else if (dh_val_is(what, "hold")) {
    dh_val_text(request, "queue", queue, sizeof queue);
    rc = hold(db, queue, (enum dh_hold)dh_val_int(request, "hold", DH_HOLD_NONE), who, answer, err);
  } else if (dh_val_is(what, "secret set")) {
    rc = bytes_of(request, "box", &bytes, err);
    if (!rc)
      rc = db->ops->secret_set(db, name, bytes->s, bytes->n, who, err);
  } else if (dh_val_is(what, "secret remove")) {
    rc = db->ops->secret_remove(db, name, who, err);
  } else {
    rc = dh_err_set(err, DH_EUSE, "this request is not known; is the supervisor of another version?");
  }
  if (!rc && answer->len == before && dh_put_map(answer, 0))
    rc = dh_err_set(err, DH_ENOMEM, "no memory for an answer");
  return rc;
}

int dh_change_put_add(struct dh_buf *b, const struct dh_robot *r, const struct dh_intake *in)
{
  int rc = dh_put_map(b, in->who ? 7 : 6);

  if (!rc)
    rc = dh_put_kt(b, "do", "add");
  if (!rc && in->who)
    rc = dh_put_kt(b, "who", in->who);
  if (!rc)
    rc = dh_put_ki(b, "wants", dh_robot_wants(r));
  if (!rc)
    rc = dh_put_kt(b, "queue", r->name);
  if (!rc)
    rc = dh_put_kt(b, "hash", r->hash);
  if (!rc)
    rc = dh_put_text(b, "bundle");
  if (!rc)
    rc = dh_put_bytes(b, r->bundle.data, r->bundle.len);
  if (!rc)
    rc = dh_put_text(b, "cases");
  if (!rc)
    rc = dh_put_list(b, in->ncases);
  return rc ? rc : dh_buf_put(b, in->cases.data, in->cases.len);
}

/* ---- the way */

char *dh_store_url(const struct dh_conf *c, char *out, size_t size)
{
  const char *url = dh_conf_get(c, "store");
  char data[DH_PATH];

  if (url)
    snprintf(out, size, "%s", url);
  else
    snprintf(out, size, "sqlite:%s/store.db", dh_dir_data(data));
  return out;
}

void dh_store_conf(const struct dh_conf *c, struct dh_store_options *o)
{
  o->host = dh_conf_get(c, "fleet.host");
  o->lease_ms = dh_conf_time_ms(c, "fleet.lease", 0);
  o->settle_ms = dh_conf_time_ms(c, "fleet.settle", 0);
}

char *dh_store_blobs_of(const char *url, char *out, size_t size)
{
  struct dh_store_files files;

  snprintf(out, size, "%s", dh_store_files(url, NULL, &files, NULL) ? "" : files.blobs);
  return out;
}

int dh_control_path(const char *url, char *out, size_t size, struct dh_err *err)
{
  const char *path = strncmp(url, "sqlite:", 7) == 0 ? url + 7 : url;
  char whole[DH_PATH * 2 + 8], cwd[DH_PATH] = "", run[DH_PATH], hash[DH_SHA256_HEX];

  if (*path != '/' && !getcwd(cwd, sizeof cwd))
    return dh_err_errno(err, "the working folder cannot be read");
  snprintf(whole, sizeof whole, "%s%s%.1000s.sock", cwd, *path == '/' ? "" : "/", path);
  if (strlen(whole) <= 100) {
    snprintf(out, size, "%s", whole);
    return 0;
  }
  if (dh_dir_make(dh_dir_runtime(run), err))
    return err->code;
  dh_sha256_hex(whole, strlen(whole), hash);
  snprintf(out, size, "%s/deskhand-%.16s.sock", run, hash);
  return 0;
}

/* A connection to the store's supervisor; fd -1 and 0: nobody answers there. */
static int reach(const char *url, int *fd, struct dh_err *err)
{
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  struct timeval patience = {ANSWER_S, 0};
  int rc = dh_control_path(url, at.sun_path, sizeof at.sun_path, err);

  *fd = -1;
  if (rc)
    return rc;
  *fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (*fd < 0)
    return dh_err_errno(err, "cannot make a socket");
  setsockopt(*fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(*fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (connect(*fd, (struct sockaddr *)&at, sizeof at) == 0)
    return 0;
  if (errno != ENOENT && errno != ECONNREFUSED)
    rc = dh_err_errno(err, "the supervisor of this store does not answer (%s)", at.sun_path);
  close(*fd);
  *fd = -1;
  return rc;
}

static int converse(int fd, const struct dh_buf *request, struct dh_buf *answer, struct dh_err *err)
{
  struct dh_frame f;
  struct dh_val *v = NULL;
  int rc;

  dh_frame_init(&f);
  f.id = 1;
  rc = dh_buf_put(&f.data, request->data, request->len);
  if (rc)
    dh_err_set(err, rc, "the request is too large (%zu bytes)", request->len);
  else
    rc = dh_frame_send(fd, &f, err);
  if (!rc)
    rc = dh_frame_recv(fd, &f, err);
  if (rc == DH_EAGAIN)
    rc = dh_err_set(err, DH_ETIME, "the supervisor did not answer within %d seconds", ANSWER_S);
  if (!rc)
    rc = dh_val_parse_buf(&f.data, &v, err);
  if (!rc && v->tag == DH_TAG_ERROR) {
    dh_val_err(v, err);
    rc = err->code;
  }
  free(v);
  if (!rc && (rc = dh_buf_put(answer, f.data.data, f.data.len)))
    dh_err_set(err, rc, "no memory for the answer");
  dh_frame_fini(&f);
  return rc;
}

struct direct {
  const struct dh_val *request;
  struct dh_buf *answer;
};

static int direct_work(struct dh_db *db, void *self, struct dh_err *err)
{
  struct direct *d = self;

  return dh_change_apply(db, d->request, d->answer, err);
}

static int do_it_here(const char *url, const struct dh_buf *request, struct dh_buf *answer,
                      struct dh_err *err)
{
  struct dh_store_options o = {.url = url, .mode = DH_STORE_WRITE, .who = DH_WHO_COMMAND, .wait_ms = LOCK_MS};
  struct direct d = {.answer = answer};
  struct dh_store *store = NULL;
  struct dh_val *v = NULL;
  int rc = dh_val_parse_buf(request, &v, err);

  d.request = v;
  if (!rc)
    rc = dh_store_open(&o, &store, err);
  if (!rc)
    rc = dh_store_do(store, direct_work, &d, err);
  dh_store_close(&store);
  free(v);
  return rc;
}

/* Waits for the end of the process at the other side. */
static int wait_end(int fd, struct dh_err *err)
{
  struct ucred who;
  socklen_t n = sizeof who;
  struct pollfd p = {.events = POLLIN};
  int rc = 0;

  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n))
    return dh_err_errno(err, "the supervisor cannot be watched");
  p.fd = (int)syscall(SYS_pidfd_open, who.pid, 0);
  if (p.fd < 0)
    return errno == ESRCH ? 0 : dh_err_errno(err, "the supervisor (pid %d) cannot be watched", (int)who.pid);
  while (poll(&p, 1, -1) < 0 && !rc)
    if (errno != EINTR)
      rc = dh_err_errno(err, "the supervisor (pid %d) cannot be watched", (int)who.pid);
  close(p.fd);
  return rc;
}

int dh_change_stop(const char *url, bool drain, void (*note)(const char *text), struct dh_err *err)
{
  struct dh_buf request, answer;
  struct dh_val *v = NULL;
  char text[80];
  int fd, rc = reach(url, &fd, err);

  if (rc)
    return rc;
  if (fd < 0) {
    dh_err_set(err, DH_ENOENT, "no serve works on the store %s", url);
    return dh_err_advice(err, "who holds a store says: deskhand doctor");
  }
  dh_buf_init(&request, 256);
  dh_buf_init(&answer, 256);
  if (dh_put_map(&request, 2) || dh_put_kt(&request, "do", "stop") || dh_put_kb(&request, "drain", drain))
    rc = dh_err_set(err, DH_ENOMEM, "no memory");
  if (!rc)
    rc = converse(fd, &request, &answer, err);
  if (!rc)
    rc = dh_val_parse_buf(&answer, &v, err);
  if (!rc && note && dh_val_int(v, "effects", 0)) {
    snprintf(text, sizeof text, "waiting for effects that have begun: %lld",
             (long long)dh_val_int(v, "effects", 0));
    note(text);
  }
  if (!rc)
    rc = wait_end(fd, err);
  free(v);
  dh_buf_fini(&request);
  dh_buf_fini(&answer);
  close(fd);
  return rc;
}

int dh_change_send(const char *url, const struct dh_buf *request, struct dh_buf *answer, struct dh_err *err)
{
  struct dh_store_files files;
  struct dh_err again;
  int fd, rc = dh_store_files(url, NULL, &files, err);

  if (!rc && !files.local)
    return do_it_here(url, request, answer, err);
  if (!rc)
    rc = reach(url, &fd, err);
  if (!rc && fd < 0) {
    rc = do_it_here(url, request, answer, err);
    /* a supervisor that was only beginning has its socket by now */
    if (rc != DH_EUNAVAILABLE || reach(url, &fd, &again) || fd < 0)
      return rc;
    rc = 0;
  }
  if (!rc) {
    rc = converse(fd, request, answer, err);
    close(fd);
  }
  return rc;
}
