"""Copies of waiting bundles in memory, each a medium of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gosync.bundle.format.names import HEADER_NAME
from gosync.bundle.read.folder import BundleFolder
from gosync.bundle.read.medium import Medium, MediumFile
from gosync.bundle.take.copies import BundleCopies
from gosync.errors import VolumeError
from gosync.work.progress import Progress
from tests.contract.memory import MemoryDisk


class MemoryMedium(Medium):
    """A medium's files in memory."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.name = "memory"
        self._files = files

    def names(self, limit: int) -> list[str]:
        return sorted(self._files)[:limit]

    @contextmanager
    def open(self, name: str) -> Iterator[MediumFile]:
        if name not in self._files:
            raise VolumeError(f"{name}: no such file")
        yield _MemoryFile(name, self._files[name])


class _MemoryFile(MediumFile):
    def __init__(self, name: str, data: bytes) -> None:
        self.name = name
        self.size_bytes = len(data)
        self._data = data

    def read_at(self, offset: int, size_bytes: int) -> bytes:
        return self._data[offset : offset + size_bytes]


class MemoryBundleCopies(BundleCopies):
    """Copies in memory; they are durable at once."""

    def __init__(self, disk: MemoryDisk) -> None:
        self._disk = disk

    def ids(self) -> list[str]:
        return sorted(self._disk.copies)

    def open(self, bundle_id: str) -> BundleFolder:
        bundle = BundleFolder.read(MemoryMedium(self._disk.copies.get(bundle_id, {})))
        if bundle.id != bundle_id:
            raise VolumeError(f"{bundle_id}: {HEADER_NAME} is another bundle's")
        _ = bundle.manifest
        return bundle

    def keep(self, source: BundleFolder, progress: Progress) -> None:
        del progress
        self._disk.copies.pop(source.id, None)
        files = {HEADER_NAME: source.header_bytes, **source.signatures}
        for file in source.header.files:
            files[file.name] = b"".join(source.pieces(file))
            self._disk.check_room()
        self._disk.copies[source.id] = files

    def remove(self, bundle_id: str) -> None:
        self._disk.copies.pop(bundle_id, None)

    def sweep(self) -> int:
        torn, self._disk.torn_copies = self._disk.torn_copies, 0
        return torn
