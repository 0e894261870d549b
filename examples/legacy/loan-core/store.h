/* store.h - the bank's approvals in one SQLite file that many copies of the program share. */
#ifndef LC_STORE_H
#define LC_STORE_H

#include <glib.h>

struct lc_store;

/* One approval. All texts are owned by it and never NULL once it has been through the store. */
struct lc_approval {
  gint64 id;
  char *application, *applicant, *registration_no;
  gint64 amount_minor; /* minor units of `currency` */
  char *currency, *product;
  gboolean collateral;
  char *tax_no, *start_date /* yyyy-mm-dd */, *remarks, *receipt, *entered_by,
      *entered_at /* UTC, ISO 8601 */;
};

void lc_approval_free(struct lc_approval *approval);

/* Opens `path`, making file, folder and table where they are missing. NULL and `error` when it cannot be
 * used. */
struct lc_store *lc_store_open(const char *path, GError **error);
void lc_store_close(struct lc_store *store);

/* Writes the approval and fills in its id, receipt and entered_at. It refuses nothing: the same application
 * twice stands twice. Waits up to 5 s for other writers. */
gboolean lc_store_insert(struct lc_store *store, struct lc_approval *approval, GError **error);

/* The newest `limit` approvals, newest first; with `search` only those with this text in application or
 * applicant. `total` is how many there are without the limit. The caller unrefs the array of struct
 * lc_approval. */
GPtrArray *lc_store_list(struct lc_store *store, const char *search, guint limit, guint *total,
                         GError **error);

/* Calls `changed` from the main loop soon after another copy of the program has written. One watcher a store.
 */
void lc_store_watch(struct lc_store *store, void (*changed)(gpointer data), gpointer data);
void lc_store_unwatch(struct lc_store *store);

#endif
