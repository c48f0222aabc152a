-- How much came from upstreams in each calendar month, of all commands.
CREATE TABLE received (
    month TEXT    NOT NULL PRIMARY KEY,
    bytes INTEGER NOT NULL CHECK (bytes >= 0)
) WITHOUT ROWID, STRICT;
