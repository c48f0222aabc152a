"""The statements that change the table of versions, and what trees show of it."""

from __future__ import annotations

from gosync.catalog.version_rows import COLUMNS, MARKS
from gosync.catalog.versions import VersionRow

_KEPT = {
    "path",
    "version",
    "state",
    "need",
    "found_by",
    "index_time",
    "selected",
    "unselected_at",
    "max_zip_bytes",
    "withdrawn",
    "denied",
}
_SET = ", ".join(
    f"{name} = excluded.{name}"
    for name in VersionRow.__struct_fields__
    if name not in _KEPT
)

# A version may have come to need its zip while its .mod was fetched.
ADMIT = f"""
INSERT INTO versions ({COLUMNS}) VALUES ({MARKS})
ON CONFLICT (path, version) DO UPDATE SET {_SET},
    need = iif(need = 'zip' OR excluded.state = 'omitted', need, excluded.need),
    state = CASE
        WHEN need = 'mod' OR excluded.zip_digest IS NOT NULL THEN 'present'
        WHEN excluded.state = 'omitted' THEN 'omitted'
        ELSE 'wanted'
    END
"""  # noqa: S608 - own names

# VersionRow.published, in SQL.
PUBLISHED = (
    "withdrawn = 0 AND mod_digest IS NOT NULL AND NOT (found_by = 'dependency'"
    " AND selected IS NULL AND unselected_at IS NULL)"
)

# The same of the sums of versions.
PUBLISHED_SUMS = (
    "withdrawn = 0 AND has_mod = 1 AND NOT (found_by = 'dependency'"
    " AND selected = '' AND unselected = 0)"
)

# Which of these all is here of that is needed: what ``gosync list`` shows.
LISTED = f"{PUBLISHED} AND (state = 'present' OR selected IS NULL)"

WITHDRAW = """
UPDATE versions SET
    state = 'wanted', changed = ?,
    info_digest = NULL, info_bytes = NULL, mod_digest = NULL, mod_bytes = NULL,
    zip_digest = NULL, zip_bytes = NULL
WHERE path = ? AND version = ?
"""

# What ``admit`` and ``withdraw`` change, which is all that there is to put back.
_RESTORED = ", ".join(
    f"{name} = :{name}"
    for name in VersionRow.__struct_fields__
    if name == "state" or name not in _KEPT
)
PUT_BACK = f"UPDATE versions SET {_RESTORED} WHERE path = :path AND version = :version"  # noqa: S608 - own names

WANT = """
INSERT INTO versions (path, version, state, need, found_by, index_time)
VALUES (?, ?, 'wanted', ?, ?, ?)
ON CONFLICT (path, version) DO UPDATE SET
    state = CASE
        WHEN excluded.need = 'zip' AND need = 'mod' THEN 'wanted'
        WHEN state IN ('gone', 'forgotten') THEN 'wanted'
        ELSE state
    END,
    need = CASE WHEN excluded.need = 'zip' THEN 'zip' ELSE need END,
    found_by = iif(state = 'forgotten', excluded.found_by, found_by),
    index_time = coalesce(max(index_time, excluded.index_time), excluded.index_time,
        index_time)
WHERE (excluded.need = 'zip' AND need = 'mod') OR state = 'forgotten'
    OR (excluded.index_time IS NOT NULL
        AND (index_time IS NULL OR excluded.index_time > index_time))
"""
