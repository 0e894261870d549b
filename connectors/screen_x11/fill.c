/* fill.c - writes fields one after the other, by their kind, and reads each back. */
#include "field.h"

#include "act.h"
#include "choice.h"
#include "desk.h"
#include "tree.h"
#include "xwin.h"

#include <stdlib.h>
#include <string.h>

/* LOOK_MS: a change of text is no event that wakes us; the question itself waits for the program's own loop.
 */
enum { READ_BACK_MS = 500, LOOK_MS = 4, SLOW_MS = 100, TRIES = 2 };

struct wish {
  struct dh_target target;
  char *text; /* NULL: on or off */
  bool on;
  char called[160]; /* once found */
  bool masked;
  int wrong; /* how often the last look found it changed */
};

static bool equal(const struct wish *w, const struct dh_shown *s)
{
  if (!w->text || !s->text)
    return !w->text && !s->text && w->on == s->on;
  if (s->hidden)
    return g_utf8_strlen(w->text, -1) == g_utf8_strlen(s->text, -1);
  return !strcmp(w->text, s->text);
}

static int mismatch(const struct wish *w, const struct dh_shown *s, const char *times, struct dh_err *err)
{
  dh_err_set(err, DH_EMISMATCH, "\"%s\" does not show what was %s", w->called, w->text ? "typed" : "chosen");
  if (w->masked)
    dh_err_seen(err, "something else (the value is secret) %s", times);
  else if (w->text)
    dh_err_seen(err, "sent: %.300s   seen: %.300s %s", w->text,
                s->text ? s->text
                : s->on ? "on"
                        : "off",
                times);
  else
    dh_err_seen(err, "sent: %s   seen: %s %s", w->on ? "on" : "off",
                s->text ? s->text
                : s->on ? "on"
                        : "off",
                times);
  dh_err_advice(err, "the field may hold fewer characters, or write them its own way; look at the picture");
  return DH_EMISMATCH;
}

/* Programs take keys in when they get to it: looks until it shows the wish, for half a second after its last
 * change or the last answer that was slow to come. */
static int read_back(struct dh_desk *d, struct dh_front *f, int node, const struct wish *w,
                     struct dh_shown *s, struct dh_err *err)
{
  int64_t until = dh_mono_ms() + READ_BACK_MS;
  g_autofree char *last = NULL;

  for (;;) {
    int64_t asked = dh_mono_ms();
    int rc = dh_field_show(d, f, node, s, err);

    if (dh_mono_ms() - asked > SLOW_MS)
      until = dh_mono_ms() + READ_BACK_MS;
    if (rc && (rc != DH_EAGAIN || !dh_desk_left(d)))
      return rc;
    if (!rc && (equal(w, s) || dh_mono_ms() > until))
      return 0;
    if (!rc && g_strcmp0(last, s->text)) {
      g_free(last);
      last = g_strdup(s->text);
      until = dh_mono_ms() + READ_BACK_MS;
    }
    if (!rc)
      g_clear_pointer(&s->text, g_free);
    rc = dh_desk_wait(d, LOOK_MS, err);
    if (rc)
      return rc;
  }
}

/* Until the first n bytes of the wish are what the field shows, and no more: its keys have been taken in
 * then. Not reaching that is no failure here, the read-back at the end will see. */
static int taken_in(struct dh_desk *d, struct dh_front *f, int node, const struct wish *w, size_t n,
                    struct dh_err *err)
{
  g_autofree char *part = g_strndup(w->text, n);
  struct wish some = {.text = part};
  struct dh_shown s = {0};
  int rc = read_back(d, f, node, &some, &s, err);

  explicit_bzero(part, n);
  g_free(s.text);
  return rc;
}

/* Line breaks are not typed where that can be avoided: a Return that is read after a dialog has opened would
 * press its button. False when the field does not take texts. */
static bool set(struct dh_desk *d, const struct dh_node *n, const char *text)
{
  g_autoptr(GVariant) answer = NULL;
  gboolean taken = FALSE;

  if (!(n->ifaces & DH_IFACE_EDIT) || !strchr(text, '\n'))
    return false;
  answer = dh_bus_call(d, n->bus, n->path, DH_A11Y "EditableText", "SetTextContents",
                       g_variant_new("(s)", text), NULL);
  if (answer && g_variant_is_of_type(answer, G_VARIANT_TYPE("(b)")))
    g_variant_get(answer, "(b)", &taken);
  return taken;
}

/* What a field shows before its keys are taken in must not pass for what was typed: one that shows the wish
 * already is left as it is; a secret that only looks like the wish is deleted first. */
