"""Signed tree heads: the one trusted of each log, and those ever published.

The trusted head is replaced by compare-and-swap in one statement; whether the
new one is newer and consistent is decided before, in gosync.sumdb. Published
heads are kept for ever: a client that once saw one asks for its tiles.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gosync.catalog.connection import Connection, SqlValue


class Heads:
    """The tables of trusted and of published heads."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str) -> bytes:
        """Return the trusted signed note of a log, b"" before there is one.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row("SELECT note FROM heads WHERE name = ?", (name,))
        return b"" if row is None else bytes(row[0])

    def names(self) -> list[str]:
        """Return the logs that have a trusted head.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows("SELECT name FROM heads ORDER BY name")
        return [row[0] for row in found]

    def swap(self, name: str, old: bytes, new: bytes) -> bool:
        """Replace the trusted head if it is still the old one (b"": none yet).

        Raises:
            CatalogError: the catalog cannot be written.
        """
        if old == b"":
            sql = "INSERT OR IGNORE INTO heads (note, name) VALUES (:new, :name)"
        else:
            sql = "UPDATE heads SET note = :new WHERE name = :name AND note = :old"
        values: dict[str, SqlValue] = {"new": new, "name": name, "old": old}
        return self._connection.write(sql, values) == 1

    def add_published(
        self, name: str, tree_id: str, *, tree_size: int, note: bytes
    ) -> bool:
        """Remember a head that a tree is about to show; False when known.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        added = self._connection.write(
            "INSERT OR IGNORE INTO published_heads (tree_id, name, tree_size, note)"
            " VALUES (?, ?, ?, ?)",
            (tree_id, name, tree_size, note),
        )
        return added == 1

    def newest_published(self, name: str, tree_id: str) -> bytes:
        """Return the newest signed note that a tree shows, b"" when it shows none.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row(
            "SELECT note FROM published_heads WHERE name = ? AND tree_id = ?"
            " ORDER BY tree_size DESC LIMIT 1",
            (name, tree_id),
        )
        return b"" if row is None else bytes(row[0])

    def published_note(self, name: str, tree_id: str, tree_size: int) -> bytes:
        """Return the signed note that a tree showed of this size, b"" for none.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row(
            "SELECT note FROM published_heads"
            " WHERE name = ? AND tree_id = ? AND tree_size = ?",
            (name, tree_id, tree_size),
        )
        return b"" if row is None else bytes(row[0])

    def published(self, name: str, tree_id: str) -> list[int]:
        """Return the sizes of all heads that a tree ever showed, ascending.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            "SELECT tree_size FROM published_heads WHERE name = ? AND tree_id = ?"
            " ORDER BY tree_size",
            (name, tree_id),
        )
        return [row[0] for row in found]
