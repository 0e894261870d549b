/* vault.c - see vault.h. The cryptography is a module's (vault), loaded when the first secret is asked for.
 */
#include "vault.h"
#include "../base/log.h"
#include "../host/module.h"

#include <stdlib.h>
#include <string.h>

struct secret_op {
  struct dh_port_op port;
  struct dh_job job;
  struct dh_store *store;
  struct dh_buf box;
  char *name;
};

static int load(bool make, unsigned char key[32], const struct dh_vault **vault, char *path, size_t size,
                struct dh_err *err)
{
  const struct dh_module *module;
  char dir[DH_PATH];
  int rc = dh_module_load("vault", &module, err);

  if (!rc && !module->vault)
    rc = dh_err_set(err, DH_EFORMAT, "the module 'vault' is of another version");
  if (!rc)
    rc = dh_key_load(dh_dir_config(dir), make, key, path, size, err);
  if (!rc)
    *vault = module->vault;
  return rc;
}

int dh_secret_seal(const char *name, const char *value, size_t n, struct dh_buf *box, char *key_path,
                   size_t size, struct dh_err *err)
{
  const struct dh_vault *vault;
  unsigned char key[32];
  int rc = load(true, key, &vault, key_path, size, err);

  if (!rc)
    rc = vault->seal(key, name, value, n, box, err);
  explicit_bzero(key, sizeof key);
  return rc;
}

static int unseal(struct secret_op *s, struct dh_err *err)
{
  const struct dh_vault *vault;
  unsigned char key[32];
  char path[DH_PATH];
  int rc = load(false, key, &vault, path, sizeof path, err);

  if (!rc)
    rc = vault->open(key, s->name, s->box.data, s->box.len, &s->port.text, err);
  explicit_bzero(key, sizeof key);
  if (!rc)
    dh_log_mask(s->port.text.data, s->port.text.len);
  return rc;
}

static struct secret_op *of_job(struct dh_job *job)
{
  return (struct secret_op *)((char *)job - offsetof(struct secret_op, job));
}

static int job_work(struct dh_db *db, struct dh_job *job, struct dh_err *err)
{
  struct secret_op *s = of_job(job);

  return db->ops->secret_get(db, s->name, &s->box, err);
}

static void job_done(struct dh_job *job, int rc, const struct dh_err *why)
{
  struct secret_op *s = of_job(job);
  struct dh_err err;

  if (rc)
    err = *why;
  else
    rc = unseal(s, &err);
  dh_op_done(&s->port.op, rc, &err);
  dh_op_release(&s->port.op); /* the job's own reference */
}

static int secret_start(struct dh_op *op, struct dh_err *err)
{
  struct secret_op *s = (struct secret_op *)op;

  (void)err;
  s->job = (struct dh_job){.work = job_work, .done = job_done, .urgent = true};
  dh_op_ref(op); /* the store thread writes into it, whoever has given it up */
  dh_store_submit(s->store, &s->job);
  return 0;
}

static void secret_fini(struct dh_op *op)
{
  struct secret_op *s = (struct secret_op *)op;

  dh_buf_fini(&s->box);
  free(s->name);
  dh_port_op_fini(op);
}

static const struct dh_op_class secret_class = {
    .name = "secret", .size = sizeof(struct secret_op), .start = secret_start, .fini = secret_fini};

struct dh_op *dh_secret_new(struct dh_loop *loop, struct dh_store *store, const char *name)
{
  struct secret_op *s = (struct secret_op *)dh_port_op_new(loop, &secret_class, 64 << 10);

  if (!s)
    return NULL;
  s->store = store;
  s->name = strdup(name);
  dh_buf_init(&s->box, 128 << 10);
  if (!s->name) {
    dh_op_release(&s->port.op);
    return NULL;
  }
  return &s->port.op;
}
