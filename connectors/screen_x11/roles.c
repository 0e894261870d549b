/* roles.c - AT-SPI roles in a clerk's words, and what each is good for. */
#include "locate.h"

#include <atspi/atspi.h>
#include <string.h>

enum { FIELD = 1, PRESS = 2, TABLE = 4 };

static const struct {
  int role;
  const char *word;
  unsigned good_for;
} roles[] = {
    {ATSPI_ROLE_PUSH_BUTTON, "button", PRESS},
    {ATSPI_ROLE_PUSH_BUTTON_MENU, "button", PRESS},
    {ATSPI_ROLE_TOGGLE_BUTTON, "button", PRESS | FIELD},
    {ATSPI_ROLE_CHECK_BOX, "check", PRESS | FIELD},
    {ATSPI_ROLE_RADIO_BUTTON, "radio", PRESS | FIELD},
    {ATSPI_ROLE_MENU, "menu", PRESS},
    {ATSPI_ROLE_MENU_ITEM, "menu", PRESS},
    {ATSPI_ROLE_CHECK_MENU_ITEM, "menu", PRESS},
    {ATSPI_ROLE_RADIO_MENU_ITEM, "menu", PRESS},
    {ATSPI_ROLE_PAGE_TAB, "tab", PRESS},
    {ATSPI_ROLE_LINK, "link", PRESS},
    {ATSPI_ROLE_LIST_ITEM, "list", PRESS},
    {ATSPI_ROLE_TREE_ITEM, "list", PRESS},
    {ATSPI_ROLE_ICON, "button", PRESS},
    {ATSPI_ROLE_TABLE_COLUMN_HEADER, "button", PRESS},
    {ATSPI_ROLE_COMBO_BOX, "combo", FIELD},
    {ATSPI_ROLE_TEXT, "text", FIELD},
    {ATSPI_ROLE_ENTRY, "text", FIELD},
    {ATSPI_ROLE_PASSWORD_TEXT, "text", FIELD},
    {ATSPI_ROLE_SPIN_BUTTON, "text", FIELD},
    {ATSPI_ROLE_DATE_EDITOR, "text", FIELD},
    {ATSPI_ROLE_DOCUMENT_TEXT, "text", FIELD},
    {ATSPI_ROLE_AUTOCOMPLETE, "text", FIELD},
    {ATSPI_ROLE_TERMINAL, "text", FIELD},
    {ATSPI_ROLE_SLIDER, "slider", FIELD},
    {ATSPI_ROLE_TABLE, "table", TABLE},
    {ATSPI_ROLE_TREE_TABLE, "table", TABLE},
    {ATSPI_ROLE_TREE, "table", TABLE},
    {ATSPI_ROLE_LIST_BOX, "table", TABLE},
    {ATSPI_ROLE_FRAME, "window", 0},
    {ATSPI_ROLE_WINDOW, "window", 0},
    {ATSPI_ROLE_DIALOG, "window", 0},
    {ATSPI_ROLE_ALERT, "window", 0},
    {ATSPI_ROLE_FILE_CHOOSER, "window", 0},
    {ATSPI_ROLE_LABEL, "label", 0},
    {ATSPI_ROLE_STATIC, "label", 0},
};

const char *dh_role_word(int role)
{
  for (size_t i = 0; i < G_N_ELEMENTS(roles); i++)
    if (roles[i].role == role)
      return roles[i].word;
  return NULL;
}

bool dh_role_suits(int role, enum dh_want want)
{
  static const unsigned needs[] = {
      [DH_WANT_FIELD] = FIELD, [DH_WANT_SHOWN] = FIELD, [DH_WANT_PRESS] = PRESS, [DH_WANT_TABLE] = TABLE};

  for (size_t i = 0; i < G_N_ELEMENTS(roles); i++)
    if (roles[i].role == role)
      return want == DH_WANT_ANY || (roles[i].good_for & needs[want]);
  return false;
}

bool dh_role_is(int role, const char *word)
{
  const char *ours = dh_role_word(role);
  g_autofree char *theirs = NULL;

  if (ours && !strcmp(ours, word))
    return true;
  if (!strcmp(word, "field"))
    return dh_role_suits(role, DH_WANT_FIELD);
  theirs = atspi_role_get_name((AtspiRole)role);
  return theirs && !strcmp(theirs, word);
}
