/* form.c - the window "New approval": its fields, its checks, and the save. */
#include "loan_core.h"
#include "format.h"
#include "rude.h"

#include <string.h>

static const char *const products[] = {"Working capital", "Equipment", "Invoice finance", "Farm credit"};

struct form {
  struct lc_app *app;
  GtkWidget *window;
  GtkWidget *application, *applicant, *registration_no, *amount, *product, *collateral, *tax_no, *start,
      *remarks;
  GtkWidget *calendar;        /* while its dialog is open */
  struct lc_approval *asking; /* what "Are you sure?" is about */
};

static char *entry_text(GtkWidget *entry)
{
  return g_strstrip(g_strdup(gtk_entry_get_text(GTK_ENTRY(entry))));
}

static char *remarks_text(struct form *f)
{
  GtkTextBuffer *buffer = gtk_text_view_get_buffer(GTK_TEXT_VIEW(f->remarks));
  GtkTextIter start, end;

  gtk_text_buffer_get_bounds(buffer, &start, &end);
  return gtk_text_buffer_get_text(buffer, &start, &end, FALSE);
}

static enum lc_amount amount_read(struct form *f, gint64 *minor)
{
  return lc_amount_parse(gtk_entry_get_text(GTK_ENTRY(f->amount)), lc_currency_digits(f->app->currency),
                         minor);
}

/* Shows a good amount as the bank writes it; a bad one stays as it was typed. */
static void amount_reformat(struct form *f)
{
  gint64 minor;

  if (amount_read(f, &minor) != LC_AMOUNT_OK)
    return;
  g_autofree char *shown = lc_amount_format(minor, lc_currency_digits(f->app->currency));

  if (strcmp(shown, gtk_entry_get_text(GTK_ENTRY(f->amount))) != 0)
    gtk_entry_set_text(GTK_ENTRY(f->amount), shown);
}

/* The first thing wrong with the form, and where; NULL when all is well and `minor` and `start` are read. */
static char *check(struct form *f, gint64 *minor, GDate **start, GtkWidget **where)
{
  g_autofree char *application = entry_text(f->application);
  g_autofree char *applicant = entry_text(f->applicant);
  g_autofree char *amount = entry_text(f->amount);
  g_autofree char *date = entry_text(f->start);
  enum lc_amount kind = amount_read(f, minor);

  *where = f->application;
  if (!*application)
    return g_strdup("Application is missing");
  *where = f->applicant;
  if (!*applicant)
    return g_strdup("Applicant is missing");
  *where = f->amount;
  if (!*amount)
    return g_strdup("Amount is missing");
  if (kind == LC_AMOUNT_NOT_A_NUMBER)
    return g_strdup_printf("Amount is not a number: %s", amount);
  if (kind == LC_AMOUNT_TOO_LARGE)
    return g_strdup_printf("Amount is too large: %s", amount);
  if (*minor == 0)
    return g_strdup_printf("Amount must be above zero: %s", amount);
  *where = f->start;
  *start = lc_date_parse(date);
  return *start ? NULL : g_strdup_printf("Start is not a date (dd/mm/yyyy): %s", date);
}

static struct lc_approval *approval_new(struct form *f, gint64 minor, const GDate *start)
{
  struct lc_approval *a = g_new0(struct lc_approval, 1);

  a->application = entry_text(f->application);
  a->applicant = entry_text(f->applicant);
  a->registration_no = entry_text(f->registration_no);
  a->amount_minor = minor;
  a->currency = g_strdup(f->app->currency);
  a->product = gtk_combo_box_text_get_active_text(GTK_COMBO_BOX_TEXT(f->product));
  a->collateral = gtk_toggle_button_get_active(GTK_TOGGLE_BUTTON(f->collateral));
  a->tax_no = entry_text(f->tax_no);
  a->start_date = lc_date_iso(start);
  a->remarks = remarks_text(f);
  a->entered_by = g_strdup(f->app->user);
  return a;
}

static void sure_answered(enum lc_answer answer, gpointer data)
{
  struct form *f = data;
  struct lc_app *app = f->app;
  struct lc_approval *a = g_steal_pointer(&f->asking);
  g_autoptr(GError) error = NULL;

  if (answer == LC_ANSWER_FIRST)
    lc_rude_before_save(app->rude);
  if (answer != LC_ANSWER_FIRST) {
    lc_main_say(app, "Approval for %s was not entered", a->application);
  } else if (!lc_store_insert(app->store, a, &error)) {
    g_autofree char *text = g_strdup_printf("The approval was not entered: %s", error->message);

    lc_dialog_tell(app, f->window, "Not entered", text);
  } else {
    gtk_widget_destroy(f->window);
    lc_main_say(app, "Approval %s entered for %s", a->receipt, a->application);
    lc_main_reload(app);
  }
  lc_approval_free(a);
}

