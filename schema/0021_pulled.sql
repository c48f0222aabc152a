-- Versions that are wanted because a server was asked for them, and by nothing else:
-- since when, when they were asked for last, and how much a select wants besides.
CREATE TABLE pulled (
    path      TEXT NOT NULL,
    version   TEXT NOT NULL,
    pulled_at TEXT NOT NULL,
    used_on   TEXT NOT NULL,
    base      TEXT CHECK (base = 'mod'),
    PRIMARY KEY (path, version),
    FOREIGN KEY (path, version) REFERENCES versions (path, version) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;

CREATE INDEX pulled_by_use ON pulled (used_on, pulled_at);
