"""Tombstones: versions that were given up on purpose, which trees may remove.

The schema's triggers write them, whoever gives a version up, and delete them once it
is whole again. They are kept after every known tree has followed: another tree may
be brought up later, and what no tombstone explains stays in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gosync.catalog.connection import Connection


class Tombstones:
    """The table of tombstones."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, path: str) -> Mapping[str, str]:
        """Return a module's tombstones: what is kept, "mod" or "", by version.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            "SELECT version, keeps FROM tombstones WHERE path = ?", (path,)
        )
        return {row[0]: row[1] for row in found}

    def restore(self, tombstones: Iterable[tuple[str, str, str]]) -> None:
        """Write path, version and what is kept, of a journal that says so.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        rows = (
            {"path": path, "version": version, "keeps": keeps}
            for path, version, keeps in tombstones
        )
        self._connection.replace("tombstones", rows)
