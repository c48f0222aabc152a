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
    withdrawn    INTEGER NOT NULL DEFAULT 0 CHECK (withdrawn IN (0, 1)),
    oddity       TEXT, -- of what the log vouches for all the same, in words
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
CREATE INDEX versions_withdrawn ON versions (path, version) WHERE withdrawn = 1;
-- What the tree's feed shows: what came in last.
CREATE INDEX versions_by_admitted ON versions (admitted_at)
    WHERE zip_digest IS NOT NULL;

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
    upstream    TEXT    NOT NULL DEFAULT '', -- whom it was met at, '' for nobody
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

-- What became upstream of what is held: one row for one thing at one place.
-- `ours` and `theirs` are the evidence; gosync/catalog/findings.py says the rest.
CREATE TABLE findings (
    id         INTEGER PRIMARY KEY,
    kind       TEXT    NOT NULL CHECK (
        kind IN (
            'rewritten', 'vanished', 'retracted', 'deprecated',
            'stale', 'diverged', 'moved'
        )
    ),
    path       TEXT    NOT NULL,
    version    TEXT    NOT NULL,
    source     TEXT    NOT NULL,
    summary    TEXT    NOT NULL,
    ours       TEXT    NOT NULL CHECK (json_type(ours) = 'object'),
    theirs     TEXT    NOT NULL CHECK (json_type(theirs) = 'object'),
    first_seen TEXT    NOT NULL,
    last_seen  TEXT    NOT NULL,
    state      TEXT    NOT NULL CHECK (
        state IN ('new', 'known', 'accepted', 'resolved')
    ),
    state_by   TEXT    NOT NULL CHECK (state_by IN ('gosync', 'operator')),
    state_at   TEXT    NOT NULL,
    note       TEXT    NOT NULL DEFAULT '',
    told_at    TEXT,
    UNIQUE (kind, path, version, source)
) STRICT;

CREATE INDEX findings_by_item ON findings (path, version);
CREATE INDEX findings_open ON findings (state) WHERE state IN ('new', 'known');
CREATE INDEX findings_by_state_at ON findings (state_at, id);

-- What an audit asks, what it was answered, and what asking costs.

-- Every question that is asked again and again, and what was answered last.
CREATE TABLE looks (
    source    TEXT    NOT NULL,
    path      TEXT    NOT NULL,
    version   TEXT    NOT NULL,
    what      TEXT    NOT NULL CHECK (
        what IN ('list', 'newest', 'info', 'mod', 'zip', 'index', 'refs')
    ),
    due_at    TEXT    NOT NULL DEFAULT '',
    looked_at TEXT,
    failures  INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
    etag      TEXT    NOT NULL DEFAULT '',
    modified  TEXT    NOT NULL DEFAULT '',
    said      TEXT    NOT NULL DEFAULT '{}' CHECK (json_type(said) = 'object'),
    PRIMARY KEY (path, version, what, source)
) WITHOUT ROWID, STRICT;

-- The primary key's columns end the index, so this is the whole order.
CREATE INDEX looks_by_due ON looks (source, due_at, coalesce(looked_at, ''));

-- What was asked of whom in which minute: the budget of an hour outlives a restart.
CREATE TABLE spendings (
    source   TEXT    NOT NULL,
    minute   TEXT    NOT NULL,
    requests INTEGER NOT NULL DEFAULT 0 CHECK (requests >= 0),
    bytes    INTEGER NOT NULL DEFAULT 0 CHECK (bytes >= 0),
    PRIMARY KEY (source, minute)
) WITHOUT ROWID, STRICT;

-- Who gives no answers, and until when nothing is asked of them.
CREATE TABLE rests (
    source   TEXT    NOT NULL PRIMARY KEY,
    failures INTEGER NOT NULL CHECK (failures > 0),
    until    TEXT    NOT NULL,
    reason   TEXT    NOT NULL
) STRICT;

-- What `gosync verify` last said of each version that the store carries, and its
-- rounds: one that has no end was interrupted, and the next run goes on with it.
CREATE TABLE verified (
    path        TEXT NOT NULL,
    version     TEXT NOT NULL,
    verdict     TEXT NOT NULL,
    verified_at TEXT NOT NULL,
    stamp       TEXT NOT NULL,
    PRIMARY KEY (path, version)
) WITHOUT ROWID, STRICT;

CREATE TABLE verify_rounds (
    id       INTEGER PRIMARY KEY,
    begun_at TEXT NOT NULL,
    ended_at TEXT
) STRICT;

-- What the daemon does: each job's last run and its next. A run without an end was
-- killed; a job without a row never ran; one without a next run is run by others.
-- `failures` counts runs in a row.

CREATE TABLE jobs (
    name         TEXT    NOT NULL PRIMARY KEY,
    started_at   TEXT    NOT NULL,
    ended_at     TEXT,
    exit_code    INTEGER,
    error        TEXT    NOT NULL DEFAULT '',
    summary      TEXT    NOT NULL DEFAULT '{}',
    next_run_at  TEXT,
    succeeded_at TEXT,
    failures     INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
    told_at      TEXT,
    CHECK ((ended_at IS NULL) = (exit_code IS NULL))
) STRICT;

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
    reads         TEXT, -- what the site's gosync can read, as its receipt says: JSON
    rules_fingerprint TEXT, -- of the rules that made its selection
    rules         TEXT, -- and these as people read them
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

-- Which store this catalog is of, and how far it has come with it: the number of the
-- journal's newest "store" line that it has taken in. See gosync/store/identity.py.
CREATE TABLE identity (
    one        INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    store      TEXT    NOT NULL CHECK (length(store) = 32),
    generation INTEGER NOT NULL CHECK (generation >= 0)
) STRICT;

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

-- Runs that hold leases or have announced digests. A run is gone once its process is;
-- where that cannot be told, once its heartbeat stops. With it go its leases, its
-- waiting and its announcements.
CREATE TABLE holders (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    pid     INTEGER NOT NULL CHECK (pid > 0),
    started INTEGER NOT NULL CHECK (started >= 0), -- of the process, ticks since boot
    place   TEXT    NOT NULL,                      -- where the pid means that process
    command TEXT    NOT NULL,
    since   TEXT    NOT NULL,
    beat_at TEXT    NOT NULL
) STRICT;

-- What excludes runs from each other, by name. The fence grows with every lease that
-- is taken, and is never given twice.
CREATE TABLE leases (
    fence  INTEGER PRIMARY KEY AUTOINCREMENT,
    name   TEXT    NOT NULL UNIQUE CHECK (name <> ''),
    holder INTEGER NOT NULL REFERENCES holders (id) ON DELETE CASCADE,
    since  TEXT    NOT NULL
) STRICT;

CREATE INDEX leases_by_holder ON leases (holder);

-- Who waits for a lease that another one holds.
CREATE TABLE lease_waits (
    name   TEXT    NOT NULL,
    holder INTEGER NOT NULL REFERENCES holders (id) ON DELETE CASCADE,
    since  TEXT    NOT NULL,
    PRIMARY KEY (name, holder)
) WITHOUT ROWID, STRICT;

CREATE INDEX lease_waits_by_holder ON lease_waits (holder);

-- Digests that a run relies on and that no row names yet: no prune removes their blobs.
CREATE TABLE announcements (
    digest TEXT    NOT NULL,
    holder INTEGER NOT NULL REFERENCES holders (id) ON DELETE CASCADE,
    PRIMARY KEY (digest, holder)
) WITHOUT ROWID, STRICT;

CREATE INDEX announcements_by_holder ON announcements (holder);

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
