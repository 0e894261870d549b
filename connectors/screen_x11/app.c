/* app.c - the application and its windows. */
#include "app.h"

#include "act.h"
#include "desk.h"
#include "dialog.h"
#include "tree.h"
#include "xwin.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { CONTROLS_MS = 3000 };

static void rule_free(gpointer p)
{
  struct dh_rule *r = p;

  g_free(r->pattern);
  g_free(r->button);
  g_free(r);
}

static void answered_free(gpointer p)
{
  struct dh_answered *a = p;

  g_free(a->title);
  g_free(a->text);
  g_free(a->button);
  g_free(a);
}

void dh_app_open(struct dh_desk *d)
{
  d->app.rules = g_ptr_array_new_with_free_func(rule_free);
  d->app.answered = g_ptr_array_new_with_free_func(answered_free);
}

/* Value of DH_APP_MARK for the application that runs now. */
static const char *mark_of(const struct dh_desk *d, char out[64])
{
  g_snprintf(out, 64, "%s.%u", d->session.mark, d->app.number);
  return out;
}

void dh_app_forget(struct dh_desk *d)
{
  struct dh_app *a = &d->app;

  a->current = a->answered_in = a->pressed_in = a->surprise = None;
  a->n_asked = 0;
  g_ptr_array_set_size(a->rules, 0);
  g_ptr_array_set_size(a->answered, 0);
}

void dh_app_reset(struct dh_desk *d)
{
  char mark[64];

  if (d->app.started) {
    dh_child_end(&d->app.pid);
    dh_mark_kill(DH_APP_MARK, mark_of(d, mark));
  }
  d->app.started = false;
  dh_app_forget(d);
}

static char *text_of(const struct dh_val *v)
{
  return v && v->type == DH_TEXT ? g_strndup(v->s, v->n) : NULL;
}

void dh_rules_set(struct dh_desk *d, const struct dh_val *list)
{
  g_ptr_array_set_size(d->app.rules, 0);
  for (size_t i = 0; i < list->n; i++) {
    const struct dh_val *pair = &list->items[i];
    struct dh_rule *r;

    if (pair->type != DH_LIST || pair->n != 2)
      continue;
    r = g_new0(struct dh_rule, 1);
    r->pattern = text_of(&pair->items[0]);
    r->button = text_of(&pair->items[1]);
    if (r->pattern && r->button)
      g_ptr_array_add(d->app.rules, r);
    else
      rule_free(r);
  }
}

bool dh_pattern_fits(const char *pattern, const char *text)
{
  for (; *pattern != '*'; pattern++, text++) {
    if (*pattern != *text)
      return false;
    if (!*text)
      return true;
  }
  for (pattern++;; text++) {
    if (dh_pattern_fits(pattern, text))
      return true;
    if (!*text)
      return false;
  }
}

bool dh_app_asked(const struct dh_desk *d, Window w)
{
  for (int i = 0; i < d->app.n_asked; i++)
    if (d->app.asked[i] == w)
      return true;
  return false;
}

void dh_app_work_in(struct dh_desk *d, Window w)
{
  struct dh_app *a = &d->app;

  a->current = w;
  if (dh_app_asked(d, w))
    return;
  if (a->n_asked == DH_WINDOWS_MAX) /* the oldest has most likely gone */
    memmove(a->asked, a->asked + 1, sizeof *a->asked * (size_t)--a->n_asked);
  a->asked[a->n_asked++] = w;
}

/* ---- start */

static char **list_of(const struct dh_val *v)
{
  GPtrArray *out = g_ptr_array_new();

  for (size_t i = 0; v && v->type == DH_LIST && i < v->n; i++)
    g_ptr_array_add(out, text_of(&v->items[i]));
  g_ptr_array_add(out, NULL);
  return (char **)g_ptr_array_free(out, FALSE);
}

