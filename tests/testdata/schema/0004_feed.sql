-- The tree's feed: what came in last, what was found or settled last.
CREATE INDEX versions_by_admitted ON versions (admitted_at)
    WHERE zip_digest IS NOT NULL;
CREATE INDEX findings_by_state_at ON findings (state_at, id);
