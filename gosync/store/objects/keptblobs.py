"""Blobs that a run keeps at hand: a publish reads again what its sync has brought.

Small ones are kept in memory, up to a sum; those that were used the longest ago move
into files without a name on the local disk, many into one. A large one is kept as the
file that it was staged in. Of what is on the disk, up to another sum, the one that came
first goes first. It is for bytes alone: whether a blob is there, and how large it is,
the bucket is asked each time.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict

import msgspec

from gosync.errors import StoreError
from gosync.store.blobs import OpenBlob
from gosync.store.digest import Digest
from gosync.store.durable import disk_errors
from gosync.store.objects.openblobs import MemoryBlob, StagedBlob
from gosync.store.scratch import ScratchFiles
from gosync.store.staging import LocalStaged, read_at

_MOST_LARGE = 200  # each is a descriptor
_FILE_BYTES = 16 << 20  # of small blobs in one file
_WHERE = "a blob that is kept"


class _File:
    """A file without a name, closed when nobody has it any more."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.size_bytes = 0

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

    def add_staged(self, digest: Digest, staged: LocalStaged) -> None:
        """Keep a staged file that has arrived, without its name.

        Raises:
            StoreError: the system refuses.
        """
        if staged.size_bytes > self._most_disk:
            return
        with disk_errors(staged.path):
            file = _File(os.dup(staged.descriptor))
        with self._lock:
            self._drop(digest)
            self._put(digest, _Place(file, 0, staged.size_bytes, is_large=True))

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
            self._memory.clear()
            self._disk.clear()
            self._memory_bytes = self._disk_bytes = self._large = 0
            self._file = None

    def _drop(self, digest: Digest) -> None:
        self._memory_bytes -= len(self._memory.pop(digest, b""))
        place = self._disk.pop(digest, None)
        if place is not None:
            self._disk_bytes -= place.size_bytes
            self._large -= place.is_large
