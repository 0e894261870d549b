/* sup_ask.c - what workers ask of the supervisor: records to be made durable, secrets, loans, programs. */
#include "sup.h"
#include "../base/log.h"
#include "vault.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- records: one message is one job; each record fails or stands alone */

struct records_job {
  struct dh_job job;
  struct dh_supervisor *s;
  char worker[16];
  uint32_t ask; /* 0: nobody waits */
  struct dh_buf bytes;
  struct dh_val *v;
  const struct dh_val *list;
  size_t n;
  struct dh_record *records;
  struct dh_append *appends;
};

/* Reads records until one is none; how many. */
static size_t read_records(struct records_job *j, size_t from, struct dh_err *why)
{
  size_t n = 0;

  for (; from + n < j->n && !dh_record_get(&j->list->items[from + n], &j->records[from + n], why); n++)
    j->appends[from + n].record = &j->records[from + n];
  return n;
}

static int records_work(struct dh_db *db, struct dh_job *job, struct dh_err *err)
{
  struct records_job *j = (struct records_job *)job;
  int rc = 0;

  for (size_t i = 0, n; i < j->n && !rc; i += n ? n : 1) {
    struct dh_append *a = &j->appends[i];
    struct dh_err why;

    n = read_records(j, i, &why);
    if (n) {
      rc = db->ops->append_all(db, a, n, err);
    } else {
      a->rc = why.code;
      if ((a->err = malloc(sizeof why)))
        *a->err = why;
    }
  }
  return rc;
}

static struct dh_sup_worker *worker_named(struct dh_supervisor *s, const char *name)
{
  struct dh_sup_worker *w = s->workers;

  while (w && strcmp(w->name, name))
    w = w->next;
  return w;
}

static void answer_records(const struct records_job *j, struct dh_sup_worker *w, int rc,
                           const struct dh_err *err)
{
  struct dh_buf b;
  int bad;

  dh_buf_init(&b, 4 << 20);
  if (rc) {
    bad = dh_put_err(&b, err);
  } else {
    bad = dh_put_map(&b, 1);
    if (!bad)
      bad = dh_put_text(&b, "results");
    if (!bad)
      bad = dh_put_list(&b, j->n);
    for (size_t i = 0; !bad && i < j->n; i++) {
      bad = dh_put_list(&b, 2);
      if (!bad)
        bad = dh_put_int(&b, (int64_t)i);
      if (!bad)
        bad = j->appends[i].err ? dh_put_err(&b, j->appends[i].err) : dh_put_int(&b, j->appends[i].lease_end);
    }
  }
  if (!bad)
    dh_peer_send(w->peer, j->ask, true, &b, NULL, 0, NULL);
  dh_buf_fini(&b);
}

static void records_done(struct dh_job *job, int rc, const struct dh_err *err)
{
  struct records_job *j = (struct records_job *)job;
  struct dh_supervisor *s = j->s;
  struct dh_sup_worker *w = worker_named(s, j->worker);

  if (w && w->peer && j->ask)
    answer_records(j, w, rc, err);
  if (rc)
    dh_log(DH_ERROR, NULL, "records of worker %s are not on the disk: %s", j->worker, err->text);
  for (size_t i = 0; i < j->n; i++) {
    if (j->appends[i].err)
      dh_log(DH_WARN, NULL, "a record of worker %s was refused: %s", j->worker, j->appends[i].err->text);
    free(j->appends[i].err);
  }
  free(j->appends);
  free(j->records);
  free(j->v);
  dh_buf_fini(&j->bytes);
  free(j);
  dh_sup_job_done(s);
}

/* What a record means to the supervisor, who only has to know what is open and what ends. */
static void note(struct dh_sup_run *r, int64_t kind)
{
  if (kind == DH_REC_INTENT)
    r->open_effects++;
  else if ((kind == DH_REC_CONFIRM || kind == DH_REC_VOID) && r->open_effects)
    r->open_effects--;
  else if (kind >= DH_REC_RESULT)
    dh_sup_run_finishing(r);
}

