/* main.c - starting and ending: options, environment, the database. No windows of its own. */
#include "loan_core.h"
#include "rude.h"

#include <stdio.h>
#include <string.h>

static const char usage[] =
    "Usage: loan-core [--no-accessibility]\n"
    "The bank's desk program for loan approvals.\n"
    "\n"
    "  --no-accessibility  show the windows, but tell assistive tools nothing about them\n"
    "  --help              this text\n"
    "\n"
    "Environment:\n"
    "  LOAN_CORE_DB         the SQLite file (default: loan-core/loan-core.db in the XDG data folder)\n"
    "  LOAN_CORE_USERS      who may sign on: name:password,name:password (default: clerk:clerk)\n"
    "  LOAN_CORE_CURRENCY   the currency of new approvals (default: EUR)\n"
    "  LOAN_CORE_RUDE       bad manners for tests: slow,dialog,notice,theft,freeze,frozen-submit\n"
    "  LOAN_CORE_RUDE_SEED  a number that decides when (default: 1)\n";

static const char *env_or(const char *name, const char *fallback)
{
  const char *value = g_getenv(name);

  return value && *value ? value : fallback;
}

/* Ends the program on wrong use. */
static void options_read(int argc, char **argv)
{
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--no-accessibility") == 0) {
      g_setenv("NO_AT_BRIDGE", "1", TRUE);
    } else if (strcmp(argv[i], "--help") == 0) {
      fputs(usage, stdout);
      exit(0);
    } else {
      fprintf(stderr, "loan-core: unknown option %s\n%s", argv[i], usage);
      exit(2);
    }
  }
}

int main(int argc, char **argv)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *home_db = g_build_filename(g_get_user_data_dir(), "loan-core", "loan-core.db", NULL);
  const char *path = env_or("LOAN_CORE_DB", home_db);
  struct lc_app app = {.users = env_or("LOAN_CORE_USERS", "clerk:clerk"),
                       .currency = env_or("LOAN_CORE_CURRENCY", "EUR")};

  options_read(argc, argv);
  app.rude = lc_rude_new(g_getenv("LOAN_CORE_RUDE"), g_getenv("LOAN_CORE_RUDE_SEED"), &error);
  if (!app.rude) {
    fprintf(stderr, "loan-core: %s\n", error->message);
    return 2;
  }
  app.store = lc_store_open(path, &error);
  if (!app.store) {
    fprintf(stderr, "loan-core: %s: %s\n", path, error->message);
    lc_rude_free(app.rude);
    return 1;
  }
  gtk_init(&argc, &argv);
  lc_look_apply();
  lc_signin_show(&app);
  gtk_main();
  lc_store_close(app.store);
  lc_rude_free(app.rude);
  return 0;
}
