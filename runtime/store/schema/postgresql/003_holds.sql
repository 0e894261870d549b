-- Schema 3. See ../003_holds.sql.
CREATE TABLE holds (
  queue TEXT COLLATE "C" PRIMARY KEY,
  hold  INTEGER NOT NULL,
  who   TEXT COLLATE "C" NOT NULL,
  since BIGINT NOT NULL
);