static void on_submit(GtkWidget *button, gpointer data)
{
  struct form *f = data;
  gint64 minor = 0;
  g_autoptr(GDate) start = NULL;
  GtkWidget *where = NULL;

  (void)button;
  if (lc_blocked(f->app, f->window))
    return;
  amount_reformat(f);
  g_autofree char *wrong = check(f, &minor, &start, &where);

  if (wrong) {
    gtk_widget_grab_focus(where);
    lc_dialog_tell(f->app, f->window, "Check the entry", wrong);
    return;
  }
  f->asking = approval_new(f, minor, start);
  g_autofree char *money = lc_money_format(minor, f->app->currency);
  g_autofree char *text = g_strdup_printf("Enter the approval for %s over %s?", f->asking->applicant, money);

  lc_dialog_open(f->app, &(struct lc_dialog){.parent = f->window,
                                             .title = "Are you sure?",
                                             .text = text,
                                             .icon = LC_ICON_QUESTION,
                                             .buttons = {"_Yes", "_No"},
                                             .answered = sure_answered,
                                             .data = f});
}

static void on_cancel(GtkWidget *button, gpointer data)
{
  struct form *f = data;

  (void)button;
  if (!lc_blocked(f->app, f->window))
    gtk_widget_destroy(f->window);
}

static gboolean on_delete(GtkWidget *window, GdkEvent *event, gpointer data)
{
  (void)event;
  on_cancel(window, data);
  return TRUE;
}

static gboolean on_amount_left(GtkWidget *entry, GdkEvent *event, gpointer data)
{
  (void)entry, (void)event;
  amount_reformat(data);
  return FALSE;
}

static void calendar_answered(enum lc_answer answer, gpointer data)
{
  struct form *f = data;
  guint year, month, day;

  if (answer == LC_ANSWER_FIRST) {
    gtk_calendar_get_date(GTK_CALENDAR(f->calendar), &year, &month, &day);
    g_autoptr(GDate) date = g_date_new_dmy((GDateDay)day, (GDateMonth)(month + 1), (GDateYear)year);
    g_autofree char *text = lc_date_show(date);

    gtk_entry_set_text(GTK_ENTRY(f->start), text);
  }
  g_clear_object(&f->calendar);
}

static void on_calendar(GtkWidget *button, gpointer data)
{
  struct form *f = data;
  g_autoptr(GDate) date = lc_date_parse(gtk_entry_get_text(GTK_ENTRY(f->start)));

  (void)button;
  if (lc_blocked(f->app, f->window))
    return;
  f->calendar = g_object_ref_sink(gtk_calendar_new());
  if (date) {
    gtk_calendar_select_month(GTK_CALENDAR(f->calendar), g_date_get_month(date) - 1, g_date_get_year(date));
    gtk_calendar_select_day(GTK_CALENDAR(f->calendar), g_date_get_day(date));
  }
  lc_dialog_open(f->app, &(struct lc_dialog){.parent = f->window,
                                             .title = "Calendar",
                                             .buttons = {"_OK", "_Cancel"},
                                             .content = f->calendar,
                                             .answered = calendar_answered,
                                             .data = f});
}

static GtkWidget *entry_new(struct form *f, int chars)
{
  GtkWidget *entry = gtk_entry_new();

  gtk_entry_set_width_chars(GTK_ENTRY(entry), chars);
  lc_rude_watch(f->app, entry);
  return entry;
}

static GtkWidget *group_new(const char *title, GtkWidget **grid)
{
  GtkWidget *frame = gtk_frame_new(title);

  *grid = gtk_grid_new();
  gtk_grid_set_row_spacing(GTK_GRID(*grid), 8);
  gtk_grid_set_column_spacing(GTK_GRID(*grid), 12);
  gtk_container_set_border_width(GTK_CONTAINER(*grid), 12);
  gtk_container_add(GTK_CONTAINER(frame), *grid);
  return frame;
}

static GtkWidget *borrower_new(struct form *f)
{
  GtkWidget *grid, *frame = group_new("Borrower", &grid);

  f->application = entry_new(f, 30);
  f->applicant = entry_new(f, 30);
  f->registration_no = entry_new(f, 30);
  f->tax_no = entry_new(f, 30);
  lc_field_add(grid, 0, 0, "_Application", f->application);
  lc_field_add(grid, 0, 1, "A_pplicant", f->applicant);
  lc_field_add(grid, 0, 2, "_Registration no", f->registration_no);
  lc_field_add(grid, 0, 3, "_Tax no", f->tax_no);
  return frame;
}

static void amount_add(struct form *f, GtkWidget *grid, int row)
{
  f->amount = entry_new(f, LC_AMOUNT_CHARS);
  gtk_entry_set_max_length(GTK_ENTRY(f->amount), LC_AMOUNT_CHARS);
  gtk_entry_set_alignment(GTK_ENTRY(f->amount), 1);
  g_signal_connect(f->amount, "focus-out-event", G_CALLBACK(on_amount_left), f);
  lc_field_add(grid, 0, row, "A_mount", f->amount);
  gtk_grid_attach(GTK_GRID(grid), gtk_label_new(f->app->currency), 2, row, 1, 1);
}

