-- Versions that came with a cache and wait for their proof: their files are blobs,
-- and nothing of them is shown. What is admitted waits no more.
CREATE TABLE unproven (
    path        TEXT    NOT NULL,
    version     TEXT    NOT NULL,
    info_digest TEXT    CHECK (length(info_digest) = 64),
    info_bytes  INTEGER CHECK (info_bytes >= 0),
    mod_digest  TEXT    NOT NULL CHECK (length(mod_digest) = 64),
    mod_bytes   INTEGER NOT NULL CHECK (mod_bytes >= 0),
    zip_digest  TEXT    CHECK (length(zip_digest) = 64),
    zip_bytes   INTEGER CHECK (zip_bytes >= 0),
    zip_h1      TEXT,
    source_url  TEXT    NOT NULL,
    kept_at     TEXT    NOT NULL,
    PRIMARY KEY (path, version)
) WITHOUT ROWID, STRICT;

CREATE TRIGGER unproven_is_admitted AFTER UPDATE OF mod_digest, zip_digest ON versions
WHEN new.mod_digest IS NOT NULL
BEGIN
    DELETE FROM unproven WHERE path = new.path AND version = new.version
        AND (zip_digest IS NULL OR new.zip_digest IS NOT NULL);
END;

CREATE TRIGGER unproven_is_here AFTER INSERT ON versions
WHEN new.mod_digest IS NOT NULL
BEGIN
    DELETE FROM unproven WHERE path = new.path AND version = new.version
        AND (zip_digest IS NULL OR new.zip_digest IS NOT NULL);
END;