static int begin_typing(struct dh_desk *d, struct dh_front *f, int window, int node, const struct wish *w,
                        bool *there, struct dh_err *err)
{
  const char *nothing = "";
  struct dh_shown now = {0};
  int rc = dh_field_show(d, f, node, &now, err);

  *there = !rc && equal(w, &now) && (!now.hidden || !*w->text);
  if (!rc && !*there && equal(w, &now)) {
    rc = dh_keys_type(d, f->windows[window].id, &nothing, true, err);
    rc = rc ? rc : taken_in(d, f, node, w, 0, err);
  }
  g_free(now.text);
  return rc;
}

static int type(struct dh_desk *d, struct dh_front *f, int window, int node, const struct wish *w,
                struct dh_err *err)
{
  const struct dh_node *n = &f->tree->nodes[node];
  const char *rest = w->text;
  bool there = false;
  int rc;

  if (!dh_node_is(n, ATSPI_STATE_MULTI_LINE) && strpbrk(w->text, "\n\t"))
    return dh_err_set(err, DH_EUSE, "\"%s\" is a field of one line; the value has a line break or a tab",
                      w->called);
  if (!dh_node_is(n, ATSPI_STATE_EDITABLE))
    return dh_err_set(err, DH_EAGAIN, "\"%s\" is locked against writing", w->called);
  rc = dh_act_focus(d, f, window, node, err);
  rc = rc ? rc : begin_typing(d, f, window, node, w, &there, err);
  if (!rc && (there || set(d, n, w->text)))
    return 0;
  if (!rc)
    rc = dh_keys_type(d, f->windows[window].id, &rest, true, err);
  while (!rc && *rest) {
    rc = taken_in(d, f, node, w, (size_t)(rest - w->text), err);
    if (!rc)
      rc = dh_keys_type(d, f->windows[window].id, &rest, false, err);
  }
  return rc;
}

static int put(struct dh_desk *d, struct dh_front *f, int window, int node, const struct wish *w,
               struct dh_err *err)
{
  struct dh_node *n = &f->tree->nodes[node];
  struct dh_shown now;
  int rc;

  if (dh_field_is_switch(n) != !w->text) {
    dh_err_set(err, DH_EUSE, "\"%s\" takes %s", w->called,
               dh_field_is_switch(n) ? "true or false" : "a text");
    return DH_EUSE;
  }
  if (n->role == ATSPI_ROLE_COMBO_BOX)
    return dh_choice_make(d, f, window, node, w->text, err);
  if (w->text)
    return type(d, f, window, node, w, err);
  rc = dh_field_show(d, f, node, &now, err);
  if (rc || now.on == w->on)
    return rc;
  return dh_act_click(d, f, window, node, err);
}

/* One look serves many fields, as long as the same windows are there and nothing has failed. */
struct looking {
  struct dh_front f;
  bool have;
};

static void look_end(struct looking *l)
{
  if (l->have)
    dh_front_free(&l->f);
  l->have = false;
}

static int look(struct dh_desk *d, struct looking *l, struct dh_err *err)
{
  int rc;

  if (l->have && dh_windows_same(d, l->f.windows, l->f.n))
    return 0;
  look_end(l);
  rc = dh_front_look(d, &l->f, err);
  l->have = !rc;
  return rc;
}

/* One try: DH_EAGAIN while the field is not ready. */
static int fill_once(struct dh_desk *d, struct looking *l, struct wish *w, struct dh_shown *s,
                     struct dh_err *err)
{
  int window, node, rc = look(d, l, err);

  if (rc)
    return rc;
  rc = dh_locate_front(d, &l->f, &w->target, DH_WANT_FIELD, &window, &node, err);
  if (!rc) {
    g_strlcpy(w->called, dh_node_called(&l->f.tree->nodes[node]), sizeof w->called);
    w->masked = dh_field_masked(d, &l->f.tree->nodes[node]);
    rc = put(d, &l->f, window, node, w, err);
  }
  if (!rc)
    rc = read_back(d, &l->f, node, w, s, err);
  if (rc)
    look_end(l);
  return rc;
}

/* True when something came between: a window, a dialog that was answered, a thief of the keyboard. What the
 * field then shows says nothing about the field. */
static bool disturbed(struct dh_desk *d, const struct looking *l, guint answered)
{
  return d->app.answered->len != answered || !dh_windows_same(d, l->f.windows, l->f.n) ||
         !dh_window_focused(d, d->app.current);
}

static int fill_one(struct dh_desk *d, struct looking *l, struct wish *w, struct dh_filled *out,
                    struct dh_err *err)
{
  int tries = 0;

