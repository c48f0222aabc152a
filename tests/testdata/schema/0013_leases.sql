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
