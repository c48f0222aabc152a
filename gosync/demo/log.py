"""A checksum database's log, in memory, that really signs (design/25530-sumdb).

Records are go.sum lines; the tree over them is ``GrowingLog``'s, which can tell the
tree of *any* earlier size. That makes old heads, stale lookups and forks cheap to play.

The key comes from a seed, filler records from their number: the same calls make
the same log.
"""

from __future__ import annotations

import hashlib
import threading
from base64 import b64encode

from gosync.errors import NotFoundError
from gosync.gomod.module import ModuleVersion
from gosync.sumdb.growing import GrowingLog
from gosync.sumdb.note import Signer, generate_key, parse_signer_key, sign_note
from gosync.sumdb.tile import Tile
from gosync.sumdb.tlog import Tree, format_tree

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
        self._log = GrowingLog()
        self._ids: dict[ModuleVersion, int] = {}
        self._heads: dict[int, bytes] = {}
        self._appending = threading.RLock()

    @property
    def size(self) -> int:
        """The number of records."""
        return self._log.size

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
            records = [self._log.record(number) for number in range(self.size)]
            fork._append([*records[:at], text, *records[at + 1 :]])
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
        return self._log.record(record_id)

    def tree(self, size: int | None = None) -> Tree:
        """Return the tree of the first ``size`` records, by default of all."""
        return self._log.tree(size)

    def head(self, size: int | None = None) -> bytes:
        """Return the signed tree head of the first ``size`` records."""
        size = self.size if size is None else size
        if size not in self._heads:
            self._heads[size] = sign_note(format_tree(self.tree(size)), [self._signer])
        return self._heads[size]

    def lookup(self, record_id: int, *, size: int | None = None) -> bytes:
        """Return a record with its id and a head, as a lookup answers it."""
        return format_lookup(record_id, self.record(record_id), self.head(size))

    def tile(self, tile: Tile) -> bytes:
        """Return a hash tile's bytes.

        Raises:
            NotFoundError: if the tree has no such tile (yet).
        """
        data = self._log.tile(tile)
        if data is None:
            raise NotFoundError(f"{tile}: beyond the tree of {self.size} records")
        return data

    def data_tile(self, *, start: int, count: int) -> bytes:
        """Return the texts of consecutive records, a blank line after each.

        Raises:
            NotFoundError: if the log has no such records (yet).
        """
        if start + count > self.size:
            raise NotFoundError(f"records {start}: the log has {self.size}")
        return self._log.data(start, count)

    def _append(self, texts: list[bytes]) -> None:
        self._log.append(texts)


def format_lookup(record_id: int, text: bytes, head: bytes) -> bytes:
    """Return a lookup's answer: the id, the record's text, the signed head."""
    return b"%d\n%s\n%s" % (record_id, text, head)


def _filler(number: int) -> bytes:
    digest = hashlib.sha256(b"filler %d" % number).digest()
    h1 = b64encode(digest).decode()
    name = f"filler.example/m{number:06d} v1.0.0"
    return f"{name} h1:{h1}\n{name}/go.mod h1:{h1}\n".encode()
