/* intake.h - robots and cases from disk, before there is a run: reads a robot, reads case files, checks each
 * case against the robot's declaration. Runs the robot's file (host) and parses foreign text (codecs): the
 * supervisor never calls it, a child process does (role `intake`), commands do.
 *
 * Cases come out as CBOR maps {key, period, priority, deadline, not_before, input: bytes}, one after the
 * other in a buffer. */
#ifndef DH_INTAKE_H
#define DH_INTAKE_H

#include "../base/conf.h"
#include "../base/sha256.h"
#include "../base/val.h"

struct dh_robot {
  char path[DH_PATH];   /* as it was named */
  char folder[DH_PATH]; /* cases.from and cases.to are relative to it */
  char name[64];
  char hash[DH_SHA256_HEX];
  struct dh_buf bundle;      /* as dh_bundle_read makes it */
  struct dh_buf declaration; /* CBOR */
  struct dh_val *declared;   /* parsed; points into declaration */
};

/* Reads and declares. On error nothing is left to free. */
int dh_robot_read(const char *path, struct dh_robot *r, struct dh_err *err);
void dh_robot_fini(struct dh_robot *r);
/* A text of its `cases` table (from, to, once_a, key when it is one column): "" when unset. */
char *dh_robot_cases(const struct dh_robot *r, const char *what, char *out, size_t size);
/* What it does at the end of a period: DH_WANTS_TABLE, DH_WANTS_FINISH (store.h). */
int dh_robot_wants(const struct dh_robot *r);
/* The period that a case of now belongs to: "2026-11-24", "2026-11", "2026", "" without once_a. In the
 * robot's zone, else this one (the configuration's, may be NULL), else UTC. */
void dh_robot_period(const struct dh_robot *r, const char *zone, char out[16]);
/* The robot's zone, else this one; "" for none. */
char *dh_robot_zone(const struct dh_robot *r, const char *zone, char out[64]);

/* A case's place in its queue. Times are wall ms, 0 for none. */
struct dh_rank {
  int64_t priority, deadline, not_before;
};
/* From a map with texts or numbers of these names; what it does not say stays as it is. DH_EFORMAT. */
int dh_rank_take(const struct dh_val *v, struct dh_rank *rank, struct dh_err *err);

struct dh_intake {
  const char *blobs; /* of the store: where files of cases are kept */
  const char *zone;  /* of the configuration, or NULL */
  const char *who;   /* the person who brings the cases; NULL: nobody does */
  struct dh_buf cases;
  size_t ncases;
  struct dh_buf refused; /* CBOR maps {key, error: tagged}, one after the other */
  size_t nrefused;
  /* Called when a few megabytes of cases, or `most` (0: any number) taken and refused ones, have gathered, or
   * a few seconds have passed; it takes them away (clears cases and ncases, may clear refused and nrefused).
   * NULL: all are gathered. */
  int (*full)(struct dh_intake *in, void *self, struct dh_err *err);
  void *self;
  int64_t gathered_ms; /* since when */
  size_t most;
  int64_t read_bytes, file_bytes; /* of a file that is read piece by piece; file_bytes 0: not known */
  struct dh_rank given;           /* for cases that do not say it themselves */
  char first_key[256];            /* of the first case; "" without one */
  char first_period[16];
};

void dh_intake_init(struct dh_intake *in, const char *blobs);
void dh_intake_fini(struct dh_intake *in);
/* Takes in a file of cases: JSON (an object, a list), JSON Lines, CSV, by its extension; "-" is JSON from
 * standard input. A case that is refused does not stop the others: it goes to `refused`. An error: nothing
 * can be read. */
int dh_intake_file(struct dh_intake *in, const struct dh_robot *r, const char *file, struct dh_err *err);
/* The cases of a list of maps; files of theirs are relative to base. */
int dh_intake_list(struct dh_intake *in, const struct dh_robot *r, const struct dh_val *list,
                   const char *base, struct dh_err *err);
/* The same of a CSV or JSON Lines file of any length, in bounded memory (intake_lines.c). An error in the
 * middle: what `full` took away before stays taken. */
struct dh_codec;
int dh_intake_lines(struct dh_intake *in, const struct dh_robot *r, const struct dh_codec *codec,
                    const char *file, const char *base, struct dh_err *err);
/* Notes a refusal. */
int dh_intake_refuse(struct dh_intake *in, const char *key, const struct dh_err *why, struct dh_err *err);

/* ---- cases.from (intake_from.c): a file of cases, or "folder/x*": one case a file, called by its name */
struct dh_source {
  char folder[2 * DH_PATH];
  char pattern[512]; /* of names in the folder */
  bool each;         /* each file is a case; false: pattern names the one file of cases */
};
bool dh_source_of(const struct dh_robot *r, struct dh_source *s); /* false: it has no cases.from */
bool dh_source_takes(const struct dh_source *s, const char *name);
/* All that is there now. */
int dh_intake_from(struct dh_intake *in, const struct dh_robot *r, struct dh_err *err);
/* The same; each file of a folder only if it is ready (NULL: all are). */
int dh_intake_all(struct dh_intake *in, const struct dh_robot *r, const struct dh_source *s,
                  bool (*ready)(const struct dh_source *s, const char *name), struct dh_err *err);
/* One file of the source's folder, by its name; nothing when it is none of the source's. */
int dh_intake_one(struct dh_intake *in, const struct dh_robot *r, const struct dh_source *s, const char *name,
                  struct dh_err *err);
/* The file `name` of the folder as a case {file}, declared so. */
int dh_intake_named(struct dh_intake *in, const struct dh_robot *r, const struct dh_val *declared,
                    const char *folder, const char *name, struct dh_err *err);
/* One case with an empty input and a fresh key. */
int dh_intake_empty(struct dh_intake *in, const struct dh_robot *r, struct dh_err *err);

#endif
