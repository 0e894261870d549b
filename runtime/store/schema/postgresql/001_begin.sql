-- Schema 1 on PostgreSQL: the tables of ../001_begin.sql, and the hosts of a fleet. Texts sort by their bytes. Times are wall
-- milliseconds of the database's clock; data is CBOR; numbers of states and kinds are those of store.h and record.h.

CREATE TABLE store (version INTEGER NOT NULL);

-- Supervisors that hold leases. Whoever finds `until` behind takes the leases of that row and removes it.
CREATE TABLE hosts (
  id      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name    TEXT COLLATE "C" NOT NULL UNIQUE,
  place   TEXT NOT NULL,                 -- which lock file of which machine: who has that lock knows that the rest is gone
  since   BIGINT NOT NULL,
  until   BIGINT NOT NULL
);

CREATE TABLE bundles (
  hash     TEXT COLLATE "C" PRIMARY KEY,
  name     TEXT COLLATE "C" NOT NULL,
  bytes    BYTEA NOT NULL,
  put      BIGINT NOT NULL,
  finished BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE cases (
  id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  queue      TEXT COLLATE "C" NOT NULL,
  period     TEXT COLLATE "C" NOT NULL,
  key        TEXT COLLATE "C" NOT NULL,
  state      INTEGER NOT NULL,
  due        BIGINT,                     -- 0: now, > 0: at that time, NULL: not by time
  priority   INTEGER NOT NULL,
  deadline   BIGINT NOT NULL,            -- the largest integer for none, so that it sorts last
  not_before BIGINT NOT NULL,
  bundle     TEXT COLLATE "C" NOT NULL,
  input      BYTEA NOT NULL,
  added      BIGINT NOT NULL,
  run        TEXT COLLATE "C",           -- from the first claim on
  worker     TEXT COLLATE "C",           -- while leased: HOST#ID/WORKER, of hosts
  fence      BIGINT NOT NULL DEFAULT 0,
  attempt    INTEGER NOT NULL DEFAULT 0,
  tries      INTEGER NOT NULL DEFAULT 0,
  failures   INTEGER NOT NULL DEFAULT 0,
  crashes    INTEGER NOT NULL DEFAULT 0,
  charges    INTEGER NOT NULL DEFAULT 0,
  last_end   INTEGER NOT NULL DEFAULT 0,
  woken      INTEGER NOT NULL DEFAULT 0,
  torn       INTEGER NOT NULL DEFAULT 0,
  began      BIGINT NOT NULL DEFAULT 0,
  ended      BIGINT NOT NULL DEFAULT 0,
  last_row   BIGINT,
  UNIQUE (queue, period, key)
);
CREATE INDEX cases_ready ON cases (queue, priority DESC, deadline, id) WHERE due = 0;
CREATE INDEX cases_due ON cases (due) WHERE due > 0;
CREATE INDEX cases_leased ON cases (worker) WHERE state = 2;
CREATE INDEX cases_state ON cases (queue, state);
CREATE UNIQUE INDEX cases_run ON cases (run) WHERE run IS NOT NULL;

CREATE TABLE journal (
  id       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  case_id  BIGINT NOT NULL,
  kind     INTEGER NOT NULL,
  attempt  INTEGER NOT NULL,
  scope    TEXT COLLATE "C" NOT NULL,
  position BIGINT NOT NULL,
  word     TEXT COLLATE "C" NOT NULL,
  name     TEXT COLLATE "C" NOT NULL,
  hash     TEXT COLLATE "C" NOT NULL,
  place    TEXT COLLATE "C" NOT NULL,
  at       BIGINT NOT NULL,
  stands   INTEGER NOT NULL,
  data     BYTEA,
  blob     TEXT COLLATE "C"
);
CREATE UNIQUE INDEX journal_once ON journal
  (case_id, scope, position, kind, (CASE WHEN stands = 1 AND position > 0 THEN 1 END));

CREATE TABLE blobs (
  hash  TEXT COLLATE "C" PRIMARY KEY,
  bytes BYTEA NOT NULL
);


CREATE TABLE reviews (
  id       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  case_id  BIGINT NOT NULL,
  row      BIGINT NOT NULL,
  state    INTEGER NOT NULL,
  effect   INTEGER NOT NULL,
  role     TEXT COLLATE "C" NOT NULL,
  answer   BYTEA,
  who      TEXT COLLATE "C",
  answered BIGINT
);
CREATE INDEX reviews_case ON reviews (case_id, state);
CREATE INDEX reviews_open ON reviews (id) WHERE state = 1;

CREATE TABLE waits (
  case_id BIGINT NOT NULL,
  row     BIGINT NOT NULL,
  until   BIGINT NOT NULL,
  PRIMARY KEY (case_id, row)
);

CREATE TABLE secrets (
  name    TEXT COLLATE "C" PRIMARY KEY,
  box     BYTEA NOT NULL,
  who     TEXT COLLATE "C" NOT NULL,
  changed BIGINT NOT NULL
);

CREATE TABLE audit (
  id     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at     BIGINT NOT NULL,
  who    TEXT COLLATE "C" NOT NULL,
  what   TEXT COLLATE "C" NOT NULL,
  object TEXT COLLATE "C" NOT NULL,
  detail BYTEA
);
