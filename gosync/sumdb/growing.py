"""Log that grows: records, and the hashes of the tree over them (RFC 6962). Pure.

For each level k it has the hashes of all complete subtrees of 2**k records, 32 bytes
each in a row: level 0 is the record hashes, and entry i of level k+1 is the node over
the entries 2i and 2i+1 of level k. A tile of height 8 and level L is then nothing but
a cut out of level 8*L, and the tree of any earlier size can still be told.

A data tile is the texts of 256 consecutive records, a blank line after each; the last
one has fewer. A text is lines, none of them empty.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from gosync.errors import MalformedError
from gosync.sumdb.tile import FULL_TILE_WIDTH, Tile
from gosync.sumdb.tlog import HASH_SIZE_BYTES, Tree, node_hash, record_hash


class GrowingLog:
    """Records and their tree, in memory."""

    def __init__(self, records: Iterable[bytes] = ()) -> None:
        self._records: list[bytes] = []
        self._levels: list[bytearray] = [bytearray()]
        self.append(list(records))

    @property
    def size(self) -> int:
        """The number of records."""
        return len(self._records)

    def record(self, number: int) -> bytes:
        """Return a record's text."""
        return self._records[number]

    def append(self, texts: Sequence[bytes]) -> None:
        """Append records."""
        leaves = self._levels[0]
        for text in texts:
            leaves += record_hash(text)
        for level in range(64):
            below = self._levels[level]
            pairs = len(below) // (2 * HASH_SIZE_BYTES)
            if not pairs:
                break
            if len(self._levels) == level + 1:
                self._levels.append(bytearray())
            above = self._levels[level + 1]
            for pair in range(len(above) // HASH_SIZE_BYTES, pairs):
                above += node_hash(
                    _cut(below, 2 * pair, 1), _cut(below, 2 * pair + 1, 1)
                )
        # Last, so that no reader sees a size whose hashes are not there.
        self._records += texts

    def tree(self, size: int | None = None) -> Tree:
        """Return the tree of the first ``size`` records, by default of all."""
        size = self.size if size is None else size
        root: bytes | None = None
        end = size
        for level, hashes in enumerate(self._levels):
            # RFC 6962 2.1: complete subtrees from the right; each bit of the
            # size is one, and the smaller ones are right children.
            if size >> level & 1:
                end -= 1 << level
                left = _cut(hashes, end >> level, 1)
                root = left if root is None else node_hash(left, root)
        return Tree(size, hashlib.sha256(b"").digest() if root is None else root)

    def tile(self, tile: Tile) -> bytes | None:
        """Return a hash tile's bytes, None where the tree has no such tile (yet)."""
        level = tile.h * tile.l
        hashes = self._levels[level] if level < len(self._levels) else b""
        first = tile.n << tile.h
        if (first + tile.w) * HASH_SIZE_BYTES > len(hashes):
            return None
        return _cut(hashes, first, tile.w)

    def data(self, start: int, count: int) -> bytes:
        """Return the texts of consecutive records, a blank line after each."""
        return b"".join(text + b"\n" for text in self._records[start : start + count])


def parse_data_tile(data: bytes) -> list[bytes]:
    """Return the records of a data tile.

    Raises:
        MalformedError: It is none.
    """
    if not data.endswith(b"\n\n"):
        raise MalformedError("data tile", "", "does not end in a blank line")
    texts = [text + b"\n" for text in data[:-2].split(b"\n\n")]
    if len(texts) > FULL_TILE_WIDTH or any(t.startswith(b"\n") for t in texts):
        raise MalformedError("data tile", "", f"not 1 to {FULL_TILE_WIDTH} records")
    return texts


def _cut(hashes: bytes | bytearray, first: int, count: int) -> bytes:
    return bytes(hashes[first * HASH_SIZE_BYTES : (first + count) * HASH_SIZE_BYTES])
