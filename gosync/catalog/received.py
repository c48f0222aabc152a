"""The table of what came from upstreams, by month.

A rebuilt catalog begins anew: the journal does not tell.
"""

from __future__ import annotations

from gosync.catalog.connection import Connection


class ReceivedTable:
    """The table of what came from upstreams."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, month: str, size_bytes: int) -> int:
        """Count bytes of a month, like ``2026-11``; return its sum.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        with self._connection.transaction():
            self._connection.write(
                "INSERT INTO received (month, bytes) VALUES (?, ?)"
                " ON CONFLICT (month) DO UPDATE SET bytes = bytes + excluded.bytes",
                (month, size_bytes),
            )
            return self.of(month)

    def of(self, month: str) -> int:
        """Return how many bytes came in a month.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row(
            "SELECT bytes FROM received WHERE month = ?", (month,)
        )
        return 0 if row is None else int(row[0])
