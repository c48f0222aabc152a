"""Entries of a vulnerability database, made for tests."""

from __future__ import annotations

import json
from typing import Any


def entry(
    identifier: str,
    *events: dict[str, str],
    module: str = "a.example/m",
    modified: str = "2026-01-02T03:04:05Z",
    **fields: Any,
) -> bytes:
    """Return an entry that affects a module in a range of these events."""
    ranges = [{"type": "SEMVER", "events": list(events)}] if events else []
    affected = [
        {"package": {"name": module, "ecosystem": "Go"}, "ranges": ranges},
    ]
    document = {
        "schema_version": "1.3.1",
        "id": identifier,
        "modified": modified,
        "published": "2025-01-01T00:00:00Z",
        "summary": f"what {identifier} is",
        "affected": affected,
        **fields,
    }
    return json.dumps(document).encode()


FIRST = {"introduced": "0"}


def introduced(version: str) -> dict[str, str]:
    """Return an event."""
    return {"introduced": version}


def fixed(version: str) -> dict[str, str]:
    """Return an event."""
    return {"fixed": version}
