"""Published trees: how far each has followed the catalog.

The tree's own marker says what it holds; where that is not what stands here, the
tree was restored, emptied or written by another store, and is published whole.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from gosync.catalog.connection import Connection
from gosync.gomod.module import OfVersion


class TreeState(msgspec.Struct, frozen=True):
    """A published tree.

    Attributes:
        tree_id: Its folder.
        published_seq: The newest ``versions.changed`` that it shows.
        contents: Digest of what it holds, as its marker says it.
        published_at: When.
    """

    tree_id: str
    published_seq: int
    contents: str
    published_at: str


class Unpublished(OfVersion, msgspec.Struct, frozen=True):
    """Something carried that a tree has no name for.

    Attributes:
        path: The module path.
        version: The version, "" for the whole module.
        reason: Why.
    """

    path: str
    version: str
    reason: str


class Trees:
    """The table of published trees, and of what they cannot show."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, tree_id: str) -> TreeState | None:
        """Return a tree's state, or None.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row(
            "SELECT tree_id, published_seq, contents, published_at FROM trees"
            " WHERE tree_id = ?",
            (tree_id,),
        )
        return None if row is None else TreeState(*row)

    def put(
        self,
        state: TreeState,
        unpublished: Iterable[Unpublished] = (),
        *,
        paths: Iterable[str] | None = None,
    ) -> None:
        """Write a tree's state, and what it cannot show.

        Args:
            state: The state.
            unpublished: What it cannot show of the modules that were gone over.
            paths: These modules; what is known of others stays. None for all.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        with self._connection.transaction():
            self._connection.write(
                "REPLACE INTO trees (tree_id, published_seq, contents, published_at)"
                " VALUES (?, ?, ?, ?)",
                (
                    state.tree_id,
                    state.published_seq,
                    state.contents,
                    state.published_at,
                ),
            )
            self._forget_unpublished(state.tree_id, paths)
            self._connection.write_many(
                "INSERT INTO unpublished (tree_id, path, version, reason)"
                " VALUES (?, ?, ?, ?)",
                (
                    (state.tree_id, each.path, each.version, each.reason)
                    for each in unpublished
                ),
            )

    def _forget_unpublished(self, tree_id: str, paths: Iterable[str] | None) -> None:
        sql = "DELETE FROM unpublished WHERE tree_id = ?"
        if paths is None:
            self._connection.write(sql, (tree_id,))
            return
        keys = [(tree_id, path) for path in paths]
        self._connection.write_many(f"{sql} AND path = ?", keys)

    def unpublished(self, tree_id: str) -> list[Unpublished]:
        """Return what a tree cannot show, as its last publish found.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            "SELECT path, version, reason FROM unpublished WHERE tree_id = ?"
            " ORDER BY path, version",
            (tree_id,),
        )
        return [Unpublished(*row) for row in found]

    def all(self) -> list[TreeState]:
        """Return every tree by id.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            "SELECT tree_id, published_seq, contents, published_at FROM trees"
            " ORDER BY tree_id"
        )
        return [TreeState(*row) for row in found]
