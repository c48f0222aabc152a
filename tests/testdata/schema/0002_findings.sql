-- What became upstream of what is held: one row for one thing at one place.
-- `ours` and `theirs` are the evidence; gosync/catalog/findings.py says the rest.
CREATE TABLE findings (
    id         INTEGER PRIMARY KEY,
    kind       TEXT    NOT NULL CHECK (
        kind IN (
            'rewritten', 'vanished', 'retracted', 'deprecated',
            'stale', 'diverged', 'moved'
        )
    ),
    path       TEXT    NOT NULL,
    version    TEXT    NOT NULL,
    source     TEXT    NOT NULL,
    summary    TEXT    NOT NULL,
    ours       TEXT    NOT NULL CHECK (json_type(ours) = 'object'),
    theirs     TEXT    NOT NULL CHECK (json_type(theirs) = 'object'),
    first_seen TEXT    NOT NULL,
    last_seen  TEXT    NOT NULL,
    state      TEXT    NOT NULL CHECK (
        state IN ('new', 'known', 'accepted', 'resolved')
    ),
    state_by   TEXT    NOT NULL CHECK (state_by IN ('gosync', 'operator')),
    state_at   TEXT    NOT NULL,
    note       TEXT    NOT NULL DEFAULT '',
    told_at    TEXT,
    UNIQUE (kind, path, version, source)
) STRICT;

CREATE INDEX findings_by_item ON findings (path, version);
CREATE INDEX findings_open ON findings (state) WHERE state IN ('new', 'known');
