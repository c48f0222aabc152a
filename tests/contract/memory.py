"""Storage in memory: a disk that forgets on demand what was not made durable."""

from __future__ import annotations

import hashlib
import io
import json
import threading
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import IO, Self

from gosync.errors import (
    BlobCorruptError,
    LockedError,
    NoSpaceError,
    StoreError,
)
from gosync.store.blobs import BlobStore, missing
from gosync.store.digest import Digest, digest_of, parse_digest
from gosync.store.journal import Damage, EntryValue, Journal, format_entry, parse_entry
from gosync.store.layout import evidence_file_name, quarantine_id
from gosync.store.quarantine import Quarantine
from gosync.store.staging import Readable, Staged, digest_of_readable
from gosync.store.tiles import TileStore
from gosync.store.writerlock import WriterLock
from gosync.sumdb.tile import Tile


@dataclass
class MemoryDisk:
    """What lies in memory, and what of it outlives a power cut.

    Attributes:
        blobs: What readers see.
        synced: What outlives.
        staged: Files that are being received.
        files: The tree as readers see it.
        synced_files: The tree that outlives.
        entries: The journal; it is durable.
        tiles: The tiles that are read.
        synced_tiles: Those that outlive.
        evidence: The quarantine; it is durable.
        torn_evidence: Entries of it that killed runs left.
        copies: Copies of waiting bundles, by id and name; they are durable.
        torn_copies: Copies that killed runs left.
        writer: Held by who writes, among all that have the disk open.
        full: Whether there is no room.
        shown: Called after each file of the tree that appears.
    """

    blobs: dict[Digest, bytes] = field(default_factory=dict)
    synced: dict[Digest, bytes] = field(default_factory=dict)
    staged: set[int] = field(default_factory=set)
    files: dict[str, bytes] = field(default_factory=dict)
    synced_files: dict[str, bytes] = field(default_factory=dict)
    entries: list[dict[str, EntryValue] | Damage] = field(default_factory=list)
    tiles: dict[Tile, bytes] = field(default_factory=dict)
    synced_tiles: dict[Tile, bytes] = field(default_factory=dict)
    evidence: dict[str, bytes] = field(default_factory=dict)
    torn_evidence: int = 0
    copies: dict[str, dict[str, bytes]] = field(default_factory=dict)
    torn_copies: int = 0
    writer: threading.Lock = field(default_factory=threading.Lock)
    full: bool = False
    shown: Callable[[], None] = lambda: None

    def cut_power(self) -> None:
        self.blobs, self.files = dict(self.synced), dict(self.synced_files)
        self.tiles = dict(self.synced_tiles)

    def check_room(self) -> None:
        if self.full:
            raise NoSpaceError("memory: full")


class MemoryOpenBlob:
    """Bytes that stay readable though their blob is removed."""

    descriptor = None

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size_bytes = len(data)

    def read_at(self, offset: int, size_bytes: int) -> bytes:
        return self._data[offset : offset + size_bytes]


class MemoryStaged:
    """Bytes being received."""

    descriptor = None

    def __init__(self, disk: MemoryDisk) -> None:
        disk.check_room()
        self._disk = disk
        self._hash = hashlib.sha256()
        self.data = bytearray()
        self.size_bytes = 0
        disk.staged.add(id(self))

    @property
    def digest(self) -> Digest:
        return Digest(self._hash.hexdigest())

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._disk.check_room()
        self.data += data
        self._hash.update(data)
        self.size_bytes += len(data)

    def take_over(self, digest: Digest, size_bytes: int) -> None:
        raise AssertionError("no other process can have written to it")

    def restart(self) -> None:
        self.data.clear()
        self._hash = hashlib.sha256()
        self.size_bytes = 0

    def read_at(self, offset: int, size_bytes: int) -> bytes:
        return bytes(self.data[offset : offset + size_bytes])

    def discard(self) -> None:
        self._disk.staged.discard(id(self))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.discard()


class MemoryBlobStore(BlobStore):
    """Blobs in memory."""

    def __init__(self, disk: MemoryDisk) -> None:
        self.disk = disk
        self._dirty: set[Digest] = set()

    def size(self, digest: Digest) -> int:
        parse_digest(digest)
        if digest not in self.disk.blobs:
            raise missing(digest)
        return len(self.disk.blobs[digest])

    @contextmanager
    def open(self, digest: Digest) -> Iterator[MemoryOpenBlob]:
        self.size(digest)
        yield MemoryOpenBlob(self.disk.blobs[digest])

    def stage(self) -> MemoryStaged:
        return MemoryStaged(self.disk)

    def scratch_file(self, *, memory_bytes: int = 0) -> IO[bytes]:
        self.disk.check_room()
        return io.BytesIO()

    def put_bytes(self, data: bytes) -> Digest:
        digest = digest_of(data)
        if not self.exists(digest, size_bytes=len(data)):
            self.disk.check_room()
            self.disk.blobs[digest] = data
        self._dirty.add(digest)
        return digest

    def admit(
        self,
        staged: Staged,
        *,
        want: Digest | None = None,
        size_bytes: int | None = None,
        replace: bool = False,
    ) -> Digest:
        assert isinstance(staged, MemoryStaged)
        digest, data = staged.digest, bytes(staged.data)
        if want not in (None, digest) or size_bytes not in (None, staged.size_bytes):
            raise BlobCorruptError(f"{digest}: not what was wanted")
        if replace or not self.exists(digest, size_bytes=staged.size_bytes):
            if len(data) != staged.size_bytes:
                raise StoreError("staged: not what was written")
            self.disk.check_room()
            self.disk.blobs[digest] = data
        self._dirty.add(digest)
        staged.discard()
        return digest

    def sync(self) -> int:
        dirty, self._dirty = self._dirty, set()
        for digest in dirty:
            if digest in self.disk.blobs:
                self.disk.synced[digest] = self.disk.blobs[digest]
            else:
                self.disk.synced.pop(digest, None)
        return len(dirty)

    def check_space(self, needed_bytes: int, *, min_free_bytes: int) -> None:
        if needed_bytes + min_free_bytes:
            self.disk.check_room()

    def sweep_staging(self) -> int:
        count = len(self.disk.staged)
        self.disk.staged.clear()
        return count

    def others(self, keep: Container[str]) -> dict[Digest, int]:
        return {d: len(data) for d, data in self.disk.blobs.items() if d not in keep}

    def remove(self, digests: Iterable[Digest]) -> int:
        gone = [each for each in digests if self.disk.blobs.pop(each, None) is not None]
        self._dirty.update(gone)
        return len(gone)


