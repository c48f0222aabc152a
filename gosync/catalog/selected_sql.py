"""SQL that brings the versions' rows up to what is wanted of them now.

What is wanted stands in ``wanted_now``, a table of the connection's own. A row is
``v``, what is wanted of it ``w``; gosync.catalog.selected says what the columns mean.
"""

from __future__ import annotations

from gosync.catalog.versions import FoundBy, VersionRole

TABLE = """
CREATE TEMP TABLE IF NOT EXISTS wanted_now (
    path TEXT, version TEXT, need TEXT, found_by TEXT, index_time TEXT,
    max_zip_bytes INTEGER, PRIMARY KEY (path, version)
) WITHOUT ROWID
"""
FILL = "INSERT INTO wanted_now VALUES (?, ?, ?, ?, ?, ?)"

ADD = """
INSERT INTO versions
    (path, version, state, need, found_by, index_time, selected, max_zip_bytes)
SELECT path, version, 'wanted', need, found_by, index_time, need, max_zip_bytes
FROM wanted_now AS w WHERE NOT EXISTS (
    SELECT 1 FROM versions AS v WHERE v.path = w.path AND v.version = w.version
)
"""

# What differs between a row v and what is wanted of it, w.
_WIDER = "(w.need = 'zip' AND v.need = 'mod')"
_NARROWER = "(w.need = 'mod' AND v.need = 'zip')"
_ZIP_LEFT = (
    "(:complete AND w.need = 'mod' AND v.zip_digest IS NOT NULL"
    " AND v.unselected_at IS NULL)"
)
_LARGER = "(w.max_zip_bytes IS NULL OR w.max_zip_bytes > v.max_zip_bytes)"
_NEWER = (
    "(w.index_time IS NOT NULL"
    " AND (v.index_time IS NULL OR w.index_time > v.index_time))"
)
_ASKED = "(w.found_by = 'command' AND v.found_by <> 'command')"


def _is_role(row: str, role: VersionRole) -> str:
    names = ", ".join(f"'{each}'" for each in FoundBy if each.role is role)
    return f"{row}.found_by IN ({names})"


# What commands or an incomplete selection name does not say all that it is for.
_OTHER_ROLE = (
    "(v.found_by <> 'command' AND (:complete OR "
    + _is_role("w", VersionRole.CHOSEN)
    + ") AND NOT ("
    + " OR ".join(
        f"({_is_role('v', role)} AND {_is_role('w', role)})" for role in VersionRole
    )
    + "))"
)
_ONLY_READ = (
    "(v.found_by = 'dependency' AND v.selected IS NULL AND v.unselected_at IS NULL)"
)
_UNPUBLISHED = (
    "(v.selected IS NULL AND v.unselected_at IS NULL AND v.mod_digest IS NOT NULL)"
)
_JOIN = "w.path = v.path AND w.version = v.version"

# What stands although less of it is wanted now is wanted, too.
KEEP = f"""
UPDATE wanted_now AS w SET need = 'zip', max_zip_bytes = v.max_zip_bytes
FROM versions AS v
WHERE {_JOIN} AND w.need = 'mod' AND v.selected = 'zip'
    AND (v.found_by = 'command' OR NOT :complete)
"""  # noqa: S608 - own names

COUNT_WIDENED = f"""
SELECT count(*) FROM versions AS v JOIN wanted_now AS w ON {_JOIN}
WHERE {_WIDER} OR v.state = 'forgotten'
"""  # noqa: S608 - own names

HAS_UNPUBLISHED = f"""
SELECT EXISTS (
    SELECT 1 FROM versions AS v JOIN wanted_now AS w ON {_JOIN} WHERE {_UNPUBLISHED}
)
"""  # noqa: S608 - own names

UPDATE = f"""
UPDATE versions AS v SET
    state = CASE
        WHEN v.state = 'forgotten' OR {_WIDER}
            OR (v.state = 'gone' AND {_NEWER})
            OR (v.state = 'omitted' AND w.need = 'zip' AND {_LARGER})
        THEN 'wanted'
        WHEN {_NARROWER} AND v.zip_digest IS NULL
        THEN iif(v.mod_digest IS NULL, 'wanted', 'present')
        ELSE v.state
    END,
    need = CASE
        WHEN {_WIDER} OR v.state = 'forgotten'
            OR ({_NARROWER} AND v.zip_digest IS NULL)
        THEN w.need
        ELSE v.need
    END,
    found_by = CASE WHEN v.state = 'forgotten' OR {_ASKED} OR {_ONLY_READ}
            OR {_OTHER_ROLE}
        THEN w.found_by
        ELSE v.found_by END,
    index_time = CASE WHEN {_NEWER} THEN w.index_time ELSE v.index_time END,
    max_zip_bytes = w.max_zip_bytes,
    selected = w.need,
    unselected_at = CASE
        WHEN {_NARROWER} AND v.zip_digest IS NOT NULL
        THEN coalesce(v.unselected_at, iif(:complete, :now, NULL))
    END,
    changed = CASE WHEN {_UNPUBLISHED} THEN :changed ELSE v.changed END
FROM wanted_now AS w
WHERE {_JOIN} AND (
    v.selected IS NOT w.need OR v.state = 'forgotten'
    OR {_WIDER} OR {_NEWER} OR {_ASKED} OR {_ZIP_LEFT} OR {_OTHER_ROLE}
    OR w.max_zip_bytes IS NOT v.max_zip_bytes
)
"""  # noqa: S608 - own names
