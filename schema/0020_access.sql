-- What was asked for inside and is not carried (gosync.catalog.requests): by module and
-- query, which is a version, "latest", a branch or a commit, or a tile of a database.
CREATE TABLE requests (
    module     TEXT NOT NULL,
    query      TEXT NOT NULL,
    count      INTEGER NOT NULL CHECK (count > 0),
    first      TEXT NOT NULL,
    last       TEXT NOT NULL CHECK (last >= first),
    state      TEXT NOT NULL DEFAULT 'open'
               CHECK (state IN ('open', 'approved', 'refused')),
    reason     TEXT NOT NULL DEFAULT '',
    decided_at TEXT,
    PRIMARY KEY (module, query)
) WITHOUT ROWID, STRICT;

-- Who asked, unless nobody's name is kept.
CREATE TABLE request_askers (
    module TEXT NOT NULL,
    query  TEXT NOT NULL,
    asker  TEXT NOT NULL,
    count  INTEGER NOT NULL CHECK (count > 0),
    PRIMARY KEY (module, query, asker),
    FOREIGN KEY (module, query) REFERENCES requests ON DELETE CASCADE
) WITHOUT ROWID, STRICT;

-- How much of a log was read: known by the digest of its first line, since rotation
-- renames and compresses it.
CREATE TABLE read_logs (
    digest     TEXT NOT NULL PRIMARY KEY,
    read_bytes INTEGER NOT NULL CHECK (read_bytes >= 0),
    read_at    TEXT NOT NULL
) WITHOUT ROWID, STRICT;

-- Alerts that hooks were told of.
CREATE TABLE told_alerts (
    rule    TEXT NOT NULL,
    key     TEXT NOT NULL,
    since   TEXT NOT NULL,
    told_at TEXT NOT NULL,
    PRIMARY KEY (rule, key, since)
) WITHOUT ROWID, STRICT;