class MemoryTileStore(TileStore):
    """Tiles in memory."""

    def __init__(self, disk: MemoryDisk) -> None:
        self._disk = disk

    def read(self, tile: Tile) -> bytes | None:
        if self.exists(tile):
            return self._disk.tiles[tile]
        if self.exists(tile.full()):
            return self._disk.tiles[tile.full()][: tile.size_bytes]
        return None

    def exists(self, tile: Tile) -> bool:
        return len(self._disk.tiles.get(tile, b"")) == tile.size_bytes

    def write(self, tiles: Iterable[tuple[Tile, bytes]]) -> int:
        written = 0
        for tile, data in tiles:
            if len(data) != tile.size_bytes:
                raise StoreError(f"{tile.path()}: {len(data)} bytes, not a tile")
            if self._disk.tiles.get(tile) != data:
                self._disk.check_room()
                self._disk.tiles[tile] = data
                written += 1
        return written

    def sync(self) -> None:
        self._disk.synced_tiles = dict(self._disk.tiles)


class MemoryQuarantine(Quarantine):
    """Evidence in memory; it is durable at once."""

    def __init__(self, disk: MemoryDisk) -> None:
        self._disk = disk

    def keep(
        self,
        subject: str,
        reason: str,
        *,
        evidence: Mapping[str, object],
        files: Mapping[str, Readable | bytes],
    ) -> str:
        digests = {label: _digest_of(content) for label, content in files.items()}
        entry = quarantine_id(subject, reason, digests)
        if entry not in self._disk.evidence:
            self._disk.check_room()
            named = {
                evidence_file_name(label, n): {"label": label, "sha256": digests[label]}
                for n, label in enumerate(files, 1)
            }
            document = {
                "subject": subject,
                "reason": reason,
                "files": named,
                "evidence": dict(evidence),
            }
            self._disk.evidence[entry] = json.dumps(document, default=str).encode()
        return entry

    def ids(self) -> list[str]:
        return sorted(self._disk.evidence)

    def read(self, entry: str) -> bytes:
        try:
            return self._disk.evidence[entry]
        except KeyError:
            raise StoreError(f"{entry}: no such evidence") from None

    def sweep(self) -> int:
        torn, self._disk.torn_evidence = self._disk.torn_evidence, 0
        return torn


def _digest_of(content: Readable | bytes) -> Digest:
    if isinstance(content, bytes):
        return digest_of(content)
    return digest_of_readable(content)


class MemoryJournal(Journal):
    """A journal in memory; what is appended is durable."""

    def __init__(self, disk: MemoryDisk) -> None:
        self._disk = disk
        self._lock = MemoryWriterLock(disk)
        self._before: Callable[[], None] | None = None
        self._length = 0

    def writing(self) -> AbstractContextManager[None]:
        return self._lock.held()

    @property
    def is_as_we_left_it(self) -> bool:
        return 0 < self._length == len(self._disk.entries)

    def begin_files_with(self, entry: Mapping[str, EntryValue]) -> None:
        """There is but one file."""

    def before_entries(self, work: Callable[[], None]) -> None:
        self._before = work

    def append(self, entries: Iterable[Mapping[str, EntryValue]]) -> int:
        lines = [format_entry(entry) for entry in entries]
        if not lines:
            return 0
        with self.writing():
            if self._before is not None:
                self._before()
            self._disk.check_room()
            while self._disk.entries and isinstance(self._disk.entries[-1], Damage):
                self._disk.entries.pop()
            self._disk.entries += map(parse_entry, lines)
            self._length = len(self._disk.entries)
        return len(lines)

    def read(self) -> Iterator[dict[str, EntryValue] | Damage]:
        yield from list(self._disk.entries)


class MemoryWriterLock(WriterLock):
    """The writer lock in memory: threads of one object share it, objects do not."""

    def __init__(self, disk: MemoryDisk) -> None:
        self._disk = disk
        self._thread = threading.RLock()
        self._depth = 0

    @property
    def is_held(self) -> bool:
        with self._thread:
            return self._depth > 0

    @contextmanager
    def held(self, *, wait_seconds: float = 60.0) -> Iterator[None]:
        if not self._thread.acquire(timeout=wait_seconds):
            raise LockedError("held by another thread")
        try:
            if not self._depth and not self._disk.writer.acquire(timeout=wait_seconds):
                raise LockedError("held by another writer")
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if not self._depth:
                    self._disk.writer.release()
        finally:
            self._thread.release()
