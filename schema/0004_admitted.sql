-- What came in last, for the tree's feed.
CREATE INDEX versions_by_admitted ON versions (admitted_at)
    WHERE zip_digest IS NOT NULL;