void dh_sup_records(struct dh_sup_worker *w, struct dh_frame *f, const struct dh_val *v)
{
  struct records_job *j = calloc(1, sizeof *j);
  struct dh_supervisor *s = w->s;
  struct dh_err err;
  char run[DH_RUN_ID];
  int rc;

  (void)v;
  if (!j)
    return; /* nothing of it is durable and nobody was told so: the worker's next word waits, its run times
               out */
  j->job = (struct dh_job){.work = records_work, .done = records_done, .urgent = f->id != 0};
  j->s = s;
  j->ask = f->id;
  memcpy(j->worker, w->name, sizeof j->worker);
  j->bytes = f->data; /* the frame gets an empty one: the tree points into these bytes */
  dh_buf_init(&f->data, DH_FRAME_MAX);
  rc = dh_val_parse_buf(&j->bytes, &j->v, &err);
  j->list = dh_val_get(j->v, "records");
  j->n = j->list && j->list->type == DH_LIST ? j->list->n : 0;
  j->records = calloc(j->n + 1, sizeof *j->records);
  j->appends = calloc(j->n + 1, sizeof *j->appends);
  if (rc || !j->records || !j->appends)
    j->n = 0;
  for (size_t i = 0; i < j->n; i++) {
    struct dh_sup_run *r = dh_sup_run_find(s, dh_val_text(&j->list->items[i], "run", run, sizeof run));

    int64_t kind = dh_val_int(&j->list->items[i], "kind", 0);
    bool takes = r && r->worker == w && (!s->draining || dh_sup_drain_takes(r, kind));

    j->appends[i].fence = takes ? r->claim.fence : -1; /* no fence: it is not the worker's run, or no more */
    if (takes)
      note(r, kind);
  }
  dh_sup_submit(s, &j->job);
  dh_sup_dispatch(s); /* a run that ends makes room: the next claim is in the same commit */
}

/* ---- questions */

static void ask_free(struct dh_sup_ask *a)
{
  for (struct dh_sup_ask **at = &a->w->asks; *at; at = &(*at)->next)
    if (*at == a) {
      *at = a->next;
      break;
    }
  a->op->notify = NULL;
  dh_op_cancel(a->op);
  dh_op_release(a->op);
  free(a);
}

void dh_sup_asks_end(struct dh_sup_worker *w)
{
  while (w->asks)
    ask_free(w->asks);
  while (w->loans) {
    struct dh_sup_loan *l = w->loans;

    w->loans = l->next;
    free(l);
  }
}

static void send_error(struct dh_sup_worker *w, uint32_t id, const struct dh_err *err)
{
  struct dh_buf b;

  dh_buf_init(&b, 16 << 10);
  if (w->peer && !dh_put_err(&b, err))
    dh_peer_send(w->peer, id, true, &b, NULL, 0, NULL);
  dh_buf_fini(&b);
}

static int answer_lend(struct dh_sup_ask *a, struct dh_buf *b, int *fd)
{
  struct dh_sup_loan *l = malloc(sizeof *l);

  *fd = dh_pool_lent_fd(a->op);
  if (!l)
    return DH_ENOMEM;
  l->ask = a->id;
  l->number = dh_pool_lent(a->op);
  l->next = a->w->loans;
  a->w->loans = l;
  return dh_put_map(b, 1) || dh_put_ki(b, "lent", l->number) ? DH_ENOMEM : 0;
}

static int answer_secret(struct dh_sup_ask *a, struct dh_buf *b)
{
  size_t n;
  const char *value = dh_port_text(a->op, &n);

  return dh_put_map(b, 1) || dh_put_text(b, "value") || dh_put_bytes(b, value, n) ? DH_ENOMEM : 0;
}

static void answered(struct dh_op *op)
{
  struct dh_sup_ask *a = op->waiter;
  struct dh_err err;
  struct dh_buf b;
  int fd = -1, rc = op->rc;

  dh_buf_init(&b, 256 << 10);
  if (rc && op->err)
    err = *op->err;
  else if (rc)
    dh_err_set(&err, rc, "no memory");
  else if (a->kind == 'l')
    rc = answer_lend(a, &b, &fd);
  else if (a->kind == 's')
    rc = answer_secret(a, &b);
  else
    rc = dh_put_map(&b, 1) || dh_put_ki(&b, "status", dh_child_status(op)) ? DH_ENOMEM : 0;
  if (rc && !op->rc)
    dh_err_set(&err, DH_ENOMEM, "no memory for an answer");
  if (rc)
    send_error(a->w, a->id, &err);
  else if (a->w->peer)
    dh_peer_send(a->w->peer, a->id, true, &b, &fd, fd >= 0 ? 1 : 0, NULL);
  if (fd >= 0)
    close(fd);
  if (b.len)
    explicit_bzero(b.data, b.len);
  dh_buf_fini(&b);
  ask_free(a);
}