static char **env_of(struct dh_desk *d, const struct dh_val *v)
{
  GPtrArray *more = g_ptr_array_new_with_free_func(g_free);
  char **env, mark[64];

  for (size_t i = 0; v && v->type == DH_MAP && i < v->n; i++) {
    const struct dh_val *key = &v->items[2 * i], *value = &v->items[2 * i + 1];

    if (key->type == DH_TEXT && value->type == DH_TEXT)
      g_ptr_array_add(more, g_strdup_printf("%.*s=%.*s", (int)key->n, key->s, (int)value->n, value->s));
  }
  g_ptr_array_add(more, g_strdup_printf(DH_APP_MARK "=%s", mark_of(d, mark)));
  g_ptr_array_add(more, NULL);
  env = dh_session_env(&d->session, (char **)more->pdata);
  g_ptr_array_unref(more);
  return env;
}

static int launch(struct dh_desk *d, const struct dh_val *request, struct dh_err *err)
{
  g_auto(GStrv) argv = list_of(dh_val_get(request, "argv"));
  g_auto(GStrv) env = NULL;
  g_autofree char *dir = text_of(dh_val_get(request, "dir"));
  pid_t pid;

  if (!argv[0])
    return dh_err_set(err, DH_EUSE, "start needs argv, the program and its arguments");
  d->app.number++;
  env = env_of(d, dh_val_get(request, "env"));
  struct dh_child c = {
      .argv = (const char *const *)argv, .env = env, .dir = dir, .out = d->session.log, .keep = -1};

  pid = dh_child_start(&c, err);
  if (pid < 0)
    return dh_err_advice(err, "look at `start` in the screen file"), err->code;
  d->app.pid = pid;
  d->app.started = true;
  return 0;
}

/* DH_EUNAVAILABLE when the program and all it started have ended; a launcher may hand over to another
 * process. */
static int alive(struct dh_desk *d, int windows, struct dh_err *err)
{
  struct dh_app *a = &d->app;
  char mark[64];

  if (windows)
    return 0;
  if (!a->started)
    return dh_err_set(err, DH_EUSE, "no program runs on this desk: it begins with start");
  if (a->pid)
    dh_child_gone(&a->pid, &a->status);
  if (a->pid || dh_mark_count(DH_APP_MARK, mark_of(d, mark)))
    return dh_err_set(err, DH_EAGAIN, "the program shows no window");
  dh_err_set(err, DH_EUNAVAILABLE, "the program has ended");
  if (WIFSIGNALED(a->status))
    dh_err_seen(err, "killed by signal %d", WTERMSIG(a->status));
  else
    dh_err_seen(err, "exit status %d", WEXITSTATUS(a->status));
  return DH_EUNAVAILABLE;
}

static int first_window(struct dh_desk *d, const char *title, struct dh_err *err)
{
  struct dh_window list[DH_WINDOWS_MAX];
  int n = dh_windows_list(d, list, DH_WINDOWS_MAX), at = n - 1;
  int rc = alive(d, n, err);

  if (rc)
    return rc;
  if (title) {
    while (at >= 0 && strcmp(list[at].title, title) != 0)
      at--;
    if (at < 0)
      return dh_err_set(err, DH_EAGAIN, "the window \"%s\" is not there; there is \"%s\"", title,
                        list[n - 1].title);
  }
  for (int i = 0; i < n; i++)
    dh_app_work_in(d, list[i].id);
  dh_app_work_in(d, list[at].id);
  return 0;
}

/* Its controls may join the bus after its window is there; a program that has none never does. */
static int controls_wait(struct dh_desk *d, struct dh_err *err)
{
  int64_t until = dh_mono_ms() + CONTROLS_MS;

  for (;;) {
    struct dh_front f;
    int rc = dh_front_look(d, &f, err);
    bool ready = !rc && f.node >= 0;

    if (!rc)
      dh_front_free(&f);
    d->app.blind = !ready;
    if (ready || (!rc && dh_mono_ms() > until))
      return 0;
    if (!rc)
      rc = dh_err_set(err, DH_EAGAIN, "the program's controls are not known yet");
    rc = dh_desk_again(d, rc, err);
    if (rc)
      return rc;
  }
}