static void start_add(struct form *f, GtkWidget *grid, int row)
{
  GtkWidget *button = gtk_button_new();
  g_autoptr(GDateTime) now = g_date_time_new_now_local();
  g_autofree char *today = g_date_time_format(now, "%d/%m/%Y");

  f->start = entry_new(f, 10);
  gtk_entry_set_max_length(GTK_ENTRY(f->start), 10);
  gtk_entry_set_text(GTK_ENTRY(f->start), today);
  gtk_button_set_image(GTK_BUTTON(button), lc_picture_new("calendar", 16));
  gtk_widget_set_tooltip_text(button, "Choose the start in a calendar");
  lc_name_set(button, "Calendar");
  g_signal_connect(button, "clicked", G_CALLBACK(on_calendar), f);
  lc_field_add(grid, 0, row, "_Start", f->start);
  gtk_grid_attach(GTK_GRID(grid), button, 2, row, 1, 1);
}

static GtkWidget *loan_new(struct form *f)
{
  GtkWidget *grid, *frame = group_new("Loan", &grid);

  amount_add(f, grid, 0);
  f->product = gtk_combo_box_text_new();
  for (size_t i = 0; i < G_N_ELEMENTS(products); i++)
    gtk_combo_box_text_append_text(GTK_COMBO_BOX_TEXT(f->product), products[i]);
  gtk_combo_box_set_active(GTK_COMBO_BOX(f->product), 0);
  lc_rude_watch(f->app, f->product);
  lc_field_add(grid, 0, 1, "Pro_duct", f->product);
  f->collateral = gtk_check_button_new_with_mnemonic("_Collateral");
  lc_rude_watch(f->app, f->collateral);
  gtk_grid_attach(GTK_GRID(grid), f->collateral, 1, 2, 1, 1);
  start_add(f, grid, 3);
  return frame;
}

static GtkWidget *remarks_new(struct form *f)
{
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 4);
  GtkWidget *label = gtk_label_new_with_mnemonic("Remar_ks");
  GtkWidget *scrolled = gtk_scrolled_window_new(NULL, NULL);

  f->remarks = gtk_text_view_new();
  gtk_text_view_set_wrap_mode(GTK_TEXT_VIEW(f->remarks), GTK_WRAP_WORD_CHAR);
  gtk_text_view_set_accepts_tab(GTK_TEXT_VIEW(f->remarks), FALSE);
  lc_rude_watch(f->app, f->remarks);
  gtk_label_set_xalign(GTK_LABEL(label), 0);
  gtk_label_set_mnemonic_widget(GTK_LABEL(label), f->remarks);
  gtk_scrolled_window_set_shadow_type(GTK_SCROLLED_WINDOW(scrolled), GTK_SHADOW_IN);
  gtk_widget_set_size_request(scrolled, -1, 96);
  gtk_container_add(GTK_CONTAINER(scrolled), f->remarks);
  gtk_box_pack_start(GTK_BOX(box), label, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(box), scrolled, TRUE, TRUE, 0);
  return box;
}

static GtkWidget *content_new(struct form *f)
{
  GtkWidget *content = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12);
  GtkWidget *groups = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12);
  GtkWidget *buttons = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 8);
  GtkWidget *submit = lc_button_new("S_ubmit", G_CALLBACK(on_submit), f);
  GtkWidget *cancel = lc_button_new("Ca_ncel", G_CALLBACK(on_cancel), f);

  lc_rude_watch(f->app, submit);
  gtk_box_pack_start(GTK_BOX(groups), borrower_new(f), TRUE, TRUE, 0);
  gtk_box_pack_start(GTK_BOX(groups), loan_new(f), TRUE, TRUE, 0);
  gtk_box_pack_end(GTK_BOX(buttons), cancel, FALSE, FALSE, 0);
  gtk_box_pack_end(GTK_BOX(buttons), submit, FALSE, FALSE, 0);
  gtk_container_set_border_width(GTK_CONTAINER(content), 14);
  gtk_box_pack_start(GTK_BOX(content), groups, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(content), remarks_new(f), TRUE, TRUE, 0);
  gtk_box_pack_start(GTK_BOX(content), buttons, FALSE, FALSE, 0);
  return content;
}

static void form_free(gpointer data)
{
  struct form *f = data;

  g_clear_object(&f->calendar);
  g_clear_pointer(&f->asking, lc_approval_free);
  g_free(f);
}

void lc_form_show(struct lc_app *app)
{
  struct form *f;

  if (app->form) {
    gtk_window_present(GTK_WINDOW(app->form));
    return;
  }
  f = g_new0(struct form, 1);
  f->app = app;
  f->window = lc_window_new(app, "New approval", app->main, &app->form);
  lc_window_own(f->window, f, form_free);
  g_signal_connect(f->window, "delete-event", G_CALLBACK(on_delete), f);
  gtk_window_set_resizable(GTK_WINDOW(f->window), FALSE);
  GtkWidget *content = content_new(f);

  lc_window_show(app, f->window, content, f->application);
}
