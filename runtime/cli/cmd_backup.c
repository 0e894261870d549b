/* cmd_backup.c - backup and restore. A backup is a folder: store.db, files/ (named by their bytes),
 * deskhand.conf when there is one, and, written last, backup.json. The key of the vault is never in it. */
#include "util.h"

#include "../base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARK "backup.json"

struct copying {
  const char *to; /* folder of blobs */
  int64_t files, bytes;
};

/* ---- files */

static int copy_bytes(int from, int to)
{
  char chunk[1 << 16];
  ssize_t n;

  while ((n = read(from, chunk, sizeof chunk)) != 0) {
    if (n < 0 && errno != EINTR)
      return -1;
    for (ssize_t at = 0, done; at < n; at += done)
      if ((done = write(to, chunk + at, (size_t)(n - at))) < 0) {
        if (errno != EINTR)
          return -1;
        done = 0;
      }
  }
  return fsync(to);
}

/* Synced, under its name only when it is whole. */
static int copy_file(const char *from, const char *to, struct dh_err *err)
{
  char part[DH_PATH * 3];
  int in, out, rc = 0;

  snprintf(part, sizeof part, "%s.part", to);
  in = open(from, O_RDONLY | O_CLOEXEC);
  if (in < 0)
    return dh_err_errno(err, "%s cannot be read", from);
  out = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (out < 0 || copy_bytes(in, out) || rename(part, to))
    rc = dh_err_errno(err, "%s cannot be copied to %s", from, to);
  close(in);
  if (out >= 0)
    close(out);
  return rc;
}

/* One that is there already has the same bytes: its name says so. */
static int take_blob(void *self, const struct dh_blob_file *f, struct dh_err *err)
{
  struct copying *c = self;
  char folder[DH_PATH * 2], path[DH_PATH * 3];
  struct stat st;
  int rc;

  snprintf(folder, sizeof folder, "%s/%.2s", c->to, f->hash);
  snprintf(path, sizeof path, "%s/%s", folder, f->hash + 2);
  if (stat(path, &st) == 0 && st.st_size == f->bytes)
    return 0;
  rc = dh_dir_make(folder, err);
  if (!rc)
    rc = copy_file(f->path, path, err);
  if (!rc)
    rc = dh_dir_sync(folder, err);
  c->files++;
  c->bytes += f->bytes;
  return rc;
}

static char *conf_path(char out[DH_PATH * 2])
{
  char dir[DH_PATH];

  snprintf(out, DH_PATH * 2, "%s/deskhand.conf", dh_dir_config(dir));
  return out;
}

/* ---- backup */

/* A shared database has its own tools, which know the rest of it too. */
static int check_ours(const char *url, struct dh_err *err)
{
  struct dh_store_files files;
  int rc = dh_store_files(url, NULL, &files, err);

  if (rc || files.local)
    return rc;
  dh_err_set(err, DH_EUSE, "a PostgreSQL store is copied and put back by the tools of its database");
  return dh_err_advice(err, "pg_dump --schema=deskhand and pg_restore; files of cases are in %s",
                       files.blobs);
}

static int write_mark(const char *folder, const struct copying *c, struct dh_err *err)
{
  char path[DH_PATH * 2], at[24], text[300];

  snprintf(path, sizeof path, "%s/" MARK, folder);
  snprintf(text, sizeof text, "{\"backup\": 1, \"taken\": \"%s\", \"taken_ms\": %lld, \"files\": %lld}\n",
           dh_local_text(dh_wall_ms(), at), (long long)dh_wall_ms(), (long long)c->files);
  return dh_file_write(path, text, strlen(text), 0600, err);
}

static int make_empty(const char *folder, struct dh_err *err)
{
  if (access(folder, F_OK) == 0 && rmdir(folder)) {
    dh_err_errno(err, "%s is there already", folder);
    return dh_err_advice(err, "name a new folder: each backup has its own");
  }
  return dh_dir_make(folder, err);
}

