-- The module index as it was served, kept where upstream.keep_index asks for it. Rows
-- are appended in the order of the index's pages, and never change. What finds them by
-- module is an index that gosync/catalog/index_rows.py makes once all of them are here:
-- to keep it up to date meanwhile would cost more than the rows.

CREATE TABLE index_modules (
    id   INTEGER NOT NULL PRIMARY KEY,
    path TEXT    NOT NULL UNIQUE
) STRICT;

CREATE TABLE index_rows (
    id      INTEGER NOT NULL PRIMARY KEY,
    module  INTEGER NOT NULL,
    version TEXT    NOT NULL,
    at      INTEGER NOT NULL -- microseconds since 1970: half of the text's bytes
) STRICT;
