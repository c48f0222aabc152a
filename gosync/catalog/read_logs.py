"""Logs that were read, and how far: no line of one is counted twice.

A log is known by the digest of its first line; rotation renames it, and compresses it.
"""

from __future__ import annotations

from datetime import datetime

from gosync.catalog.connection import Connection
from gosync.clock import format_time


class ReadLogs:
    """The table of logs that were read."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def read_bytes(self, digest: str) -> int:
        """Return how many bytes of a log were read, unpacked.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row(
            "SELECT read_bytes FROM read_logs WHERE digest = ?", (digest,)
        )
        return 0 if row is None else int(row[0])

    def put(self, digest: str, read_bytes: int, now: datetime) -> None:
        """Write down how far a log was read.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write(
            "REPLACE INTO read_logs (digest, read_bytes, read_at) VALUES (?, ?, ?)",
            (digest, read_bytes, format_time(now)),
        )

    def forget(self, digest: str) -> None:
        """Forget a log that is removed and never read again.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write("DELETE FROM read_logs WHERE digest = ?", (digest,))