static int backup(struct dh_store *store, const char *folder, struct copying *c, struct dh_err *err)
{
  char path[DH_PATH * 2], conf[DH_PATH * 2], files[DH_PATH * 2];
  int rc = make_empty(folder, err);

  snprintf(path, sizeof path, "%s/store.db", folder);
  snprintf(files, sizeof files, "%s/files", folder);
  c->to = files;
  if (!rc)
    rc = dh_store_backup(store, path, err);
  if (!rc && chmod(path, 0600))
    rc = dh_err_errno(err, "the rights of %s cannot be set", path);
  if (!rc)
    rc = dh_dir_make(files, err);
  if (!rc) /* after the database: what it names was there before it */
    rc = dh_blob_each(dh_store_blobs(store), take_blob, c, err);
  snprintf(path, sizeof path, "%s/deskhand.conf", folder);
  if (!rc && access(conf_path(conf), R_OK) == 0)
    rc = copy_file(conf, path, err);
  return rc ? rc : write_mark(folder, c, err);
}

static int exec_backup(struct dh_cli *cli)
{
  char url[DH_PATH * 2];
  struct dh_store_options o = {.url = dh_store_url(cli->conf, url, sizeof url), .mode = DH_STORE_READ};
  struct dh_store *store = NULL;
  struct copying c = {.files = 0};
  struct dh_err err;
  int rc = check_ours(o.url, &err);

  if (!rc)
    rc = dh_store_open(&o, &store, &err);
  if (!rc)
    rc = backup(store, cli->words[0], &c, &err);
  dh_store_close(&store);
  if (rc)
    return dh_say_error(&err, NULL);
  printf("%s: the database, %lld files (%lld MB), the configuration; not in it: the key of the vault\n",
         cli->words[0], (long long)c.files, (long long)c.bytes >> 20);
  return DH_EXIT_DONE;
}

/* ---- restore */

struct marking {
  const char *from;
  struct dh_buf out;
};

static int restored_work(struct dh_db *db, void *self, struct dh_err *err)
{
  struct marking *m = self;

  return db->ops->restored(db, dh_cli_who(), m->from, &m->out, err);
}

/* Nothing is put over what is there, whoever holds it. */
static int check_target(const char *url, const char *path, struct dh_err *err)
{
  char who[64];
  int pid = 0, rc = dh_store_holder(url, NULL, &pid, who, err);

  if (rc)
    return rc;
  if (pid)
    return dh_err_set(err, DH_EUNAVAILABLE, "the store %s is held by pid %d (%s)", path, pid, who);
  if (access(path, F_OK))
    return 0;
  dh_err_set(err, DH_EEXIST, "there is a store in %s already", path);
  return dh_err_advice(err, "name another with --store, or move that one (and its .blobs folder) away");
}

static int check_backup(const char *folder, struct dh_err *err)
{
  char path[DH_PATH * 2];

  snprintf(path, sizeof path, "%s/" MARK, folder);
  if (access(path, R_OK) == 0)
    return 0;
  dh_err_errno(err, "%s is no backup, or one that was not finished", folder);
  return dh_err_advice(err, "name a folder that deskhand backup wrote");
}

/* The copy becomes the store only when it says of itself that it was restored. */
static int mark(const char *path, struct marking *m, struct dh_err *err)
{
  struct dh_store_options o = {.url = path, .mode = DH_STORE_WRITE, .who = "deskhand restore"};
  struct dh_store *store = NULL;
  char lock[DH_PATH * 2 + 8];
  int rc = dh_store_open(&o, &store, err);

  if (!rc)
    rc = dh_store_do(store, restored_work, m, err);
  dh_store_close(&store);
  snprintf(lock, sizeof lock, "%s.lock", path);
  unlink(lock);
  return rc;
}

static int restore(const char *folder, const char *path, const char *blobs, struct copying *c,
                   struct marking *m, struct dh_err *err)
{
  char from[DH_PATH * 2], fresh[DH_PATH * 2], whole[DH_PATH * 2], *slash;
  int rc;

