/* glob.c - walks the parts of a pattern; every folder is opened beneath its root. */
#include "glob.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct walk {
  const char *folder, *shown; /* shown: what stands before the rest in the caller's pattern */
  size_t shown_len;
  char **names;
  size_t n, cap;
  struct dh_err *err;
};

static int add(struct walk *w, const char *rest)
{
  if (w->n == DH_GLOB_MAX)
    return dh_err_set(w->err, DH_ELIMIT, "the pattern fits more than %d files", DH_GLOB_MAX);
  if (w->n == w->cap) {
    size_t cap = w->cap ? w->cap * 2 : 64;
    char **names = realloc(w->names, cap * sizeof *names);

    if (!names)
      return dh_err_set(w->err, DH_ENOMEM, "no memory for a list of files");
    w->names = names;
    w->cap = cap;
  }
  if (asprintf(&w->names[w->n], "%.*s%s", (int)w->shown_len, w->shown, rest) < 0)
    return dh_err_set(w->err, DH_ENOMEM, "no memory for a list of files");
  w->n++;
  return 0;
}

/* What does not exist, or must not be followed, is simply not in the list. */
static bool is_passed_over(int code)
{
  return code == DH_ENOENT || code == DH_EREFUSED || code == DH_EACCES;
}

static int add_if_file(struct walk *w, const char *rest)
{
  struct dh_err err;
  struct stat st;
  int fd = dh_beneath_open(w->folder, rest, O_PATH, rest, &err), rc = 0;

  if (fd < 0)
    return is_passed_over(fd) ? 0 : dh_err_set(w->err, fd, "%s", err.text);
  if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
    rc = add(w, rest);
  close(fd);
  return rc;
}

static int walk(struct walk *w, const char *done, const char *pattern);

static int descend(struct walk *w, const char *done, const char *name, const char *rest)
{
  char *path;
  int rc;

  if (asprintf(&path, "%s%s%s", done, *done ? "/" : "", name) < 0)
    return dh_err_set(w->err, DH_ENOMEM, "no memory for a list of files");
  rc = *rest ? walk(w, path, rest) : add_if_file(w, path);
  free(path);
  return rc;
}

static int walk_folder(struct walk *w, const char *done, const char *part, const char *rest)
{
  struct dh_err err;
  struct dirent *e;
  DIR *d;
  int fd = dh_beneath_open(w->folder, done, O_RDONLY | O_DIRECTORY, *done ? done : w->folder, &err), rc = 0;

  if (fd < 0)
    return *done && is_passed_over(fd) ? 0 : dh_err_set(w->err, fd, "%s", err.text);
  d = fdopendir(fd);
  if (!d) {
    close(fd);
    return dh_err_set(w->err, DH_ENOMEM, "no memory for a list of files");
  }
  while (!rc && (e = readdir(d)))
    if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
        fnmatch(part, e->d_name, FNM_PERIOD) == 0 && (!*rest || e->d_type != DT_REG))
      rc = descend(w, done, e->d_name, rest);
  closedir(d);
  return rc;
}

static int walk(struct walk *w, const char *done, const char *pattern)
{
  size_t n = strcspn(pattern, "/");
  const char *rest = pattern + n + strspn(pattern + n, "/");
  char *part = strndup(pattern, n);
  int rc;

  if (!part)
    return dh_err_set(w->err, DH_ENOMEM, "no memory for a list of files");
  rc = strpbrk(part, "*?[\\") ? walk_folder(w, done, part, rest) : descend(w, done, part, rest);
  free(part);
  return rc;
}

static int by_name(const void *a, const void *b)
{
  return strcmp(*(char *const *)a, *(char *const *)b);
}

int dh_glob(const struct dh_roots *r, const char *pattern, struct dh_buf *out, struct dh_err *err)
{
  struct walk w = {.shown = pattern, .err = err};
  const char *rest;
  int rc = dh_roots_find(r, pattern, &w.folder, &rest, err);

  if (rc)
    return rc;
  w.shown_len = (size_t)(rest - pattern);
  rc = walk(&w, "", rest);
  if (!rc) {
    if (w.n)
      qsort(w.names, w.n, sizeof *w.names, by_name);
    rc = dh_put_list(out, w.n);
    for (size_t i = 0; !rc && i < w.n; i++)
      rc = dh_put_text(out, w.names[i]);
    if (rc)
      dh_err_set(err, rc, "no memory for a list of %zu files", w.n);
  }
  for (size_t i = 0; i < w.n; i++)
    free(w.names[i]);
  free(w.names);
  return rc;
}
