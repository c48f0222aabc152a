-- What `gosync verify` last said of each version that the store carries, and its
-- rounds: one that has no end was interrupted, and the next run goes on with it.
CREATE TABLE verified (
    path        TEXT NOT NULL,
    version     TEXT NOT NULL,
    verdict     TEXT NOT NULL,
    verified_at TEXT NOT NULL,
    stamp       TEXT NOT NULL,
    PRIMARY KEY (path, version)
) WITHOUT ROWID, STRICT;

CREATE TABLE verify_rounds (
    id       INTEGER PRIMARY KEY,
    begun_at TEXT NOT NULL,
    ended_at TEXT
) STRICT;