  c->to = blobs;
  snprintf(whole, sizeof whole, "%s", path);
  if ((slash = strrchr(whole, '/')))
    *slash = '\0';
  else
    snprintf(whole, sizeof whole, ".");
  if ((rc = dh_dir_make(whole, err)))
    return rc;
  snprintf(from, sizeof from, "%s/files", folder);
  rc = dh_blob_each(from, take_blob, c, err);
  snprintf(from, sizeof from, "%s/store.db", folder);
  snprintf(fresh, sizeof fresh, "%s.restoring", path);
  if (!rc)
    rc = copy_file(from, fresh, err);
  if (!rc)
    rc = mark(fresh, m, err);
  if (!rc && rename(fresh, path))
    rc = dh_err_errno(err, "%s cannot be renamed to %s", fresh, path);
  return rc ? rc : dh_dir_sync(whole, err);
}

static void say_intents(const struct dh_val *v)
{
  char queue[64], key[256], effect[160], at[24];

  for (size_t i = 0; i < v->n; i++)
    printf("open: %s %s: \"%s\", begun %s\n", dh_val_text(&v->items[i], "queue", queue, sizeof queue),
           dh_val_text(&v->items[i], "key", key, sizeof key),
           dh_val_text(&v->items[i], "effect", effect, sizeof effect),
           dh_local_text(dh_val_int(&v->items[i], "begun", 0), at));
}

static int say_restored(const struct dh_cli *cli, const char *path, struct marking *m)
{
  char conf[DH_PATH * 2];
  struct dh_val *v = NULL;
  struct dh_err err;

  if (cli->json)
    return dh_say_json_cbor(&m->out);
  if (dh_val_parse_buf(&m->out, &v, &err))
    return dh_say_error(&err, NULL);
  say_intents(v);
  printf("%s stands again; %zu effects are open. It is older than the world: every queue is paused.\n"
         "Look at what was done since, then: deskhand queue resume ROBOT\n",
         path, v->n);
  if (access(conf_path(conf), F_OK))
    printf("The configuration is in the backup; it belongs to %s. The vault's key is not in it.\n", conf);
  free(v);
  return DH_EXIT_DONE;
}

static int exec_restore(struct dh_cli *cli)
{
  char url[DH_PATH * 2], blobs[DH_PATH * 2 + 8], path[DH_PATH * 2 + 8];
  struct copying c = {.files = 0};
  struct marking m = {.from = cli->words[0]};
  struct dh_err err;
  int rc;

  dh_store_blobs_of(dh_store_url(cli->conf, url, sizeof url), blobs, sizeof blobs);
  snprintf(path, sizeof path, "%.*s", (int)(strlen(blobs) - strlen(".blobs")), blobs);
  dh_buf_init(&m.out, 64 << 20);
  rc = check_ours(url, &err);
  if (!rc)
    rc = check_backup(cli->words[0], &err);
  if (!rc)
    rc = check_target(url, path, &err);
  if (!rc)
    rc = restore(cli->words[0], path, blobs, &c, &m, &err);
  rc = rc ? dh_say_error(&err, NULL) : say_restored(cli, path, &m);
  dh_buf_fini(&m.out);
  return rc;
}

const struct dh_command dh_cmd_backup = {
    .name = "backup",
    .summary = "Copies the store into a new folder, while it is in use",
    .usage = "FOLDER",
    .help =
        "The database as it is at one moment, the files it names, the configuration. The key of the vault "
        "is not in it: keep\n"
        "it elsewhere, or secrets are to be set again. Others go on working meanwhile. A folder without "
        "backup.json was not\n"
        "finished.",
    .least = 1,
    .most = 1,
    .exec = exec_backup,
};
const struct dh_command dh_cmd_restore = {
    .name = "restore",
    .summary = "Makes a store of a backup",
    .usage = "FOLDER",
    .help =
        "Writes to --store, where none may be. A restored store is older than the world: effects may have "
        "been "
        "done since that\n"
        "it does not know. So every queue is paused until deskhand queue resume; open effects are listed; "
        "and "
        "when a run goes\n"
        "on, the proof of each effect is asked before anything acts: an effect that was open and is proved "
        "is "
        "done, one that\n"
        "the store never saw begin and is proved is a question to a person (deskhand review list). Only "
        "effects without a\n"
        "proof cannot be asked: look at these before you resume their queue. Cases that were added after the "
        "backup are to be\n"
        "added again; the same holds for them.",
    .least = 1,
    .most = 1,
    .exec = exec_restore,
};
