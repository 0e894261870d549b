-- Schema 4. See ../004_schedules.sql.
CREATE TABLE schedules (
  queue   TEXT COLLATE "C" NOT NULL,
  rule    TEXT COLLATE "C" NOT NULL,
  since   BIGINT NOT NULL,
  decided BIGINT NOT NULL,
  next    BIGINT NOT NULL DEFAULT 0,
  slot    BIGINT NOT NULL DEFAULT 0,
  key     TEXT COLLATE "C" NOT NULL DEFAULT '',
  fate    INTEGER NOT NULL DEFAULT 0,
  at      BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (queue, rule)
);

CREATE TABLE slots (
  case_id BIGINT PRIMARY KEY,
  queue   TEXT COLLATE "C" NOT NULL,
  rule    TEXT COLLATE "C" NOT NULL,
  slot    BIGINT NOT NULL,
  held    INTEGER NOT NULL
);
CREATE INDEX slots_rule ON slots (queue, rule, slot);
