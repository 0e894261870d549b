/* store.h - everything durable: bundles, queues, journal, reviews, secrets, audit.
 *
 * Three layers:
 *   struct dh_store_ops  what a backend can do, in a transaction that somebody else has begun (SQLite here,
 * PostgreSQL in the module store_pg). No type of a database appears in it. struct dh_db         one
 * connection of a backend. struct dh_store      the front: the lock, the blobs' folder, and either the store
 * thread (serve, run) or plain calls (commands that hold the lock, commands that only read).
 *
 * Work is written once, as a function over a dh_db, and runs in either way:
 *   dh_store_submit  on the store thread, grouped with whatever else waits, answered on the loop thread;
 *   dh_store_do      here and now, in a transaction of its own.
 *
 * Buffers named `out` are initialised by the caller, who frees them; results are appended as CBOR
 * (base/val.h). Texts and bytes passed in are not kept. Times are wall milliseconds, 0 for none. Functions
 * return 0 or DH_E*; unless told otherwise an error means that nothing was changed. */
#ifndef DH_STORE_H
#define DH_STORE_H

#include "../base/record.h"
#include "../base/schedule.h"
#include "../io/loop.h"

enum { DH_RUN_ID = 33 /* 32 hex digits and a NUL */ };
enum { DH_CHARGES_MAX = 3 /* deaths of a worker charged to one run before its case is parked */ };
enum {
  DH_DATA_ROW = 64 << 10,    /* data up to here stands in the journal's row */
  DH_DATA_TABLE = 4 << 20,   /* up to here in a table of the same transaction, above in a file */
  DH_DATA_MAX = 16 << 20,    /* above is DH_ELIMIT: the robot should keep a file */
  DH_JOURNAL_MAX = 30 << 20, /* standing rows of one run: what a message between processes carries */
};

enum dh_case_state {
  DH_CASE_NEW = 1,  /* never begun */
  DH_CASE_LEASED,   /* a worker has it */
  DH_CASE_WAITING,  /* put away: for an answer, for a time */
  DH_CASE_RETRYING, /* to be taken up again: after an error at not_before; after a crash or an answer now */
  DH_CASE_DONE,
  DH_CASE_REJECTED,
  DH_CASE_FAILED,
  DH_CASE_PARKED, /* unknown whether an effect happened, or it killed DH_CHARGES_MAX workers: a person must
                     look */
  DH_CASE_STATES,
};
const char *dh_case_state_name(int state); /* "new", "leased" …; "" for others */
int dh_case_state_parse(const char *name); /* 0 for no state */

/* The wait before another try: wait_ms of the robot's rule, doubled with each failure before this one, at
 * most an hour (or wait_ms, when that is longer); and up to a quarter more, by run and failure, so that cases
 * that failed together do not all come back together. */
int64_t dh_retry_wait_ms(int64_t wait_ms, int64_t failures, const char *run);

/* The key of the case that runs finish(batch) of a period; no other case may have it. */
#define DH_FINISH_KEY "(finish)"

enum { DH_WANTS_TABLE = 1, DH_WANTS_FINISH = 2 }; /* of the end of a case's period */

struct dh_case_new {
  const char *queue;  /* the robot's name */
  const char *period; /* "" (or NULL) without one */
  const char *key;
  const void *input; /* CBOR map, checked; copied */
  size_t input_len;
  int priority;     /* higher first */
  int64_t deadline; /* shown; earlier first among equal priorities */
  int64_t not_before;
  const char *bundle; /* hash of a bundle put before: the robot version the run keeps */
  int wants;          /* DH_WANTS_…: what this robot version does at the end of the period; 0: nothing */
  const char *maker;  /* the person who brings it, "" or NULL: nobody does; see review_makers */
};

