-- Digest of what a module's page tells of known vulnerabilities, '' for nothing; so that
-- a new database goes over the modules alone of which it says something else.
ALTER TABLE shown_modules ADD COLUMN vulns TEXT NOT NULL DEFAULT '';

CREATE INDEX shown_vulns ON shown_modules (tree_id, path) WHERE vulns <> '';
