"""What go's client reads, written from its own algorithm and from nothing of gosync's.

The plan of cmd/vendor/golang.org/x/mod/sumdb/tlog.TileHashReader in coordinates: a
hash is (k, i), the i-th perfect subtree of 2**k records; a tile is (level, number,
width). A read is answered by the file of this width or by the full one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

Hash = tuple[int, int]
File = tuple[int, int, int]


def subtrees(size: int) -> list[Hash]:
    """The perfect subtrees of the first ``size`` records, the largest first."""
    found, first = [], 0
    for k in reversed(range(size.bit_length())):
        if size >> k & 1:
            found.append((k, first >> k))
            first += 1 << k
    return found


def tile_of(hash_: Hash, size: int) -> File:
    k, i = hash_
    level, above = divmod(k, 8)
    return _in_tree(level, (i << above) // 256, size)


def reads(size: int, hashes: Iterable[Hash]) -> list[File]:
    """The tiles of a tree of ``size`` that are read to know these hashes."""
    order: dict[File, None] = {}
    for each in subtrees(size):
        order[tile_of(each, size)] = None
    for each in hashes:
        tile, chain = tile_of(each, size), []
        while tile not in order:
            chain.append(tile)
            assert tile[2] == 256, "only full tiles have parents"
            tile = _in_tree(tile[0] + 1, tile[1] // 256, size)
        order |= dict.fromkeys(reversed(chain))
    return list(order)


def session(old: int, new: int, record: int) -> Iterator[File]:
    """All reads of a client that remembers ``old`` and looks up a record in ``new``."""
    yield from reads(old, subtrees(old))  # once per start, from its latest file
    yield from reads(new, subtrees(old))  # the lookup's head is newer
    yield from reads(new, [(0, record)])


def mixed_session(known: int, lookups: Iterable[tuple[int, int]]) -> Iterator[File]:
    """All reads of a client that remembers ``known``, 0 for nothing.

    It is given lookups that carry heads of their own: each a head and a record.
    """
    if known:
        yield from reads(known, subtrees(known))
    for head, record in lookups:
        larger, smaller = max(known, head), min(known, head)
        yield from reads(larger, subtrees(smaller))
        known = larger
        yield from reads(known, [(0, record)])


def unanswered(wanted: Iterable[File], files: Collection[File]) -> list[File]:
    """The reads that neither their own file nor the full one answers."""
    return [
        (level, number, width)
        for level, number, width in wanted
        if (level, number, width) not in files and (level, number, 256) not in files
    ]


def _in_tree(level: int, number: int, size: int) -> File:
    width = min(256, (size >> 8 * level) - 256 * number)
    assert width > 0
    return level, number, width
