-- Files beside module versions; see gosync.artifact. The store keeps them as blobs.
CREATE TABLE artifacts (
    kind       TEXT    NOT NULL CHECK (length(kind) BETWEEN 1 AND 32),
    name       TEXT    NOT NULL CHECK (name <> ''),
    digest     TEXT    NOT NULL CHECK (length(digest) = 64),
    size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
    PRIMARY KEY (kind, name)
) WITHOUT ROWID, STRICT;

-- What the target has of them once it took a bundle in. Kept as long as bundle_holds.
CREATE TABLE bundle_artifacts (
    target   TEXT    NOT NULL,
    sequence INTEGER NOT NULL,
    kind     TEXT    NOT NULL,
    name     TEXT    NOT NULL,
    digest   TEXT    NOT NULL CHECK (length(digest) = 64),
    PRIMARY KEY (target, sequence, kind, name),
    FOREIGN KEY (target, sequence) REFERENCES bundles (target, sequence)
) WITHOUT ROWID, STRICT;

-- What the gosync of the site can read, as its receipt says: JSON, or nothing.
ALTER TABLE bundles ADD COLUMN reads TEXT;

-- The rules that made the selection of a bundle: their digest, and as people read them.
ALTER TABLE bundles ADD COLUMN rules_fingerprint TEXT;
ALTER TABLE bundles ADD COLUMN rules TEXT;
