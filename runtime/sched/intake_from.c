/* intake_from.c - what cases.from points to: one case a file of a folder, or a file of cases. */
#include "intake.h"

#include <dirent.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool dh_source_of(const struct dh_robot *r, struct dh_source *s)
{
  char from[512], path[2 * DH_PATH];
  const char *slash;

  memset(s, 0, sizeof *s);
  if (!*dh_robot_cases(r, "from", from, sizeof from))
    return false;
  snprintf(path, sizeof path, "%s%s%s", *from == '/' ? "" : r->folder, *from == '/' ? "" : "/", from);
  slash = strrchr(path, '/');
  snprintf(s->folder, sizeof s->folder, "%.*s", slash == path ? 1 : (int)(slash - path), path);
  snprintf(s->pattern, sizeof s->pattern, "%s", slash + 1);
  s->each = strpbrk(from, "*?[") != NULL;
  return true;
}

bool dh_source_takes(const struct dh_source *s, const char *name)
{
  return s->each ? *name != '.' && fnmatch(s->pattern, name, 0) == 0 : strcmp(name, s->pattern) == 0;
}

/* {case: {file: {type: "file"}}}: what a case from a folder is when the robot does not say so itself. */
static void file_case(struct dh_val v[6])
{
  static const char *const names[] = {"case", "file", "type"};

  for (int i = 0; i < 3; i++) {
    v[2 * i] = (struct dh_val){.type = DH_TEXT, .n = 4, .s = names[i]};
    v[2 * i + 1] = (struct dh_val){.type = DH_MAP, .n = 1, .items = &v[2 * i + 2]};
  }
  v[5] = (struct dh_val){.type = DH_TEXT, .n = 4, .s = "file"};
}

int dh_intake_one(struct dh_intake *in, const struct dh_robot *r, const struct dh_source *s, const char *name,
                  struct dh_err *err)
{
  const struct dh_val *declared = r->declared;
  struct dh_val made[6], root = {.type = DH_MAP, .n = 1, .items = made};
  char path[sizeof s->folder + 300];
  struct stat st;

  if (!dh_source_takes(s, name))
    return 0;
  snprintf(path, sizeof path, "%s/%s", s->folder, name);
  if (!s->each)
    return dh_intake_file(in, r, path, err);
  if (stat(path, &st) || !S_ISREG(st.st_mode))
    return 0;
  if (!dh_val_get(dh_val_get(declared, "case"), "file")) {
    file_case(made);
    declared = &root;
  }
  return dh_intake_named(in, r, declared, s->folder, name, err);
}

int dh_intake_all(struct dh_intake *in, const struct dh_robot *r, const struct dh_source *s,
                  bool (*ready)(const struct dh_source *s, const char *name), struct dh_err *err)
{
  struct dirent **names;
  int n, rc = 0;

  if (!s->each)
    return dh_intake_one(in, r, s, s->pattern, err);
  n = scandir(s->folder, &names, NULL, alphasort);
  if (n < 0)
    return dh_err_errno(err, "the folder %s of cases.from cannot be read", s->folder);
  for (int i = 0; i < n; i++) {
    if (!rc && (!ready || ready(s, names[i]->d_name)))
      rc = dh_intake_one(in, r, s, names[i]->d_name, err);
    free(names[i]);
  }
  free(names);
  return rc;
}

int dh_intake_from(struct dh_intake *in, const struct dh_robot *r, struct dh_err *err)
{
  struct dh_source s;

  return dh_source_of(r, &s) ? dh_intake_all(in, r, &s, NULL, err) : 0;
}
