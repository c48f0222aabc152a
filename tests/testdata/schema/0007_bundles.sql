-- Bundles: those made here for other sites, and those taken in here.

-- The ledger, by target. A sequence that was sealed is never used again.
CREATE TABLE bundles (
    target        TEXT    NOT NULL,
    sequence      INTEGER NOT NULL CHECK (sequence > 0),
    state         TEXT    NOT NULL CHECK (
        state IN ('planned', 'written', 'sealed', 'acked', 'revoked')
    ),
    kind          TEXT    NOT NULL CHECK (kind IN ('full', 'increment', 'repair')),
    base_sequence INTEGER CHECK (base_sequence < sequence),
    bundle_id     TEXT    CHECK (length(bundle_id) = 64),
    tree_size     INTEGER CHECK (tree_size >= 0),
    planned_at    TEXT    NOT NULL,
    sealed_at     TEXT,
    acked_at      TEXT,
    PRIMARY KEY (target, sequence),
    CHECK ((state = 'planned') = (bundle_id IS NULL)),
    CHECK (state NOT IN ('sealed', 'acked') OR sealed_at IS NOT NULL),
    CHECK ((state = 'acked') = (acked_at IS NOT NULL))
) STRICT;

CREATE UNIQUE INDEX bundles_by_id ON bundles (bundle_id) WHERE bundle_id IS NOT NULL;

-- What the target has once it took a bundle in; kept for what may become a base.
CREATE TABLE bundle_holds (
    target   TEXT    NOT NULL,
    sequence INTEGER NOT NULL,
    path     TEXT    NOT NULL,
    version  TEXT    NOT NULL,
    need     TEXT    NOT NULL CHECK (need IN ('zip', 'mod')),
    PRIMARY KEY (target, sequence, path, version),
    FOREIGN KEY (target, sequence) REFERENCES bundles (target, sequence)
) WITHOUT ROWID, STRICT;

-- What came in. An applied one made the present selection, or a newer one did.
CREATE TABLE imports (
    bundle_id  TEXT    NOT NULL PRIMARY KEY CHECK (length(bundle_id) = 64),
    target     TEXT    NOT NULL,
    sequence   INTEGER NOT NULL CHECK (sequence > 0),
    kind       TEXT    NOT NULL CHECK (kind IN ('full', 'increment', 'repair')),
    created_at TEXT    NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('staged', 'applied')),
    moved_at   TEXT    NOT NULL,
    tree_size  INTEGER CHECK (tree_size >= 0)
) STRICT;

CREATE UNIQUE INDEX imports_by_sequence ON imports (target, sequence);