int dh_app_start(struct dh_desk *d, const struct dh_val *request, struct dh_err *err)
{
  g_autofree char *title = text_of(dh_val_get(request, "title"));
  int rc;

  if (d->app.started)
    return dh_err_set(err, DH_EUSE, "an application runs on this desk already");
  rc = launch(d, request, err);
  if (rc)
    return rc;
  while ((rc = first_window(d, title, err)))
    if ((rc = dh_desk_again(d, rc, err)))
      return rc;
  return controls_wait(d, err);
}

/* ---- the windows */

int dh_front_titled(const struct dh_front *f, const char *title)
{
  for (int i = f->n; i-- > 0;)
    if (!strcmp(f->windows[i].title, title))
      return i;
  return -1;
}

static int overlap(const struct dh_box *a, const struct dh_box *b)
{
  int w = MIN(a->x + a->w, b->x + b->w) - MAX(a->x, b->x);
  int h = MIN(a->y + a->h, b->y + b->h) - MAX(a->y, b->y);

  return w > 0 && h > 0 ? w * h : 0;
}

int dh_front_node(struct dh_desk *d, struct dh_front *f, int window, struct dh_err *err)
{
  const struct dh_window *w = &f->windows[window];
  int tops[DH_WINDOWS_MAX] = {0}, n = 0, named = 0, best = -1, most = 0;

  for (int i = 0; i < f->tree->n && n < DH_WINDOWS_MAX; i++)
    if (f->tree->nodes[i].window == i && dh_node_is(&f->tree->nodes[i], ATSPI_STATE_SHOWING)) {
      tops[n++] = i;
      named += !strcmp(f->tree->nodes[i].name, w->title);
    }
  for (int i = 0; named == 1 && i < n; i++)
    if (!strcmp(f->tree->nodes[tops[i]].name, w->title))
      return tops[i];
  if (dh_boxes_find(d, f->tree, tops, n, err))
    return -1;
  for (int i = 0; i < n; i++) {
    int shared = overlap(&f->tree->nodes[tops[i]].box, &w->box);

    if (shared > most && (!named || !strcmp(f->tree->nodes[tops[i]].name, w->title))) {
      most = shared;
      best = tops[i];
    }
  }
  return best;
}

/* The current window, or the newest of those that were asked for, or the newest. */
static int choose(struct dh_desk *d, const struct dh_front *f)
{
  for (int i = f->n; i-- > 0;)
    if (f->windows[i].id == d->app.current)
      return i;
  for (int i = f->n; i-- > 0;)
    if (dh_app_asked(d, f->windows[i].id))
      return i;
  return f->n - 1;
}

int dh_front_look(struct dh_desk *d, struct dh_front *f, struct dh_err *err)
{
  int rc = 0;

  *f = (struct dh_front){.node = -1};
  for (;;) {
    bool answered = false;

    f->windows = g_new(struct dh_window, DH_WINDOWS_MAX);
    f->tree = g_new0(struct dh_tree, 1);
    f->n = dh_windows_list(d, f->windows, DH_WINDOWS_MAX);
    rc = alive(d, f->n, err);
    if (!rc)
      rc = dh_tree_take(d, f->tree, err);
    if (!rc)
      rc = dh_dialogs_answer(d, f, &answered, err);
    if (!rc && !answered)
      break;
    dh_front_free(f);
    if (rc)
      return rc;
  }
  f->at = choose(d, f);
  if (d->app.current != f->windows[f->at].id)
    dh_app_work_in(d, f->windows[f->at].id);
  f->node = dh_front_node(d, f, f->at, err);
  return 0;
}

void dh_front_free(struct dh_front *f)
{
  if (f->tree)
    dh_tree_free(f->tree);
  g_clear_pointer(&f->tree, g_free);
  g_clear_pointer(&f->windows, g_free);
}
