-- What the policy says of versions beyond "may come in": denied, let in by an exception
-- that ends, or told of. Derived from rules, rows and licences; made again at each pass.
CREATE TABLE rulings (
    path       TEXT NOT NULL,
    version    TEXT NOT NULL,
    effect     TEXT NOT NULL CHECK (effect IN ('denied', 'excepted', 'warned')),
    rule       TEXT NOT NULL,
    reason     TEXT NOT NULL,
    known_from TEXT NOT NULL DEFAULT '', -- another version, whose licences tell
    exception  TEXT NOT NULL DEFAULT '', -- why it is let in
    until      TEXT NOT NULL DEFAULT '', -- the last day of that, or when it ended
    since      TEXT NOT NULL,
    wanted_by  TEXT NOT NULL DEFAULT '',
    chain      TEXT NOT NULL DEFAULT '[]' CHECK (json_type(chain) = 'array'),
    PRIMARY KEY (path, version),
    FOREIGN KEY (path, version) REFERENCES versions (path, version) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;

-- Its zip is kept, and is neither fetched nor shown; the go.mod is.
ALTER TABLE versions ADD COLUMN denied INTEGER NOT NULL DEFAULT 0
    CHECK (denied IN (0, 1));
