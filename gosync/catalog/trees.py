"""Published trees: how far each has followed the catalog.

The tree's own marker says what it holds; where that is not what stands here, the
tree was restored, emptied or written by another store, and is published whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from gosync.catalog.connection import Connection


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


class Trees:
    """The table of published trees."""

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

    def put(self, state: TreeState) -> None:
        """Write a tree's state.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write(
            "REPLACE INTO trees (tree_id, published_seq, contents, published_at)"
            " VALUES (?, ?, ?, ?)",
            (state.tree_id, state.published_seq, state.contents, state.published_at),
        )

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
