-- The module index as it was served, kept where upstream.keep_index asks for it: some
-- 50 000 rows in one pack (gosync/catalog/index_rows.py), 15 bytes a row in place
-- of 55, and written without a look at any module. What was kept row by row is read anew.

DROP TABLE index_rows;
DROP TABLE index_modules;
DELETE FROM cursors WHERE pattern = '(kept)';

CREATE TABLE index_packs (
    id       INTEGER NOT NULL PRIMARY KEY,
    rows     INTEGER NOT NULL,
    newest   TEXT    NOT NULL, -- time, with nine digits of a second: text that sorts
    paths    BLOB    NOT NULL, -- a line for each row, and so the others
    versions BLOB    NOT NULL,
    times    BLOB    NOT NULL
) STRICT;

CREATE INDEX index_packs_by_time ON index_packs (newest);
