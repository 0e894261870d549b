-- Schema 2. Periods whose end somebody waits for: the robot has finish(batch), or a table of results (cases.to).
CREATE TABLE periods (
  queue  TEXT NOT NULL,
  period TEXT NOT NULL,
  open   INTEGER NOT NULL,               -- cases added or tried again since its end was last dealt with
  wants  INTEGER NOT NULL,               -- 1: the table, 2: finish(batch)
  bundle TEXT NOT NULL,                  -- the newest robot version that brought a case: finish runs under it
  PRIMARY KEY (queue, period)
) WITHOUT ROWID;
