-- Which store this catalog is of, and how far it has come with it: the number of the
-- journal's newest "store" line that it has taken in. See gosync/store/identity.py.
CREATE TABLE identity (
    one        INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    store      TEXT    NOT NULL CHECK (length(store) = 32),
    generation INTEGER NOT NULL CHECK (generation >= 0)
) STRICT;