/* A queue that a person keeps back, until resumed; kept in the store. */
enum dh_hold {
  DH_HOLD_NONE,
  DH_HOLD_PAUSED,   /* nothing of it is claimed */
  DH_HOLD_DRAINING, /* nothing new of it is claimed; what has begun goes on to its end */
};
const char *dh_hold_name(int hold); /* "paused", "draining"; "" for none */

/* The end of a period, as period_over told it. */
struct dh_period_end {
  const char *queue, *period, *bundle;
  int64_t open;
  const void *input; /* of the case that runs finish(batch), CBOR map; NULL: the robot has no finish */
  size_t input_len;
};

struct dh_prune { /* of cases that were done or rejected before a time */
  int64_t cases;
  int64_t rows, bytes; /* reads, steps and pictures of their journals, with data in the table beside it */
};

/* What became of a slot of a schedule; stored, so the numbers keep their meaning. */
enum dh_slot_fate {
  DH_SLOT_ADDED = 1, /* its case is due */
  DH_SLOT_HELD,      /* its case waits until those before it have ended */
  DH_SLOT_SKIPPED,   /* one before it is under way: no case */
  DH_SLOT_STANDS,    /* its case stands already: the clock was set back, or two rules have one slot */
  DH_SLOT_MISSED,    /* nobody was there at its time, and its rule wants no other one: no case */
  DH_SLOT_TAKEN,     /* the robot's file of cases was taken in */
  DH_SLOT_OTHER,     /* never stored: somebody else has decided meanwhile; read the mark again */
  DH_SLOT_NONE,      /* never stored: nothing to do */
};
const char *dh_slot_fate_name(int fate);

struct dh_slot_new {
  const char *queue, *rule;
  int64_t slot;          /* wall ms; 0: only the mark moves */
  int64_t from, decided; /* the mark as it was read, and as it will be */
  int64_t next;          /* for people: the next slot, 0 for none */
  enum dh_overlap_rule overlap;
  enum dh_slot_fate fate;      /* without a case: what to note (missed, taken) */
  const struct dh_case_new *c; /* its key is the slot's; NULL: no case */
};

struct dh_claim_ask {
  const char *worker; /* name of the lease's holder, "3"; see release */
  const char *const *queues;
  size_t nqueues;
  size_t n;                 /* cases at most */
  const char *period, *key; /* only this case of queues[0] (deskhand run); key NULL: whatever is due */
};

/* A claimed case: all that the host wants for dh_run_spec. Owned by whoever claimed: dh_claim_fini. */
struct dh_claim {
  char run[DH_RUN_ID];
  int64_t fence; /* to be named with every record of this attempt */
  int attempt;   /* of this start: 1, 2, 3 …; counts every start */
  int tries;     /* tries by the retry rule: starts that follow neither a crash nor a wait */
  int crashes;   /* workers that died under it */
  int charges;   /* of these, charged to it */
  bool resumed;  /* the last start ended by a crash, an answer or a wait; false: first start or a new try */
  bool crashed;  /* its last attempt ended with its worker */
  char *queue, *period, *key; /* never NULL */
  int priority;
  int64_t deadline;
  char bundle[DH_SHA256_HEX];
  int bundle_finished;   /* finished cases of that bundle: below 20 it gets a worker of its own */
  struct dh_buf input;   /* CBOR map */
  struct dh_buf journal; /* CBOR list of dh_record_put maps that stand, in order; see journal semantics */
};
void dh_claim_fini(struct dh_claim *c);

/* One record of several. The caller sets the first two. */
struct dh_append {
  const struct dh_record *record;
  int64_t fence;
  int64_t lease_end;  /* as append gives it */
  int rc;             /* 0, or why this one was refused … */
  struct dh_err *err; /* … in words: for free(); NULL also when there was no memory for it */
};

