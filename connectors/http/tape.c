/* tape.c - writes and reads the files of a recording, on the pool. */
#include "tape.h"
#include "deskhand.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TAPE_MAX = 9999, BYTES_MAX = 64 << 20 };

struct tape_op {
  struct dh_op op;
  char *folder, *name;
  struct dh_buf text, body; /* to be written; or what was read: a CBOR list, bytes */
};

static void tape_fini(struct dh_op *op)
{
  struct tape_op *t = (struct tape_op *)op;

  free(t->folder);
  free(t->name);
  dh_buf_fini(&t->text);
  dh_buf_fini(&t->body);
}

static int write_new(const char *path, const struct dh_buf *b, struct dh_err *err)
{
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666), rc = 0;
  size_t done = 0;

  if (fd < 0)
    return errno == EEXIST ? DH_EEXIST : dh_err_errno(err, "cannot record into %s", path);
  while (!rc && done < b->len) {
    ssize_t n = write(fd, b->data + done, b->len - done);

    if (n < 0)
      rc = dh_err_errno(err, "cannot record into %s", path);
    else
      done += (size_t)n;
  }
  close(fd);
  return rc;
}

/* The first number that is free: others record into the same folder. */
static int keep_work(struct dh_op *op, struct dh_err *err)
{
  struct tape_op *t = (struct tape_op *)op;
  char path[4200];
  int rc = dh_dir_make(t->folder, err);

  if (!rc && *t->name) {
    snprintf(path, sizeof path, "%s/%s", t->folder, t->name);
    rc = dh_file_write(path, t->body.data, t->body.len, 0666, err);
  }
  t->text.len = dh_mask_text(t->text.data, t->text.len);
  for (int i = 1; !rc && i <= TAPE_MAX; i++) {
    snprintf(path, sizeof path, "%s/%04d.json", t->folder, i);
    rc = write_new(path, &t->text, err);
    if (rc != DH_EEXIST)
      return rc;
    rc = 0;
  }
  return rc ? rc
            : dh_err_set(err, DH_ELIMIT, "the recording in %s has %d requests already", t->folder, TAPE_MAX);
}

static int read_work(struct dh_op *op, struct dh_err *err)
{
  struct tape_op *t = (struct tape_op *)op;
  struct dh_buf file;
  char path[4200];
  size_t n = 0;
  int rc = 0;

  dh_buf_init(&file, BYTES_MAX);
  for (;; n++) {
    dh_buf_clear(&file);
    snprintf(path, sizeof path, "%s/%04zu.json", t->folder, n + 1);
    rc = dh_buf_read_file(&file, path, err);
    if (rc)
      break;
    rc = dh_put_textn(&t->body, file.data, file.len);
    if (rc)
      break;
  }
  dh_buf_fini(&file);
  if (rc == DH_ENOENT && n > 0)
    rc = dh_put_list(&t->text, n) ?: dh_buf_put(&t->text, t->body.data, t->body.len);
  else if (rc == DH_ENOENT)
    dh_err_advice(err, "record first: deskhand run ROBOT --record %s", t->folder);
  else if (rc == DH_ELIMIT)
    dh_err_set(err, rc, "the recording in %s is larger than %d MiB", t->folder, BYTES_MAX >> 20);
  return rc;
}

static int body_work(struct dh_op *op, struct dh_err *err)
{
  struct tape_op *t = (struct tape_op *)op;
  char path[4200];

  snprintf(path, sizeof path, "%s/%s", t->folder, t->name);
  return dh_buf_read_file(&t->body, path, err);
}

static int read_push(lua_State *L, struct dh_op *op)
{
  const struct dh_buf *list = &((struct tape_op *)op)->text;

  return dh_push_cbor(L, list->data, list->len);
}

static int body_push(lua_State *L, struct dh_op *op)
{
  const struct dh_buf *b = &((struct tape_op *)op)->body;

  lua_pushlstring(L, b->data, b->len);
  return 1;
}

static const struct dh_op_class keep_class = {.name = "http.record",
                                              .size = sizeof(struct tape_op),
                                              .lane = DH_LANE_POOL,
                                              .work = keep_work,
                                              .fini = tape_fini};
static const struct dh_op_class read_class = {.name = "http.replay",
                                              .size = sizeof(struct tape_op),
                                              .lane = DH_LANE_POOL,
                                              .work = read_work,
                                              .push = read_push,
                                              .fini = tape_fini};
static const struct dh_op_class body_class = {.name = "http.replay",
                                              .size = sizeof(struct tape_op),
                                              .lane = DH_LANE_POOL,
                                              .work = body_work,
                                              .push = body_push,
                                              .fini = tape_fini};

/* A boxed op for (folder, …), with the argument at `name` as a plain file name. */
static struct tape_op *new_op(lua_State *L, const struct dh_op_class *cls, int name)
{
  const char *folder = luaL_checkstring(L, 1), *file = name ? luaL_optstring(L, name, "") : "";
  struct tape_op *t;

  luaL_argcheck(L, strlen(folder) < 4096, 1, "the path is too long");
  luaL_argcheck(L, !strchr(file, '/') && *file != '.' && strlen(file) < 100, name, "a plain file name");
  t = (struct tape_op *)dh_op_box(L, cls);
  dh_buf_init(&t->text, BYTES_MAX);
  dh_buf_init(&t->body, BYTES_MAX);
  t->folder = strdup(folder);
  t->name = strdup(file);
  if (!t->folder || !t->name)
    luaL_error(L, "no memory for a recording");
  return t;
}

int dh_tape_keep(lua_State *L)
{
  size_t n, len;
  const char *text = luaL_checklstring(L, 2, &n), *body = luaL_optlstring(L, 4, "", &len);
  struct tape_op *t = new_op(L, &keep_class, 3);

  if (dh_buf_put(&t->text, text, n) || dh_buf_put(&t->body, body, len))
    return luaL_error(L, "the answer is too large to be recorded");
  return dh_await(L, &t->op);
}

int dh_tape_read(lua_State *L)
{
  return dh_await(L, &new_op(L, &read_class, 0)->op);
}

int dh_tape_body(lua_State *L)
{
  return dh_await(L, &new_op(L, &body_class, 2)->op);
}
