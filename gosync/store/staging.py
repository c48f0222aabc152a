"""Staged files: bytes on their way in, hashed and counted as they are written.

A staged file lies in ``staging/``, in the blobs' filesystem, under a random
name. It becomes a blob by ``BlobStore.admit`` or is removed when its ``with``
ends. What a killed run left behind is swept at the next start, under the lock.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from gosync.errors import StoreError
from gosync.store.digest import Digest
from gosync.store.durable import disk_errors, write_all

if TYPE_CHECKING:
    from pathlib import Path

BLOB_MODE = 0o444


class Staged:
    """A file that is being received; a context manager that cleans up.

    One thread at a time; different staged files are independent.

    Attributes:
        path: Where it lies until it is admitted.
        size_bytes: How much was written.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / secrets.token_hex(8)
        self.size_bytes = 0
        self._hash = hashlib.sha256()
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with disk_errors(self.path):
            self._descriptor = os.open(self.path, flags, 0o600)
        self._settled = False

    @property
    def digest(self) -> Digest:
        """The digest of what was written so far."""
        return Digest(self._hash.hexdigest())

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append bytes.

        Raises:
            NoSpaceError: the disk is full.
            StoreError: the bytes cannot be written.
        """
        with disk_errors(self.path):
            write_all(self._descriptor, data)
        self._hash.update(data)
        self.size_bytes += len(data)

    def restart(self) -> None:
        """Forget what was written: a download begins again.

        Raises:
            StoreError: the file cannot be emptied.
        """
        with disk_errors(self.path):
            os.ftruncate(self._descriptor, 0)
            os.lseek(self._descriptor, 0, os.SEEK_SET)
        self._hash = hashlib.sha256()
        self.size_bytes = 0

    def read_at(self, offset: int, size_bytes: int) -> bytes:
        """Return the bytes there; fewer only at the end of the file.

        Raises:
            StoreError: they cannot be read.
        """
        with disk_errors(self.path):
            return read_at(self._descriptor, offset, size_bytes)

    def seal(self) -> None:
        """Make contents and mode durable; nothing is written after this.

        Raises:
            NoSpaceError: the disk is full.
            StoreError: the disk refuses, or the file is not what was written.
        """
        with disk_errors(self.path):
            on_disk = os.fstat(self._descriptor).st_size
            if on_disk != self.size_bytes:
                raise StoreError(
                    f"{self.path}: {on_disk} bytes, {self.size_bytes} were written"
                )
            os.fchmod(self._descriptor, BLOB_MODE)
            os.fsync(self._descriptor)

    def settle(self) -> None:
        """Say that the file was moved away or dropped; close it."""
        if not self._settled:
            self._settled = True
            os.close(self._descriptor)

    def discard(self) -> None:
        """Remove the file unless it was admitted; a second call does nothing."""
        if not self._settled:
            with suppress(OSError):
                self.path.unlink()
            self.settle()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.discard()


def read_at(descriptor: int, offset: int, size_bytes: int) -> bytes:
    """Return the bytes at an offset; fewer only at the end of the file.

    Raises:
        OSError: as from pread.
    """
    data = os.pread(descriptor, size_bytes, offset)
    while len(data) < size_bytes:
        more = os.pread(descriptor, size_bytes - len(data), offset + len(data))
        if not more:
            break
        data += more
    return data
