-- Schema 5. See ../005_makers.sql.
ALTER TABLE cases ADD COLUMN maker TEXT COLLATE "C" NOT NULL DEFAULT '';
