/* local_port.c - the port of a process that has the store itself: records are jobs of the store thread,
 * children are its own. */
#include "local_state.h"
#include "../base/log.h"
#include "vault.h"

#include <stdlib.h>
#include <string.h>

struct record_job {
  struct dh_job job;
  struct dh_local *local;
  struct dh_record record;
  int64_t fence, lease_end;
  void (*done)(void *self, int rc, const struct dh_err *err, int64_t lease_end);
  void *self;
  char data[];
};

static int record_work(struct dh_db *db, struct dh_job *job, struct dh_err *err)
{
  struct record_job *r = (struct record_job *)job;

  return db->ops->append(db, &r->record, r->fence, &r->lease_end, err);
}

struct dh_local_run *dh_local_run_find(struct dh_local *l, const char *run)
{
  struct dh_local_run *r = l->runs;

  while (r && strcmp(r->claim.run, run))
    r = r->next;
  return r;
}

static void record_done(struct dh_job *job, int rc, const struct dh_err *err)
{
  struct record_job *r = (struct record_job *)job;
  struct dh_local_run *run = rc ? dh_local_run_find(r->local, r->record.run) : NULL;

  if (run && !run->refused.code)
    run->refused = *err;
  if (r->done)
    r->done(r->self, rc, err, r->lease_end);
  else if (rc)
    dh_log(DH_ERROR, r->record.run, "a %s could not be recorded: %s", dh_record_kind_name(r->record.kind),
           err->text);
  free(r);
}

static void port_record(struct dh_port *p, const struct dh_record *record,
                        void (*done)(void *self, int rc, const struct dh_err *err, int64_t lease_end),
                        void *self)
{
  struct dh_local *l = (struct dh_local *)p;
  struct dh_local_run *run = dh_local_run_find(l, record->run);
  struct record_job *r = malloc(sizeof *r + record->len);
  struct dh_err err;

  if (!r || !run) {
    free(r);
    dh_err_set(&err, run ? DH_ENOMEM : DH_EUSE,
               run ? "no memory for a record" : "a record of a run that is not here");
    if (done)
      done(self, err.code, &err, 0);
    return;
  }
  r->job =
      (struct dh_job){.work = record_work, .done = record_done, .urgent = dh_record_urgent(record->kind)};
  r->local = l;
  r->record = *record;
  r->record.data = memcpy(r->data, record->data ? record->data : "", record->len);
  r->fence = run->claim.fence;
  r->lease_end = INT64_MAX;
  r->done = done;
  r->self = self;
  dh_store_submit(l->store, &r->job);
}

static struct dh_op *port_secret(struct dh_port *p, const char *name)
{
  struct dh_local *l = (struct dh_local *)p;

  return dh_secret_new(&l->loop, l->store, name);
}

static struct dh_op *port_lend(struct dh_port *p, const char *run, const char *role, const char *needs,
                               size_t n)
{
  return dh_children_lend(&((struct dh_local *)p)->children, run, role, needs, n);
}

static void port_give_back(struct dh_port *p, struct dh_peer *peer, bool healthy)
{
  dh_children_give_back(&((struct dh_local *)p)->children, peer, healthy);
}

static struct dh_op *port_spawn(struct dh_port *p, const char *const argv[], const char *profile, int in)
{
  return dh_children_spawn(&((struct dh_local *)p)->children, argv, profile, in);
}

static struct dh_op *port_keep(struct dh_port *p, const void *bytes, size_t n)
{
  struct dh_local *l = (struct dh_local *)p;

  return dh_keep_new(&l->loop, dh_store_blobs(l->store), bytes, n);
}

static int port_path(struct dh_port *p, const char *hash, char *out, size_t size, struct dh_err *err)
{
  return dh_blob_path(dh_store_blobs(((struct dh_local *)p)->store), hash, out, size, err);
}

static const char *port_conf(struct dh_port *p, const char *key)
{
  return dh_conf_get(((struct dh_local *)p)->o.conf, key);
}

const struct dh_port_ops dh_local_port = {port_record, port_secret, port_lend, port_give_back,
                                          port_spawn,  port_keep,   port_path, port_conf};
