-- The catalog: what gosync follows, wants, carries, trusts and has published.
-- Times are RFC 3339 in UTC with six digits and a Z, so that they sort as text.
-- Digests are sha256 in lower-case hex and name blobs; h1 columns are Go's "h1:".

-- "GoSy"
PRAGMA application_id = 1198478201;

-- Modules whose new versions are looked for ("list" and "@latest").
CREATE TABLE modules (
    path        TEXT    NOT NULL PRIMARY KEY,
    private     INTEGER NOT NULL CHECK (private IN (0, 1)),
    tracked_by  TEXT    NOT NULL CHECK (
        tracked_by IN ('config', 'index', 'command', 'dependency')
    ),
    listed_at   TEXT,
    list_digest TEXT    CHECK (length(list_digest) = 64),
    pseudo_only INTEGER NOT NULL DEFAULT 0 CHECK (pseudo_only IN (0, 1)),
    latest      TEXT,
    facts       TEXT,
    facts_for   TEXT
) STRICT;

CREATE INDEX modules_by_listed_at ON modules (listed_at);
CREATE INDEX modules_lacking_facts ON modules (path)
    WHERE facts_for IS NOT list_digest;

-- What upstreams say exists of followed modules, by list and index.
CREATE TABLE offers (
    path       TEXT    NOT NULL,
    version    TEXT    NOT NULL,
    index_time TEXT,
    first_seen TEXT    NOT NULL,
    listed     INTEGER NOT NULL CHECK (listed IN (0, 1)),
    PRIMARY KEY (path, version)
) WITHOUT ROWID, STRICT;

-- Every version that is wanted or carried. A digest here names a durable blob, always.
CREATE TABLE versions (
    path         TEXT    NOT NULL,
    version      TEXT    NOT NULL,
    state        TEXT    NOT NULL CHECK (
        state IN (
            'wanted', 'present', 'failed', 'rejected', 'gone', 'omitted', 'forgotten'
        )
    ),
    need         TEXT    NOT NULL CHECK (need IN ('zip', 'mod')),
    found_by     TEXT    NOT NULL CHECK (
        found_by IN (
            'index', 'list', 'latest', 'config', 'command',
            'project', 'dependency', 'toolchain'
        )
    ),
    index_time   TEXT,
    selected     TEXT    CHECK (selected IN ('zip', 'mod')),
    unselected_at TEXT   CHECK (unselected_at IS NULL OR selected IS NOT 'zip'),
    max_zip_bytes INTEGER CHECK (max_zip_bytes >= 0),
    info_digest  TEXT    CHECK (length(info_digest) = 64),
    info_bytes   INTEGER CHECK (info_bytes > 0),
    mod_digest   TEXT    CHECK (length(mod_digest) = 64),
    mod_bytes    INTEGER CHECK (mod_bytes >= 0),
    mod_h1       TEXT    CHECK (mod_h1 LIKE 'h1:%'),
    zip_digest   TEXT    CHECK (length(zip_digest) = 64),
    zip_bytes    INTEGER CHECK (zip_bytes > 0),
    zip_h1       TEXT    CHECK (zip_h1 LIKE 'h1:%'),
    proof        TEXT    CHECK (proof IN ('sumdb', 'pinned')),
    record_id    INTEGER CHECK (record_id >= 0),
    record_text  BLOB,
    source_url   TEXT,
    commit_hash  TEXT,
    version_time TEXT,
    admitted_at  TEXT,
    changed      INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (path, version),
    CHECK (state <> 'present' OR mod_digest IS NOT NULL),
    CHECK (state <> 'present' OR need = 'mod' OR zip_digest IS NOT NULL),
    CHECK (state <> 'omitted' OR (need = 'zip' AND zip_digest IS NULL)),
    CHECK (
        state <> 'forgotten'
        OR (info_digest IS NULL AND mod_digest IS NULL AND selected IS NULL)
    ),
    CHECK ((info_digest IS NULL) = (info_bytes IS NULL)),
    CHECK ((mod_digest IS NULL) = (mod_bytes IS NULL)),
    CHECK ((zip_digest IS NULL) = (zip_bytes IS NULL)),
    CHECK (mod_digest IS NULL OR (mod_h1 IS NOT NULL AND proof IS NOT NULL)),
    CHECK (
        zip_digest IS NULL
        OR (zip_h1 IS NOT NULL AND mod_digest IS NOT NULL AND info_digest IS NOT NULL)
    ),
    CHECK (
        proof IS NULL
        OR proof = 'pinned'
        OR (record_id IS NOT NULL AND record_text IS NOT NULL)
    )
) STRICT;

