-- What the daemon does: each job's last run and its next. A run without an end was
-- killed; a job without a row never ran; one without a next run is run by others. `failures` counts runs in a row.

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
