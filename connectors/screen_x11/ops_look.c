/* ops_look.c - requests that look at controls: find, has, wait, read, expect, table. */
#include "asked.h"
#include "field.h"
#include "label.h"
#include "picture.h"
#include "table.h"

#include <string.h>

static void put_shown(struct dh_desk *d, struct dh_answer *answer, const struct dh_node *n,
                      const struct dh_shown *s)
{
  if (!s->text)
    dh_answer_bool(answer, "value", s->on);
  else if (!dh_field_masked(d, n))
    dh_answer_text(answer, "value", s->text);
}

static void put_box(struct dh_answer *answer, const struct dh_box *box)
{
  dh_answer_int(answer, "x", box->x);
  dh_answer_int(answer, "y", box->y);
  dh_answer_int(answer, "w", box->w);
  dh_answer_int(answer, "h", box->h);
}

static int try_find(struct dh_desk *d, struct dh_asked *a, struct dh_front *f, struct dh_err *err)
{
  struct dh_shown shown = {0};
  struct dh_node *n;
  int window, node, rc;

  if (a->target.image >= 0) {
    struct dh_box box;

    rc = dh_picture_find(d, f, a->in, a->target.image, &box, err);
    if (!rc)
      put_box(a->answer, &box);
    return rc;
  }
  rc = dh_locate_front(d, f, &a->target, DH_WANT_ANY, &window, &node, err);
  if (!rc)
    rc = dh_boxes_find(d, f->tree, &node, 1, err);
  if (!rc && dh_role_suits(f->tree->nodes[node].role, DH_WANT_FIELD))
    rc = dh_field_show(d, f, node, &shown, err);
  if (rc)
    return rc;
  n = &f->tree->nodes[node];
  dh_answer_text(a->answer, "role", dh_role_word(n->role) ? dh_role_word(n->role) : "group");
  dh_answer_text(a->answer, "name", n->name);
  if (n->label && *n->label)
    dh_answer_text(a->answer, "label", n->label);
  put_box(a->answer, &n->box);
  dh_answer_bool(a->answer, "enabled",
                 dh_node_is(n, ATSPI_STATE_SENSITIVE) || dh_node_is(n, ATSPI_STATE_ENABLED));
  if (dh_role_suits(n->role, DH_WANT_FIELD))
    put_shown(d, a->answer, n, &shown);
  g_free(shown.text);
  return 0;
}

static int run_find(struct dh_desk *d, const struct dh_val *request, const struct dh_frame *in,
                    struct dh_answer *answer, struct dh_err *err)
{
  struct dh_asked a;
  int rc = dh_asked_read(&a, request, in, answer, err);

  if (!rc)
    rc = dh_asked_until(d, &a, try_find, err);
  dh_target_fini(&a.target);
  return rc;
}

/* A sight: a control, or a window of that title. DH_ENOENT when it is not there. */
static int try_see(struct dh_desk *d, struct dh_asked *a, struct dh_front *f, struct dh_err *err)
{
  int window, node, rc;

  if (a->target.image >= 0) {
    struct dh_box box;

    return dh_picture_find(d, f, a->in, a->target.image, &box, err);
  }
  if (a->target.name && !a->target.within && (!a->target.role || !strcmp(a->target.role, "window")) &&
      dh_front_titled(f, a->target.name) >= 0)
    return 0;
  rc = dh_locate_front(d, f, &a->target, DH_WANT_ANY, &window, &node, err);
  return rc == DH_EAMBIGUOUS ? 0 : rc;
}

static int run_has(struct dh_desk *d, const struct dh_val *request, const struct dh_frame *in,
                   struct dh_answer *answer, struct dh_err *err)
{
  struct dh_asked a;
  int rc = dh_asked_read(&a, request, in, answer, err);

  while (!rc) {
    rc = dh_asked_once(d, &a, try_see, err);
    if (!rc || rc == DH_ENOENT)
      break;
    rc = dh_desk_again(d, rc, err); /* a program that does not answer is neither yes nor no */
  }
  dh_target_fini(&a.target);
  if (rc && rc != DH_ENOENT)
    return rc;
  dh_answer_bool(answer, "has", rc == 0);
  return 0;
}

static int try_see_gone(struct dh_desk *d, struct dh_asked *a, struct dh_front *f, struct dh_err *err)
{
  int rc = try_see(d, a, f, err);

  if (rc == DH_ENOENT)
    return 0;
  return rc ? rc
            : dh_err_set(err, DH_EAGAIN, "\"%s\" is there still",
                         a->target.name ? a->target.name : "the picture");
}

static int run_wait(struct dh_desk *d, const struct dh_val *request, const struct dh_frame *in,
                    struct dh_answer *answer, struct dh_err *err)
{
  struct dh_asked a;
  int64_t since = dh_mono_ms();
  int rc = dh_asked_read(&a, request, in, answer, err);

  if (!rc)
    rc = dh_asked_until(d, &a, dh_val_bool(request, "gone", false) ? try_see_gone : try_see, err);
  dh_target_fini(&a.target);
  if (!rc)
    dh_answer_int(answer, "ms", dh_mono_ms() - since);
  return rc;
}

