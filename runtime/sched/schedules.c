/* schedules.c - see schedules.h. */
#include "schedules.h"
#include "../base/calendar.h"
#include "../host/run.h"
#include "../store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int keep(void *self, const void *p, size_t n, char hash[DH_SHA256_HEX], struct dh_err *err)
{
  return dh_blob_put(self, p, n, hash, err);
}

/* The files of a bundle (as dh_bundle_read makes it) that are named, as one calendar. */
static int read_calendar(const struct dh_val *files, const struct dh_val *names, struct dh_calendar *c,
                         struct dh_err *err)
{
  char path[300];
  int rc = 0;

  for (size_t i = 0; !rc && i < names->n; i++) {
    const struct dh_val *name = &names->items[i], *file;

    snprintf(path, sizeof path, "calendars/%.*s.ics", name->type == DH_TEXT ? (int)name->n : 0, name->s);
    file = dh_val_get(files, path);
    if (!file || file->type != DH_BYTES)
      rc = dh_err_set(err, DH_ENOENT, "the robot has no %s", path);
    else
      rc = dh_calendar_ics(c, file->s, file->n, path, err);
  }
  return rc;
}

static int put_calendar(const struct dh_val *files, const struct dh_val *names, struct dh_buf *out,
                        struct dh_err *err)
{
  struct dh_calendar *c = dh_calendar_new();
  int rc = c ? read_calendar(files, names, c, err) : DH_ENOMEM;

  if (!rc && ((rc = dh_put_text(out, "calendar")) || (rc = dh_calendar_put(out, c))))
    dh_err_set(err, rc, "the calendar is too large");
  else if (!c)
    dh_err_set(err, rc, "no memory for a calendar");
  dh_calendar_free(c);
  return rc;
}

static int put_input(const struct dh_robot *r, const struct dh_val *raw, const char *blobs,
                     struct dh_buf *out, struct dh_err *err)
{
  struct dh_val nothing = {.type = DH_MAP};
  struct dh_buf input;
  int rc;

  dh_buf_init(&input, DH_DATA_MAX);
  rc = dh_case_take(r->declared, raw ? raw : &nothing, r->folder, keep, (void *)blobs, &input, err);
  if (!rc && ((rc = dh_put_text(out, "input")) || (rc = dh_put_bytes(out, input.data, input.len))))
    dh_err_set(err, rc, "the case of a schedule is too large");
  dh_buf_fini(&input);
  return rc;
}

static bool kept(const struct dh_val *key)
{
  return !dh_val_is(key, "calendar") && !dh_val_is(key, "case");
}

static int put_rule(const struct dh_robot *r, const struct dh_val *files, const struct dh_val *rule,
                    const char *zone, const char *blobs, struct dh_buf *out, struct dh_err *err)
{
  const struct dh_val *calendar = dh_val_get(rule, "calendar");
  bool zoned = dh_val_get(rule, "zone") || !zone;
  bool from = dh_val_get(dh_val_get(r->declared, "cases"), "from") != NULL;
  size_t n = !zoned + (calendar != NULL) + (blobs && !from);
  int rc;

  for (size_t i = 0; i < rule->n; i++)
    n += kept(&rule->items[2 * i]);
  rc = dh_put_map(out, n);
  for (size_t i = 0; !rc && i < rule->n; i++)
    if (kept(&rule->items[2 * i])) {
      rc = dh_put_val(out, &rule->items[2 * i]);
      if (!rc)
        rc = dh_put_val(out, &rule->items[2 * i + 1]);
    }
  if (!rc && !zoned)
    rc = dh_put_kt(out, "zone", zone);
  if (rc)
    return dh_err_set(err, rc, "the schedules of the robot are too large");
  if (calendar)
    rc = put_calendar(files, calendar, out, err);
  if (!rc && blobs && !from) /* else its cases come from there */
    rc = put_input(r, dh_val_get(rule, "case"), blobs, out, err);
  return rc;
}

int dh_robot_schedules(const struct dh_robot *r, const char *zone, const char *blobs, struct dh_buf *out,
                       struct dh_err *err)
{
  const struct dh_val *rules = dh_val_get(r->declared, "schedule");
  size_t n = rules && rules->type == DH_LIST ? rules->n : 0;
  struct dh_val *files = NULL;
  int rc = n ? dh_val_parse_buf(&r->bundle, &files, err) : 0;

  if (!rc && dh_put_list(out, n))
    rc = dh_err_set(err, DH_ENOMEM, "no memory for schedules");
  for (size_t i = 0; !rc && i < n; i++)
    rc = put_rule(r, files, &rules->items[i], zone && *zone ? zone : NULL, blobs, out, err);
  free(files);
  return rc;
}