/* A process that holds leases in a database that hosts share. */
struct dh_join {
  const char *name;  /* of this host: one supervisor has it */
  const char *place; /* names the lock that keeps a second process of this name on this machine away */
  int64_t lease_ms;  /* a lease holds so long after it was last renewed */
  int64_t settle_ms; /* an effect that a dead host began is not asked about before so long after that */
  /* Any thread: cases of this queue ("": of any) may be due. */
  void (*stir)(void *self, const char *queue);
  void *self;
};

enum dh_store_mode {
  DH_STORE_READ,  /* no lock, nothing is created; DH_ENOENT when there is no store yet */
  DH_STORE_WRITE, /* holds the lock; creates what is missing */
};

struct dh_db {
  const struct dh_store_ops *ops;
};

/* ---- what a backend can do.
 *
 * All but open, close, begin, check run inside a transaction. Fence lost, duplicate, not found are answers
 * found by statements that touch 0 rows: they leave the transaction whole. After a real failure (disk full,
 * I/O) the transaction is gone, `sound` says so, and a run whose records went with it takes no more records
 * under its fence: its stream must not have holes.
 *
 * Journal semantics. Rows stand or are kept for `show` only. claim hands out standing rows of the kinds READ,
 * STEP, INTENT, CONFIRM, REVIEW, WAIT, ANSWER in the order they were written. All stand until
 *   - FAILED: reads without a later CONFIRM, ANSWER or STEP in their scope (or one around or inside it) drop;
 *   - VOID of an effect: its INTENT is dropped, the VOID never stands: the effect may be begun anew;
 *   - WITHDRAW of a review: its REVIEW is dropped, likewise.
 * A crash drops nothing. One (scope, position, kind) stands once. */
struct dh_store_ops {
  const char *scheme; /* "sqlite" */
  bool local;         /* the place is a file of this machine: one process at a time, who has its lock */

  /* place: the URL behind "scheme:" of a local one, else the whole. */
  int (*open)(const char *place, enum dh_store_mode mode, struct dh_db **out, struct dh_err *err);
  void (*close)(struct dh_db **db); /* idempotent through the pointer */
  int (*begin)(struct dh_db *db, struct dh_err *err);
  int (*commit)(struct dh_db *db, struct dh_err *err); /* an error: rolled back */
  void (*rollback)(struct dh_db *db);
  int (*mark)(struct dh_db *db, struct dh_err *err);              /* from here on can be undone … */
  int (*unmark)(struct dh_db *db, bool undo, struct dh_err *err); /* … or is kept */
  bool (*sound)(struct dh_db *db); /* false: the transaction is gone, begin again */

  /* ---- a database that hosts share; NULL in local ones */

  /* Makes this process a host, whose claims are leases that end unless they are renewed (which a thread of
   * the backend does); again when its leases were over, once its workers are gone. What a process of this
   * name and place held before is due at once. DH_EUNAVAILABLE: another machine has the name. */
  int (*join)(struct dh_db *db, const struct dh_join *j, struct dh_err *err);
  /* Any thread. Until when the leases hold, monotonic ms: before it whatever acts under them must be gone. */
  int64_t (*lease_end)(struct dh_db *db);
  bool (*leads)(struct dh_db *db); /* any thread: this host runs what must run once */
  void (*hurry)(struct dh_db *db); /* any thread: a database that is away is waited for no longer */

  /* Integrity for `doctor`: appends CBOR {version, cases, rows, bytes, problems: [text…]}. Reads everything:
   * slow. */
  int (*check)(struct dh_db *db, struct dh_buf *out, struct dh_err *err);

  /* ---- bundles */
  int (*bundle_put)(struct dh_db *db, const char *hash, const char *name, const void *p, size_t n,
                    struct dh_err *err);
  int (*bundle_get)(struct dh_db *db, const char *hash, struct dh_buf *out,
                    struct dh_err *err); /* DH_ENOENT */
  int (*bundle_finished)(struct dh_db *db, const char *hash, int *cases, struct dh_err *err);

  /* ---- queues */

