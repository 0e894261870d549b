-- Schema 3. Queues that a person keeps back: 1 paused, 2 draining (enum dh_hold). No row: nobody does.
CREATE TABLE holds (
  queue TEXT PRIMARY KEY,
  hold  INTEGER NOT NULL,
  who   TEXT NOT NULL,
  since INTEGER NOT NULL
) WITHOUT ROWID;
