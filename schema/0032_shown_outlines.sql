-- What the search of a tree looks through besides paths: what a module is, and the
-- folders of its commands, one a line.
ALTER TABLE shown_modules ADD COLUMN synopsis TEXT NOT NULL DEFAULT '';
ALTER TABLE shown_modules ADD COLUMN commands TEXT NOT NULL DEFAULT '';
