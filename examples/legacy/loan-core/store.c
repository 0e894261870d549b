/* store.c - the SQLite file: its table, writing, reading, and noticing what other copies wrote. No widgets.
 */
#include "store.h"

#include <gio/gio.h>
#include <sqlite3.h>
#include <string.h>

#define BUSY_MS 5000

struct lc_store {
  sqlite3 *db;
  gint64 version; /* data_version of the last look */
  GFileMonitor *monitor;
  void (*changed)(gpointer data);
  gpointer data;
};

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS approvals("
    " id integer primary key, application text, applicant text, registration_no text,"
    " amount_minor integer, currency text, product text, collateral integer,"
    " tax_no text, start_date text, remarks text, receipt text,"
    " entered_by text, entered_at text)";

/* Number and row stand in one statement, so two copies that save at once never share a receipt. */
static const char insert_sql[] =
    "INSERT INTO approvals(id, application, applicant, registration_no, amount_minor, currency, product, "
    "collateral,"
    " tax_no, start_date, remarks, receipt, entered_by, entered_at)"
    " SELECT next, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, printf('R-%06d', next), ?11,"
    " strftime('%Y-%m-%dT%H:%M:%SZ', 'now')"
    " FROM (SELECT coalesce(max(id), 0) + 1 AS next FROM approvals) RETURNING id, receipt, entered_at";

static const char list_sql[] =
    "SELECT id, application, applicant, registration_no, amount_minor, currency, product, collateral, tax_no,"
    " start_date, remarks, receipt, entered_by, entered_at, count(*) OVER () FROM approvals"
    " WHERE ?1 IS NULL OR application LIKE ?1 ESCAPE '\\' OR applicant LIKE ?1 ESCAPE '\\'"
    " ORDER BY id DESC LIMIT ?2";

static gboolean fail(struct lc_store *store, const char *doing, GError **error)
{
  g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: %s", doing, sqlite3_errmsg(store->db));
  return FALSE;
}

void lc_approval_free(struct lc_approval *a)
{
  char *texts[] = {a->application, a->applicant,  a->registration_no, a->currency,   a->product,   a->tax_no,
                   a->remarks,     a->start_date, a->receipt,         a->entered_by, a->entered_at};

  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
    g_free(texts[i]);
  g_free(a);
}

/* SQLite does not call its busy handler while a file changes to WAL, and copies started together meet there.
 */
static gboolean wal_begin(struct lc_store *store, GError **error)
{
  gint64 end = g_get_monotonic_time() + BUSY_MS * 1000;
  int rc;

  while ((rc = sqlite3_exec(store->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL)) == SQLITE_BUSY &&
         g_get_monotonic_time() < end)
    sqlite3_sleep(10);
  return rc == SQLITE_OK || fail(store, "cannot share the database", error);
}

struct lc_store *lc_store_open(const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname(path);
  struct lc_store *store = g_new0(struct lc_store, 1);

  if (g_mkdir_with_parents(folder, 0700) < 0) {
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "cannot make the folder %s: %s", folder,
                g_strerror(errno));
  } else if (sqlite3_open(path, &store->db) != SQLITE_OK) {
    fail(store, "cannot open the database", error);
  } else {
    sqlite3_busy_timeout(store->db, BUSY_MS);
    if (wal_begin(store, error)) {
      if (sqlite3_exec(store->db, schema, NULL, NULL, NULL) == SQLITE_OK)
        return store;
      fail(store, "cannot make the table", error);
    }
  }
  lc_store_close(store);
  return NULL;
}

void lc_store_close(struct lc_store *store)
{
  lc_store_unwatch(store);
  sqlite3_close(store->db);
  g_free(store);
}

static char *column_dup(sqlite3_stmt *st, int column)
{
  const char *text = (const char *)sqlite3_column_text(st, column);

  return g_strdup(text ? text : "");
}

static void approval_bind(sqlite3_stmt *st, const struct lc_approval *a)
{
  const struct {
    int at;
    const char *text;
  } texts[] = {{1, a->application}, {2, a->applicant}, {3, a->registration_no},
               {5, a->currency},    {6, a->product},   {8, a->tax_no},
               {9, a->start_date},  {10, a->remarks},  {11, a->entered_by}};

  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
    sqlite3_bind_text(st, texts[i].at, texts[i].text, -1, SQLITE_STATIC);
  sqlite3_bind_int64(st, 4, a->amount_minor);
  sqlite3_bind_int(st, 7, a->collateral);
}

