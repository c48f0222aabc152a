"""Blobs that a run keeps at hand: a publish reads again what its sync has brought.

Small ones are kept in memory, large ones as files without a name on the local disk,
each up to a sum; the one that was used the longest ago goes first. It is for bytes
alone: whether a blob is there, and how large it is, the bucket is asked each time.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict

from gosync.store.blobs import OpenBlob
from gosync.store.digest import Digest
from gosync.store.durable import disk_errors
from gosync.store.objects.openblobs import MemoryBlob, StagedBlob
from gosync.store.staging import LocalStaged

_MOST_FILES = 200  # each is a descriptor


class _File:
    """A file without a name, closed when nobody has it any more."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def __del__(self) -> None:
        os.close(self.descriptor)


class KeptBlobs:
    """Blobs of one run; threads may share it."""

    def __init__(self, memory_bytes: int, disk_bytes: int = 0) -> None:
        """Take how much is kept in memory, and how much on the disk, at most."""
        self._most = {bytes: memory_bytes, _File: disk_bytes}
        self._sums = {bytes: 0, _File: 0}
        self._blobs: OrderedDict[Digest, tuple[bytes | _File, int]] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, digest: Digest, data: bytes) -> None:
        """Keep a blob that is what its digest says."""
        self._add(digest, data, len(data))

    def add_staged(self, digest: Digest, staged: LocalStaged) -> None:
        """Keep a staged file that has arrived, without its name.

        Raises:
            StoreError: the system refuses.
        """
        if staged.size_bytes > self._most[_File]:
            return
        with disk_errors(staged.path):
            file = _File(os.dup(staged.descriptor))
        self._add(digest, file, staged.size_bytes)

    def _add(self, digest: Digest, content: bytes | _File, size_bytes: int) -> None:
        kind = type(content)
        if size_bytes > self._most[kind]:
            return
        with self._lock:
            self._drop(digest)
            self._blobs[digest] = content, size_bytes
            self._sums[kind] += size_bytes
            while self._is_too_much(kind):
                self._drop(
                    next(d for d, each in self._blobs.items() if type(each[0]) is kind)
                )

    def _is_too_much(self, kind: type[bytes | _File]) -> bool:
        if self._sums[kind] > self._most[kind]:
            return True
        files = sum(isinstance(each, _File) for each, _ in self._blobs.values())
        return kind is _File and files > _MOST_FILES

    def open(self, digest: Digest) -> OpenBlob | None:
        """Return a blob that is kept, None for another one.

        Raises:
            StoreError: the system refuses.
        """
        with self._lock:
            found = self._blobs.get(digest)
            if found is None:
                return None
            self._blobs.move_to_end(digest)
        content, size_bytes = found
        if isinstance(content, bytes):
            return MemoryBlob(content)
        with disk_errors("a blob that is kept"):
            return StagedBlob(os.dup(content.descriptor), size_bytes)

    def drop(self, digest: Digest) -> None:
        """Keep a blob no longer."""
        with self._lock:
            self._drop(digest)

    def close(self) -> None:
        """Keep none."""
        with self._lock:
            self._blobs.clear()
            self._sums = dict.fromkeys(self._sums, 0)

    def _drop(self, digest: Digest) -> None:
        content, size_bytes = self._blobs.pop(digest, (b"", 0))
        self._sums[type(content)] -= size_bytes
