"""Offers: what upstreams say exists of the modules that are followed.

Offers come from ``@v/list`` and from the index; what is wanted of them is decided
elsewhere, again and again. A version that the list drops stays as long as the
index named it, or its module is followed: it is only no longer *listed*.

Every change takes the next number of the counter ``offered``, so that it is
known when nothing is new.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from operator import itemgetter

import msgspec

from gosync.catalog.connection import Connection
from gosync.catalog.counters import last_number, next_number
from gosync.catalog.sqlite_errors import reading_row
from gosync.clock import format_time

PAGE_MODULES = 500

_NAMED = """
INSERT INTO offers (path, version, index_time, first_seen, listed)
VALUES (?, ?, ?, ?, 0)
ON CONFLICT (path, version) DO UPDATE SET index_time = excluded.index_time
WHERE index_time IS NULL OR index_time < excluded.index_time
"""
_LISTED = """
INSERT INTO offers (path, version, first_seen, listed) VALUES (?, ?, ?, 1)
ON CONFLICT (path, version) DO UPDATE SET listed = 1 WHERE listed = 0
"""


class OfferedRow(msgspec.Struct, frozen=True):
    """One offered version.

    Attributes:
        version: The canonical version.
        index_time: The index's newest time stamp for it, or None.
        first_seen: When we saw it first.
        listed: Whether the module's last list named it.
    """

    version: str
    index_time: str | None
    first_seen: str
    listed: bool


class Offers:
    """The table of offers."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def listed(self, path: str, versions: Iterable[str], now: datetime) -> bool:
        """Remember what a module's list names; return whether that changed anything.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        moment = format_time(now)
        named = set(versions)
        with self._connection.transaction():
            dropped = [
                (path, row.version)
                for row in self.of(path)
                if row.listed and row.version not in named
            ]
            changes = self._connection.write_many(
                _LISTED, ((path, version, moment) for version in sorted(named))
            )
            changes += self._connection.write_many(
                "UPDATE offers SET listed = 0 WHERE path = ? AND version = ?", dropped
            )
            return self._count(changes)

    def named(self, events: Iterable[tuple[str, str, str]], now: datetime) -> bool:
        """Remember index events: path, version and time stamp, as text that sorts.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        moment = format_time(now)
        rows = ((path, version, at, moment) for path, version, at in events)
        with self._connection.transaction():
            return self._count(self._connection.write_many(_NAMED, rows))

    def _count(self, changes: int) -> bool:
        if changes:
            next_number(self._connection, "offered")
        return changes > 0

    def last_change(self) -> int:
        """Return the number of the newest change, 0 when there was none.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return last_number(self._connection, "offered")

    def are_more_than(self, number: int) -> bool:
        """Return whether more versions are offered; no more rows are gone over.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row(
            "SELECT count(*) FROM (SELECT 1 FROM offers LIMIT ?)", (number + 1,)
        )
        return row is not None and int(row[0]) > number

    def of(self, path: str) -> list[OfferedRow]:
        """Return what is offered of a module.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            "SELECT version, index_time, first_seen, listed FROM offers"
            " WHERE path = ? ORDER BY version",
            (path,),
        )
        return [_offered(row) for row in found]

    def all_by_path(self) -> Iterator[tuple[str, list[OfferedRow]]]:
        """Yield every module's offers by path, read some modules at a time.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        last = ""
        while paths := self._paths(after=last):
            last = paths[-1]
            found = self._connection.rows(
                "SELECT version, index_time, first_seen, listed, path FROM offers"
                " WHERE path BETWEEN ? AND ? ORDER BY path, version",
                (paths[0], last),
            )
            for path, rows in groupby(found, key=itemgetter(4)):
                yield path, [_offered(row) for row in rows]

    def _paths(self, *, after: str) -> list[str]:
        found = self._connection.rows(
            "SELECT DISTINCT path FROM offers WHERE path > ? ORDER BY path LIMIT ?",
            (after, PAGE_MODULES),
        )
        return [row[0] for row in found]

    def forget(self, paths: Iterable[str]) -> bool:
        """Forget what is offered of these modules.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        with self._connection.transaction():
            changes = self._connection.write_many(
                "DELETE FROM offers WHERE path = ?", ((path,) for path in paths)
            )
            return self._count(changes)


@reading_row
def _offered(row: sqlite3.Row) -> OfferedRow:
    return OfferedRow(row[0], row[1], row[2], bool(row[3]))