  /* Takes one case in. DH_EEXIST: the key stands already, err says in which state; go on with the next. */
  int (*case_add)(struct dh_db *db, const struct dh_case_new *c, struct dh_err *err);
  /* Appends a CBOR list of maps {queue, period, key, state, attempts, crashes, priority, deadline,
   * not_before, run, added, began, ended, result, error}, oldest first. attempts: tries by the retry rule.
   * state 0: all; limit 0: all. */
  int (*case_list)(struct dh_db *db, const char *queue, int state, size_t limit, struct dh_buf *out,
                   struct dh_err *err);
  /* One such map, with input, bundle and reviews (open ones: [{id, name, role, since}]). period NULL: the
   * newest of this key. DH_ENOENT names near keys. */
  int (*case_show)(struct dh_db *db, const char *queue, const char *period, const char *key,
                   struct dh_buf *out, struct dh_err *err);
  /* The case goes on under another version of its robot, whose bundle is put already: named effects, steps
   * and answers stand, reads are taken again. Nothing happens when it has this bundle, or is leased, done or
   * rejected. */
  int (*case_rebundle)(struct dh_db *db, const char *queue, const char *period, const char *key,
                       const char *bundle, struct dh_err *err);
  /* Makes a failed, parked, retrying or waiting case due now; its run goes on with its journal and the retry
   * rule and charges count from zero. DH_EREFUSED for done, rejected, leased, new. Written into the audit. */
  int (*case_retry)(struct dh_db *db, const char *queue, const char *period, const char *key, const char *who,
                    struct dh_err *err);
  /* counts[state] of these queues; n 0: of all. */
  int (*counts)(struct dh_db *db, const char *const *queues, size_t n, int64_t counts[DH_CASE_STATES],
                struct dh_err *err);

  /* ---- holds */

  /* Pauses, drains or (DH_HOLD_NONE) resumes a queue; a change is written into the audit. DH_ENOENT: no case
   * and no version of such a robot was ever in the store. */
  int (*queue_hold)(struct dh_db *db, const char *queue, enum dh_hold hold, const char *who,
                    struct dh_err *err);
  /* Queues that are held: appends a CBOR list of {queue, hold (its name), who, since, and how many cases are
   * going (leased, retrying), waiting, new}. */
  int (*hold_list)(struct dh_db *db, struct dh_buf *out, struct dh_err *err);

  /* ---- periods: their end, for tables of results and finish(batch). A period is over when all its cases are
   * done, rejected or failed; its finish case is no case of it. case_add with `wants` and case_retry open it
   * (again). */

  /* Periods of these queues that are over and not dealt with since they were last opened: appends a CBOR list
   * of {queue, period, open, wants, bundle (the version finish runs under), finish (state of its finish case,
   * "" without one), newest: no later period has cases}. */
  int (*period_over)(struct dh_db *db, const char *const *queues, size_t n, struct dh_buf *out,
                     struct dh_err *err);
  /* Its end is dealt with: adds the finish case, once and for ever (*added: now), and closes the period.
   * DH_EREFUSED: it has been opened since it was told, nothing was changed. */
  int (*period_end)(struct dh_db *db, const struct dh_period_end *e, bool *added, struct dh_err *err);
  /* The cases of one period as case_list has them, without its finish case. period NULL: the newest. */
  int (*period_list)(struct dh_db *db, const char *queue, const char *period, struct dh_buf *out,
                     struct dh_err *err);
  /* counts[state] of the finish cases of these queues; they are in `counts` too. */
  int (*period_finishes)(struct dh_db *db, const char *const *queues, size_t n,
                         int64_t counts[DH_CASE_STATES], struct dh_err *err);

  /* ---- leases */

