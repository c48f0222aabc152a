"""A checksum database's log, in memory, that really signs (design/25530-sumdb).

Records are go.sum lines; the tree over them is RFC 6962's. Kept are, for each
level k, the hashes of all complete subtrees of 2**k records, 32 bytes each in a
row: level 0 is the record hashes, and entry i of level k+1 is the node over the
entries 2i and 2i+1 of level k. A tile of height 8 and level L is then nothing but
a cut out of level 8*L, and the tree of *any* earlier size can still be told. That
makes old heads, stale lookups and forks cheap to play.

The key comes from a seed, filler records from their number: the same calls make
the same log.
"""

from __future__ import annotations

import hashlib
import threading
from base64 import b64encode

from gosync.errors import NotFoundError
from gosync.gomod.module import ModuleVersion
from gosync.sumdb.note import Signer, generate_key, parse_signer_key, sign_note
from gosync.sumdb.tile import Tile
from gosync.sumdb.tlog import Tree, format_tree, node_hash, record_hash

_HASH_BYTES = 32
_FORKED = b"forked.example v0.0.1 h1:forked\n"


class SumLog:
    """An append-only log of records and its signed heads.

    Args:
        name: The database's name, also its key's.
        seed: Decides the key.
    """

    def __init__(self, name: str, *, seed: bytes = b"gosync sample log") -> None:
        secret = hashlib.sha256(seed).digest()
        self.signer_key, self.verifier_key = generate_key(name, seed=secret)
        self.name = name
        self._signer = parse_signer_key(self.signer_key)
        self._seed = seed
        self._records: list[bytes] = []
        self._ids: dict[ModuleVersion, int] = {}
        self._levels: list[bytearray] = [bytearray()]
        self._heads: dict[int, bytes] = {}
        self._appending = threading.RLock()

    @property
    def size(self) -> int:
        """The number of records."""
        return len(self._records)

    @property
    def signer(self) -> Signer:
        """What signs this log's heads."""
        return self._signer

    def add(self, mv: ModuleVersion, *, zip_h1: str, mod_h1: str) -> int:
        """Append the two lines of a module version and return the record's id."""
        text = (
            f"{mv.path} {mv.version} {zip_h1}\n{mv.path} {mv.version}/go.mod {mod_h1}\n"
        )
        return self.add_text(mv, text.encode())

    def add_text(self, mv: ModuleVersion, text: bytes) -> int:
        """Append any text as the record that a lookup of ``mv`` finds."""
        with self._appending:
            if mv not in self._ids:
                self._ids[mv] = self.size
                self._append([text])
            return self._ids[mv]

    def grow(self, records: int) -> None:
        """Append this many filler records."""
        with self._appending:
            start = self.size
            self._append([_filler(number) for number in range(start, start + records)])

    def forked(self, at: int, text: bytes = _FORKED) -> SumLog:
        """Return a log with the same key that agrees below record ``at`` only.

        Record ``at`` has another text there; the rest follows as it is here.
        """
        fork = SumLog(self.name, seed=self._seed)
        with self._appending:
            fork._append([*self._records[:at], text, *self._records[at + 1 :]])
            fork._ids = dict(self._ids)
        return fork

    def find(self, mv: ModuleVersion) -> int | None:
        """Return the id of a module version's record."""
        return self._ids.get(mv)

    def module_versions(self) -> list[ModuleVersion]:
        """Return what can be looked up, by record id; fillers cannot."""
        return list(self._ids)

    def record(self, record_id: int) -> bytes:
        """Return a record's text."""
        return self._records[record_id]

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

    def head(self, size: int | None = None) -> bytes:
        """Return the signed tree head of the first ``size`` records."""
        size = self.size if size is None else size
        if size not in self._heads:
            self._heads[size] = sign_note(format_tree(self.tree(size)), [self._signer])
        return self._heads[size]

    def lookup(self, record_id: int, *, size: int | None = None) -> bytes:
        """Return a record with its id and a head, as a lookup answers it."""
        return format_lookup(record_id, self._records[record_id], self.head(size))

    def tile(self, tile: Tile) -> bytes:
        """Return a hash tile's bytes.

        Raises:
            NotFoundError: if the tree has no such tile (yet).
        """
        level = tile.h * tile.l
        hashes = self._levels[level] if level < len(self._levels) else b""
        first = tile.n << tile.h
        if (first + tile.w) * _HASH_BYTES > len(hashes):
            raise NotFoundError(f"{tile}: beyond the tree of {self.size} records")
        return _cut(hashes, first, tile.w)

    def data_tile(self, *, start: int, count: int) -> bytes:
        """Return the texts of consecutive records, a blank line after each.

        Raises:
            NotFoundError: if the log has no such records (yet).
        """
        if start + count > self.size:
            raise NotFoundError(f"records {start}: the log has {self.size}")
        return b"".join(text + b"\n" for text in self._records[start : start + count])

    def _append(self, texts: list[bytes]) -> None:
        leaves = self._levels[0]
        for text in texts:
            leaves += record_hash(text)
        for level in range(64):
            below = self._levels[level]
            pairs = len(below) // (2 * _HASH_BYTES)
            if not pairs:
                break
            if len(self._levels) == level + 1:
                self._levels.append(bytearray())
            above = self._levels[level + 1]
            for pair in range(len(above) // _HASH_BYTES, pairs):
                above += node_hash(
                    _cut(below, 2 * pair, 1), _cut(below, 2 * pair + 1, 1)
                )
        # Last, so that no reader sees a size whose hashes are not there.
        self._records += texts


def format_lookup(record_id: int, text: bytes, head: bytes) -> bytes:
    """Return a lookup's answer: the id, the record's text, the signed head."""
    return b"%d\n%s\n%s" % (record_id, text, head)


def _cut(hashes: bytes | bytearray, first: int, count: int) -> bytes:
    return bytes(hashes[first * _HASH_BYTES : (first + count) * _HASH_BYTES])


def _filler(number: int) -> bytes:
    digest = hashlib.sha256(b"filler %d" % number).digest()
    h1 = b64encode(digest).decode()
    name = f"filler.example/m{number:06d} v1.0.0"
    return f"{name} h1:{h1}\n{name}/go.mod h1:{h1}\n".encode()
