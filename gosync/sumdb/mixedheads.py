"""Which tree head each lookup of a static tree carries, and what serves them all. Pure.

A head's signature covers the log, not the record that comes with it, so a lookup may
carry any head that has its record. A tree's head grows with every publish that adds
records. Were all lookups to carry the newest, each publish would rewrite them all. So
*a lookup keeps the head that it was written with*, as long as it has the same record
and the tree that head's edge (1, below). Then the lookups of a tree carry heads of many
sizes, and no client must depend on which of them it sees first.

Let S be the sizes of all heads that a tree ever showed, M the largest. The *edge* of a
tree of N records are its unfilled tiles, one a level; all others of it are full. The
*chain* of a tile in tree N are that tile and its parents, up to one of the edge. Let
``reads(N, x)`` be what ``go`` reads to know x in tree N, of records and of hashes of a
smaller tree: the edge of N, and the chains in tree N of the tiles that have x. A
client that remembers N reads the edge of N when it starts. Given a lookup of record r
with head H it reads

- if H > N: N in H, that is ``reads(H, edge of N)``; it remembers H from then on;
- else H in N, that is ``reads(N, edge of H)``;

and then ``reads(max(N, H), r)``. The tree has

1. the edge of each tree of S, every tile at its width, or else the full tile of its
   place, which ``go`` cuts itself;
2. ``reads(M, r)`` for every record r that it carries;
3. ``reads(M, edge of N)`` for every N in S.

For N <= M every tile of ``reads(N, x)`` is of the edge of N, or of ``reads(M, x)``: a
tile that is full in tree N is full in tree M, and a chain in tree N ends no later than
in tree M. So all that such a client reads is in 1, 2 or 3, whatever heads the lookups
carry, and in whichever order it asks. A client whose head N < M the tree never showed
is served by what ``oldheads`` says, which is 1 and 3 for that N.

So the head of a lookup is never too old by itself: what it needs are the edges of 1,
which a tree keeps for ever (I6); where one was lost, it is too old. It costs a client
that knows nothing some small tiles for each different head that it meets, at most one
a level for its edge and one for its proof.

As the head grows from M to N, ``reads(N, x)`` adds to ``reads(M, x)`` nothing but
``reads(N, edge of M)``: where the chain of x in M ended was M's edge. So a publish
looks for the tiles of ``added_tiles``, and for none of records that it did not touch.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from gosync.sumdb.tile import TILE_HEIGHT, Tile, tree_tiles


def added_tiles(n: int, record_ids: Iterable[int], before: Iterable[int]) -> list[Tile]:
    """Return the tiles that a tree comes to need with a head of ``n``, lowest first.

    Args:
        n: The number of records of the new head.
        record_ids: The records that are new or changed.
        before: The sizes of the largest head that it served with all that it carries,
            and of those that it showed since.

    Raises:
        ValueError: A record or a head is not inside the tree.
    """
    return tree_tiles(n, record_ids, [size for size in before if size < n])


def is_edge(tile: Tile, sizes: Sequence[int]) -> bool:
    """Return whether a narrow tile is of the edge of a tree of one of these sizes.

    Args:
        tile: The tile, not a full one.
        sizes: The sizes, ascending; looked through by halves.
    """
    # It is of those with n * 256 + w complete hashes at its level.
    first = ((tile.n << tile.h) + tile.w) << TILE_HEIGHT * tile.l
    at = bisect_left(sizes, first)
    return at < len(sizes) and sizes[at] < first + (1 << TILE_HEIGHT * tile.l)
