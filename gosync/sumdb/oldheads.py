"""Which tiles a client asks for that remembers an older tree head. Pure.

``go`` keeps the newest signed tree head that it saw in GOPATH/pkg/sumdb/NAME/latest,
whichever mirror showed it, and begins every run by proving it again. Let that head
have N records, and the head that a mirror's lookups carry M, N <= M. The client reads

1. the edge of tree N: at each level L where W = (N >> 8L) & 255 is not 0, the tile
   with number I = N >> 8(L+1), first as ``8/L/I.p/W``; where that is not found, the
   full ``8/L/I``, which it cuts to W hashes itself;
2. N in M, with the first lookup: the same places (L, I) as tree M has them, their
   parents, and the edge of tree M;
3. each record: its tile at level 0, as tree M has it, and that one's parents.

The edge of M and 3 are what a client without a past reads; a tree with lookups has
them. Of the rest, let A = M >> 8(L+1), the number of the tile at level L that tree M
has not filled, and V = (M >> 8L) & 255 its width. N <= M, so I <= A:

- I < A: the tile is full in tree M, and that one file answers 1 and 2;
- I = A: then W <= V, and the files ``I.p/W`` and ``I.p/V`` answer 1 and 2.

The parent of the place (L, I) is (L+1, N >> 8(L+2)), a place of the same kind, also
where N has no edge tile at that level (W is 0), and number 0 above the top of N. So
above level 0 every N <= M is served by all full tiles of tree M and every width up to
V of its unfilled ones. At level 0, where nearly all of the log is, it takes one tile
for each N, none where 256 divides N: its *leaf*, N >> 8. Nothing else is read. (A
lookup that a client has in its own cache came with a third head; what proves that
one in N was put into that cache with it.)

Where N > M nothing helps: tiles of N's edge are not in tree M. Such a client is ahead
of the mirror until the mirror's head has grown past N, or the client forgets its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from gosync.sumdb.spans import Spans, has, numbers, unite, up_to
from gosync.sumdb.tile import (
    FULL_TILE_WIDTH,
    TILE_HEIGHT,
    Tile,
    consistency_tiles,
    edge_tiles,
    tile_in_tree,
)

_LAST_HASH: Final = FULL_TILE_WIDTH - 1


class OldHeads(msgspec.Struct, frozen=True):
    """Older tree heads, by the tiles that clients with one of them need.

    Attributes:
        upper: Whether every tile above level 0 is wanted: for any older head.
        leaves: Numbers of tiles at level 0: for the heads that end in one of them.
    """

    upper: bool = False
    leaves: Spans = ()

    def tiles(self, n: int) -> list[Tile]:
        """Return the tiles, as a tree of ``n`` records has them, parents first."""
        upper = upper_tiles(n) if self.upper else self._parents(n)
        return [*upper, *leaf_tiles(self.leaves, n)]

    def narrow_tiles(self, n: int) -> list[Tile]:
        """Return the narrower widths of those that a tree of ``n`` has not filled."""
        wanted = set() if self.upper else set(self._parents(n))
        return [
            Tile(edge.h, edge.l, edge.n, width)
            for edge in edge_tiles(n)
            if (edge in wanted or self.upper if edge.l else has(self.leaves, edge.n))
            for width in range(1, edge.w)
        ]

    def _parents(self, n: int) -> list[Tile]:
        """Return the tiles above those of level 0 alone, topmost first."""
        levels: list[list[Tile]] = []
        row = self.leaves
        while row and n >> TILE_HEIGHT * (len(levels) + 1):
            level = len(levels) + 1
            row = unite((a >> TILE_HEIGHT, b >> TILE_HEIGHT) for a, b in row)
            last = ((n >> TILE_HEIGHT * level) - 1) >> TILE_HEIGHT
            levels.append(
                [tile_in_tree(level, each, n) for each in numbers(up_to(row, last))]
            )
        return [tile for tiles in reversed(levels) for tile in tiles]


def leaf_of(old_n: int) -> int | None:
    """Return the number of the level-0 tile that a client with this head needs.

    None where it needs none: 256 divides the size.
    """
    return old_n >> TILE_HEIGHT if old_n & _LAST_HASH else None


def upper_tiles(n: int) -> list[Tile]:
    """Return all tiles above level 0 of a tree of ``n`` records, parents first."""
    levels: list[list[Tile]] = []
    while hashes := n >> TILE_HEIGHT * (len(levels) + 1):
        level = len(levels) + 1
        count = -(-hashes // FULL_TILE_WIDTH)
        levels.append([tile_in_tree(level, number, n) for number in range(count)])
    return [tile for tiles in reversed(levels) for tile in tiles]


def leaf_tiles(leaves: Spans, n: int) -> list[Tile]:
    """Return those level-0 tiles that a tree of ``n`` records has."""
    if n <= 0:
        return []
    inside = up_to(leaves, (n - 1) >> TILE_HEIGHT)
    return [tile_in_tree(0, number, n) for number in numbers(inside)]


def old_head_tiles(old_n: int, n: int) -> list[Tile]:
    """Return the files that serve a client with a head of ``old_n`` in a tree of ``n``.

    For each place of its own edge the full tile, or the width that it asks for where
    the tree has not filled the tile; then what proves ``old_n`` in ``n``.

    Raises:
        ValueError: The client is ahead of the tree.
    """
    proof = consistency_tiles(old_n, n)
    own = (
        edge.full() if edge.n < n >> TILE_HEIGHT * (edge.l + 1) else edge
        for edge in edge_tiles(old_n)
    )
    return list(dict.fromkeys([*own, *proof]))


def size_asked(tile: Tile) -> int:
    """Return the size of a tree head that a client has who asks for this tile.

    The largest one where several would: for a full tile, and above level 0.
    """
    hashes = (tile.n << tile.h) + min(tile.w, _LAST_HASH)
    for _ in range(tile.l):
        hashes = (hashes << tile.h) + _LAST_HASH
    return hashes


def records_before(later: Iterable[tuple[int, bool]]) -> int | None:
    """Return how many records a log surely had at some time, None if nobody can say.

    Records are numbered as they come, and a version comes into the index when it is
    asked for first, mostly with its record. Some get theirs years later, some come
    into the index again. So the cut is made where it contradicts the fewest.

    Args:
        later: In the order of their records: a record's number, and whether the
            index has its version from that time on.
    """
    known = list(later)
    wrong = best = sum(not is_later for _, is_later in known)
    before = None
    for number, is_later in known:
        wrong += 1 if is_later else -1
        if wrong < best:
            best, before = wrong, number
    return before


def superseded(old_n: int, n: int) -> Iterator[Tile]:
    """Yield the widths of tiles that a tree of ``n`` has filled and ``old_n`` had not.

    Those of the edge of ``old_n`` itself are not among them: its clients ask for them.
    """
    for edge in edge_tiles(old_n):
        if edge.n < n >> TILE_HEIGHT * (edge.l + 1):
            yield from (Tile(edge.h, edge.l, edge.n, w) for w in range(1, edge.w))