  /* Claims up to ask->n due cases: by priority, deadline, age. claims has room for ask->n; *n is how many
   * were got (0: nothing due, or held back; DH_EREFUSED for a named case of a queue that is held). Waits that
   * are over are answered in the same stroke; a case whose journal is over DH_JOURNAL_MAX is parked instead.
   */
  int (*claim)(struct dh_db *db, const struct dh_claim_ask *ask, struct dh_claim *claims, size_t *n,
               struct dh_err *err);
  /* Gives a leased run to another worker (one of its own). DH_EREFUSED: the fence is lost. */
  int (*hand_over)(struct dh_db *db, const char *run, int64_t fence, const char *worker, struct dh_err *err);
  /* A worker died: its runs are due at once, counted as crashes. charged: the run that brought it down, NULL
   * for nobody; its third charge parks its case, why (text, "SIGSEGV in …") being kept as the error. worker
   * NULL: all that is leased (a supervisor that has just got the lock). *released: how many. */
  int (*release)(struct dh_db *db, const char *worker, const char *charged, const char *why, size_t *released,
                 struct dh_err *err);
  /* The same for one run that its worker lost or gave back (DH_RUN_LOST). One whose record was refused is
   * charged: it would be refused again. A lost fence is no error. */
  int (*release_run)(struct dh_db *db, const char *run, int64_t fence, struct dh_err *err);
  /* When the next case of these queues becomes due (new, retrying, or a wait that ends): wall ms, not after
   * now when something is due already; 0 for never. n 0: of all queues. What a hold keeps back is not due. */
  int (*next_due)(struct dh_db *db, const char *const *queues, size_t n, int64_t *at, struct dh_err *err);

  /* ---- schedules: slots that are cases of the robot's queue. "Under way": new, leased or retrying; a case
   * that waits for a person or a time is in nobody's way. */

  /* The mark of a rule (wall ms); one that was never seen begins now. newest: for a rule that waits for this
   * queue (else NULL), whose cases until now do not count; decided is the id of one of them. */
  int (*schedule_open)(struct dh_db *db, const char *queue, const char *rule, const char *newest,
                       int64_t *since, int64_t *decided, struct dh_err *err);
  /* Decides a slot: its case and the mark in one stroke, so that it is added once whoever dies when. */
  int (*slot_take)(struct dh_db *db, const struct dh_slot_new *s, enum dh_slot_fate *fate,
                   struct dh_err *err);
  /* Makes due what was held for cases that have ended. released, held: how many were, how many still are. */
  int (*slot_release)(struct dh_db *db, const char *queue, size_t *released, size_t *held,
                      struct dh_err *err);
  /* A rule that waits for another queue: the same when that queue has new cases (finished: when all of its
   * cases have ended) and some that this rule has not seen. s->c gets its key from the store: "letters
   * 2026-11" by the period, else "letters #17". */
  int (*queue_take)(struct dh_db *db, const struct dh_slot_new *s, const char *watched, bool finished,
                    enum dh_slot_fate *fate, struct dh_err *err);
  /* Appends a CBOR list of {queue, rule, since, decided, next, slot, key, fate (its name), at}, by next. */
  int (*schedule_list)(struct dh_db *db, struct dh_buf *out, struct dh_err *err);

  /* ---- journal */

  /* Adds one record of a leased run, in order, and changes the state its kind stands for: REVIEW opens a
   * review, WITHDRAW closes it, WAIT notes the time, RESULT REJECT FAILED PARKED PUTAWAY end the attempt (the
   * lease is gone). FAILED with data {error, retry: {times, wait_ms}}: again after dh_retry_wait_ms, at most
   * `times` more tries; else failed. A REVIEW whose data has `effect` (true, or a text) asks whether the
   * effect of its name happened. Refused, for this record alone, with nothing written: DH_EREFUSED, the fence
   * is lost; DH_EEXIST, it stands already; DH_ELIMIT, over DH_DATA_MAX; DH_EFORMAT, data the store cannot
   * read. A refused record leaves a hole, so the same lease takes nothing more but FAILED. lease_end (may be
   * NULL): monotonic ms past which an effect must not begin; INT64_MAX when nobody can take the run. */
  int (*append)(struct dh_db *db, const struct dh_record *r, int64_t fence, int64_t *lease_end,
                struct dh_err *err);

