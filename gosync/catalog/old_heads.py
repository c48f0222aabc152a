"""Older tree heads that clients may remember, by their sizes.

Those of a published tree are in ``published_heads``. Here are others that exist and
that somebody may have: that lookups and ``latest`` came with, that an operator named,
that a web server's log shows, that a bundle brought tiles for. They are never removed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from gosync.catalog.connection import Connection
from gosync.clock import format_time


class HeadSource(StrEnum):
    """How a head came to be known: from upstream, an operator, a log, a bundle."""

    SEEN = "seen"
    NAMED = "named"
    ASKED = "asked"
    BUNDLED = "bundled"


class OldHeadTable:
    """The table of older heads."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(
        self, name: str, sizes: Iterable[int], source: HeadSource, *, now: datetime
    ) -> int:
        """Remember heads of a log by their sizes; return how many are new.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        moment = format_time(now)
        return self._connection.write_many(
            "INSERT OR IGNORE INTO old_heads (name, tree_size, source, first_at)"
            " VALUES (?, ?, ?, ?)",
            ((name, size, source.value, moment) for size in sorted(set(sizes))),
        )

    def sizes(self, name: str) -> list[int]:
        """Return the sizes of a log's older heads, ascending.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            "SELECT tree_size FROM old_heads WHERE name = ? ORDER BY tree_size", (name,)
        )
        return [row[0] for row in found]

    def records_since(self, moment: str) -> list[tuple[int, bool]]:
        """Return the records of versions that an index named, in the log's order.

        Each with whether the index has the version from ``moment`` on.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            "SELECT record_id, index_time >= ? FROM versions"
            " WHERE record_id IS NOT NULL AND index_time IS NOT NULL"
            " ORDER BY record_id",
            (moment,),
        )
        return [(row[0], bool(row[1])) for row in found]
