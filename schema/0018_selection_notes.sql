-- What the selection could not know from go.mod files, as plan and status tell it:
-- replaced as a whole with each selection that is made.
CREATE TABLE selection_notes (
    kind    TEXT NOT NULL CHECK (
        kind IN ('no_go_mod', 'newest', 'unprovided', 'unread', 'toolchain')
    ),
    who     TEXT NOT NULL,
    root    TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail  TEXT NOT NULL,
    PRIMARY KEY (kind, who, root, subject)
) WITHOUT ROWID, STRICT;
