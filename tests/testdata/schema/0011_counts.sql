-- What counts follow from: whom a failure was met at, what a tree cannot show, and
-- what a timer was told already.

-- Who was asked, as the configuration named it then, without secrets; '' for nobody.
ALTER TABLE failures ADD COLUMN upstream TEXT NOT NULL DEFAULT '';

-- Carried versions that a tree has no name for. version '' is the whole module.
CREATE TABLE unpublished (
    tree_id TEXT NOT NULL,
    path    TEXT NOT NULL,
    version TEXT NOT NULL,
    reason  TEXT NOT NULL,
    PRIMARY KEY (tree_id, path, version)
) WITHOUT ROWID, STRICT;

-- What each job's last run found wrong: what is not among it at the next is news.
CREATE TABLE troubles (
    job  TEXT NOT NULL,
    item TEXT NOT NULL,
    PRIMARY KEY (job, item)
) WITHOUT ROWID, STRICT;
