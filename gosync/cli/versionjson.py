"""A version's row as a JSON document, for ``gosync list`` and ``gosync show``."""

from __future__ import annotations

from msgspec.structs import asdict

from gosync.catalog.versions import VersionRow


def version_document(row: VersionRow) -> dict[str, object]:
    """Return a version as JSON; the record's text as a string."""
    document = asdict(row)
    del document["record_text"], document["changed"]
    text = row.record_text
    record = None if text is None else text.decode()
    return {**document, "role": row.found_by.role, "record": record}
