-- Schema 2. See ../002_periods.sql.
CREATE TABLE periods (
  queue  TEXT COLLATE "C" NOT NULL,
  period TEXT COLLATE "C" NOT NULL,
  open   BIGINT NOT NULL,
  wants  BIGINT NOT NULL,
  bundle TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (queue, period)
);
