/* keys.c - the keyboard of a desk. */
#include "keys.h"

#include "desk.h"
#include "xwin.h"

#include <X11/XKBlib.h>
#include <X11/extensions/XTest.h>
#include <X11/keysym.h>
#include <string.h>

/* Toolkits fetch the new map when they hear of it, and nothing tells that they have: measured, 50 ms is
 * exact. */
enum { SETTLE_MS = 50 };

void dh_keys_open(struct dh_desk *d)
{
  struct dh_keys *k = &d->keys;

  XDisplayKeycodes(d->x, &k->least, &k->most);
  k->map = XGetKeyboardMapping(d->x, (KeyCode)k->least, k->most - k->least + 1, &k->per);
  for (int code = k->least; k->map && code <= k->most; code++) {
    const KeySym *syms = k->map + (code - k->least) * k->per;
    bool empty = true;

    for (int i = 0; i < k->per; i++)
      empty &= syms[i] == NoSymbol;
    for (int column = 0; column < 2 && empty && k->n < DH_SPARE_MAX; column++)
      k->spare[k->n++] = (struct dh_spare){.code = (KeyCode)code, .column = column};
    for (int shift = 0; shift < 2 && shift < k->per; shift++)
      if (syms[shift] >= 0x20 && syms[shift] <= 0xff && !k->codes[shift][syms[shift]])
        k->codes[shift][syms[shift]] = (KeyCode)code;
  }
  /* A letter key without a second column gives its capital with shift. */
  for (int c = 'a'; c <= 'z'; c++)
    if (!k->codes[1][c - 32])
      k->codes[1][c - 32] = k->codes[0][c];
  k->shift = XKeysymToKeycode(d->x, XK_Shift_L);
}

static KeySym sym_of(gunichar c)
{
  if (c == '\n')
    return XK_Return;
  return c <= 0xff ? c : 0x1000000 | c;
}

static bool on_keyboard(const struct dh_keys *k, gunichar c)
{
  return c == '\n' || (c < 0x7f && (k->codes[0][c] || k->codes[1][c]));
}

static struct dh_spare *spare_of(struct dh_keys *k, KeySym sym)
{
  for (int i = 0; i < k->n; i++)
    if (k->spare[i].sym == sym)
      return &k->spare[i];
  return NULL;
}

/* A spare key that the text in hand (everything used since `since`) does not need; NULL when all are needed.
 */
static struct dh_spare *spare_free(struct dh_keys *k, unsigned long since)
{
  struct dh_spare *oldest = NULL;

  for (int i = 0; i < k->n; i++)
    if (k->spare[i].used <= since && (!oldest || k->spare[i].used < oldest->used))
      oldest = &k->spare[i];
  return oldest;
}

/* Gives a half of a spare key a character, in the map only. The other half is never left empty: then a
 * capital would arrive as its small letter. */
static void spare_set(struct dh_keys *k, struct dh_spare *spare, KeySym sym)
{
  KeySym *syms = k->map + (spare->code - k->least) * k->per;

  spare->sym = sym;
  syms[spare->column] = sym;
  if (syms[!spare->column] == NoSymbol)
    syms[!spare->column] = sym;
}

/* Maps what text needs, up to the first character that no spare key is left for; returns that place. The
 * keyboard is changed in one go: programs fetch it anew after every change. */
static const char *map_some(struct dh_desk *d, const char *text, bool *changed)
{
  struct dh_keys *k = &d->keys;
  unsigned long since = k->clock;

  for (; *text; text = g_utf8_next_char(text)) {
    gunichar c = g_utf8_get_char(text);
    struct dh_spare *spare;

    if (on_keyboard(k, c))
      continue;
    spare = spare_of(k, sym_of(c));
    if (!spare) {
      spare = spare_free(k, since);
      if (!spare)
        break;
      spare_set(k, spare, sym_of(c));
      *changed = true;
    }
    spare->used = ++k->clock;
  }
  if (*changed)
    XChangeKeyboardMapping(d->x, k->least, k->per, k->map, k->most - k->least + 1);
  return text;
}

static int settle(struct dh_desk *d, struct dh_err *err)
{
  int64_t until = dh_mono_ms() + SETTLE_MS, left;
  int rc = 0;

  XSync(d->x, False);
  while (!rc && (left = until - dh_mono_ms()) > 0)
    rc = dh_desk_wait(d, (int)left, err);
  return rc;
}

int dh_keys_prepare(struct dh_desk *d, const char *text, struct dh_err *err)
{
  bool changed = false;

  map_some(d, text, &changed);
  return changed ? settle(d, err) : 0;
}

