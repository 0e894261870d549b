/* bundle.c - a robot on disk as one value: its files by path, named by their hash. What a run began with it
 * keeps. */
#include "run.h"
#include "../base/sha256.h"

#include <ctype.h>
#include <dirent.h>
#include <fnmatch.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_MAX = 1 << 20, BUNDLE_MAX = 8 << 20, FILES_MAX = 500, DATA_MAX = 16 };

struct file {
  char *path;
  struct dh_buf text;
};

struct reader {
  struct file *files;
  size_t n;
  size_t bytes;
  char data[DATA_MAX][256]; /* what robot.lua names as cases.from and cases.to */
  int ndata;
};

/* ---- data beside the robot: no part of it, or each letter and each table of results would make a new
 * version. Read off the text: what it declares is known only once it is a bundle. */

/* The literal behind `from =` or `to =` at s; NULL: there is none. */
static const char *literal(const char *s, char out[256])
{
  size_t n = strncmp(s, "from", 4) == 0 ? 4 : strncmp(s, "to", 2) == 0 ? 2 : 0;
  const char *end;

  s += n + strspn(s + n, " \t\n");
  if (!n || *s != '=')
    return NULL;
  s++;
  s += strspn(s, " \t\n");
  end = *s == '"' || *s == '\'' ? strchr(s + 1, *s) : NULL;
  if (!end || end - s > 255)
    return NULL;
  s += strncmp(s + 1, "./", 2) == 0 ? 3 : 1;
  snprintf(out, 256, "%.*s", (int)(end - s), s);
  return end;
}

static void find_data(struct reader *r, const char *text)
{
  bool inside = false; /* a longer name */

  for (const char *s = text; *s && r->ndata < DATA_MAX; s++) {
    const char *end = inside ? NULL : literal(s, r->data[r->ndata]);

    inside = isalnum((unsigned char)*s) || *s == '_' || *s == '.';
    if (!end)
      continue;
    r->ndata += *r->data[r->ndata] != '\0';
    s = end;
    inside = false;
  }
}

/* name: relative to the robot's folder; that of a folder ends in a slash. */
static bool is_data(const struct reader *r, const char *name)
{
  for (int i = 0; i < r->ndata; i++) {
    const char *p = r->data[i], *slash = strrchr(p, '/'), *dot = strrchr(p, '.');
    char variant[300];

    if (fnmatch(p, name, FNM_PATHNAME) == 0)
      return true;
    if (slash && strpbrk(slash, "*?[") && strncmp(name, p, (size_t)(slash - p) + 1) == 0)
      return true;                                /* whatever lies in a folder of cases */
    snprintf(variant, sizeof variant, "%s.*", p); /* a table that is being written */
    if (fnmatch(variant, name, FNM_PATHNAME) == 0)
      return true;
    snprintf(variant, sizeof variant, "%.*s.*%s", dot ? (int)(dot - p) : 0, p,
             dot ? dot : ""); /* an older period's */
    if (dot && fnmatch(variant, name, FNM_PATHNAME) == 0)
      return true;
  }
  return false;
}

/* ---- files */

static int add_file(struct reader *r, const char *path, const char *name, struct dh_err *err)
{
  struct file *f;
  int rc;

  if (r->n == FILES_MAX)
    return dh_err_set(err, DH_ELIMIT, "the robot has over %d files (at %s)", FILES_MAX, path);
  f = realloc(r->files, (r->n + 1) * sizeof *f);
  if (!f)
    return dh_err_set(err, DH_ENOMEM, "no memory for %s", path);
  r->files = f;
  f += r->n;
  dh_buf_init(&f->text, FILE_MAX);
  f->path = strdup(name);
  if (!f->path)
    return dh_err_set(err, DH_ENOMEM, "no memory for %s", path);
  r->n++;
  rc = dh_buf_read_file(&f->text, path, err);
  r->bytes += f->text.len;
  if (!rc && r->bytes > BUNDLE_MAX)
    rc = dh_err_set(err, DH_ELIMIT, "the robot's files have over %d MB (at %s)", BUNDLE_MAX >> 20, path);
  return rc;
}

static bool stays_out(const char *name)
{
  return name[0] == '.' || strcmp(name, "fixtures") == 0 || strncmp(name, "test_", 5) == 0 ||
         strcmp(name, "README.md") == 0;
}

static int add_folder(struct reader *r, const char *dir, const char *prefix, int depth, struct dh_err *err)
{
  struct dirent **list;
  int n = scandir(dir, &list, NULL, alphasort), rc = 0;

  if (n < 0)
    return dh_err_errno(err, "cannot read the folder %s", dir);
  for (int i = 0; i < n; i++) {
    char path[4096], name[1024];
    struct stat st;

    if (!rc && !stays_out(list[i]->d_name)) {
      snprintf(path, sizeof path, "%s/%s", dir, list[i]->d_name);
      snprintf(name, sizeof name, "%s%s", prefix, list[i]->d_name);
      if (lstat(path, &st))
        rc = dh_err_errno(err, "cannot look at %s", path);
      else if (S_ISREG(st.st_mode))
        rc = is_data(r, name) ? 0 : add_file(r, path, name, err);
      else if (S_ISDIR(st.st_mode) && depth < 4) {
        strncat(name, "/", sizeof name - strlen(name) - 1);
        rc = is_data(r, name) ? 0 : add_folder(r, path, name, depth + 1, err);
      }
    }
    free(list[i]);
  }
  free(list);
  return rc;
}

