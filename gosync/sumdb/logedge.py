"""Edge of a log: what is needed to append to it, and to tell its earlier trees. Pure.

The unfilled tile of each level, which ``tile.edge_tiles`` names, holds the row of
perfect subtrees that makes the root; a record that is appended changes nothing else. So
whoever has these few tiles, and the signed head that they fold to, appends to a log of
any size, and tells the tiles that it publishes then. Nobody is believed: tiles that do
not fold to the head's root are as if there were none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from gosync.sumdb.proof import ProvenTiles, hashes_of
from gosync.sumdb.tile import (
    FULL_TILE_BYTES,
    TILE_HEIGHT,
    Tile,
    edge_tiles,
    new_tiles,
    tile_hash,
)
from gosync.sumdb.tlog import (
    EMPTY_TREE_HASH,
    HASH_SIZE_BYTES,
    Tree,
    fold_subtrees,
    node_hash,
    record_hash,
    subtree_indexes,
)

# Returns the bytes that some place has of a tile, None where it has none.
ReadTile: TypeAlias = Callable[[Tile], bytes | None]


class LogEdge:
    """The edge of a log that grows, and the tiles that are new since it began.

    Attributes:
        size: How many records the log has.
    """

    def __init__(self) -> None:
        """Begin with an empty log."""
        self.size = self._begun = 0
        self._rows: list[bytearray] = []  # of each level, the unfilled tile's hashes
        self._full: dict[Tile, bytes] = {}

    @classmethod
    def of(cls, tree: Tree, read: ReadTile) -> LogEdge | None:
        """Return the edge of a log whose tree is known; None without its tiles.

        Args:
            tree: The tree, of a signed head.
            read: Reads tiles, which are proven here.
        """
        edge = cls()
        edge.size = edge._begun = tree.n
        for tile in reversed(edge_tiles(tree.n)):
            data = read(tile)
            if data is None or len(data) != tile.size_bytes:
                return None
            edge._rows += [bytearray() for _ in range(tile.l + 1 - len(edge._rows))]
            edge._rows[tile.l] += data
        return edge if edge.tree() == tree else None

    def append(self, text: bytes) -> None:
        """Append a record."""
        hashed, level, number = record_hash(text), 0, self.size
        self.size += 1
        while True:
            if level == len(self._rows):
                self._rows.append(bytearray())
            row = self._rows[level]
            row += hashed
            if len(row) < FULL_TILE_BYTES:
                return
            number >>= TILE_HEIGHT
            tile = Tile(TILE_HEIGHT, level, number, 1 << TILE_HEIGHT)
            self._full[tile] = full = bytes(row)
            hashed, level = tile_hash(full), level + 1
            row.clear()

    def tree(self) -> Tree:
        """Return the tree of all records."""
        root: bytes | None = None
        for row in self._rows:
            end = len(row)
            while end:  # perfect subtrees from the right, small to large
                count = end // HASH_SIZE_BYTES
                begin = end - (count & -count) * HASH_SIZE_BYTES
                left = tile_hash(bytes(row[begin:end]))
                root = left if root is None else node_hash(left, root)
                end = begin
        return Tree(self.size, EMPTY_TREE_HASH if root is None else root)

    def tiles(self) -> list[tuple[Tile, bytes]]:
        """Return the tiles that the log has to publish since it began, with bytes."""
        return [
            (tile, self._full[tile] if tile.is_full else bytes(self._rows[tile.l]))
            for tile in new_tiles(self._begun, self.size)
        ]


def earlier_tree(tree: Tree, n: int, read: ReadTile) -> Tree | None:
    """Return the tree of a log's first ``n`` records; None without the tiles for it.

    Args:
        tree: The log's tree, of a signed head.
        n: How many records, no more than that has.
        read: Reads tiles, which are proven here.
    """
    if n == 0:
        return Tree(0, EMPTY_TREE_HASH)
    view, indexes = ProvenTiles(tree), subtree_indexes(0, n)
    plan = view.plan(map(view.tile_of, indexes))
    data = {tile: read(tile) or b"" for tile in plan.fetch}
    if view.check(plan, data):
        return None
    hashes = hashes_of(view, view.accept(plan, data), indexes)
    return Tree(n, fold_subtrees([hashes[each] for each in indexes]))
