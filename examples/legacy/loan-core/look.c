/* look.c - what makes the program look its age: grey bevels, one font, hand-drawn pictures. */
#include "loan_core.h"

#include <string.h>

static const char css[] =
    "window, dialog, .background { background-color: #d6d3ce; color: #000; }"
    "label { color: #000; }"
    "*:disabled, *:disabled label { color: #848078; text-shadow: 1px 1px #fff; }"
    "button { background: #d6d3ce; color: #000; border: 1px solid; border-radius: 0; padding: 4px 12px;"
    "  border-color: #fff #404040 #404040 #fff; box-shadow: inset -1px -1px #87847e; text-shadow: none; }"
    "button:hover { background: #dedbd6; }"
    "button:active { border-color: #404040 #fff #fff #404040; box-shadow: inset 1px 1px #87847e; }"
    "button:focus { outline: 1px dotted #000; outline-offset: -5px; }"
    "button.default { border-color: #000; box-shadow: inset 1px 1px #fff, inset -1px -1px #87847e; }"
    "entry, textview text, treeview.view { background: #fff; color: #000; }"
    "entry, scrolledwindow { border: 1px solid; border-color: #6b6862 #fff #fff #6b6862; border-radius: 0;"
    "  box-shadow: inset 1px 1px #404040; }"
    "scrolledwindow { padding: 1px; }"
    "scrolledwindow frame, scrolledwindow border { border: none; }"
    "entry { padding: 2px 6px; min-height: 24px; }"
    "entry:focus { border-color: #000080; box-shadow: inset 0 0 0 1px #000080; }"
    "entry:disabled, textview text:disabled { background: #d6d3ce; }"
    "entry selection, textview text selection, treeview.view:selected { background: #000080; color: #fff; }"
    "treeview.view { -GtkTreeView-grid-line-width: 1; }"
    "treeview.view.separator, treeview.view { border-color: #d6d3ce; }"
    "treeview header button { padding: 3px 6px; font-weight: normal; color: #000; }"
    "combobox button { min-height: 20px; padding: 2px 6px; }"
    "check { background: #fff; border: 1px solid; border-color: #6b6862 #fff #fff #6b6862; border-radius: 0;"
    "  box-shadow: inset 1px 1px #404040; color: #000; min-width: 14px; min-height: 14px; }"
    "menubar { background: #d6d3ce; border: none; box-shadow: none; }"
    "menubar > menuitem { padding: 3px 10px; color: #000; }"
    "menu { background: #d6d3ce; border: 1px solid; border-color: #fff #404040 #404040 #fff; padding: 2px; }"
    "menuitem { padding: 3px 8px; color: #000; }"
    "menuitem:hover, menuitem:hover > label { background: #000080; color: #fff; }"
    "frame > border { border: 1px solid #87847e; box-shadow: inset 1px 1px #fff, 1px 1px #fff; "
    "border-radius: 0; }"
    "statusbar frame > border { border: none; box-shadow: none; }"
    "calendar { border: 1px solid #87847e; }"
    "calendar:selected { background: #000080; color: #fff; border-radius: 0; }"
    ".lc-tools { padding: 6px 8px; border-top: 1px solid #fff; border-bottom: 1px solid #87847e; }"
    ".lc-bank { font-family: \"DejaVu Serif\", serif; font-weight: bold; color: #000080; }"
    ".lc-banner { font-family: \"DejaVu Serif\", serif; font-weight: bold; background: #000080; color: #fff;"
    "  padding: 14px; }"
    ".lc-error { color: #c00000; font-weight: bold; }"
    ".lc-status { border: 1px solid; border-color: #87847e #fff #fff #87847e; padding: 2px 8px; }";