static bool has(const struct reader *r, const char *name)
{
  for (size_t i = 0; i < r->n; i++)
    if (strcmp(r->files[i].path, name) == 0)
      return true;
  return false;
}

/* A screen or a calendar belongs to the bundle when one of the robot's Lua files names it in quotes. */
static bool is_named(const struct reader *r, const char *screen)
{
  char quoted[300];

  for (int q = 0; q < 2; q++) {
    snprintf(quoted, sizeof quoted, "%c%s%c", "\"'"[q], screen, "\"'"[q]);
    for (size_t i = 0; i < r->n; i++) {
      const char *dot = strrchr(r->files[i].path, '.');

      if (dot && strcmp(dot, ".lua") == 0 && strstr(r->files[i].text.data, quoted))
        return true;
    }
  }
  return false;
}

/* Of the folder `kind` beside a folder: files that end in ext. */
static int add_named(struct reader *r, const char *beside, const char *kind, const char *ext,
                     struct dh_err *err)
{
  struct dirent **list;
  char dir[4096];
  int n, rc = 0;

  snprintf(dir, sizeof dir, "%.4000s/%s", beside, kind);
  n = scandir(dir, &list, NULL, alphasort);
  for (int i = 0; i < n; i++) {
    char path[4096], name[300], bare[256];
    char *dot;

    snprintf(bare, sizeof bare, "%s", list[i]->d_name);
    dot = strrchr(bare, '.');
    snprintf(name, sizeof name, "%s/%s", kind, list[i]->d_name);
    snprintf(path, sizeof path, "%s/%s", dir, list[i]->d_name);
    if (!rc && dot && strcmp(dot, ext) == 0) {
      *dot = '\0';
      if (is_named(r, bare) && !has(r, name))
        rc = add_file(r, path, name, err);
    }
    free(list[i]);
  }
  if (n >= 0)
    free(list);
  return rc;
}

static int by_path(const void *a, const void *b)
{
  return strcmp(((const struct file *)a)->path, ((const struct file *)b)->path);
}

static int encode(struct reader *r, struct dh_buf *out)
{
  int rc = dh_put_map(out, r->n);

  qsort(r->files, r->n, sizeof *r->files, by_path);
  for (size_t i = 0; !rc && i < r->n; i++) {
    rc = dh_put_text(out, r->files[i].path);
    if (!rc)
      rc = dh_put_bytes(out, r->files[i].text.data, r->files[i].text.len);
  }
  return rc;
}

static int read_folder(struct reader *r, const char *real, struct dh_err *err)
{
  struct dh_buf text;
  char path[4096];

  dh_buf_init(&text, FILE_MAX);
  snprintf(path, sizeof path, "%.4000s/robot.lua", real);
  if (!dh_buf_read_file(&text, path, NULL) && !dh_buf_putc(&text, '\0'))
    find_data(r, text.data); /* without one add_folder's caller says so */
  dh_buf_fini(&text);
  return add_folder(r, real, "", 0, err);
}

static int read_all(struct reader *r, const char *real, bool folder, struct dh_err *err)
{
  char up[4096], dir[4096];
  int rc = folder ? read_folder(r, real, err) : add_file(r, real, "robot.lua", err);

  if (!rc && !has(r, "robot.lua")) {
    dh_err_set(err, DH_ENOENT, "%s has no robot.lua", real);
    return dh_err_advice(err,
                         "a robot is a folder with robot.lua, or one .lua file; deskhand new NAME makes one");
  }
  snprintf(up, sizeof up, "%s", real);
  for (int i = 0; !rc && i < 2; i++) {
    snprintf(dir, sizeof dir, "%s", up);
    snprintf(up, sizeof up, "%s", dirname(dir));
    rc = add_named(r, up, "screens", ".lua", err);
    if (!rc)
      rc = add_named(r, up, "calendars", ".ics", err);
  }
  return rc;
}

static int take_name(const char *real, bool folder, char name[64], struct dh_err *err)
{
  char copy[4096];
  char *base, *dot;

  snprintf(copy, sizeof copy, "%s", real);
  base = basename(copy);
  if (folder && strcmp(base, "robot.lua") == 0)
    base = basename(dirname(copy));
  dot = folder ? NULL : strrchr(base, '.');
  if (dot)
    *dot = '\0';
  if (strlen(base) >= 64 || !*base)
    return dh_err_set(err, DH_EUSE, "the robot's name \"%.80s\" is too long (63 bytes at most)", base);
  strcpy(name, base);
  return 0;
}

int dh_bundle_read(const char *robot, struct dh_buf *bundle, char hash[DH_SHA256_HEX], char name[64],
                   struct dh_err *err)
{
  struct reader r = {.files = NULL};
  char real[4096];
  struct stat st;
  bool folder;
  int rc;

  if (!realpath(robot, real) || stat(real, &st)) {
    dh_err_errno(err, "there is no robot %s", robot);
    return dh_err_advice(err, "name a folder with robot.lua, or one .lua file");
  }
  folder = S_ISDIR(st.st_mode);
  rc = take_name(real, folder, name, err);
  if (!rc)
    rc = read_all(&r, real, folder, err);
  if (!rc && (rc = encode(&r, bundle)))
    dh_err_set(err, rc, "the robot %s is too large", robot);
  if (!rc)
    dh_sha256_hex(bundle->data, bundle->len, hash);
  for (size_t i = 0; i < r.n; i++) {
    free(r.files[i].path);
    dh_buf_fini(&r.files[i].text);
  }
  free(r.files);
  return rc;
}
