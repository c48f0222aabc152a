"""Records of the site's own checksum database, by the versions that they are of.

An index over the log's documents, so that nobody reads all of them to know whether a
version has a record: how far it goes, and by the root of what tree, is said beside it.
It may be forgotten at any time.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from gosync.catalog.connection import Connection


class IndexedLog(msgspec.Struct, frozen=True):
    """How far the index of a log goes.

    Attributes:
        size: How many records it covers.
        root: The hash of their tree, hexadecimal.
        changed: The change of versions up to which what is carried has a record.
    """

    size: int = 0
    root: str = ""
    changed: int = 0


class HouseRecords:
    """The tables of a log's records."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def state(self, log: str) -> IndexedLog:
        """Return how far a log's index goes.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row(
            "SELECT size, root, changed FROM house_logs WHERE log = ?", (log,)
        )
        return IndexedLog() if row is None else IndexedLog(*row)

    def number(self, log: str, path: str, version: str) -> int | None:
        """Return the newest record of a version, None for none.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row(
            "SELECT number FROM house_records WHERE log = ? AND path = ?"
            " AND version = ?",
            (log, path, version),
        )
        return None if row is None else int(row[0])

    def put(
        self, log: str, state: IndexedLog, records: Iterable[tuple[str, str, int]] = ()
    ) -> None:
        """Write records as path, version and number, and how far the index goes now.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        with self._connection.transaction():
            self._connection.write_many(
                "REPLACE INTO house_records (log, path, version, number)"
                " VALUES (?, ?, ?, ?)",
                ((log, *each) for each in records),
            )
            self._connection.write(
                "REPLACE INTO house_logs (log, size, root, changed)"
                " VALUES (?, ?, ?, ?)",
                (log, state.size, state.root, state.changed),
            )

    def forget(self, log: str) -> None:
        """Forget a log's index.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        with self._connection.transaction():
            for table in ("house_logs", "house_records"):
                self._connection.write(
                    f"DELETE FROM {table} WHERE log = ?",  # noqa: S608 - own names
                    (log,),
                )
