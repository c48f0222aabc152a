-- The licences of a version, packed (gosync.licence.found): derived from its zip, and
-- read again where they are not here. Goes with the row, or with its zip's h1.
CREATE TABLE licences (
    zip_h1   TEXT NOT NULL PRIMARY KEY CHECK (zip_h1 LIKE 'h1:%'),
    licences BLOB NOT NULL
) WITHOUT ROWID, STRICT;

CREATE TRIGGER licences_go AFTER DELETE ON versions WHEN old.zip_h1 IS NOT NULL
BEGIN
    DELETE FROM licences WHERE zip_h1 = old.zip_h1;
END;

CREATE TRIGGER licences_change AFTER UPDATE OF zip_h1 ON versions
WHEN old.zip_h1 IS NOT NULL AND new.zip_h1 IS NOT old.zip_h1
BEGIN
    DELETE FROM licences WHERE zip_h1 = old.zip_h1;
END;