  /* Several, in order, as append would. An error means that nothing was added; what is refused is told with
   * its record. */
  int (*append_all)(struct dh_db *db, struct dh_append *v, size_t n, struct dh_err *err);

  /* ---- reviews */

  /* Appends a CBOR list of {id, run, robot, key, period, name, word, role, effect, since, where, question}.
   * queue NULL: all. */
  int (*review_list)(struct dh_db *db, const char *queue, struct dh_buf *out, struct dh_err *err);
  /* One such map, with state (open, answered, withdrawn), answer, who, answered. DH_ENOENT. */
  int (*review_show)(struct dh_db *db, int64_t id, struct dh_buf *out, struct dh_err *err);
  /* Answers: writes an ANSWER record at the review's place and makes a run that was put away due. For an
   * effect's review the answer is {answer, value?}: "accept" or "happened" write a CONFIRM at the effect's
   * place with value, else with what the question shows (show.proof, or seen); "not-happened" a VOID;
   * "refuse" (the proof found something that is not this case's) fails the case. Appends {run, robot, key,
   * due: bool, state}; state leased says that a worker still has the run and it will see the answer when it
   * is put away. DH_EEXIST: answered already, err says by whom, when and what. DH_EREFUSED: withdrawn, or an
   * effect's review while a worker has the run. DH_EUSE: no answer for an effect. */
  int (*review_answer)(struct dh_db *db, int64_t id, const void *answer, size_t n, const char *who,
                       struct dh_buf *out, struct dh_err *err);

  /* Whose values the case of this review has: who brought it and who answered its questions, other than by a
   * signature. Appends a CBOR list of names. */
  int (*review_makers)(struct dh_db *db, int64_t id, struct dh_buf *out, struct dh_err *err);

  /* ---- runs, for show */

  /* Newest first: CBOR list of the maps of case_list. queue NULL, state 0, limit 0: all. Only cases that
   * began. */
  int (*run_list)(struct dh_db *db, const char *queue, int state, size_t limit, struct dh_buf *out,
                  struct dh_err *err);
  /* A run by its id or the beginning of it: the map of case_show with worker, attempt, records: [{kind (its
   * name), attempt, scope, position, word, name, hash, where, at, stands, data}], effects: [{name, scope,
   * hash, intent (at), confirm (at), shows, state: "confirmed" | "open" | "void"}]. DH_ENOENT; DH_EAMBIGUOUS
   * lists the runs that begin so. */
  int (*run_show)(struct dh_db *db, const char *prefix, struct dh_buf *out, struct dh_err *err);

  /* ---- secrets: sealed boxes only; see dh_vault in host/module.h. set and remove are written into the
   * audit. */
  int (*secret_set)(struct dh_db *db, const char *name, const void *box, size_t n, const char *who,
                    struct dh_err *err);
  int (*secret_get)(struct dh_db *db, const char *name, struct dh_buf *box,
                    struct dh_err *err); /* appends; DH_ENOENT */
  int (*secret_remove)(struct dh_db *db, const char *name, const char *who,
                       struct dh_err *err); /* DH_ENOENT */
  int (*secret_list)(struct dh_db *db, struct dh_buf *out,
                     struct dh_err *err); /* CBOR list of {name, changed, who} */

  /* ---- the store as something that is kept */

