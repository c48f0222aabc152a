-- What may leave published trees: what was given up, and what was withdrawn.

-- A version that trees showed lost its zip ('mod' is kept) or all of it (''), on
-- purpose. Trees remove nothing that no row here explains. A row goes once the version
-- is whole again; it stays otherwise, for trees that follow later.
CREATE TABLE tombstones (
    path    TEXT NOT NULL,
    version TEXT NOT NULL,
    keeps   TEXT NOT NULL CHECK (keeps IN ('', 'mod')),
    PRIMARY KEY (path, version)
) WITHOUT ROWID, STRICT;

INSERT INTO tombstones
SELECT path, version, iif(mod_digest IS NULL, '', 'mod') FROM versions
WHERE state = 'forgotten'
    OR (changed > 0 AND mod_digest IS NULL)
    OR (changed > 0 AND need = 'mod' AND zip_digest IS NULL AND zip_h1 IS NOT NULL);

CREATE TRIGGER versions_given_up
AFTER UPDATE OF mod_digest, zip_digest ON versions
WHEN ((old.zip_digest IS NOT NULL AND new.zip_digest IS NULL)
    OR (old.mod_digest IS NOT NULL AND new.mod_digest IS NULL))
    AND NOT (old.found_by = 'dependency'
        AND old.selected IS NULL AND old.unselected_at IS NULL)
BEGIN
    DELETE FROM tombstones WHERE path = new.path AND version = new.version;
    INSERT INTO tombstones
    VALUES (new.path, new.version, iif(new.mod_digest IS NULL, '', 'mod'));
END;

CREATE TRIGGER versions_whole_again
AFTER UPDATE OF zip_digest ON versions WHEN new.zip_digest IS NOT NULL
BEGIN
    DELETE FROM tombstones WHERE path = new.path AND version = new.version;
END;

CREATE TRIGGER versions_whole AFTER INSERT ON versions
WHEN new.zip_digest IS NOT NULL
BEGIN
    DELETE FROM tombstones WHERE path = new.path AND version = new.version;
END;

-- Versions that nobody is to be given any more, by whom they were withdrawn; one that
-- was undone stays as a memory. `changed` is versions.changed, for trees that follow.
CREATE TABLE withdrawn (
    path         TEXT    NOT NULL,
    version      TEXT    NOT NULL,
    told_by      TEXT    NOT NULL CHECK (told_by IN ('operator', 'bundle')),
    reason       TEXT    NOT NULL CHECK (reason <> ''),
    withdrawn_at TEXT    NOT NULL,
    undone_at    TEXT,
    needed_by    TEXT    NOT NULL DEFAULT '[]' CHECK (json_type(needed_by) = 'array'),
    changed      INTEGER NOT NULL,
    PRIMARY KEY (path, version, told_by)
) WITHOUT ROWID, STRICT;

CREATE INDEX withdrawn_by_changed ON withdrawn (changed, path);

ALTER TABLE versions
ADD COLUMN withdrawn INTEGER NOT NULL DEFAULT 0 CHECK (withdrawn IN (0, 1));

CREATE INDEX versions_withdrawn ON versions (path, version) WHERE withdrawn = 1;

CREATE TRIGGER withdrawn_is_told AFTER INSERT ON withdrawn
BEGIN
    UPDATE versions SET changed = new.changed, withdrawn = EXISTS (
        SELECT 1 FROM withdrawn AS w WHERE w.path = new.path
            AND w.version = new.version AND w.undone_at IS NULL
    ) WHERE path = new.path AND version = new.version;
END;

CREATE TRIGGER withdrawn_changes AFTER UPDATE ON withdrawn
BEGIN
    UPDATE versions SET changed = new.changed, withdrawn = EXISTS (
        SELECT 1 FROM withdrawn AS w WHERE w.path = new.path
            AND w.version = new.version AND w.undone_at IS NULL
    ) WHERE path = new.path AND version = new.version;
END;

CREATE TRIGGER versions_are_withdrawn AFTER INSERT ON versions
WHEN EXISTS (
    SELECT 1 FROM withdrawn AS w WHERE w.path = new.path
        AND w.version = new.version AND w.undone_at IS NULL
)
BEGIN
    UPDATE versions SET withdrawn = 1
    WHERE path = new.path AND version = new.version;
END;

-- Which withdrawals a bundle told its site of; nothing for none.
CREATE TABLE bundle_withdrawals (
    target   TEXT    NOT NULL,
    sequence INTEGER NOT NULL,
    digest   TEXT    NOT NULL CHECK (length(digest) = 64),
    PRIMARY KEY (target, sequence)
) WITHOUT ROWID, STRICT;
