"""The tree's contracts in memory."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

from gosync.errors import BlobCorruptError, BlobMissingError
from gosync.publish.storage.tree import TreeReader, TreeStorage, TreeWriter
from gosync.store.blobs import BlobReader
from gosync.store.digest import Digest
from tests.contract.memory import MemoryBlobStore, MemoryDisk


class MemoryTree(TreeStorage):
    """A tree in memory."""

    is_remote = False

    def __init__(self, disk: MemoryDisk) -> None:
        self.name = "memory"
        self._disk = disk

    def reader(self) -> TreeReader:
        return MemoryTreeWriter(self._disk)

    def writer(self, *, beside: bool = False) -> TreeWriter:
        return MemoryTreeWriter(self._disk)


class MemoryTreeWriter(TreeWriter):
    """A tree in memory that shows a wave's files in any order, links among them."""

    def __init__(self, disk: MemoryDisk, *, seed: int = 0) -> None:
        self.name = "memory"
        self.written = self.linked = self.copied = self.removed = self.blob_bytes = 0
        self._disk = disk
        self._random = random.Random(seed)
        self._waves: list[list[tuple[str, bytes]]] = [[]]

    def open(self) -> None:
        self._waves = [[]]

    def read(self, path: str, *, limit_bytes: int = -1) -> bytes | None:
        data = self._disk.files.get(path)
        return data if data is None or limit_bytes < 0 else data[:limit_bytes]

    def size(self, path: str) -> int | None:
        data = self.read(path)
        return None if data is None else len(data)

    def names(self, folder: str) -> list[str]:
        below = f"{folder}/" if folder else ""
        return sorted(
            {
                path.removeprefix(below).partition("/")[0]
                for path in self._disk.files
                if path.startswith(below)
            }
        )

    def walk(self, folder: str = "") -> Iterator[str]:
        below = f"{folder}/" if folder else ""
        yield from sorted(p for p in self._disk.files if p.startswith(below))

    def write(self, path: str, data: bytes, *, compare: bool = True) -> bool:
        if compare and self.read(path) == data:
            return False
        self._disk.check_room()
        self._waves[-1].append((path, data))
        self.written += 1
        return True

    def link(
        self, path: str, blobs: BlobReader, digest: Digest, size_bytes: int
    ) -> bool:
        try:
            found = blobs.size(digest)
        except BlobMissingError as error:
            raise BlobMissingError(f"{path}: its blob {digest} is missing") from error
        if size_bytes and found != size_bytes:
            raise BlobCorruptError(f"{path}: {found} bytes, not {size_bytes}")
        ours = isinstance(blobs, MemoryBlobStore) and blobs.disk is self._disk
        data = self._disk.blobs[digest] if ours else b"".join(blobs.pieces(digest))
        if self.read(path) == data:
            return False
        self._waves[-1].append((path, data))
        self.linked += ours
        self.copied += not ours
        self.blob_bytes += size_bytes
        return True

    def then(self) -> None:
        self._waves.append([])

    def commit(self) -> None:
        waves, self._waves = self._waves, [[]]
        self._disk.synced_files = dict(self._disk.files)
        for wave in waves:
            for path, data in self._shuffled(wave):
                self._disk.files[path] = data
                self._disk.shown()

    def _shuffled(
        self, wave: Iterable[tuple[str, bytes]]
    ) -> Iterable[tuple[str, bytes]]:
        files = list(dict(wave).items())
        self._random.shuffle(files)
        return files

    def remove(self, path: str) -> bool:
        if self._disk.files.pop(path, None) is None:
            return False
        self.removed += 1
        self._disk.shown()
        return True
