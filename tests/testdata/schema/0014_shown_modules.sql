-- What a published tree shows of each module: a line of its pages. With their sums, so
-- that a publish goes over what changed alone.
CREATE TABLE shown_modules (
    tree_id     TEXT    NOT NULL,
    path        TEXT    NOT NULL,
    newest      TEXT    NOT NULL, -- '' where there are .mod files alone
    versions    INTEGER NOT NULL CHECK (versions >= 0),
    go_mods     INTEGER NOT NULL CHECK (go_mods >= 0),
    proven      INTEGER NOT NULL CHECK (proven BETWEEN 0 AND versions + go_mods),
    digest      TEXT    NOT NULL CHECK (length(digest) = 64),
    begins_page INTEGER NOT NULL CHECK (begins_page IN (0, 1)),
    PRIMARY KEY (tree_id, path)
) WITHOUT ROWID, STRICT;

CREATE INDEX shown_pages ON shown_modules (tree_id, path) WHERE begins_page = 1;

CREATE TABLE shown_sums (
    tree_id  TEXT    NOT NULL PRIMARY KEY,
    modules  INTEGER NOT NULL CHECK (modules >= 0),
    versions INTEGER NOT NULL CHECK (versions >= 0),
    go_mods  INTEGER NOT NULL CHECK (go_mods >= 0),
    proven   INTEGER NOT NULL CHECK (proven >= 0)
) WITHOUT ROWID, STRICT;

CREATE TRIGGER shown_modules_come AFTER INSERT ON shown_modules
BEGIN
    INSERT INTO shown_sums
    VALUES (new.tree_id, 1, new.versions, new.go_mods, new.proven)
    ON CONFLICT (tree_id) DO UPDATE SET
        modules = modules + 1,
        versions = versions + new.versions,
        go_mods = go_mods + new.go_mods,
        proven = proven + new.proven;
END;

CREATE TRIGGER shown_modules_change AFTER UPDATE ON shown_modules
BEGIN
    UPDATE shown_sums SET
        versions = versions + new.versions - old.versions,
        go_mods = go_mods + new.go_mods - old.go_mods,
        proven = proven + new.proven - old.proven
    WHERE tree_id = new.tree_id;
END;

CREATE TRIGGER shown_modules_go AFTER DELETE ON shown_modules
BEGIN
    UPDATE shown_sums SET
        modules = modules - 1,
        versions = versions - old.versions,
        go_mods = go_mods - old.go_mods,
        proven = proven - old.proven
    WHERE tree_id = old.tree_id;
END;
