"""The table of upstreams: how each has answered of late.

What stands in a row its writer says (gosync.upstream.kept). A rebuilt catalog begins
without any.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from gosync.catalog.connection import Connection
from gosync.clock import format_time


class UpstreamTable:
    """The table of upstreams."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> dict[str, str]:
        """Return what is kept, as JSON by the upstream's URL.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        rows = self._connection.rows("SELECT url, kept FROM upstreams ORDER BY url")
        return {str(url): str(kept) for url, kept in rows}

    def put(self, found: Mapping[str, str], now: datetime) -> None:
        """Keep JSON by the upstreams' URLs, in place of what was kept of them.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        at = format_time(now)
        self._connection.write_many(
            "REPLACE INTO upstreams (url, kept, changed) VALUES (?, ?, ?)",
            ((url, kept, at) for url, kept in found.items()),
        )