/* The field of that name, else the text that stands beside a label of that name. */
static int locate_shown(struct dh_desk *d, struct dh_front *f, const struct dh_target *t, int *node,
                        struct dh_err *err)
{
  int window, rc = dh_locate_front(d, f, t, DH_WANT_SHOWN, &window, node, err), label;
  struct dh_target plain = {
      .name = t->name, .within = t->within, .near = t->near, .nth = t->nth, .role = "label"};
  g_autofree int *all = NULL;
  int n = 0;

  if (rc != DH_ENOENT || t->role || !t->name)
    return rc;
  if (dh_locate(d, f, f->node, &plain, DH_WANT_ANY, &label, NULL))
    return rc;
  all = g_new(int, (gsize)f->tree->n + 1);
  for (int i = f->node; i < f->tree->n && dh_node_in(f->tree, i, f->node); i++)
    if (f->tree->nodes[i].role == ATSPI_ROLE_LABEL)
      all[n++] = i;
  if (dh_boxes_find(d, f->tree, all, n, NULL))
    return rc;
  *node = dh_label_value(f->tree, f->node, label);
  return *node >= 0 ? 0 : rc;
}

static int try_read(struct dh_desk *d, struct dh_asked *a, struct dh_front *f, struct dh_err *err)
{
  struct dh_shown shown;
  const struct dh_node *n;
  const char *word;
  int node, rc = locate_shown(d, f, &a->target, &node, err);

  if (!rc)
    rc = dh_field_show(d, f, node, &shown, err);
  if (rc)
    return rc;
  n = &f->tree->nodes[node];
  if (shown.hidden) {
    g_free(shown.text);
    return dh_err_set(err, DH_EACCES, "\"%s\" is a password field: it cannot be read", dh_node_called(n));
  }
  word = dh_role_word(n->role);
  if (shown.text)
    dh_answer_text(a->answer, "value", shown.text);
  else
    dh_answer_bool(a->answer, "value", shown.on);
  dh_answer_text(a->answer, "role", word ? word : "group");
  g_free(shown.text);
  return 0;
}

static int run_read(struct dh_desk *d, const struct dh_val *request, const struct dh_frame *in,
                    struct dh_answer *answer, struct dh_err *err)
{
  struct dh_asked a;
  int rc = dh_asked_read(&a, request, in, answer, err);

  if (!rc)
    rc = dh_asked_until(d, &a, try_read, err);
  dh_target_fini(&a.target);
  return rc;
}

static int try_expect(struct dh_desk *d, struct dh_asked *a, struct dh_front *f, struct dh_err *err)
{
  const struct dh_val *value = dh_val_get(a->request, "value");
  struct dh_shown s;
  const struct dh_node *n;
  int node, rc = locate_shown(d, f, &a->target, &node, err);
  bool same;

  if (!rc)
    rc = dh_field_show(d, f, node, &s, err);
  if (rc)
    return rc;
  n = &f->tree->nodes[node];
  same = s.text ? dh_val_is(value, s.text) : value->type == DH_BOOL && value->b == s.on;
  if (!same) {
    rc = dh_err_set(err, DH_EMISMATCH, "\"%s\" shows something else than expected", dh_node_called(n));
    if (!dh_field_masked(d, n) && value->type == DH_TEXT)
      dh_err_seen(err, "expected: %.*s   seen: %.300s", (int)MIN(value->n, 300), value->s,
                  s.text ? s.text
                  : s.on ? "on"
                         : "off");
    else if (!dh_field_masked(d, n))
      dh_err_seen(err, "expected: %s   seen: %.300s", value->b ? "on" : "off",
                  s.text ? s.text
                  : s.on ? "on"
                         : "off");
  }
  g_free(s.text);
  return rc;
}

static int run_expect(struct dh_desk *d, const struct dh_val *request, const struct dh_frame *in,
                      struct dh_answer *answer, struct dh_err *err)
{
  const struct dh_val *value = dh_val_get(request, "value");
  struct dh_asked a;
  int rc;

  if (!value || (value->type != DH_TEXT && value->type != DH_BOOL))
    return dh_err_set(err, DH_EUSE, "expect needs a value: a text, true or false");
  rc = dh_asked_read(&a, request, in, answer, err);
  if (!rc)
    rc = dh_asked_until(d, &a, try_expect, err);
  dh_target_fini(&a.target);
  return rc;
}

static int try_table(struct dh_desk *d, struct dh_asked *a, struct dh_front *f, struct dh_err *err)
{
  int window, node, rc = dh_locate_front(d, f, &a->target, DH_WANT_TABLE, &window, &node, err);

  if (!rc)
    rc = dh_table_read(d, f, node, &a->answer->pairs, err);
  if (!rc)
    a->answer->n += 2;
  return rc;
}

static int run_table(struct dh_desk *d, const struct dh_val *request, const struct dh_frame *in,
                     struct dh_answer *answer, struct dh_err *err)
{
  struct dh_asked a = {.request = request, .in = in, .answer = answer, .target = {.image = -1}};
  int rc = dh_val_get(request, "target") ? dh_asked_read(&a, request, in, answer, err) : 0;

  if (!rc)
    rc = dh_asked_until(d, &a, try_table, err);
  dh_target_fini(&a.target);
  return rc;
}

const struct dh_op_entry dh_ops_look[] = {
    {"find", run_find},     {"has", run_has},     {"wait", run_wait}, {"read", run_read},
    {"expect", run_expect}, {"table", run_table}, {NULL, NULL},
};
