-- What a target has once it took a bundle in: a set that targets share who have the
-- same, as one document. A row a version and target was 10 MB a target.
CREATE TABLE held_sets (
    id     INTEGER NOT NULL PRIMARY KEY,
    digest TEXT    UNIQUE CHECK (length(digest) = 64), -- NULL: none was made of it yet
    packed BLOB    NOT NULL -- gosync/catalog/held_sets.py
) STRICT;

CREATE TABLE bundle_held (
    target   TEXT    NOT NULL,
    sequence INTEGER NOT NULL,
    held     INTEGER NOT NULL REFERENCES held_sets (id),
    PRIMARY KEY (target, sequence),
    FOREIGN KEY (target, sequence) REFERENCES bundles (target, sequence)
) WITHOUT ROWID, STRICT;

CREATE INDEX bundle_held_by_set ON bundle_held (held);

CREATE TEMP TABLE held_before AS
SELECT target, sequence, json_group_object(path, json(versions)) AS document
FROM (
    SELECT target, sequence, path, json_group_object(version, need) AS versions
    FROM bundle_holds GROUP BY target, sequence, path
)
GROUP BY target, sequence;

INSERT INTO held_sets (id, packed)
SELECT rowid, CAST(document AS BLOB) FROM held_before;

INSERT INTO bundle_held SELECT target, sequence, rowid FROM held_before;

DROP TABLE held_before;

DROP TABLE bundle_holds;
