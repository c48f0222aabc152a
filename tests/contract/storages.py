"""The implementations of the storage contracts, and the faults of each."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pytest

from gosync.bundle.take.copies import BundleCopies
from gosync.bundle.take.localcopies import LocalBundleCopies
from gosync.publish.changelog import ChangeLog
from gosync.publish.storage.localtree import LocalTree
from gosync.publish.storage.notedtree import NotedTree
from gosync.publish.storage.packedtree import PackedTree
from gosync.publish.storage.tree import TreeStorage, TreeWriter
from gosync.store.blobs import BlobStore
from gosync.store.digest import Digest
from gosync.store.journal import Damage, Journal
from gosync.store.localblobs import LocalBlobStore
from gosync.store.localjournal import LocalJournal
from gosync.store.localquarantine import LocalQuarantine
from gosync.store.localtiles import LocalTileStore
from gosync.store.lock import LocalWriterLock
from gosync.store.quarantine import Quarantine
from gosync.store.root import open_store
from gosync.store.staging import LocalStaged, Staged
from gosync.store.tiles import TileStore
from gosync.store.writerlock import WriterLock
from gosync.sumdb.tile import Tile
from tests.contract.memory import (
    MemoryBlobStore,
    MemoryDisk,
    MemoryJournal,
    MemoryQuarantine,
    MemoryStaged,
    MemoryTileStore,
    MemoryWriterLock,
)
from tests.contract.memorycopies import MemoryBundleCopies
from tests.contract.memorytree import MemoryTree
from tests.contract.powercut import PowerCut


class Storage(Protocol):
    """One place with all that is stored. To open it anew is what a killed run does."""

    def blobs(self) -> BlobStore:
        """Open the blobs, beside whoever has them open."""

    def tree_storage(self) -> TreeStorage:
        """Return the tree's place."""

    def tree(self) -> TreeWriter:
        """Return a writer of the tree."""
        return self.tree_storage().writer()

    def tiles(self) -> TileStore:
        """Open a database's tiles."""

    def quarantine(self) -> Quarantine:
        """Open the quarantine."""

    def copies(self) -> BundleCopies:
        """Open the copies of waiting bundles."""

    def tear_copy(self) -> None:
        """Leave half of a copy, as a killed run does."""

    def shorten_copy(self, bundle_id: str, name: str) -> None:
        """Lose the end of a file of a copy."""

    def swap_copy(self, bundle_id: str, other_id: str) -> None:
        """Let a copy lie where another bundle's would."""

    def tear_tile(self, tile: Tile) -> None:
        """Lose the end of a tile."""

    def tear_evidence(self) -> None:
        """Leave half of an entry, as a killed run does."""

    def journal(self) -> Journal:
        """Open the journal."""

    def lock(self) -> WriterLock:
        """Open the writer lock."""

    def tear_journal(self) -> None:
        """Leave half of an entry, as a killed run does."""

    def cut_power(self) -> None:
        """Lose all that is not durable."""

    def full(self, *, yes: bool) -> None:
        """Let there be no room, or room again."""

    def tear(self, staged: Staged) -> None:
        """Lose the end of what was staged."""

    def lose(self, digest: Digest) -> None:
        """Lose a blob."""

    def rot(self, digest: Digest, data: bytes) -> None:
        """Let a blob have other bytes."""

    def leave_staged(self) -> None:
        """Leave behind what a killed run was receiving."""

    def staged(self) -> int:
        """Count what is being received."""

    def watch(self, look: Callable[[], None]) -> None:
        """Have somebody look after each change of the tree that a reader sees."""


class MemoryStorage(Storage):
    def __init__(self) -> None:
        self.disk = MemoryDisk()

    def blobs(self) -> BlobStore:
        return MemoryBlobStore(self.disk)

    def tree_storage(self) -> TreeStorage:
        return MemoryTree(self.disk)

    def tiles(self) -> TileStore:
        return MemoryTileStore(self.disk)

    def quarantine(self) -> Quarantine:
        return MemoryQuarantine(self.disk)

    def copies(self) -> BundleCopies:
        return MemoryBundleCopies(self.disk)

    def tear_copy(self) -> None:
        self.disk.torn_copies += 1

    def shorten_copy(self, bundle_id: str, name: str) -> None:
        files = self.disk.copies[bundle_id]
        files[name] = files[name][:-1]

    def swap_copy(self, bundle_id: str, other_id: str) -> None:
        self.disk.copies[other_id] = self.disk.copies.pop(bundle_id)

    def tear_tile(self, tile: Tile) -> None:
        self.disk.tiles[tile] = self.disk.tiles[tile][:-1]

    def tear_evidence(self) -> None:
        self.disk.torn_evidence += 1

    def journal(self) -> Journal:
        return MemoryJournal(self.disk)

    def lock(self) -> WriterLock:
        return MemoryWriterLock(self.disk)

    def tear_journal(self) -> None:
        self.disk.entries.append(Damage("memory", len(self.disk.entries), torn=True))

    def cut_power(self) -> None:
        self.disk.cut_power()

    def full(self, *, yes: bool) -> None:
        self.disk.full = yes

    def tear(self, staged: Staged) -> None:
        assert isinstance(staged, MemoryStaged)
        del staged.data[-1:]

    def lose(self, digest: Digest) -> None:
        del self.disk.blobs[digest]

    def rot(self, digest: Digest, data: bytes) -> None:
        self.disk.blobs[digest] = self.disk.synced[digest] = data

    def leave_staged(self) -> None:
        self.disk.staged.add(0)

    def staged(self) -> int:
        return len(self.disk.staged)

    def watch(self, look: Callable[[], None]) -> None:
        self.disk.shown = look


