-- What an audit asks, what it was answered, and what asking costs.

-- Every question that is asked again and again, and what was answered last.
CREATE TABLE looks (
    source    TEXT    NOT NULL,
    path      TEXT    NOT NULL,
    version   TEXT    NOT NULL,
    what      TEXT    NOT NULL CHECK (
        what IN ('list', 'newest', 'info', 'mod', 'zip', 'index', 'refs')
    ),
    due_at    TEXT    NOT NULL DEFAULT '',
    looked_at TEXT,
    failures  INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
    etag      TEXT    NOT NULL DEFAULT '',
    modified  TEXT    NOT NULL DEFAULT '',
    said      TEXT    NOT NULL DEFAULT '{}' CHECK (json_type(said) = 'object'),
    PRIMARY KEY (path, version, what, source)
) WITHOUT ROWID, STRICT;

-- The primary key's columns end the index, so this is the whole order.
CREATE INDEX looks_by_due ON looks (source, due_at, coalesce(looked_at, ''));

-- What was asked of whom in which minute: the budget of an hour outlives a restart.
CREATE TABLE spendings (
    source   TEXT    NOT NULL,
    minute   TEXT    NOT NULL,
    requests INTEGER NOT NULL DEFAULT 0 CHECK (requests >= 0),
    bytes    INTEGER NOT NULL DEFAULT 0 CHECK (bytes >= 0),
    PRIMARY KEY (source, minute)
) WITHOUT ROWID, STRICT;

-- Who gives no answers, and until when nothing is asked of them.
CREATE TABLE rests (
    source   TEXT    NOT NULL PRIMARY KEY,
    failures INTEGER NOT NULL CHECK (failures > 0),
    until    TEXT    NOT NULL,
    reason   TEXT    NOT NULL
) STRICT;
