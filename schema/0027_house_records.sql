-- Which records of the site's own checksum database are known by their versions: an
-- index over the log's documents, which are the truth and make it anew.
CREATE TABLE house_records (
    log     TEXT NOT NULL,
    path    TEXT NOT NULL,
    version TEXT NOT NULL,
    number  INTEGER NOT NULL,
    PRIMARY KEY (log, path, version)
) WITHOUT ROWID, STRICT;

-- How far that is: the records that it covers, the root of their tree, and the change of
-- versions up to which what is carried has a record.
CREATE TABLE house_logs (
    log     TEXT NOT NULL PRIMARY KEY,
    size    INTEGER NOT NULL,
    root    TEXT NOT NULL,
    changed INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