  /* Outside of a transaction, while others write: all as it is at one moment, in a new database file that is
   * synced. NULL: the database has tools of its own for this. */
  int (*backup)(struct dh_db *db, const char *path, struct dh_err *err);
  /* The store was put back from a backup (from, for the audit): it is older than the world. Nothing is leased
   * (what was goes on as after a crash: the proof of an open effect is asked before it acts), every queue is
   * paused. Appends a CBOR list of the open effects: {queue, period, key, run, effect, begun}. */
  int (*restored)(struct dh_db *db, const char *who, const char *from, struct dh_buf *out,
                  struct dh_err *err);
  /* Drops what such cases need no more, and writes it into the audit; who NULL: only counts. Cases, effects,
   * reviews, results stay. */
  int (*prune)(struct dh_db *db, int64_t before, const char *who, struct dh_prune *p, struct dh_err *err);
  /* All data that stays when that is dropped, and which may name files: for mark and sweep. named: it is the
   * name itself, of a file that holds data of the journal. A negative return of take ends it. */
  int (*data_each)(struct dh_db *db, int64_t before,
                   int (*take)(void *self, const void *p, size_t n, bool named, struct dh_err *err),
                   void *self, struct dh_err *err);

  /* ---- who did what by command */
  int (*audit)(struct dh_db *db, const char *who, const char *what, const char *object, const void *detail,
               size_t n, struct dh_err *err);
  int (*audit_list)(struct dh_db *db, size_t limit, struct dh_buf *out,
                    struct dh_err *err); /* newest first: {at, who, what, object, detail} */
};

/* ---- the front */

struct dh_store;

struct dh_store_options {
  const char *url; /* "sqlite:/var/lib/deskhand/store.db", or just a path; "postgresql://…" */
  enum dh_store_mode mode;
  struct dh_loop *loop; /* starts the store thread, answers on this loop; NULL: only dh_store_do */
  const char *who;      /* "deskhand serve": what another opener is told of us; DH_STORE_WRITE only */
  int64_t wait_ms;      /* for the lock, at most; 0: not at all */

  /* of a shared one, with a loop: then this process is a host of its fleet */
  const char *host;            /* NULL: the machine's name */
  int64_t lease_ms, settle_ms; /* 0: DH_LEASE_MS, DH_SETTLE_MS */
  /* Loop thread: cases of this queue ("": of any) may be due; others have made them so. */
  void (*stir)(void *self, const char *queue);
  void *self;
};
enum { DH_LEASE_MS = 8000, DH_SETTLE_MS = 60000 };

/* Opens. Folders are made 0700, files 0600. Errors: DH_EUNAVAILABLE when the lock is held ("held by pid 71
 * (deskhand serve)"); DH_EACCES for a store of another user, with the command line that works; DH_EREFUSED on
 * a network file system; DH_EFORMAT for a newer schema or no store of ours; DH_ENOENT (DH_STORE_READ). Blocks
 * (wait_ms; a migration). */
int dh_store_open(const struct dh_store_options *o, struct dh_store **out, struct dh_err *err);
/* Commits what was submitted, calls the `done`s that are left, stops the thread, gives the lock up (if no
 * child holds it). Idempotent through the pointer. The loop must run or be closed afterwards to end its last
 * handle. */
void dh_store_close(struct dh_store **s);
const char *dh_store_path(const struct dh_store *s); /* of the database file; of a shared one its scheme */
/* Descriptor of PATH.lock, -1 when reading. Not close-on-exec: whoever inherits it keeps the store taken, so
 * that a new supervisor starts only when the old tree is gone. */
int dh_store_lock_fd(const struct dh_store *s);
/* Monotonic ms before which whatever acts under this process's leases must have ended, unless they are
 * renewed until then; INT64_MAX where nobody else can take them. */
int64_t dh_store_lease_end(const struct dh_store *s);
/* How this process joins its fleet, for db->ops->join when its leases were over; NULL where there is none. */
const struct dh_join *dh_store_join(const struct dh_store *s);
bool dh_store_leads(const struct dh_store *s); /* this process runs what must run once in the fleet */

