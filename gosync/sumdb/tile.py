"""Tiles: a log's hashes in files of 256 (golang.org/design/25530-sumdb).

A tile of height H (1 to 30; checksum databases use 8) at level L and number N
lists consecutive hashes of tree level ``H * L``, from ``N << H`` on: all ``1 <<
H`` of them in a full tile, the first W in a partial one. It stands for the whole
subtree above its hashes, which can be computed from them; the hash of a full tile
is the hash at position N of tile level L + 1. The bytes are the hashes one after
the other, ``W * 32`` in all. Paths are::

    tile/H/L/NNN            full
    tile/H/L/NNN.p/W        partial, 0 < W < 1 << H

with N in groups of three digits, all but the last with an ``x`` before them:
1234067 is ``x001/x234/067``. L is ``data`` for the tiles that hold records
instead of hashes (level -1 here). Only the canonical path of a tile is accepted.

In a tree of N records every tile has one width. A tile that is partial lies on the
right edge; there is at most one a level, and together they hold exactly the row of
perfect subtrees that make the root hash. Whoever reads a hash needs these edge
tiles, the tile with the hash, and its parents up to an edge tile.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

import msgspec

from gosync.errors import MalformedError
from gosync.pattern import compile_on_use
from gosync.sumdb.tlog import (
    HASH_SIZE_BYTES,
    node_hash,
    split_stored_hash_index,
    subtree_indexes,
)

TILE_HEIGHT: Final = 8
FULL_TILE_WIDTH: Final = 1 << TILE_HEIGHT
FULL_TILE_BYTES: Final = FULL_TILE_WIDTH * HASH_SIZE_BYTES

_MAX_HEIGHT: Final = 30
_MAX_LEVEL: Final = 63
_SUBTREES_KEPT: Final = 512  # 4 MiB of tiles at most
_MAX_PATH_LENGTH: Final = 100
_PATH_RE: Final = compile_on_use(
    r"tile/([0-9]{1,2})/([0-9]{1,2}|data)/"
    r"((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([0-9]{1,10}))?",
    re.ASCII,
)


class Tile(msgspec.Struct, frozen=True, order=True):
    """The coordinates of a tile.

    Attributes:
        h: Height: the tile has room for ``1 << h`` hashes (1 to 30).
        l: Level, in tiles; -1 for records instead of hashes.
        n: Number within the level.
        w: Width: the hashes it has (1 to ``1 << h``).
    """

    h: int
    l: int  # noqa: E741 - the paper's letters, as in its paths
    n: int
    w: int

    @property
    def is_full(self) -> bool:
        """Whether the tile has all the hashes it has room for."""
        return self.w == 1 << self.h

    @property
    def size_bytes(self) -> int:
        """The number of bytes of its hashes."""
        return self.w * HASH_SIZE_BYTES

    def full(self) -> Tile:
        """Return the full tile of the same place."""
        return Tile(self.h, self.l, self.n, 1 << self.h)

    def path(self) -> str:
        """Return its path; the inverse of parse_tile_path."""
        rest, last = divmod(self.n, 1000)
        number = f"{last:03d}"
        while rest:
            rest, group = divmod(rest, 1000)
            number = f"x{group:03d}/{number}"
        level = "data" if self.l < 0 else str(self.l)
        width = "" if self.is_full else f".p/{self.w}"
        return f"tile/{self.h}/{level}/{number}{width}"


def parse_tile_path(path: str) -> Tile:
    """Return the tile of a canonical path.

    Raises:
        MalformedError: It is none, or there is another way to write it.
    """
    match = _PATH_RE.fullmatch(path) if len(path) <= _MAX_PATH_LENGTH else None
    if match is None:
        raise MalformedError("tile path", path, "not tile/H/L/NNN[.p/W]")
    height, level, number, width = match.groups()
    h = int(height)
    tile = Tile(
        h=h,
        l=-1 if level == "data" else int(level),
        n=int(number.replace("/", "").replace("x", "")),
        w=1 << h if width is None else int(width),
    )
    if not (1 <= h <= _MAX_HEIGHT and tile.l <= _MAX_LEVEL and 1 <= tile.w <= 1 << h):
        raise MalformedError("tile path", path, "has a number out of its range")
    if tile.path() != path:
        raise MalformedError("tile path", path, "is not canonical")
    return tile


def tile_for_index(index: int, *, h: int = TILE_HEIGHT) -> Tile:
    """Return the narrowest tile that has the stored hash ``index``."""
    tile, _, _ = _place(index, h)
    return tile


def tile_in_tree(level: int, number: int, n: int, *, h: int = TILE_HEIGHT) -> Tile:
    """Return the tile (level, number) as wide as a tree of ``n`` records has it.

    Raises:
        ValueError: The tree has no such tile.
    """
    width = min((n >> h * level) - (number << h), 1 << h)
    if width <= 0 or level < 0 or number < 0:
        raise ValueError(f"no tile {number} at level {level} in a tree of {n}")
    return Tile(h, level, number, width)


def parent(tile: Tile, n: int) -> Tile:
    """Return the tile that has the hash of full ``tile``, in a tree of ``n``.

    Raises:
        ValueError: The tree has none, as for a partial tile.
    """
    if tile.n >= n >> tile.h * (tile.l + 1):
        raise ValueError(f"{tile.path()} has no parent in a tree of {n}")
    return tile_in_tree(tile.l + 1, tile.n >> tile.h, n, h=tile.h)


def tile_hash(data: bytes) -> bytes:
    """Return the hash over a power of two of hashes: a subtree in a tile.

    The last ones are remembered: hundreds of heads have most of their subtrees in
    common.
    """
    return _remembered(data) if len(data) <= FULL_TILE_BYTES else _tile_hash(data)


def _tile_hash(data: bytes) -> bytes:
    row = [
        data[start : start + HASH_SIZE_BYTES]
        for start in range(0, len(data), HASH_SIZE_BYTES)
    ]
    while len(row) > 1:
        pairs = iter(row)
        row = [node_hash(left, right) for left, right in zip(pairs, pairs, strict=True)]
    return row[0]


_remembered: Final = lru_cache(maxsize=_SUBTREES_KEPT)(_tile_hash)


def hash_from_tile(tile: Tile, data: bytes, index: int) -> bytes:
    """Return the stored hash ``index`` out of the bytes of the tile that has it.

    Raises:
        ValueError: The tile does not have the hash, or ``data`` not its length.
    """
    least, start, end = _place(index, tile.h)
    if (tile.l, tile.n) != (least.l, least.n) or tile.w < least.w:
        raise ValueError(f"hash {index} is in {least.path()}, not in {tile.path()}")
    if len(data) != tile.size_bytes:
        raise ValueError(f"{tile.path()}: {len(data)} bytes, not {tile.size_bytes}")
    return tile_hash(data[start * HASH_SIZE_BYTES : end * HASH_SIZE_BYTES])


def new_tiles(old_n: int, new_n: int, *, h: int = TILE_HEIGHT) -> list[Tile]:
    """Return the tiles that a log publishes when it grows from old_n to new_n."""
    tiles: list[Tile] = []
    level = 0
    while new_n >> h * level:
        old, new = old_n >> h * level, new_n >> h * level
        if old != new:
            numbers = range(old >> h, (new + (1 << h) - 1) >> h)
            tiles += [tile_in_tree(level, number, new_n, h=h) for number in numbers]
        level += 1
    return tiles


def edge_tiles(n: int, *, h: int = TILE_HEIGHT) -> list[Tile]:
    """Return the tiles with the row of subtrees that make the root, top down."""
    tiles = []
    level = 0
    while n >> h * level:
        width = (n >> h * level) & ((1 << h) - 1)
        if width:
            tiles.append(Tile(h, level, n >> h * (level + 1), width))
        level += 1
    return tiles[::-1]


def index_tiles(n: int, indexes: Iterable[int]) -> list[Tile]:
    """Return the tiles that prove the stored hashes ``indexes`` in a tree of ``n``.

    Edge tiles first, then each hash's tile after those of its parents that were
    not named before: the order in which they can be proven, and the one in which
    Go's client asks for them.

    Raises:
        ValueError: The tree does not have such a hash.
    """
    tiles = dict.fromkeys(edge_tiles(n))
    for index in indexes:
        least = tile_for_index(index)
        tile = tile_in_tree(least.l, least.n, n)
        if tile.w < least.w:
            raise ValueError(f"no hash {index} in a tree of {n}")
        chain = []
        while tile not in tiles:
            chain.append(tile)
            tile = parent(tile, n)
        tiles.update(dict.fromkeys(reversed(chain)))
    return list(tiles)


def consistency_tiles(old_n: int, n: int) -> list[Tile]:
    """Return the tiles that prove a tree of ``old_n`` in one of ``n``.

    Raises:
        ValueError: The old tree is the larger one.
    """
    if not 0 <= old_n <= n:
        raise ValueError(f"no tree of {old_n} inside a tree of {n}")
    return index_tiles(n, subtree_indexes(0, old_n))


def tree_tiles(
    n: int, record_ids: Iterable[int], old_sizes: Iterable[int]
) -> list[Tile]:
    """Return the tiles that clients of a static tree with head ``n`` ask for.

    The edge tiles, each record's tile and its parents, and what proves each older
    published head in this one. Tiles of older heads themselves are not among them:
    those stay where they are. Sorted by level, then number.

    Args:
        n: The number of records of the head that every lookup carries.
        record_ids: The records carried; hundreds of thousands are fine.
        old_sizes: The sizes of the heads that were published before.

    Raises:
        ValueError: A record or an old head is not inside the tree.
    """
    numbers: dict[int, set[int]] = {}
    for tile in edge_tiles(n):
        numbers.setdefault(tile.l, set()).add(tile.n)
    for old_n in old_sizes:
        for tile in consistency_tiles(old_n, n):
            numbers.setdefault(tile.l, set()).add(tile.n)
    level = 0
    row = {record_id >> TILE_HEIGHT for record_id in _inside(record_ids, n)}
    while row:
        numbers.setdefault(level, set()).update(row)
        level += 1
        # A partial tile has no parent; where it would be is not in the tree, or
        # is an edge tile that is there anyway.
        count = -(-(n >> TILE_HEIGHT * level) // FULL_TILE_WIDTH)
        row = {up for number in row if (up := number >> TILE_HEIGHT) < count}
    return [
        tile_in_tree(level, number, n)
        for level in sorted(numbers)
        for number in sorted(numbers[level])
    ]


def _inside(record_ids: Iterable[int], n: int) -> Sequence[int]:
    """Return the ids once all of them are in a tree of ``n`` records."""
    ids = list(record_ids)
    if ids and not 0 <= min(ids) <= max(ids) < n:
        raise ValueError(f"a record is not in a tree of {n}")
    return ids


def _place(index: int, h: int) -> tuple[Tile, int, int]:
    """Return the narrowest tile with a stored hash, and its range of hashes."""
    level, number = split_stored_hash_index(index)
    tile_level, inside = divmod(level, h)
    # (level, number) as the range [start, end) of hashes at the tile's own level.
    start, end = number << inside, (number + 1) << inside
    tile_number = start >> h
    first = tile_number << h
    return Tile(h, tile_level, tile_number, end - first), start - first, end - first
