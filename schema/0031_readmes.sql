-- The README of a version, packed (gosync.gomod.readme): derived from its zip, and read
-- again where it is not here. Goes with the row, or with its zip's h1.
CREATE TABLE readmes (
    zip_h1  TEXT NOT NULL PRIMARY KEY CHECK (zip_h1 LIKE 'h1:%'),
    readmes BLOB NOT NULL
) WITHOUT ROWID, STRICT;

CREATE TRIGGER readmes_go AFTER DELETE ON versions WHEN old.zip_h1 IS NOT NULL
BEGIN
    DELETE FROM readmes WHERE zip_h1 = old.zip_h1;
END;

CREATE TRIGGER readmes_change AFTER UPDATE OF zip_h1 ON versions
WHEN old.zip_h1 IS NOT NULL AND new.zip_h1 IS NOT old.zip_h1
BEGIN
    DELETE FROM readmes WHERE zip_h1 = old.zip_h1;
END;
