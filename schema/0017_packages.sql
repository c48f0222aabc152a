-- What the packages of a version import, packed (gosync.gomod.packages): derived from
-- its zip, and read again where it is not here. Goes with the row, or with its zip's h1.
CREATE TABLE packages (
    zip_h1   TEXT NOT NULL PRIMARY KEY CHECK (zip_h1 LIKE 'h1:%'),
    packages BLOB NOT NULL
) WITHOUT ROWID, STRICT;

CREATE TRIGGER packages_go AFTER DELETE ON versions WHEN old.zip_h1 IS NOT NULL
BEGIN
    DELETE FROM packages WHERE zip_h1 = old.zip_h1;
END;

CREATE TRIGGER packages_change AFTER UPDATE OF zip_h1 ON versions
WHEN old.zip_h1 IS NOT NULL AND new.zip_h1 IS NOT old.zip_h1
BEGIN
    DELETE FROM packages WHERE zip_h1 = old.zip_h1;
END;
