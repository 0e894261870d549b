/* ops_window.c - requests about windows: go, home and the like. */
#include "act.h"
#include "dialog.h"
#include "locate.h"
#include "ops.h"
#include "xwin.h"

#include <string.h>

enum { NAMESAKE_MS = 400, SWALLOWED_MS = 2000 };

static char *text_arg(const struct dh_val *request, const char *key)
{
  const struct dh_val *v = dh_val_get(request, key);

  return v && v->type == DH_TEXT ? g_strndup(v->s, v->n) : NULL;
}

static void put_window(struct dh_buf *b, const struct dh_window *w, const struct dh_node *n)
{
  dh_put_map(b, 8);
  dh_put_kt(b, "title", w->title);
  dh_put_kt(b, "role", n && n->role == ATSPI_ROLE_ALERT ? "alert" : w->modal ? "dialog" : "window");
  dh_put_kb(b, "active", w->active);
  dh_put_kb(b, "modal", w->modal);
  dh_put_ki(b, "x", w->box.x);
  dh_put_ki(b, "y", w->box.y);
  dh_put_ki(b, "w", w->box.w);
  dh_put_ki(b, "h", w->box.h);
}

void dh_answer_windows(struct dh_desk *d, struct dh_answer *answer)
{
  struct dh_window list[DH_WINDOWS_MAX];
  int n = dh_windows_list(d, list, DH_WINDOWS_MAX);

  dh_put_text(&answer->pairs, "windows");
  dh_put_list(&answer->pairs, (size_t)n);
  for (int i = 0; i < n; i++)
    put_window(&answer->pairs, &list[i], NULL);
  answer->n++;
}

static int run_windows(struct dh_desk *d, const struct dh_val *request, const struct dh_frame *in,
                       struct dh_answer *answer, struct dh_err *err)
{
  (void)request, (void)in, (void)err;
  dh_answer_windows(d, answer);
  return 0;
}

static int no_window(const struct dh_front *f, const char *title, struct dh_err *err)
{
  GString *seen = g_string_new(NULL);

  for (int i = 0; i < f->n; i++)
    g_string_append_printf(seen, "%s\"%s\"", i ? ", " : "", f->windows[i].title);
  dh_err_set(err, DH_ENOENT, "there is no window \"%s\"", title);
  dh_err_seen(err, "windows %s", seen->str);
  g_string_free(seen, TRUE);
  return DH_ENOENT;
}

/* Brings a window to the front and waits until keys go there. DH_EAGAIN until then. */
static int front(struct dh_desk *d, Window w, const char *title, struct dh_err *err)
{
  dh_app_work_in(d, w);
  if (dh_window_focused(d, w))
    return 0;
  dh_window_activate(d, w);
  return dh_err_set(err, DH_EAGAIN, "the window \"%s\" does not come to the front", title);
}

static int activate_once(struct dh_desk *d, const char *title, struct dh_err *err)
{
  struct dh_front f;
  int rc = dh_front_look(d, &f, err), at;

  if (rc)
    return rc;
  at = dh_front_titled(&f, title);
  rc = at < 0 ? no_window(&f, title, err) : front(d, f.windows[at].id, title, err);
  dh_front_free(&f);
  return rc;
}

static int run_activate(struct dh_desk *d, const struct dh_val *request, const struct dh_frame *in,
                        struct dh_answer *answer, struct dh_err *err)
{
  g_autofree char *title = text_arg(request, "title");
  int rc;

  (void)in;
  if (!title)
    return dh_err_set(err, DH_EUSE, "activate needs a title");
  while ((rc = activate_once(d, title, err)))
    if ((rc = dh_desk_again(d, rc, err)))
      return rc;
  dh_answer_text(answer, "title", title);
  return 0;
}

/* ---- home */

/* The button that closes a window without deciding anything: Cancel, Close, or the only one there is. -1:
 * none. */
static int closing_button(struct dh_desk *d, struct dh_front *f, int node)
{
  static const char *const words[] = {"Cancel", "Close"};
  int buttons = 0, button = -1;

  for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
    struct dh_target t = {.name = words[i], .role = "button"};

    if (!dh_locate(d, f, node, &t, DH_WANT_PRESS, &button, NULL))
      return button;
  }
  for (int i = node; i < f->tree->n && dh_node_in(f->tree, i, node); i++)
    if (f->tree->nodes[i].role == ATSPI_ROLE_PUSH_BUTTON && dh_node_shows(f->tree, i)) {
      button = i;
      buttons++;
    }
  return buttons == 1 ? button : -1;
}

