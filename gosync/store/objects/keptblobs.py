"""Blobs that a run keeps at hand: a publish reads again what its sync has brought.

Small ones are kept in memory, up to a sum; those that were used the longest ago move
into files without a name on the local disk, many into one. A large one is kept as the
file that it was staged in, under its name, so that a tree on the same disk can link it;
one that a killed run leaves is swept as what is staged. Of what is on the disk, up to
another sum, the one that came first goes first. It is for bytes alone: whether a blob
is there, and how large it is, the bucket is asked each time.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path

import msgspec

from gosync.errors import StoreError
from gosync.store.blobs import OpenBlob
from gosync.store.digest import Digest
from gosync.store.durable import disk_errors
from gosync.store.objects.openblobs import MemoryBlob, StagedBlob
from gosync.store.scratch import ScratchFiles
from gosync.store.staging import BLOB_MODE, LocalStaged, read_at

_MOST_LARGE = 400  # each is a descriptor
_FILE_BYTES = 16 << 20  # of small blobs in one file
_WHERE = "a blob that is kept"


class _File:
    """A file that is closed when nobody has it any more; a name it has is removed."""

    def __init__(self, descriptor: int, path: Path | None = None) -> None:
        self.descriptor = descriptor
        self.size_bytes = 0
        self._path = path

    def forget_name(self) -> None:
        """Remove its name; whoever has it open goes on reading."""
        path, self._path = self._path, None
        if path is not None:
            with suppress(OSError):  # the next run sweeps it
                path.unlink()

    def __del__(self) -> None:
        os.close(self.descriptor)


class _Place(msgspec.Struct, frozen=True):
    """Where a blob's bytes are on the disk; of a large one it is the whole file."""

    file: _File
    offset: int
    size_bytes: int
    is_large: bool


class KeptBlobs:
    """Blobs of one run; threads may share it."""

    def __init__(
        self,
        memory_bytes: int,
        disk_bytes: int = 0,
        scratch: ScratchFiles | None = None,
    ) -> None:
        """Take how much is kept, at most.

        Args:
            memory_bytes: In memory.
            disk_bytes: On the disk.
            scratch: Opens files for small blobs; None where they are to be in memory
                alone.
        """
        self._most_memory, self._most_disk = memory_bytes, disk_bytes
        self._scratch = scratch
        self._memory: OrderedDict[Digest, bytes] = OrderedDict()
        self._disk: OrderedDict[Digest, _Place] = OrderedDict()
        self._memory_bytes = self._disk_bytes = self._large = 0
        self._file: _File | None = None
        self._lock = threading.Lock()

    def add(self, digest: Digest, data: bytes) -> None:
        """Keep a small blob that is what its digest says."""
        if len(data) > self._most_memory:
            return
        with self._lock:
            self._drop(digest)
            self._memory[digest] = data
            self._memory_bytes += len(data)
            while self._memory_bytes > self._most_memory:
                oldest, moved = self._memory.popitem(last=False)
                self._memory_bytes -= len(moved)
                self._move(oldest, moved)

    def add_staged(self, digest: Digest, staged: LocalStaged) -> bool:
        """Keep a staged file that has arrived.

        Returns:
            Whether it is kept: then its name is this object's to remove.

        Raises:
            StoreError: the system refuses.
        """
        if staged.size_bytes > self._most_disk:
            return False
        with disk_errors(staged.path):
            os.fchmod(staged.descriptor, BLOB_MODE)
            # The same open file: its lock keeps the file from being swept.
            file = _File(os.dup(staged.descriptor), staged.path)
        with self._lock:
            self._drop(digest)
            self._put(digest, _Place(file, 0, staged.size_bytes, is_large=True))
        return True

    def _move(self, digest: Digest, data: bytes) -> None:
        """Move a blob from memory to the disk; one that has no room is not kept."""
        if self._scratch is None or len(data) > self._most_disk:
            return
        try:
            place = self._written(self._scratch, data)
        except (OSError, StoreError):
            return
        self._put(digest, place)

    def _written(self, scratch: ScratchFiles, data: bytes) -> _Place:
        file = self._file
        if file is None or file.size_bytes >= _FILE_BYTES:
            with scratch.scratch_file() as opened:
                file = self._file = _File(os.dup(opened.fileno()))
        offset, done = file.size_bytes, 0
        while done < len(data):
            done += os.pwrite(file.descriptor, data[done:], offset + done)
        file.size_bytes += len(data)
        return _Place(file, offset, len(data), is_large=False)

    def _put(self, digest: Digest, place: _Place) -> None:
        self._disk[digest] = place
        self._disk_bytes += place.size_bytes
        self._large += place.is_large
        while self._disk_bytes > self._most_disk or self._large > _MOST_LARGE:
            self._drop(next(iter(self._disk)))

    def open(self, digest: Digest) -> OpenBlob | None:
        """Return a blob that is kept, None for another one.

        Raises:
            StoreError: the system refuses.
        """
        with self._lock:
            data, place = self._memory.get(digest), self._disk.get(digest)
            if data is not None:
                self._memory.move_to_end(digest)
        if data is not None:
            return MemoryBlob(data)
        if place is None:
            return None
        with disk_errors(_WHERE):
            if place.is_large:
                return StagedBlob(os.dup(place.file.descriptor), place.size_bytes)
            return MemoryBlob(
                read_at(place.file.descriptor, place.offset, place.size_bytes)
            )

    def drop(self, digest: Digest) -> None:
        """Keep a blob no longer."""
        with self._lock:
            self._drop(digest)

    def close(self) -> None:
        """Keep none."""
        with self._lock:
            for digest in list(self._disk):
                self._drop(digest)
            self._memory.clear()
            self._memory_bytes = 0
            self._file = None

    def _drop(self, digest: Digest) -> None:
        self._memory_bytes -= len(self._memory.pop(digest, b""))
        place = self._disk.pop(digest, None)
        if place is not None:
            self._disk_bytes -= place.size_bytes
            self._large -= place.is_large
            place.file.forget_name()
