-- Schema 5. Who brought a case: whoever made its values does not sign them ("" for a schedule or a watched folder).
ALTER TABLE cases ADD COLUMN maker TEXT NOT NULL DEFAULT '';