/* As a clerk would: by its button, by Escape, by its close button; the next way when the last did not help.
 */
static void close_politely(struct dh_desk *d, struct dh_front *f, int window, int tries)
{
  int node = dh_front_node(d, f, window, NULL), button = node >= 0 ? closing_button(d, f, node) : -1;

  if (tries % 3 == 0 && button >= 0 && !dh_act_click(d, f, window, button, NULL))
    return;
  if (tries % 3 == 1 && !dh_keys_press(d, f->windows[window].id, "Escape", NULL))
    return;
  dh_window_close(d, f->windows[window].id);
}

static int home_once(struct dh_desk *d, const char *title, GPtrArray *closed, int *tries, struct dh_err *err)
{
  struct dh_front f;
  int rc = dh_front_look(d, &f, err), at, top;

  if (rc)
    return rc;
  at = dh_front_titled(&f, title);
  top = f.n - 1;
  if (top == at)
    top--;
  if (at < 0 && f.n == 1)
    rc = no_window(&f, title, err);
  else if (top < 0)
    rc = front(d, f.windows[at].id, title, err);
  else {
    if (!closed->len || strcmp(closed->pdata[closed->len - 1], f.windows[top].title) != 0) {
      g_ptr_array_add(closed, g_strdup(f.windows[top].title));
      *tries = 0;
    }
    close_politely(d, &f, top, (*tries)++);
    rc = dh_act_settle(d, err);
    if (!rc)
      rc = dh_err_set(err, DH_EAGAIN, "the window \"%s\" does not close", f.windows[top].title);
  }
  dh_front_free(&f);
  return rc;
}

int dh_home_go(struct dh_desk *d, const struct dh_val *request, struct dh_answer *answer, struct dh_err *err)
{
  g_autofree char *title = text_arg(request, "title");
  g_autoptr(GPtrArray) closed = g_ptr_array_new_with_free_func(g_free);
  int tries = 0, rc;

  if (!title)
    return dh_err_set(err, DH_EUSE, "home needs the title of the home window");
  d->app.going_home = true; /* dialogs are closed like all the rest, not reported */
  while ((rc = home_once(d, title, closed, &tries, err)))
    if ((rc = dh_desk_again(d, rc, err)))
      break;
  d->app.going_home = false;
  if (!rc)
    dh_answer_texts(answer, "closed", closed);
  return rc;
}

static int run_home(struct dh_desk *d, const struct dh_val *request, const struct dh_frame *in,
                    struct dh_answer *answer, struct dh_err *err)
{
  (void)in;
  return dh_home_go(d, request, answer, err);
}

/* ---- go */

struct way {
  char **steps; /* "File", "New approval" */
  int n, done;
  guint answered;                /* dialogs, when the last step was made */
  int64_t answered_ms;           /* when one more was */
  Window before[DH_WINDOWS_MAX]; /* windows that were there before the last step */
  int n_before;
};

static bool was_there(const struct way *w, Window id)
{
  for (int i = 0; i < w->n_before; i++)
    if (w->before[i] == id)
      return true;
  return false;
}

static bool same_place(const char *title, const char *place)
{
  size_t n = strlen(place);

  /* A button "New loan…" opens "New loan". */
  if (g_str_has_suffix(place, "…"))
    n -= strlen("…");
  else if (g_str_has_suffix(place, "..."))
    n -= 3;
  return strlen(title) == n && !strncmp(title, place, n);
}

/* A new window of the place's name is the place, even a modal one; so is any other new one that is no dialog.
 * It is looked for before dialogs are, so that it is not taken for one nobody expected. */
static bool place_opened(struct dh_desk *d, const struct way *w, const char *place, bool any)
{
  struct dh_window list[DH_WINDOWS_MAX];
  int n = dh_windows_list(d, list, DH_WINDOWS_MAX), found = -1;

  for (int i = 0; i < n; i++) {
    if (same_place(list[i].title, place))
      found = i;
    else if (any && found < 0 && !was_there(w, list[i].id) && !list[i].modal)
      found = i;
  }
  if (found >= 0)
    dh_app_work_in(d, list[found].id);
  return found >= 0;
}

