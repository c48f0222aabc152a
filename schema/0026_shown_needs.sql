-- Which modules the newest version of each shown module requires itself; so that a
-- module's page names its dependents, and is written when these change.
CREATE TABLE shown_needs (
    tree_id TEXT NOT NULL,
    path    TEXT NOT NULL,
    needs   TEXT NOT NULL,
    PRIMARY KEY (tree_id, path, needs)
) WITHOUT ROWID, STRICT;

CREATE INDEX shown_needs_by_need ON shown_needs (tree_id, needs, path);
