-- Schema 4: schedules. Slots are wall milliseconds too, though always whole seconds.

-- What was decided so far of each rule: all slots until `decided` are fired or passed over. A rule that waits for another
-- queue instead of a time notes the newest case there that it has seen.
CREATE TABLE schedules (
  queue   TEXT NOT NULL,
  rule    TEXT NOT NULL,                 -- "workdays at 08:30, Asia/Shanghai"
  since   INTEGER NOT NULL,
  decided INTEGER NOT NULL,
  next    INTEGER NOT NULL DEFAULT 0,    -- 0: not by time, or never
  slot    INTEGER NOT NULL DEFAULT 0,    -- the last one that something was decided of, its case, and what
  key     TEXT NOT NULL DEFAULT '',
  fate    INTEGER NOT NULL DEFAULT 0,    -- enum dh_slot_fate
  at      INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (queue, rule)
) WITHOUT ROWID;

-- Cases of schedules that may still be under way. Held ones wait for those before them: they are not due.
CREATE TABLE slots (
  case_id INTEGER PRIMARY KEY,
  queue   TEXT NOT NULL,
  rule    TEXT NOT NULL,
  slot    INTEGER NOT NULL,
  held    INTEGER NOT NULL
);
CREATE INDEX slots_rule ON slots (queue, rule, slot);