-- The work that is left; small beside the versions that are present.
CREATE INDEX versions_open ON versions (path, version) WHERE state <> 'present';
CREATE INDEX versions_unselected ON versions (unselected_at)
    WHERE unselected_at IS NOT NULL;
CREATE INDEX versions_pinned ON versions (path, version) WHERE proof = 'pinned';
CREATE INDEX versions_by_state ON versions (state);
CREATE INDEX versions_by_changed ON versions (changed, path);
CREATE INDEX versions_by_record ON versions (record_id) WHERE mod_digest IS NOT NULL;

-- The h1 that was seen first, where no checksum database speaks.
CREATE TABLE pins (
    path      TEXT NOT NULL,
    version   TEXT NOT NULL,
    mod_h1    TEXT NOT NULL CHECK (mod_h1 LIKE 'h1:%'),
    zip_h1    TEXT CHECK (zip_h1 LIKE 'h1:%'),
    pinned_at TEXT NOT NULL,
    PRIMARY KEY (path, version)
) STRICT;

CREATE TRIGGER pins_never_change BEFORE UPDATE ON pins
WHEN new.path <> old.path
    OR new.version <> old.version
    OR new.mod_h1 <> old.mod_h1
    OR (old.zip_h1 IS NOT NULL AND new.zip_h1 IS NOT old.zip_h1)
BEGIN
    SELECT raise(ABORT, 'a pin never changes');
END;

-- What did not work, and when it is tried again. version '' is the module itself.
CREATE TABLE failures (
    path        TEXT    NOT NULL,
    version     TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    error       TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    exit_code   INTEGER NOT NULL,
    attempts    INTEGER NOT NULL CHECK (attempts > 0),
    first_at    TEXT    NOT NULL,
    last_at     TEXT    NOT NULL,
    next_try_at TEXT    NOT NULL,
    PRIMARY KEY (path, version)
) STRICT;

-- How far each pattern has been followed in each index.
CREATE TABLE cursors (
    index_url TEXT NOT NULL,
    pattern   TEXT NOT NULL,
    since     TEXT NOT NULL,
    PRIMARY KEY (index_url, pattern)
) STRICT;

-- What the versions' selection was made of, and whether it is whole.
CREATE TABLE selections (
    name          TEXT    NOT NULL PRIMARY KEY,
    fingerprint   TEXT    NOT NULL,
    complete      INTEGER NOT NULL CHECK (complete IN (0, 1)),
    reconsider_at TEXT,
    computed_at   TEXT    NOT NULL
) STRICT;

-- The newest signed tree head that is trusted, by checksum database.
CREATE TABLE heads (
    name TEXT NOT NULL PRIMARY KEY,
    note BLOB NOT NULL
) STRICT;

-- Every signed tree head that clients of a published tree may remember.
CREATE TABLE published_heads (
    tree_id   TEXT    NOT NULL,
    name      TEXT    NOT NULL,
    tree_size INTEGER NOT NULL CHECK (tree_size >= 0),
    note      BLOB    NOT NULL,
    PRIMARY KEY (tree_id, name, tree_size)
) STRICT;

-- How far each published tree has followed versions.changed.
CREATE TABLE trees (
    tree_id       TEXT    NOT NULL PRIMARY KEY,
    published_seq INTEGER NOT NULL,
    contents      TEXT    NOT NULL,
    published_at  TEXT    NOT NULL
) STRICT;

CREATE TABLE runs (
    id         INTEGER PRIMARY KEY,
    command    TEXT    NOT NULL,
    started_at TEXT    NOT NULL,
    ended_at   TEXT,
    exit_code  INTEGER,
    requests   INTEGER NOT NULL DEFAULT 0,
    bytes      INTEGER NOT NULL DEFAULT 0,
    summary    TEXT    NOT NULL DEFAULT '{}'
) STRICT;

CREATE TABLE counters (
    name  TEXT    NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT;

INSERT INTO counters (name, value) VALUES ('changed', 0), ('offered', 0);
