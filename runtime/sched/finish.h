/* finish.h - the end of a period, once all its cases are final: first its table of results (cases.to),
 * durably, then the case that runs finish(batch). A process that is killed in between does it again from the
 * table on; the store sees to it that the finish case stands once. `deskhand run` does these steps one after
 * the other, the supervisor as jobs. */
#ifndef DH_FINISH_H
#define DH_FINISH_H

#include "../store/store.h"
#include "export.h"

struct dh_ending {
  char queue[64], period[16], bundle[DH_SHA256_HEX];
  char finish[16]; /* state of its finish case, "" without one */
  int64_t open;
  int wants;
  bool newest;            /* no later period has cases: the table goes to cases.to itself */
  struct dh_export table; /* codec NULL: none is written */
  char blobs[2 * DH_PATH + 8];
  struct dh_buf cases; /* CBOR list of period_list */
  struct dh_buf input; /* of the finish case; empty: none is added */
};

/* over: one of the list of period_over. */
void dh_ending_init(struct dh_ending *e, const struct dh_val *over, const char *blobs);
void dh_ending_fini(struct dh_ending *e);
/* Where its table goes; to "": nowhere. See dh_export_open. */
int dh_ending_table(struct dh_ending *e, const char *folder, const char *to, const char *key_column,
                    struct dh_err *err);
/* The steps. Reads its cases: in a transaction. */
int dh_ending_read(struct dh_ending *e, struct dh_db *db, struct dh_err *err);
/* Writes the table, makes input. Any thread. DH_ELIMIT: finish(batch) cannot be given so much; the table
 * stands. */
int dh_ending_work(struct dh_ending *e, struct dh_err *err);
/* Closes the period, adds the finish case; in a transaction. DH_EREFUSED: cases have come meanwhile, begin
 * anew. */
int dh_ending_commit(struct dh_ending *e, struct dh_db *db, bool *added, struct dh_err *err);
/* Logs what it came to. */
void dh_ending_say(const struct dh_ending *e, bool added);

/* The finish case has a key like any other; people read "finish of 2026-11". */
bool dh_is_finish(const char *key);
const char *dh_case_label(const char *key, const char *period, char out[256]); /* out, or key itself */
void dh_drop_finishes(struct dh_val *cases);                                   /* from a list of case_list */
/* Appends ", finish: 1 done" to a line of counts; nothing without any. */
void dh_put_finishes(struct dh_buf *line, const int64_t finishes[DH_CASE_STATES]);

#endif
