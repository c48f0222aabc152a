-- Older tree heads that clients of a published tree may remember, though no tree here
-- ever showed them. Which tile serves such a client is told by the size alone.
CREATE TABLE old_heads (
    name      TEXT    NOT NULL,
    tree_size INTEGER NOT NULL CHECK (tree_size > 0),
    source    TEXT    NOT NULL CHECK (source IN ('seen', 'named', 'asked', 'bundled')),
    first_at  TEXT    NOT NULL,
    PRIMARY KEY (name, tree_size)
) WITHOUT ROWID, STRICT;

-- The full tiles for such clients that a site has once it took a bundle in: numbers
-- of a level, from the first to the last. Kept as long as bundle_holds.
CREATE TABLE bundle_tiles (
    target   TEXT    NOT NULL,
    sequence INTEGER NOT NULL,
    level    INTEGER NOT NULL CHECK (level >= 0),
    first    INTEGER NOT NULL CHECK (first >= 0),
    last     INTEGER NOT NULL CHECK (last >= first),
    PRIMARY KEY (target, sequence, level, first),
    FOREIGN KEY (target, sequence) REFERENCES bundles (target, sequence)
) WITHOUT ROWID, STRICT;
