/* record.h - what a run writes into its journal: one struct from the word that makes it to the row in the
 * store. Records of one run form one ordered stream. See the table in "who waits for the disk" of
 * runtime/README.md. */
#ifndef DH_RECORD_H
#define DH_RECORD_H

#include "sha256.h"
#include "val.h"

enum dh_record_kind {
  DH_REC_READ = 1, /* an answer of the outside: data = value or a tagged error that the robot caught */
  DH_REC_STEP,     /* result of step(name): kept across attempts */
  DH_REC_LOG,      /* a line for people: data = {level, text} */
  DH_REC_INTENT,   /* an effect is about to happen: name, hash and data = its values. Urgent */
  DH_REC_CONFIRM,  /* its proof was seen: name, data = what the proof shows */
  DH_REC_VOID,     /* the effect of this name is known not to have happened (asked, or by a person) */
  DH_REC_REVIEW,   /* a question to a person: name, data = {show, ask, role}. Urgent */
  DH_REC_WITHDRAW, /* the open review of this name and scope is no longer needed */
  DH_REC_WAIT,     /* data = {until: wall ms}. Urgent */
  DH_REC_ANSWER,   /* written by the store when a person answered or a wait ended: data = the answer */
  DH_REC_PICTURE,  /* a picture or a tree kept for show: name = what it shows, data = {file, at, box?} */
  DH_REC_BEGIN,    /* an attempt begins: data = {worker, resumed: bool} */
  DH_REC_RESULT,   /* final: data = what run returned. Urgent */
  DH_REC_REJECT,   /* final: the business says no: data = {reason}. Urgent */
  DH_REC_FAILED,   /* a system error ended the attempt: data = tagged error; also {retry} rule. Urgent */
  DH_REC_PARKED,   /* not known whether an effect happened; a review is open for it. Urgent */
  DH_REC_PUTAWAY,  /* every branch has ended or waits; the run leaves memory. Urgent */
};

struct dh_record {
  enum dh_record_kind kind;
  char run[33];     /* 32 hex digits */
  int attempt;      /* 1, 2, 3 … */
  char scope[128];  /* "" for the robot's own line; "1", "1.2" for branches of together; see dsl/README.md */
  int64_t position; /* of the word in its scope, from 1; 0 where it has none (log, picture, begin) */
  char word[64];    /* "http.get", "loan-core:read", "submit" */
  char name[160];   /* effects, steps, reviews, pictures: the name the author gave, "[key]" added by each */
  char hash[DH_SHA256_HEX]; /* of word and arguments (reads), of the values (effects); "" for none */
  char where[160];          /* robot file:line */
  int64_t at;               /* wall ms */
  const char *data;         /* CBOR; points into memory of whoever made the record */
  size_t len;
};

/* As one CBOR map, for messages; and back: r->data then points into v's bytes. */
int dh_record_put(struct dh_buf *b, const struct dh_record *r);
int dh_record_get(const struct dh_val *v, struct dh_record *r, struct dh_err *err);
/* True for those whose commit somebody waits for. */
bool dh_record_urgent(enum dh_record_kind k);
const char *dh_record_kind_name(enum dh_record_kind k); /* "read", "intent" … */

#endif
