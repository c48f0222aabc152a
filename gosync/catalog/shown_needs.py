"""The table of which modules each module in a published tree requires."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from gosync.catalog.connection import Connection


class ShownNeeds:
    """The table; rows of a tree mean what its rows in ``shown_table`` mean."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, tree_id: str, needs: Mapping[str, Collection[str]]) -> set[str]:
        """Write what modules require; return whose dependents changed by it.

        Raises:
            CatalogError: the catalog cannot be read or written.
        """
        now = {(path, each) for path, found in needs.items() for each in found}
        with self._connection.transaction():
            before = {(path, each) for path in needs for each in self.of(tree_id, path)}
            self._connection.write_many(
                "DELETE FROM shown_needs WHERE tree_id = ? AND path = ? AND needs = ?",
                ((tree_id, *each) for each in before - now),
            )
            self._connection.write_many(
                "INSERT INTO shown_needs (tree_id, path, needs) VALUES (?, ?, ?)",
                ((tree_id, *each) for each in now - before),
            )
        return {needed for _, needed in before ^ now}

    def clear(self, tree_id: str) -> None:
        """Forget a whole tree.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write("DELETE FROM shown_needs WHERE tree_id = ?", (tree_id,))

    def of(self, tree_id: str, path: str) -> set[str]:
        """Return what a module requires.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            "SELECT needs FROM shown_needs WHERE tree_id = ? AND path = ?",
            (tree_id, path),
        )
        return {row[0] for row in found}

    def dependents(self, tree_id: str, path: str, *, limit: int) -> tuple[str, ...]:
        """Return the first modules that require one, by path.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            "SELECT path FROM shown_needs WHERE tree_id = ? AND needs = ?"
            " ORDER BY path LIMIT ?",
            (tree_id, path, limit),
        )
        return tuple(row[0] for row in found)