void lc_look_apply(void)
{
  g_autoptr(GtkCssProvider) provider = gtk_css_provider_new();

  g_object_set(gtk_settings_get_default(), "gtk-theme-name", "Adwaita", "gtk-font-name", "DejaVu Sans 10",
               "gtk-enable-animations", FALSE, NULL);
  gtk_css_provider_load_from_data(provider, css, -1, NULL);
  gtk_style_context_add_provider_for_screen(gdk_screen_get_default(), GTK_STYLE_PROVIDER(provider),
                                            GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
}

/* The pictures are drawn on a field of 32 x 32. */

static void color(cairo_t *cr, guint rgb)
{
  cairo_set_source_rgb(cr, (rgb >> 16) / 255.0, (rgb >> 8 & 255) / 255.0, (rgb & 255) / 255.0);
}

static void box(cairo_t *cr, double x, double y, double w, double h, guint fill)
{
  cairo_rectangle(cr, x, y, w, h);
  color(cr, fill);
  cairo_fill_preserve(cr);
  color(cr, 0x000000);
  cairo_stroke(cr);
}

static void lines(cairo_t *cr, double x, double y, double w, int count, double step)
{
  color(cr, 0x404040);
  for (int i = 0; i < count; i++) {
    cairo_move_to(cr, x, y + i * step);
    cairo_line_to(cr, x + w, y + i * step);
  }
  cairo_stroke(cr);
}

static void sign(cairo_t *cr, const char *text, guint ink)
{
  cairo_text_extents_t size;

  cairo_select_font_face(cr, "DejaVu Serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_BOLD);
  cairo_set_font_size(cr, 19);
  cairo_text_extents(cr, text, &size);
  cairo_move_to(cr, 16 - size.width / 2 - size.x_bearing, 17 - size.height / 2 - size.y_bearing);
  color(cr, ink);
  cairo_show_text(cr, text);
}

static void draw_new(cairo_t *cr)
{
  box(cr, 6.5, 3.5, 19, 25, 0xffffff);
  lines(cr, 9.5, 9.5, 13, 4, 4);
  box(cr, 18.5, 19.5, 10, 10, 0xffe680);
  color(cr, 0x000000);
  cairo_move_to(cr, 23.5, 21);
  cairo_line_to(cr, 23.5, 28);
  cairo_move_to(cr, 20, 24.5);
  cairo_line_to(cr, 27, 24.5);
  cairo_stroke(cr);
}

static void draw_find(cairo_t *cr)
{
  cairo_arc(cr, 13, 13, 8.5, 0, 2 * G_PI);
  color(cr, 0xc8e6ff);
  cairo_fill_preserve(cr);
  color(cr, 0x000000);
  cairo_set_line_width(cr, 2);
  cairo_stroke(cr);
  cairo_set_line_width(cr, 4);
  cairo_move_to(cr, 20, 20);
  cairo_line_to(cr, 28, 28);
  cairo_stroke(cr);
}

static void draw_list(cairo_t *cr)
{
  box(cr, 3.5, 5.5, 25, 21, 0xffffff);
  box(cr, 3.5, 5.5, 25, 5, 0x000080);
  lines(cr, 4, 15.5, 24, 2, 5);
  cairo_move_to(cr, 12.5, 11);
  cairo_line_to(cr, 12.5, 26);
  cairo_stroke(cr);
}

static void draw_calendar(cairo_t *cr)
{
  box(cr, 4, 5, 24, 23, 0xffffff);
  box(cr, 4, 5, 24, 7, 0xc00000);
  color(cr, 0x404040);
  for (int i = 0; i < 9; i++)
    cairo_rectangle(cr, 8 + i % 3 * 6.5, 15 + i / 3 * 4, 3, 2);
  cairo_fill(cr);
}

static void draw_question(cairo_t *cr)
{
  cairo_arc(cr, 16, 16, 13.5, 0, 2 * G_PI);
  color(cr, 0xffffff);
  cairo_fill_preserve(cr);
  color(cr, 0x000080);
  cairo_stroke(cr);
  sign(cr, "?", 0x000080);
}

static void draw_warning(cairo_t *cr)
{
  cairo_move_to(cr, 16, 2.5);
  cairo_line_to(cr, 30.5, 29.5);
  cairo_line_to(cr, 1.5, 29.5);
  cairo_close_path(cr);
  color(cr, 0xffd800);
  cairo_fill_preserve(cr);
  color(cr, 0x000000);
  cairo_stroke(cr);
  cairo_translate(cr, 0, 3);
  sign(cr, "!", 0x000000);
}

GtkWidget *lc_picture_new(const char *name, int size)
{
  static const struct {
    const char *name;
    void (*draw)(cairo_t *cr);
  } pictures[] = {{"new", draw_new},           {"find", draw_find},         {"list", draw_list},
                  {"calendar", draw_calendar}, {"question", draw_question}, {"warning", draw_warning}};
  cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, size, size);
  cairo_t *cr = cairo_create(surface);
  GtkWidget *image = gtk_image_new_from_surface(surface);

  cairo_scale(cr, size / 32.0, size / 32.0);
  cairo_set_line_width(cr, 1);
  for (size_t i = 0; i < G_N_ELEMENTS(pictures); i++) {
    if (strcmp(pictures[i].name, name) == 0)
      pictures[i].draw(cr);
  }
  cairo_destroy(cr);
  cairo_surface_destroy(surface);
  return image;
}
