-- How many versions there are of each kind, kept beside the versions themselves, so that
-- what tells only of numbers goes over some dozen rows, not over all versions.
CREATE TABLE version_sums (
    state      TEXT    NOT NULL,
    selected   TEXT    NOT NULL, -- '' for not at all
    found_by   TEXT    NOT NULL,
    withdrawn  INTEGER NOT NULL,
    denied     INTEGER NOT NULL,
    unselected INTEGER NOT NULL, -- whether unselected_at is known
    has_mod    INTEGER NOT NULL,
    has_zip    INTEGER NOT NULL,
    versions   INTEGER NOT NULL CHECK (versions >= 0),
    bytes      INTEGER NOT NULL CHECK (bytes >= 0), -- of all their files
    PRIMARY KEY (
        state, selected, found_by, withdrawn, denied, unselected, has_mod, has_zip
    )
) WITHOUT ROWID, STRICT;

INSERT INTO version_sums
SELECT state, ifnull(selected, ''), found_by, withdrawn, denied,
    unselected_at IS NOT NULL, mod_digest IS NOT NULL, zip_digest IS NOT NULL, count(*),
    sum(ifnull(info_bytes, 0) + ifnull(mod_bytes, 0) + ifnull(zip_bytes, 0))
FROM versions GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;

CREATE TRIGGER versions_are_summed AFTER INSERT ON versions
BEGIN
    INSERT INTO version_sums VALUES (
        new.state, ifnull(new.selected, ''), new.found_by, new.withdrawn, new.denied,
        new.unselected_at IS NOT NULL, new.mod_digest IS NOT NULL,
        new.zip_digest IS NOT NULL, 1,
        ifnull(new.info_bytes, 0) + ifnull(new.mod_bytes, 0) + ifnull(new.zip_bytes, 0)
    )
    ON CONFLICT DO UPDATE SET
        versions = versions + 1, bytes = bytes + excluded.bytes;
END;

CREATE TRIGGER versions_leave_sums AFTER DELETE ON versions
BEGIN
    UPDATE version_sums SET versions = versions - 1, bytes = bytes
        - ifnull(old.info_bytes, 0) - ifnull(old.mod_bytes, 0) - ifnull(old.zip_bytes, 0)
    WHERE state = old.state AND selected = ifnull(old.selected, '')
        AND found_by = old.found_by AND withdrawn = old.withdrawn
        AND denied = old.denied AND unselected = (old.unselected_at IS NOT NULL)
        AND has_mod = (old.mod_digest IS NOT NULL)
        AND has_zip = (old.zip_digest IS NOT NULL);
END;

CREATE TRIGGER versions_change_sums AFTER UPDATE OF
    state, selected, found_by, withdrawn, denied, unselected_at,
    info_bytes, mod_digest, mod_bytes, zip_digest, zip_bytes ON versions
WHEN (
    old.state, old.selected, old.found_by, old.withdrawn, old.denied,
    old.unselected_at IS NULL, old.mod_digest IS NULL, old.zip_digest IS NULL,
    old.info_bytes, old.mod_bytes, old.zip_bytes
) IS NOT (
    new.state, new.selected, new.found_by, new.withdrawn, new.denied,
    new.unselected_at IS NULL, new.mod_digest IS NULL, new.zip_digest IS NULL,
    new.info_bytes, new.mod_bytes, new.zip_bytes
)
BEGIN
    UPDATE version_sums SET versions = versions - 1, bytes = bytes
        - ifnull(old.info_bytes, 0) - ifnull(old.mod_bytes, 0) - ifnull(old.zip_bytes, 0)
    WHERE state = old.state AND selected = ifnull(old.selected, '')
        AND found_by = old.found_by AND withdrawn = old.withdrawn
        AND denied = old.denied AND unselected = (old.unselected_at IS NOT NULL)
        AND has_mod = (old.mod_digest IS NOT NULL)
        AND has_zip = (old.zip_digest IS NOT NULL);
    INSERT INTO version_sums VALUES (
        new.state, ifnull(new.selected, ''), new.found_by, new.withdrawn, new.denied,
        new.unselected_at IS NOT NULL, new.mod_digest IS NOT NULL,
        new.zip_digest IS NOT NULL, 1,
        ifnull(new.info_bytes, 0) + ifnull(new.mod_bytes, 0) + ifnull(new.zip_bytes, 0)
    )
    ON CONFLICT DO UPDATE SET
        versions = versions + 1, bytes = bytes + excluded.bytes;
END;

-- Modules that are followed because something requires them: few, and asked for often.
CREATE INDEX modules_of_dependencies ON modules (path)
    WHERE tracked_by = 'dependency';
