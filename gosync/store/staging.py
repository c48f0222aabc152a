"""Staged files: bytes on their way in, hashed and counted as they are written.

``Staged`` is the contract: what a blob store hands out to be filled, read at any
offset, and given back to ``admit``, or removed when its ``with`` ends. ``LocalStaged``
lies in ``staging/``, in the blobs' filesystem, under a random name; what a killed run
left behind is swept at the next start; what is open, in whatever process, is not.
"""

from __future__ import annotations

import copy
import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol, Self

from gosync.errors import StoreError
from gosync.store.digest import Digest
from gosync.store.durable import (
    create_temporary,
    disk_errors,
    sync_filesystem,
    write_all,
)

BLOB_MODE = 0o444
PIECE_BYTES = 1 << 20
_MANY = 8  # files whose syncs cost more than that of their filesystem
_FICLONE = 0x40049409  # of Linux; another system's refuses it


class Readable(Protocol):
    """Bytes that can be read at any offset, from any thread."""

    @property
    def size_bytes(self) -> int:
        """How many there are."""
        ...

    def read_at(self, offset: int, size_bytes: int) -> bytes:
        """Return the bytes there; fewer only at the end.

        Raises:
            StoreError: they cannot be read.
        """
        ...


class Staged(Readable, Protocol):
    """A file that is being received; a context manager that cleans up.

    One thread at a time; different staged files are independent. Nobody sees it but
    who holds it, and nothing of it is durable before it is admitted.
    """

    @property
    def digest(self) -> Digest:
        """The digest of what was written so far."""
        ...

    @property
    def descriptor(self) -> int | None:
        """A file descriptor, to be read at offsets; None without a file."""
        ...

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append bytes.

        Raises:
            NoSpaceError: there is no room.
            StoreError: the bytes cannot be written.
        """
        ...

    def take_over(self, digest: Digest, size_bytes: int) -> None:
        """Take what another process wrote to the empty file for what was written.

        Args:
            digest: The digest of it, as that process counted.
            size_bytes: Its size.
        """
        ...

    def restart(self) -> None:
        """Forget what was written: a download begins again.

        Raises:
            StoreError: the file cannot be emptied.
        """
        ...

    def discard(self) -> None:
        """Remove the file unless it was admitted; a second call does nothing."""
        ...

    def __enter__(self) -> Self:
        """Return the file."""
        ...

    def __exit__(self, *_: object) -> None:
        """Discard it."""
        ...


class LocalStaged:
    """A staged file in a folder.

    Attributes:
        path: Where it lies until it is admitted.
        size_bytes: How much was written.
        descriptor: The open file.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / secrets.token_hex(8)
        self.size_bytes = 0
        self._hash = hashlib.sha256()
        with disk_errors(self.path):
            self.descriptor = create_temporary(self.path, 0o600)
        self._settled = False
        self._told: Digest | None = None

    @property
    def digest(self) -> Digest:
        """The digest of what was written so far."""
        return self._told or Digest(self._hash.hexdigest())

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append bytes; see Staged."""
        assert self._told is None  # its hash is another process's
        with disk_errors(self.path):
            write_all(self.descriptor, data)
        self._hash.update(data)
        self.size_bytes += len(data)

    def clone(self, descriptor: int) -> bool:
        """Share the blocks of another file, and hash what is shared.

        A change of that file later is none of this one's.

        Args:
            descriptor: The other file, open for reading.

        Returns:
            Whether the file system can; if not, nothing has changed.

        Raises:
            StoreError: what is shared cannot be read.
        """
        assert not self.size_bytes
        try:
            fcntl.ioctl(self.descriptor, _FICLONE, descriptor)
        except OSError:
            return False
        with disk_errors(self.path):
            while piece := os.read(self.descriptor, PIECE_BYTES):
                self._hash.update(piece)
                self.size_bytes += len(piece)
        return True

    def take_over(self, digest: Digest, size_bytes: int) -> None:
        """Take what another process wrote for what was written; see Staged."""
        assert not self.size_bytes
        self._told, self.size_bytes = digest, size_bytes

    def restart(self) -> None:
        """Forget what was written: a download begins again; see Staged."""
        with disk_errors(self.path):
            os.ftruncate(self.descriptor, 0)
            os.lseek(self.descriptor, 0, os.SEEK_SET)
        self._hash = hashlib.sha256()
        self._told = None
        self.size_bytes = 0

    def read_at(self, offset: int, size_bytes: int) -> bytes:
        """Return the bytes there; see Readable."""
        with disk_errors(self.path):
            return read_at(self.descriptor, offset, size_bytes)

    def seal(self) -> None:
        """Make contents and mode durable; nothing is written after this.

        Raises:
            NoSpaceError: the disk is full.
            StoreError: the disk refuses, or the file is not what was written.
        """
        self.close_for_writing()
        with disk_errors(self.path):
            os.fsync(self.descriptor)

    def close_for_writing(self) -> None:
        """Make the file read-only, whole as it was written; it is not durable yet.

        Raises:
            StoreError: it is not what was written, or the disk refuses.
        """
        self.check_whole()
        with disk_errors(self.path):
            os.fchmod(self.descriptor, BLOB_MODE)

    def check_whole(self) -> None:
        """Check that the file has what was written.

        Raises:
            StoreError: it has not, or the disk refuses.
        """
        with disk_errors(self.path):
            on_disk = os.fstat(self.descriptor).st_size
        if on_disk != self.size_bytes:
            raise StoreError(
                f"{self.path}: {on_disk} bytes, {self.size_bytes} were written"
            )

    def handed_over(self) -> LocalStaged:
        """Return the file as another owner's to discard; this object is settled.

        Raises:
            StoreError: the system refuses.
        """
        other = copy.copy(self)
        with disk_errors(self.path):
            # The same open file: its lock keeps the file from being swept.
            other.descriptor = os.dup(self.descriptor)
        self.settle()
        return other

    def settle(self) -> None:
        """Say that the file was moved away or dropped; close it."""
        if not self._settled:
            self._settled = True
            os.close(self.descriptor)

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


def seal_all(files: Sequence[LocalStaged]) -> None:
    """Make contents and modes of files of one folder durable; see LocalStaged.seal.

    Many are synced with their filesystem: one commit of it in place of one a file.

    Raises:
        NoSpaceError: the disk is full.
        StoreError: the disk refuses, or a file is not what was written.
    """
    if len(files) < _MANY:
        for each in files:
            each.seal()
        return
    for each in files:
        each.close_for_writing()
    folder = files[0].path.parent
    with disk_errors(folder):
        sync_filesystem(folder)


def copy_into(staged: Staged, descriptor: int, size_bytes: int) -> None:
    """Fill an empty staged file with another file's bytes, hashed as they are read.

    They share blocks where the file system has reflinks. Never a hard link: whoever
    may write to the other file would write to a blob.

    Args:
        staged: The file to be filled.
        descriptor: The other one, open for reading.
        size_bytes: How much of it.

    Raises:
        NoSpaceError: there is no room.
        StoreError: it cannot be written.
        OSError: the other file cannot be read.
    """
    if isinstance(staged, LocalStaged) and staged.clone(descriptor):
        return
    for offset in range(0, size_bytes, PIECE_BYTES):
        wanted = min(PIECE_BYTES, size_bytes - offset)
        staged.write(read_at(descriptor, offset, wanted))


def pieces_of(content: Readable) -> Iterator[bytes]:
    """Yield the bytes from first to last.

    Raises:
        StoreError: they cannot be read.
    """
    for offset in range(0, content.size_bytes, PIECE_BYTES):
        yield content.read_at(offset, PIECE_BYTES)


def digest_of_readable(content: Readable) -> Digest:
    """Return the digest of the bytes.

    Raises:
        StoreError: they cannot be read.
    """
    found = hashlib.sha256()
    for piece in pieces_of(content):
        found.update(piece)
    return Digest(found.hexdigest())


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