/* A program that the worker wants to run: argv and the descriptors it gave. */
static struct dh_op *child_of(struct dh_sup_worker *w, struct dh_frame *f, const struct dh_val *v)
{
  const struct dh_val *list = dh_val_get(v, "spawn"), *targets = dh_val_get(v, "fds");
  struct dh_child_spec spec = {.fds = {-1, -1, -1, -1}};
  char profile[32], **argv;
  struct dh_op *op = NULL;
  size_t n = list->type == DH_LIST ? list->n : 0;

  argv = calloc(n + 1, sizeof *argv);
  for (size_t i = 0; argv && i < n; i++)
    argv[i] = list->items[i].type == DH_TEXT ? strndup(list->items[i].s, list->items[i].n) : strdup("");
  for (int i = 0; i < f->nfds && targets && targets->type == DH_LIST && (size_t)i < targets->n; i++)
    if (targets->items[i].type == DH_INT && targets->items[i].i >= 0 && targets->items[i].i < 3)
      spec.fds[targets->items[i].i] = f->fds[i];
  spec.argv = (const char *const *)argv;
  spec.profile = dh_val_text(v, "profile", profile, sizeof profile);
  /* a worker may run what words need, and nothing of ours: a second supervisor, a shell of its own profile */
  if (argv && argv[0] && strcmp(argv[0], "deskhand") && strcmp(profile, "worker"))
    op = dh_child_new(w->s->launcher, &spec);
  for (size_t i = 0; argv && i < n; i++)
    free(argv[i]);
  free(argv);
  return op;
}

static struct dh_op *lend_of(struct dh_sup_worker *w, const struct dh_val *v)
{
  const struct dh_val *needs = dh_val_get(v, "needs");
  bool some = needs && needs->type == DH_BYTES;
  char role[32];

  return dh_pool_lend_new(w->s->pool, dh_val_text(v, "lend", role, sizeof role), w->name,
                          some ? needs->s : NULL, some ? needs->n : 0);
}

static void ask(struct dh_sup_worker *w, uint32_t id, char kind, struct dh_op *op)
{
  struct dh_sup_ask *a = op ? calloc(1, sizeof *a) : NULL;
  struct dh_err err;

  if (!a) {
    if (op)
      dh_op_release(op);
    dh_err_set(&err, DH_EREFUSED, "the supervisor cannot do this");
    send_error(w, id, &err);
    return;
  }
  a->w = w;
  a->id = id;
  a->kind = kind;
  a->op = op;
  a->next = w->asks;
  w->asks = a;
  op->notify = answered;
  op->waiter = a;
  if (dh_op_start(op, &err)) {
    send_error(w, id, &err);
    ask_free(a);
  }
}

/* The worker does not want the answer any more. If it is under way already, what was lent is taken back. */
static void cancel(struct dh_sup_worker *w, uint32_t id)
{
  for (struct dh_sup_ask *a = w->asks; a; a = a->next)
    if (a->id == id) {
      ask_free(a);
      return;
    }
  for (struct dh_sup_loan *l = w->loans; l; l = l->next)
    if (l->ask == id) {
      dh_pool_give_back(w->s->pool, l->number, false);
      return;
    }
}

static void back(struct dh_sup_worker *w, const struct dh_val *v)
{
  for (struct dh_sup_loan **at = &w->loans; *at; at = &(*at)->next) {
    struct dh_sup_loan *l = *at;

    if (l->number != dh_val_int(v, "back", -1))
      continue;
    *at = l->next;
    free(l);
    dh_pool_give_back(w->s->pool, dh_val_int(v, "back", -1), dh_val_bool(v, "healthy", false));
    dh_sup_dispatch(w->s);
    return;
  }
}

void dh_sup_question(struct dh_sup_worker *w, struct dh_frame *f, const struct dh_val *v)
{
  struct dh_supervisor *s = w->s;
  char name[256];

  if (dh_val_get(v, "secret"))
    ask(w, f->id, 's', dh_secret_new(&s->loop, s->store, dh_val_text(v, "secret", name, sizeof name)));
  else if (dh_val_get(v, "lend"))
    ask(w, f->id, 'l', lend_of(w, v));
  else if (dh_val_get(v, "spawn"))
    ask(w, f->id, 'c', child_of(w, f, v));
  else if (dh_val_get(v, "back"))
    back(w, v);
  else if (dh_val_get(v, "cancel"))
    cancel(w, (uint32_t)dh_val_int(v, "cancel", 0));
}
