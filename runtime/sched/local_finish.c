/* local_finish.c - the end of periods in this process: one step after the other (see finish.h). */
#include "finish.h"
#include "local_state.h"
#include "../base/log.h"

#include <stdlib.h>

struct over_work {
  const char *queue;
  struct dh_buf out;
};

static int over_work(struct dh_db *db, void *self, struct dh_err *err)
{
  struct over_work *w = self;

  return db->ops->period_over(db, &w->queue, 1, &w->out, err);
}

struct step {
  struct dh_ending e;
  bool added;
};

static int read_work(struct dh_db *db, void *self, struct dh_err *err)
{
  return dh_ending_read(&((struct step *)self)->e, db, err);
}

static int commit_work(struct dh_db *db, void *self, struct dh_err *err)
{
  struct step *s = self;

  return dh_ending_commit(&s->e, db, &s->added, err);
}

static int end_one(struct dh_local *l, const struct dh_robot *robot, const struct dh_val *over, size_t *added,
                   struct dh_err *err)
{
  struct step s = {.added = false};
  char to[512], column[64];
  int rc;

  dh_ending_init(&s.e, over, dh_store_blobs(l->store));
  rc = dh_ending_table(&s.e, robot->folder, dh_robot_cases(robot, "to", to, sizeof to),
                       dh_robot_cases(robot, "key", column, sizeof column), err);
  if (!rc)
    rc = dh_local_do(l, read_work, &s, err);
  if (!rc)
    rc = dh_ending_work(&s.e, err);
  if (!rc)
    rc = dh_local_do(l, commit_work, &s, err);
  if (!rc)
    dh_ending_say(&s.e, s.added);
  *added += s.added;
  dh_ending_fini(&s.e);
  return rc;
}

int dh_local_finish(struct dh_local *l, const struct dh_robot *robot, size_t *added, struct dh_err *err)
{
  struct over_work w = {.queue = robot->name};
  struct dh_val *list = NULL;
  int rc;

  *added = 0;
  dh_buf_init(&w.out, DH_TABLE_MAX);
  rc = dh_local_do(l, over_work, &w, err);
  if (!rc)
    rc = dh_val_parse_buf(&w.out, &list, err);
  for (size_t i = 0; !rc && i < list->n; i++)
    rc = end_one(l, robot, &list->items[i], added, err);
  free(list);
  dh_buf_fini(&w.out);
  return rc;
}