  for (;;) {
    struct dh_shown s = {0};
    guint answered = d->app.answered->len;
    int rc = fill_once(d, l, w, &s, err);

    if (!rc && equal(w, &s)) {
      if (s.hidden)
        g_ptr_array_add(out->unread, g_strdup(w->called));
      if (tries)
        g_ptr_array_add(out->corrected, g_strdup(w->called));
      g_free(s.text);
      return 0;
    }
    if (!rc && disturbed(d, l, answered))
      rc = dh_err_set(err, DH_EAGAIN, "something comes between while \"%s\" is filled", w->called);
    if (!rc && ++tries == TRIES)
      rc = mismatch(w, &s, "(typed twice)", err);
    else if (rc)
      rc = dh_desk_again(d, rc, err);
    g_free(s.text);
    if (rc)
      return rc;
    look_end(l);
  }
}

/* A field can be changed by filling another one: by the program's own rules, or by keys that went astray. */
static int check_all(struct dh_desk *d, struct looking *l, struct wish *wishes, size_t n, size_t *wrong,
                     struct dh_shown *s, struct dh_err *err)
{
  int rc = look(d, l, err);

  *wrong = n;
  for (size_t i = 0; i < n && !rc && *wrong == n; i++) {
    int window, node;

    rc = dh_locate_front(d, &l->f, &wishes[i].target, DH_WANT_FIELD, &window, &node, err);
    if (!rc)
      rc = dh_field_show(d, &l->f, node, s, err);
    if (!rc && !equal(&wishes[i], s))
      *wrong = i;
    else
      g_clear_pointer(&s->text, g_free);
  }
  if (rc)
    look_end(l);
  return rc;
}

static int finish(struct dh_desk *d, struct looking *l, struct wish *wishes, size_t n, struct dh_filled *out,
                  struct dh_err *err)
{
  for (;;) {
    struct dh_shown s = {0};
    size_t wrong;
    int rc = check_all(d, l, wishes, n, &wrong, &s, err);

    if (!rc && wrong < n) {
      if (++wishes[wrong].wrong == TRIES)
        rc = mismatch(&wishes[wrong], &s, "(it changed when another field was filled, twice)", err);
      else
        rc = fill_one(d, l, &wishes[wrong], out, err);
    } else if (!rc) {
      return 0;
    } else {
      rc = dh_desk_again(d, rc, err);
    }
    g_free(s.text);
    if (rc)
      return rc;
  }
}

static int wishes_read(const struct dh_val *pairs, struct wish *wishes, GString *all, struct dh_err *err)
{
  for (size_t i = 0; i < pairs->n; i++) {
    const struct dh_val *pair = &pairs->items[i];
    const struct dh_val *value = pair->type == DH_LIST && pair->n == 2 ? &pair->items[1] : NULL;
    int rc;

    if (!value || (value->type != DH_TEXT && value->type != DH_BOOL))
      return dh_err_set(err, DH_EUSE, "pair %zu is not a target and a text, true or false", i + 1);
    rc = dh_target_read(&pair->items[0], &wishes[i].target, err);
    if (rc)
      return rc;
    if (value->type == DH_TEXT && !g_utf8_validate(value->s, (gssize)value->n, NULL))
      return dh_err_set(err, DH_EUSE, "the value for \"%s\" is not UTF-8", wishes[i].target.name);
    wishes[i].on = value->type == DH_BOOL && value->b;
    if (value->type == DH_TEXT) {
      wishes[i].text = g_strndup(value->s, value->n);
      g_string_append(all, wishes[i].text);
    }
  }
  return 0;
}

int dh_fields_fill(struct dh_desk *d, const struct dh_val *pairs, struct dh_filled *out, struct dh_err *err)
{
  g_autofree struct wish *wishes = NULL;
  struct looking l = {.have = false};
  GString *all = g_string_new(NULL);
  int rc;

  if (!pairs || pairs->type != DH_LIST) {
    g_string_free(all, TRUE);
    return dh_err_set(err, DH_EUSE, "fill needs pairs, a list of {target, value}");
  }
  wishes = g_new0(struct wish, pairs->n + 1);
  rc = wishes_read(pairs, wishes, all, err);
  if (!rc)
    rc = dh_keys_prepare(d, all->str, err);
  for (size_t i = 0; i < pairs->n && !rc; i++) {
    rc = fill_one(d, &l, &wishes[i], out, err);
    out->filled += !rc;
  }
  if (!rc)
    rc = finish(d, &l, wishes, pairs->n, out, err);
  for (size_t i = 0; i < pairs->n; i++) {
    dh_target_fini(&wishes[i].target);
    if (wishes[i].text)
      explicit_bzero(wishes[i].text, strlen(wishes[i].text));
    g_free(wishes[i].text);
  }
  look_end(&l);
  explicit_bzero(all->str, all->len);
  g_string_free(all, TRUE);
  return rc;
}
