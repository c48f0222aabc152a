-- How each upstream has answered of late, as JSON (gosync.upstream.kept): its last
-- requests, its breaker, what it lacks. Derived from asking; nothing rests on it.
CREATE TABLE upstreams (
    url     TEXT NOT NULL PRIMARY KEY,
    kept    TEXT NOT NULL CHECK (json_valid(kept)),
    changed TEXT NOT NULL
) WITHOUT ROWID, STRICT;
