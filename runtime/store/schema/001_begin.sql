-- Schema 1. Times are wall milliseconds; data is CBOR; hashes are lower-case hex. Numbers of states and kinds are those of
-- store.h and record.h and never change their meaning.

CREATE TABLE bundles (
  hash     TEXT PRIMARY KEY,
  name     TEXT NOT NULL,
  bytes    BLOB NOT NULL,
  put      INTEGER NOT NULL,
  finished INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

-- A case and its run: one to one, so that a claim and the end of an attempt touch one row.
CREATE TABLE cases (
  id         INTEGER PRIMARY KEY,
  queue      TEXT NOT NULL,
  period     TEXT NOT NULL,
  key        TEXT NOT NULL,
  state      INTEGER NOT NULL,
  due        INTEGER,                    -- 0: now, > 0: at that time, NULL: not by time
  priority   INTEGER NOT NULL,
  deadline   INTEGER NOT NULL,           -- the largest integer for none, so that it sorts last
  not_before INTEGER NOT NULL,
  bundle     TEXT NOT NULL,
  input      BLOB NOT NULL,
  added      INTEGER NOT NULL,
  run        TEXT,                       -- from the first claim on
  worker     TEXT,                       -- while leased
  fence      INTEGER NOT NULL DEFAULT 0,
  attempt    INTEGER NOT NULL DEFAULT 0, -- starts
  tries      INTEGER NOT NULL DEFAULT 0, -- starts that follow neither a crash nor a wait
  failures   INTEGER NOT NULL DEFAULT 0, -- system errors since the last retry by a person
  crashes    INTEGER NOT NULL DEFAULT 0,
  charges    INTEGER NOT NULL DEFAULT 0,
  last_end   INTEGER NOT NULL DEFAULT 0, -- how the last start ended: 0 none, 1 crash, 2 put away, 3 system error
  woken      INTEGER NOT NULL DEFAULT 0, -- an answer came while it was leased
  torn       INTEGER NOT NULL DEFAULT 0, -- records of this lease: 1 undone, 2 refused, 3 lost with others'; it takes no more
  began      INTEGER NOT NULL DEFAULT 0,
  ended      INTEGER NOT NULL DEFAULT 0,
  last_row   INTEGER,                    -- journal.id of what ended the last attempt: its result or its error
  UNIQUE (queue, period, key)
);
CREATE INDEX cases_ready ON cases (queue, priority DESC, deadline, id) WHERE due = 0;
CREATE INDEX cases_due ON cases (due) WHERE due > 0;
CREATE INDEX cases_leased ON cases (worker) WHERE state = 2;
CREATE INDEX cases_state ON cases (queue, state);
CREATE UNIQUE INDEX cases_run ON cases (run) WHERE run IS NOT NULL;

-- Rows are only added. Two columns change: `stands`, and `position`, which becomes negative when the case goes on under
-- another version of its robot: such rows are found by name only. In order of id.
CREATE TABLE journal (
  id       INTEGER PRIMARY KEY,
  case_id  INTEGER NOT NULL,
  kind     INTEGER NOT NULL,
  attempt  INTEGER NOT NULL,
  scope    TEXT NOT NULL,
  position INTEGER NOT NULL,
  word     TEXT NOT NULL,
  name     TEXT NOT NULL,
  hash     TEXT NOT NULL,
  place    TEXT NOT NULL,
  at       INTEGER NOT NULL,
  stands   INTEGER NOT NULL,
  data     BLOB,                         -- NULL: in blobs or in a file, under the name `blob`
  blob     TEXT
);
-- One index for both: the rows of a case, and that one (scope, position, kind) stands once. NULLs are distinct, so rows that
-- do not stand, or have no place, never collide. A second index would double what a commit writes.
CREATE UNIQUE INDEX journal_once ON journal (case_id, scope, position, kind, iif(stands = 1 AND position > 0, 1, NULL));

CREATE TABLE blobs (
  hash  TEXT PRIMARY KEY,
  bytes BLOB NOT NULL
);

-- A question to a person; its text, place and time are those of its journal row.
CREATE TABLE reviews (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  case_id  INTEGER NOT NULL,
  row      INTEGER NOT NULL,             -- journal.id
  state    INTEGER NOT NULL,             -- 1 open, 2 answered, 3 withdrawn
  effect   INTEGER NOT NULL,             -- 1: asks whether the effect of this name happened
  role     TEXT NOT NULL,
  answer   BLOB,
  who      TEXT,
  answered INTEGER
);
CREATE INDEX reviews_case ON reviews (case_id, state);
CREATE INDEX reviews_open ON reviews (id) WHERE state = 1;

-- Waits that are not over yet.
CREATE TABLE waits (
  case_id INTEGER NOT NULL,
  row     INTEGER NOT NULL,              -- journal.id
  until   INTEGER NOT NULL,
  PRIMARY KEY (case_id, row)
) WITHOUT ROWID;

CREATE TABLE secrets (
  name    TEXT PRIMARY KEY,
  box     BLOB NOT NULL,
  who     TEXT NOT NULL,
  changed INTEGER NOT NULL
);

CREATE TABLE audit (
  id     INTEGER PRIMARY KEY,
  at     INTEGER NOT NULL,
  who    TEXT NOT NULL,
  what   TEXT NOT NULL,
  object TEXT NOT NULL,
  detail BLOB
);
