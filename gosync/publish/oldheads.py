"""The tree's tiles for clients that remember an older head (gosync.sumdb.oldheads).

They are more than the lookups need, so a tree may lack some: the tiles that are at
hand are written, and the marker promises no more than what is there. The widths below
an unfilled tile's are cut from it: hashes that a log has once stay where they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gosync.publish.promise import Promise
from gosync.publish.sumdb import SumTreeWriter
from gosync.sumdb.mixedheads import is_edge
from gosync.sumdb.oldheads import OldHeads, superseded
from gosync.sumdb.spans import spans_of, subtract, unite
from gosync.sumdb.tile import Tile, tile_in_tree
from gosync.work.progress import Progress


class OldHeadWriter:
    """Writes the tiles for older heads into one tree, as far as they are at hand.

    Attributes:
        absent: Tiles that are not.
    """

    def __init__(self, sums: SumTreeWriter, wanted: OldHeads, n: int) -> None:
        """Take what is wanted in a tree with a head of ``n``."""
        self._sums = sums
        self._wanted = wanted
        self._n = n
        self._wide: tuple[Tile, bytes | None] | None = None
        self.absent: list[Tile] = []

    def write(self, before: Promise, progress: Progress) -> Promise:
        """Write what the tree lacks; return what it can promise now.

        Where a tile above level 0 is lacking, no further heads are promised: nobody
        has sorted out whose it is.

        Args:
            before: What the tree promised before.
            progress: Is told how far it is.

        Raises:
            StoreError: if the store cannot be read.
            OSError: if the tree cannot be written.
        """
        wanted = [*self._wanted.tiles(self._n), *self._wanted.narrow_tiles(self._n)]
        missing = self._sums.missing(wanted)
        if missing:
            progress.phase("publishing tiles for older tree heads", len(missing))
        for tile in missing:
            data = self._read(tile)
            if data is None:
                self.absent.append(tile)
            else:
                self._sums.write_tile(tile, data)
            progress.advance()
        return self._promise(before)

    def _promise(self, before: Promise) -> Promise:
        if any(tile.l for tile in self.absent):
            return before
        gone = spans_of(tile.n for tile in self.absent)
        return Promise(
            upper=self._n if self._wanted.upper else before.upper,
            leaves=unite(before.leaves, subtract(self._wanted.leaves, gone)),
        )

    def _read(self, tile: Tile) -> bytes | None:
        """Return a tile, a narrow one out of the tile that the head's tree has."""
        wide = tile_in_tree(tile.l, tile.n, self._n)
        if self._wide is None or self._wide[0] != wide:
            self._wide = wide, self._sums.source(wide)
        data = self._wide[1]
        return None if data is None else data[: tile.size_bytes]


def stale_widths(
    sums: SumTreeWriter, published: Sequence[int], n: int
) -> Iterator[str]:
    """Yield files of narrow tiles that a full one answers now that the tree grew.

    The edges of heads that were ever published stay, whatever else is there.

    Args:
        sums: The tree.
        published: The sizes of all heads that it ever had, ascending.
        n: The size of the head that it has.
    """
    before = max((size for size in published if size < n), default=0)
    for tile in superseded(before, n):
        if not is_edge(tile, published) and not sums.missing([tile.full()]):
            yield sums.path(tile)