gboolean lc_store_insert(struct lc_store *store, struct lc_approval *a, GError **error)
{
  sqlite3_stmt *st = NULL;
  int rc = sqlite3_prepare_v2(store->db, insert_sql, -1, &st, NULL);

  if (rc == SQLITE_OK) {
    approval_bind(st, a);
    rc = sqlite3_step(st);
  }
  if (rc == SQLITE_ROW) {
    a->id = sqlite3_column_int64(st, 0);
    g_free(a->receipt);
    g_free(a->entered_at);
    a->receipt = column_dup(st, 1);
    a->entered_at = column_dup(st, 2);
    rc = sqlite3_step(st);
  }
  gboolean done = rc == SQLITE_DONE || fail(store, "the database did not take it", error);

  sqlite3_finalize(st);
  return done;
}

static struct lc_approval *approval_read(sqlite3_stmt *st)
{
  struct lc_approval *a = g_new0(struct lc_approval, 1);

  a->id = sqlite3_column_int64(st, 0);
  a->application = column_dup(st, 1);
  a->applicant = column_dup(st, 2);
  a->registration_no = column_dup(st, 3);
  a->amount_minor = sqlite3_column_int64(st, 4);
  a->currency = column_dup(st, 5);
  a->product = column_dup(st, 6);
  a->collateral = sqlite3_column_int(st, 7);
  a->tax_no = column_dup(st, 8);
  a->start_date = column_dup(st, 9);
  a->remarks = column_dup(st, 10);
  a->receipt = column_dup(st, 11);
  a->entered_by = column_dup(st, 12);
  a->entered_at = column_dup(st, 13);
  return a;
}

/* "50%" must find a percent sign, not everything. */
static char *pattern_new(const char *search)
{
  GString *pattern = g_string_new("%");

  for (; *search; search++) {
    if (strchr("%_\\", *search))
      g_string_append_c(pattern, '\\');
    g_string_append_c(pattern, *search);
  }
  g_string_append_c(pattern, '%');
  return g_string_free(pattern, FALSE);
}

GPtrArray *lc_store_list(struct lc_store *store, const char *search, guint limit, guint *total,
                         GError **error)
{
  g_autofree char *pattern = search ? pattern_new(search) : NULL;
  g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify)lc_approval_free);
  sqlite3_stmt *st = NULL;
  int rc = sqlite3_prepare_v2(store->db, list_sql, -1, &st, NULL);

  *total = 0;
  if (rc == SQLITE_OK) {
    sqlite3_bind_text(st, 1, pattern, -1, SQLITE_STATIC);
    sqlite3_bind_int64(st, 2, limit);
    while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
      g_ptr_array_add(rows, approval_read(st));
      *total = (guint)sqlite3_column_int64(st, 14);
    }
  }
  gboolean done = rc == SQLITE_DONE || fail(store, "the database cannot be read", error);

  sqlite3_finalize(st);
  return done ? g_steal_pointer(&rows) : NULL;
}

static gint64 version_read(struct lc_store *store)
{
  sqlite3_stmt *st = NULL;
  gint64 version = -1;

  if (sqlite3_prepare_v2(store->db, "PRAGMA data_version", -1, &st, NULL) == SQLITE_OK &&
      sqlite3_step(st) == SQLITE_ROW)
    version = sqlite3_column_int64(st, 0);
  sqlite3_finalize(st);
  return version;
}

/* The log is written a moment before the commit can be seen; the monitor's closing CHANGES_DONE_HINT, which
 * comes when the file has been quiet for a while, makes sure that the last commit is not missed. */
static void on_file_event(GFileMonitor *monitor, GFile *file, GFile *other, GFileMonitorEvent event,
                          gpointer data)
{
  struct lc_store *store = data;
  gint64 version = version_read(store);

  (void)monitor, (void)file, (void)other, (void)event;
  if (version == store->version)
    return;
  store->version = version;
  store->changed(store->data);
}

void lc_store_watch(struct lc_store *store, void (*changed)(gpointer data), gpointer data)
{
  g_autofree char *log = g_strconcat(sqlite3_db_filename(store->db, "main"), "-wal", NULL);
  g_autoptr(GFile) file = g_file_new_for_path(log);
  g_autoptr(GError) error = NULL;

  lc_store_unwatch(store);
  store->changed = changed;
  store->data = data;
  store->version = version_read(store);
  store->monitor = g_file_monitor_file(file, G_FILE_MONITOR_NONE, NULL, &error);
  if (!store->monitor) {
    g_printerr("loan-core: cannot watch %s: %s; other clerks' entries show after \"Approvals\"\n", log,
               error->message);
    return;
  }
  g_file_monitor_set_rate_limit(store->monitor, 200);
  g_signal_connect(store->monitor, "changed", G_CALLBACK(on_file_event), store);
}

void lc_store_unwatch(struct lc_store *store)
{
  if (store->monitor)
    g_file_monitor_cancel(store->monitor);
  g_clear_object(&store->monitor);
}