class LocalStorage(Storage):
    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.root = folder / "disk"
        open_store(self.root / "store")
        self._patch = patch
        self._power = PowerCut(self.root, patch)
        self._write = os.write

    def blobs(self) -> BlobStore:
        return LocalBlobStore(self.root / "store")

    def tree_storage(self) -> TreeStorage:
        return LocalTree(self.root / "public")

    def tiles(self) -> TileStore:
        return LocalTileStore(self.root / "store", "sum.example/db")

    def quarantine(self) -> Quarantine:
        return LocalQuarantine(self.root / "store")

    def copies(self) -> BundleCopies:
        return LocalBundleCopies(self.root / "store")

    def tear_copy(self) -> None:
        part = self.root / "store/bundles" / f"{'0f' * 32}.part"
        part.mkdir()
        (part / "vol-0001.zst").write_bytes(b"half")

    def shorten_copy(self, bundle_id: str, name: str) -> None:
        path = self.root / "store/bundles" / bundle_id / name
        os.truncate(path, path.stat().st_size - 1)

    def swap_copy(self, bundle_id: str, other_id: str) -> None:
        folder = self.root / "store/bundles"
        (folder / bundle_id).rename(folder / other_id)

    def tear_tile(self, tile: Tile) -> None:
        path = LocalTileStore(self.root / "store", "sum.example/db").path(tile)
        os.truncate(path, tile.size_bytes - 1)

    def tear_evidence(self) -> None:
        (self.root / "store/quarantine" / f".{'0f' * 8}.tmp").mkdir()

    def journal(self) -> Journal:
        root = self.root / "store"
        return LocalJournal(root, rotate_bytes=200, writing=LocalWriterLock(root).held)

    def lock(self) -> WriterLock:
        return LocalWriterLock(self.root / "store")

    def tear_journal(self) -> None:
        folder = self.root / "store/journal"
        newest = max(folder.iterdir(), default=folder / "00000001.jsonl")
        with newest.open("ab") as file:
            file.write(b'{"kind":"ver')

    def cut_power(self) -> None:
        self._power.cut()

    def full(self, *, yes: bool) -> None:
        def refuse(_descriptor: int, _data: bytes) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        self._patch.setattr(os, "write", refuse if yes else self._write)

    def tear(self, staged: Staged) -> None:
        assert isinstance(staged, LocalStaged)
        os.truncate(staged.path, staged.size_bytes - 1)

    def _path(self, digest: Digest) -> Path:
        return LocalBlobStore(self.root / "store").path(digest)

    def lose(self, digest: Digest) -> None:
        self._path(digest).unlink()

    def rot(self, digest: Digest, data: bytes) -> None:
        path = self._path(digest)
        path.unlink(missing_ok=True)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)

    def leave_staged(self) -> None:
        (self.root / "store/staging" / ("0f" * 8)).write_bytes(b"half")

    def staged(self) -> int:
        return len(list((self.root / "store/staging").iterdir()))

    def watch(self, look: Callable[[], None]) -> None:
        for name in ("rename", "link", "unlink"):
            self._patch.setattr(os, name, _before(getattr(os, name), look))


class NotedStorage(LocalStorage):
    """A folder whose changes are noted for hooks."""

    def tree_storage(self) -> TreeStorage:
        return NotedTree(super().tree_storage(), ChangeLog(self.root / "store"))


class PackedStorage(LocalStorage):
    """A folder with compressed copies of its texts."""

    def tree_storage(self) -> TreeStorage:
        return PackedTree(self.root / "public", ("gzip", "zstd"))


_FOLDERS = {"noted": NotedStorage, "packed": PackedStorage}


def _before(call: Callable[..., None], look: Callable[[], None]) -> Callable[..., None]:
    def watched(*args: object, **options: object) -> None:
        call(*args, **options)
        look()

    return watched


@contextmanager
def each_storage(name: str, folder: Path) -> Iterator[Storage]:
    """Make an implementation by its name, with nothing in it."""
    with pytest.MonkeyPatch.context() as patch:
        if name == "memory":
            yield MemoryStorage()
        else:
            yield _FOLDERS.get(name, LocalStorage)(folder, patch)


NAMES = ("local", "memory")
TREES = (*NAMES, "noted", "packed")
# With a bucket in memory, and with a real service.
STORES = (*NAMES, "bucket", pytest.param("service", marks=pytest.mark.long))