/* Where this machine keeps what belongs to a store. */
struct dh_store_files {
  bool local;       /* the store itself is a file here; else it may be used by many at once */
  char lock[1024];  /* the lock's file is this with ".lock"; of a shared store: the lock of this host name */
  char blobs[1024]; /* see dh_blob_put */
};
int dh_store_files(const char *url, const char *host, struct dh_store_files *out, struct dh_err *err);
/* Who holds the store: pid 0 when nobody. who gets its description (64 bytes). */
int dh_store_holder(const char *url, const char *host, int *pid, char who[64], struct dh_err *err);

/* One piece of work for the store thread; embedded in a struct of the caller, who owns it and keeps it until
 * `done`. */
struct dh_job {
  /* Store thread, inside the transaction of the batch, after all jobs submitted before. Touches db and its
   * own struct only. A negative return undoes what it wrote, and nothing else. It must look at what ops
   * return: refusals (DH_EREFUSED, DH_EEXIST, DH_ENOENT …) may be noted and passed over, any other error must
   * be returned. */
  int (*work)(struct dh_db *db, struct dh_job *job, struct dh_err *err);
  /* Loop thread. rc 0: it is on the disk. Negative: nothing of it is (its own error, or the batch could not
   * be written). May free the job, may submit others. */
  void (*done)(struct dh_job *job, int rc, const struct dh_err *err);
  bool urgent; /* somebody waits: commit now; else within 5 ms */

  /* the store's own */
  struct dh_job *next;
  int rc;
  struct dh_err err;
};
/* Loop thread. Never fails: errors come to `done`, which is never called from inside. Takes the first three
 * members as set. */
void dh_store_submit(struct dh_store *s, struct dh_job *job);

/* Runs work in a transaction of its own, on the calling thread: commits on 0, else undoes. Only in a store
 * opened without loop. */
int dh_store_do(struct dh_store *s, int (*work)(struct dh_db *db, void *self, struct dh_err *err), void *self,
                struct dh_err *err);

/* Copies the database as it is at one moment to a new file. Blocks. Only in a store opened without loop.
 * DH_EUSE for one whose database has tools of its own for this. */
int dh_store_backup(struct dh_store *s, const char *path, struct dh_err *err);

/* ---- blobs: files named by their SHA-256 in PATH.blobs/ab/cdef…: pictures, files of cases, journal data
 * over DH_DATA_TABLE. No database is asked, so any thread and any process of the same user may call these:
 * with the folder as dh_store_blobs gives it. Nothing is ever overwritten by other bytes. */
const char *dh_store_blobs(const struct dh_store *s);
/* Writes (file and folder synced) and names. Blocks for the disk: use the pool. Already there: nothing is
 * written. */
int dh_blob_put(const char *blobs, const void *p, size_t n, char hash[DH_SHA256_HEX], struct dh_err *err);
/* All files, in no order; one that comes or goes meanwhile may be among them or not. A negative return of
 * take ends it. No folder: none. */
struct dh_blob_file {
  char path[4096], hash[DH_SHA256_HEX];
  int64_t bytes, changed_ms;
};
typedef int dh_blob_take(void *self, const struct dh_blob_file *f, struct dh_err *err);
int dh_blob_each(const char *blobs, dh_blob_take *take, void *self, struct dh_err *err);
/* Where it lies, for reading; DH_ENOENT. */
int dh_blob_path(const char *blobs, const char *hash, char *out, size_t size, struct dh_err *err);
/* Appends its bytes, checked against its name: DH_EFORMAT says that the file was damaged. */
int dh_blob_get(const char *blobs, const char *hash, struct dh_buf *out, struct dh_err *err);

/* ---- the vault's key: 32 bytes in `deskhand.key`, in $CREDENTIALS_DIRECTORY if it lies there, else in
 * conf_dir (0600, ours: else DH_EACCES). make: create it there when it is missing, else DH_ENOENT says which
 * command makes one. path gets where it lies. */
int dh_key_load(const char *conf_dir, bool make, unsigned char key[32], char *path, size_t size,
                struct dh_err *err);

#endif
