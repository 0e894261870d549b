/* ops_picture.c - requests that show the desk: capture, tree; and the evidence of a failure. */
#include "act.h"
#include "field.h"
#include "label.h"
#include "ops.h"
#include "xwin.h"

#include <stdlib.h>
#include <string.h>

void dh_box_clip(struct dh_box *b, int width, int height)
{
  int right = MIN(b->x + b->w, width), bottom = MIN(b->y + b->h, height);

  b->x = MAX(b->x, 0);
  b->y = MAX(b->y, 0);
  b->w = MAX(right - b->x, 0);
  b->h = MAX(bottom - b->y, 0);
}

/* Blackens the parts of windows into which a secret was typed by place. */
static void cover_all(struct dh_desk *d)
{
  struct dh_window list[DH_WINDOWS_MAX];
  int n = d->covers->len ? dh_windows_list(d, list, DH_WINDOWS_MAX) : 0;

  for (guint k = 0; k < d->covers->len; k++) {
    const struct dh_cover *c = &g_array_index(d->covers, struct dh_cover, k);

    for (int i = 0; i < n; i++)
      if (list[i].id == c->window) {
        struct dh_box part = {list[i].box.x + c->part.x, list[i].box.y + c->part.y, c->part.w, c->part.h};

        dh_shot_black(d, &part);
      }
  }
}

/* Blackens the fields whose names are masked, in all windows. A tree that cannot be had blackens everything:
 * no picture is better than one with a secret in it. */
static void mask(struct dh_desk *d)
{
  struct dh_box all = {0, 0, d->shot.width, d->shot.height};
  struct dh_tree t;
  struct dh_err err;
  g_autofree int *which = NULL;
  int n = 0;

  cover_all(d);
  if (!d->masked->len)
    return;
  if (dh_tree_take(d, &t, &err)) {
    dh_shot_black(d, &all);
    return;
  }
  which = g_new(int, (gsize)t.n + 1);
  for (int i = 0; i < t.n; i++)
    if (t.nodes[i].window == i && dh_labels_find(d, &t, i, &err))
      dh_shot_black(d, &all);
  for (int i = 0; i < t.n; i++)
    if (t.nodes[i].parent >= 0 && t.nodes[i].role != ATSPI_ROLE_LABEL && dh_field_masked(d, &t.nodes[i]) &&
        dh_node_shows(&t, i))
      which[n++] = i;
  if (dh_boxes_find(d, &t, which, n, &err))
    dh_shot_black(d, &all);
  for (int i = 0; i < n; i++)
    dh_shot_black(d, &t.nodes[which[i]].box);
  dh_tree_free(&t);
}

static int part_of(struct dh_desk *d, const struct dh_val *request, struct dh_box *part, struct dh_err *err)
{
  const struct dh_val *region = dh_val_get(request, "region"), *title = dh_val_get(request, "window");
  struct dh_window list[DH_WINDOWS_MAX];
  int n;

  *part = (struct dh_box){0, 0, d->shot.width, d->shot.height};
  if (region) {
    *part = (struct dh_box){(int)dh_val_int(region, "x", 0), (int)dh_val_int(region, "y", 0),
                            (int)dh_val_int(region, "w", 0), (int)dh_val_int(region, "h", 0)};
  } else if (title) {
    n = dh_windows_list(d, list, DH_WINDOWS_MAX);
    while (n-- > 0 && !dh_val_is(title, list[n].title) &&
           !(title->type == DH_BOOL && list[n].id == d->app.current))
      ;
    if (n < 0)
      return dh_err_set(err, DH_ENOENT, "the window to be shown is not there");
    *part = list[n].box;
  }
  return 0;
}

static int picture_add(struct dh_desk *d, const struct dh_box *part, struct dh_answer *answer,
                       struct dh_err *err)
{
  struct dh_buf png;
  int rc = dh_shot_take(d, err);

  if (rc)
    return rc;
  mask(d);
  dh_buf_init(&png, DH_FRAME_MAX);
  rc = dh_shot_png(d, part, &png, err);
  if (!rc)
    rc = dh_answer_bytes(answer, "picture", &png, err);
  dh_buf_fini(&png);
  return rc;
}

int dh_picture_answer(struct dh_desk *d, struct dh_box *part, struct dh_answer *answer, struct dh_err *err)
{
  int rc;

  dh_box_clip(part, d->shot.width, d->shot.height);
  rc = part->w && part->h ? picture_add(d, part, answer, err)
                          : dh_err_set(err, DH_EUSE, "that part of the display is empty");
  if (rc)
    return rc;
  dh_answer_int(answer, "x", part->x);
  dh_answer_int(answer, "y", part->y);
  dh_answer_int(answer, "width", part->w);
  dh_answer_int(answer, "height", part->h);
  return 0;
}

static int run_capture(struct dh_desk *d, const struct dh_val *request, const struct dh_frame *in,
                       struct dh_answer *answer, struct dh_err *err)
{
  struct dh_box part;
  int rc = part_of(d, request, &part, err);

  (void)in;
  if (!rc)
    rc = dh_act_settle(d, err); /* what was just done is painted a moment later */
  return rc ? rc : dh_picture_answer(d, &part, answer, err);
}

static int tree_add(struct dh_desk *d, const char *window, struct dh_answer *answer, struct dh_err *err)
{
  struct dh_buf text;
  int rc;

  dh_buf_init(&text, 4 << 20);
  rc = dh_tree_text(d, window, &text, err);
  if (!rc)
    rc = dh_answer_bytes(answer, "tree", &text, err);
  dh_buf_fini(&text);
  return rc;
}

static int run_tree(struct dh_desk *d, const struct dh_val *request, const struct dh_frame *in,
                    struct dh_answer *answer, struct dh_err *err)
{
  char *window = dh_val_dup(request, "window");
  int rc = tree_add(d, window, answer, err);

  (void)in;
  free(window);
  return rc;
}

void dh_evidence_add(struct dh_desk *d, struct dh_answer *a)
{
  struct dh_box all = {0, 0, d->shot.width, d->shot.height};
  struct dh_err err;

  if (picture_add(d, &all, a, &err))
    dh_log(DH_WARN, NULL, "no picture of the failure: %s", err.text);
  else if (tree_add(d, NULL, a, &err))
    dh_log(DH_WARN, NULL, "no accessible tree of the failure: %s", err.text);
}

const struct dh_op_entry dh_ops_picture[] = {
    {"capture", run_capture},
    {"tree", run_tree},
    {NULL, NULL},
};