static int step_once(struct dh_desk *d, struct way *w, struct dh_err *err)
{
  struct dh_target t = {.name = w->steps[w->done], .role = w->done ? "menu" : NULL};
  struct dh_front f;
  int rc = dh_front_look(d, &f, err), window, node;

  if (rc)
    return rc;
  w->n_before = 0;
  for (int i = 0; i < f.n; i++)
    w->before[w->n_before++] = f.windows[i].id;
  if (w->n > 1)
    t.role = "menu";
  rc = dh_locate_front(d, &f, &t, DH_WANT_PRESS, &window, &node, err);
  if (!rc)
    rc = dh_act_click(d, &f, window, node, err);
  dh_front_free(&f);
  return rc;
}

static int steps_make(struct dh_desk *d, struct way *w, struct dh_err *err)
{
  int rc;

  for (w->done = 0; w->done < w->n;) {
    rc = step_once(d, w, err);
    if (!rc)
      w->done++;
    else if ((rc = dh_desk_again(d, rc, err)))
      return rc;
  }
  w->answered = d->app.answered->len;
  w->answered_ms = 0;
  return 0;
}

/* A dialog that came up after the step has most likely swallowed it: then nothing opens after its answer. */
static bool swallowed(struct dh_desk *d, struct way *w)
{
  if (d->app.answered->len == w->answered)
    return false;
  if (!w->answered_ms)
    w->answered_ms = dh_mono_ms();
  return dh_mono_ms() - w->answered_ms > SWALLOWED_MS;
}

static int place_wait(struct dh_desk *d, struct way *w, const char *place, struct dh_err *err)
{
  int64_t since = dh_mono_ms();

  for (;;) {
    struct dh_front f;
    int rc;

    /* One of another name is taken for the place only when none of its own name comes. */
    if (place_opened(d, w, place, dh_mono_ms() - since > NAMESAKE_MS))
      return 0;
    rc = dh_front_look(d, &f, err); /* answers dialogs, sees the unexpected */
    if (!rc) {
      dh_front_free(&f);
      rc = swallowed(d, w) ? steps_make(d, w, err) : 0;
      if (!rc)
        rc = dh_err_set(err, DH_EAGAIN, "\"%s\" was pressed, but no window opened", place);
    }
    rc = dh_desk_again(d, rc, err);
    if (rc)
      return rc;
  }
}

static int title_wait(struct dh_desk *d, char *title, size_t size, struct dh_err *err)
{
  for (;;) {
    struct dh_front f;
    int rc = dh_front_look(d, &f, err);

    if (!rc) {
      g_strlcpy(title, f.windows[f.at].title, size);
      rc = f.node < 0 && !d->app.blind
               ? dh_err_set(err, DH_EAGAIN, "the window \"%s\" shows no controls", title)
               : front(d, f.windows[f.at].id, title, err);
      dh_front_free(&f);
    }
    if (!rc)
      return 0;
    rc = dh_desk_again(d, rc, err);
    if (rc)
      return rc;
  }
}

static int run_go(struct dh_desk *d, const struct dh_val *request, const struct dh_frame *in,
                  struct dh_answer *answer, struct dh_err *err)
{
  g_autofree char *place = text_arg(request, "place");
  g_auto(GStrv) steps = place ? g_strsplit(place, "/", -1) : NULL;
  struct way w = {.steps = steps, .n = steps ? (int)g_strv_length(steps) : 0};
  const char *last;
  char title[256];
  int rc;

  (void)in;
  if (!w.n || !*place)
    return dh_err_set(err, DH_EUSE, "go needs a place: a window, a menu path, a button");
  last = steps[w.n - 1];
  if (!place_opened(d, &w, last, false)) {
    rc = steps_make(d, &w, err);
    if (!rc)
      rc = place_wait(d, &w, last, err);
    if (rc)
      return rc;
  }
  rc = title_wait(d, title, sizeof title, err);
  if (!rc)
    dh_answer_text(answer, "title", title);
  return rc;
}

const struct dh_op_entry dh_ops_window[] = {
    {"windows", run_windows}, {"activate", run_activate}, {"home", run_home}, {"go", run_go}, {NULL, NULL},
};