static void tap(struct dh_desk *d, KeyCode code)
{
  XTestFakeKeyEvent(d->x, code, True, CurrentTime);
  XTestFakeKeyEvent(d->x, code, False, CurrentTime);
}

static void tap_with(struct dh_desk *d, KeyCode modifier, KeyCode code)
{
  XTestFakeKeyEvent(d->x, modifier, True, CurrentTime);
  tap(d, code);
  XTestFakeKeyEvent(d->x, modifier, False, CurrentTime);
}

static void tap_spare(struct dh_desk *d, const struct dh_spare *spare)
{
  if (spare->column)
    tap_with(d, d->keys.shift, spare->code);
  else
    tap(d, spare->code);
}

static void tap_char(struct dh_desk *d, gunichar c)
{
  const struct dh_keys *k = &d->keys;

  if (c == '\n')
    tap(d, XKeysymToKeycode(d->x, XK_Return));
  else if (!on_keyboard(k, c))
    tap_spare(d, spare_of(&d->keys, sym_of(c)));
  else if (k->codes[0][c])
    tap(d, k->codes[0][c]);
  else
    tap_with(d, k->shift, k->codes[1][c]);
}

static int stolen(struct dh_err *err)
{
  return dh_err_set(err, DH_EAGAIN, "another window has taken the keyboard");
}

/* Sends text up to `to`; with select, everything in the field is selected first. All or nothing. */
static int keys_send(struct dh_desk *d, Window w, const char *text, const char *to, bool select,
                     struct dh_err *err)
{
  bool ours;

  XGrabServer(d->x); /* no other client can move the focus before the last key is in the queue */
  ours = dh_window_focused(d, w);
  if (ours && select) {
    tap_with(d, XKeysymToKeycode(d->x, XK_Control_L), d->keys.codes[0]['a']);
    if (text == to)
      tap(d, XKeysymToKeycode(d->x, XK_Delete));
  }
  for (; ours && text < to; text = g_utf8_next_char(text))
    tap_char(d, g_utf8_get_char(text));
  XUngrabServer(d->x);
  XSync(d->x, False);
  return ours ? 0 : stolen(err);
}

int dh_keys_type(struct dh_desk *d, Window w, const char **text, bool select, struct dh_err *err)
{
  bool changed = false;
  const char *to = map_some(d, *text, &changed);
  int rc = changed ? settle(d, err) : 0;

  if (!rc)
    rc = keys_send(d, w, *text, to, select, err);
  if (!rc)
    *text = to;
  return rc;
}

static KeySym key_named(const char *name)
{
  static const struct {
    const char *name;
    KeySym sym;
  } known[] = {{"Enter", XK_Return}, {"Esc", XK_Escape},          {"PageUp", XK_Prior}, {"PageDown", XK_Next},
               {"Del", XK_Delete},   {"Backspace", XK_BackSpace}, {"Space", XK_space}};

  for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
    if (!g_ascii_strcasecmp(name, known[i].name))
      return known[i].sym;
  return XStringToKeysym(name);
}

int dh_keys_press(struct dh_desk *d, Window w, const char *name, struct dh_err *err)
{
  static const struct {
    const char *name;
    KeySym sym;
  } modifiers[] = {{"ctrl", XK_Control_L}, {"shift", XK_Shift_L}, {"alt", XK_Alt_L}, {"super", XK_Super_L}};
  g_auto(GStrv) parts = g_strsplit(name, "+", -1);
  KeyCode held[8], code;
  int n = 0, i = 0;
  bool ours;

  for (; parts[i] && parts[i + 1] && n < 8; i++)
    for (size_t m = 0; m < G_N_ELEMENTS(modifiers); m++)
      if (!g_ascii_strcasecmp(parts[i], modifiers[m].name))
        held[n++] = XKeysymToKeycode(d->x, modifiers[m].sym);
  code = parts[i] ? XKeysymToKeycode(d->x, key_named(parts[i])) : 0;
  if (!code || n != i) {
    dh_err_set(err, DH_EUSE, "there is no key \"%s\"", name);
    return dh_err_advice(err, "write it as on the keyboard: Enter, Tab, F5, ctrl+s"), err->code;
  }
  XGrabServer(d->x);
  ours = dh_window_focused(d, w);
  for (i = 0; ours && i < n; i++)
    XTestFakeKeyEvent(d->x, held[i], True, CurrentTime);
  if (ours)
    tap(d, code);
  for (i = n; ours && i-- > 0;)
    XTestFakeKeyEvent(d->x, held[i], False, CurrentTime);
  XUngrabServer(d->x);
  XSync(d->x, False);
  return ours ? 0 : stolen(err);
}
