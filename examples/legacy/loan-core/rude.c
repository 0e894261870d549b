/* rude.c - when the program misbehaves. What it then shows is in rude_acts.c. */
#include "rude_acts.h"

#include <gio/gio.h>

#define FREEZE_MS 1000
#define SAVE_MS 1500
#define LATER_MS 400 /* an act follows its moment within this time, so that it falls into the next one */

enum kind { SLOW, DIALOG, NOTICE, THEFT, FREEZE, FROZEN_SUBMIT, KINDS };

static const char *const words_known[KINDS + 1] = {"slow",   "dialog",        "notice", "theft",
                                                   "freeze", "frozen-submit", NULL};

/* Every kind draws from its own row of numbers: switching one on does not move the others. */
struct manner {
  gboolean on;
  guint64 state;
  int left;  /* moments (THEFT: keys) until it acts */
  int times; /* how often it still acts in this session; negative: no limit */
};

struct lc_rude {
  struct manner manners[KINDS];
  gboolean session;
  GtkWidget *last; /* of the last moment; compared, never used */
  GtkWidget *messages;
};

/* splitmix64 */
static guint64 draw(struct manner *m)
{
  guint64 z = m->state += 0x9e3779b97f4a7c15u;

  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

static int draw_between(struct manner *m, int low, int high)
{
  return low + (int)(draw(m) % (guint64)(high - low + 1));
}

static gboolean words_parse(struct lc_rude *rude, const char *words, GError **error)
{
  g_auto(GStrv) list = g_strsplit(words, ",", -1);

  for (char **word = list; *word; word++) {
    int kind = 0;

    g_strstrip(*word);
    while (kind < KINDS && strcmp(*word, words_known[kind]) != 0)
      kind++;
    if (kind < KINDS) {
      rude->manners[kind].on = TRUE;
    } else if (**word) {
      g_autofree char *known = g_strjoinv(", ", (char **)words_known);

      g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "LOAN_CORE_RUDE: \"%s\" is none of %s",
                  *word, known);
      return FALSE;
    }
  }
  return TRUE;
}

struct lc_rude *lc_rude_new(const char *words, const char *seed, GError **error)
{
  struct lc_rude *rude = g_new0(struct lc_rude, 1);
  guint64 number = 1;

  if (seed && !g_ascii_string_to_unsigned(seed, 10, 0, G_MAXUINT64, &number, NULL))
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "LOAN_CORE_RUDE_SEED: \"%s\" is no number",
                seed);
  else if (words_parse(rude, words ? words : "", error)) {
    for (int kind = 0; kind < KINDS; kind++)
      rude->manners[kind].state = number * KINDS + (guint64)kind;
    return rude;
  }
  lc_rude_free(rude);
  return NULL;
}

void lc_rude_free(struct lc_rude *rude)
{
  g_free(rude);
}

static void manner_plan(struct manner *m, int times, int low, int high)
{
  m->times = m->on ? times : 0;
  m->left = draw_between(m, low, high);
}

void lc_rude_begin(struct lc_app *app)
{
  struct manner *m = app->rude->manners;

  app->rude->session = TRUE;
  app->rude->last = NULL;
  manner_plan(&m[DIALOG], draw_between(&m[DIALOG], 1, 2), 2, 14);
  manner_plan(&m[NOTICE], 1, 2, 14);
  manner_plan(&m[FREEZE], -1, 2, 8);
  manner_plan(&m[THEFT], -1, 8, 40);
}

void lc_rude_end(struct lc_app *app)
{
  app->rude->session = FALSE;
  g_clear_pointer(&app->rude->messages, gtk_widget_destroy);
}

guint lc_rude_delay_ms(struct lc_rude *rude)
{
  struct manner *m = &rude->manners[SLOW];

  return m->on ? (guint)draw_between(m, 300, 2000) : 0;
}

static void freeze(GtkWidget *owner, gpointer data)
{
  (void)owner, (void)data;
  g_usleep(FREEZE_MS * 1000);
}

/* Counts a moment down and, when it is the one, lets `act` follow. */
static void manner_count(struct lc_app *app, enum kind kind, void (*act)(GtkWidget *, gpointer), int low,
                         int high)
{
  struct manner *m = &app->rude->manners[kind];

  if (m->times == 0 || --m->left > 0)
    return;
  m->left = draw_between(m, low, high);
  m->times -= m->times > 0;
  lc_later(app->main, (guint)draw_between(m, 0, LATER_MS), act, app);
}

void lc_rude_moment(struct lc_app *app, GtkWidget *widget)
{
  struct lc_rude *rude = app->rude;

  if (!rude->session || !app->main || widget == rude->last)
    return;
  rude->last = widget;
  manner_count(app, DIALOG, lc_rude_session_dialog, 10, 30);
  manner_count(app, NOTICE, lc_rude_period_dialog, 10, 30);
  manner_count(app, FREEZE, freeze, 3, 12);
}

static void on_moment(GtkWidget *widget, gpointer data)
{
  lc_rude_moment(data, widget);
}

static void on_text_moment(GtkTextBuffer *buffer, gpointer data)
{
  (void)buffer;
  struct lc_app *app = data;

  lc_rude_moment(app, app->form);
}

void lc_rude_watch(struct lc_app *app, GtkWidget *widget)
{
  if (GTK_IS_TEXT_VIEW(widget))
    g_signal_connect(gtk_text_view_get_buffer(GTK_TEXT_VIEW(widget)), "changed", G_CALLBACK(on_text_moment),
                     app);
  else if (GTK_IS_BUTTON(widget))
    g_signal_connect(widget, "clicked", G_CALLBACK(on_moment), app);
  else
    g_signal_connect(widget, "changed", G_CALLBACK(on_moment), app);
}

void lc_rude_key(struct lc_app *app)
{
  struct lc_rude *rude = app->rude;
  struct manner *m = &rude->manners[THEFT];

  if (!rude->session || m->times == 0 || app->dialogs || rude->messages || --m->left > 0)
    return;
  m->left = draw_between(m, 15, 60);
  lc_rude_steal_focus(app, &rude->messages);
}

void lc_rude_before_save(struct lc_rude *rude)
{
  if (rude->manners[FROZEN_SUBMIT].on)
    g_usleep(SAVE_MS * 1000);
}
