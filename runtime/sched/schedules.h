/* schedules.h - the schedules that a robot declares, with the calendars of its bundle and the case of each.
 * Parses foreign text (calendars): done by the process that reads robots, never by the supervisor. */
#ifndef DH_SCHEDULES_H
#define DH_SCHEDULES_H

#include "intake.h"

/* Appends a CBOR list of maps as dh_schedule_take wants them. blobs: of the store, then each has `input`
 * (bytes) too, the case that its slots get (unless cases.from brings them); NULL: without. zone: of the
 * configuration, or NULL. An empty list when it declares none. Errors name what is wrong. */
int dh_robot_schedules(const struct dh_robot *r, const char *zone, const char *blobs, struct dh_buf *out,
                       struct dh_err *err);

#endif
