/* robot.c - robots from disk: their files, what they declare. See intake.h. */
#include "../host/run.h"
#include "../store/store.h"
#include "intake.h"
#include "period.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int dh_robot_read(const char *path, struct dh_robot *r, struct dh_err *err)
{
  struct stat st;
  char *slash;
  int rc;

  memset(r, 0, sizeof *r);
  dh_buf_init(&r->bundle, DH_DATA_MAX);
  dh_buf_init(&r->declaration, 1 << 20);
  snprintf(r->path, sizeof r->path, "%s", path);
  snprintf(r->folder, sizeof r->folder, "%s", path);
  if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode)) {
    slash = strrchr(r->folder, '/');
    if (slash)
      slash[slash == r->folder] = '\0';
    else
      snprintf(r->folder, sizeof r->folder, ".");
  }
  rc = dh_bundle_read(path, &r->bundle, r->hash, r->name, err);
  if (!rc)
    rc = dh_robot_declare(r->bundle.data, r->bundle.len, path, &r->declaration, err);
  if (!rc)
    rc = dh_val_parse_buf(&r->declaration, &r->declared, err);
  if (rc)
    dh_robot_fini(r);
  return rc;
}

void dh_robot_fini(struct dh_robot *r)
{
  free(r->declared);
  r->declared = NULL;
  dh_buf_fini(&r->bundle);
  dh_buf_fini(&r->declaration);
}

char *dh_robot_cases(const struct dh_robot *r, const char *what, char *out, size_t size)
{
  return dh_val_text(dh_val_get(r->declared, "cases"), what, out, size);
}

int dh_robot_wants(const struct dh_robot *r)
{
  char to[512];

  return (*dh_robot_cases(r, "to", to, sizeof to) ? DH_WANTS_TABLE : 0) |
         (dh_val_bool(r->declared, "finish", false) ? DH_WANTS_FINISH : 0);
}

char *dh_robot_zone(const struct dh_robot *r, const char *zone, char out[64])
{
  dh_val_text(r->declared, "zone", out, 64);
  if (!*out && zone)
    snprintf(out, 64, "%s", zone);
  return out;
}

void dh_robot_period(const struct dh_robot *r, const char *zone, char out[16])
{
  char once_a[8], name[64];

  dh_period_text(dh_robot_cases(r, "once_a", once_a, sizeof once_a), dh_robot_zone(r, zone, name), out);
}
