"""Medium: the place that a bundle's files lie at, the contract; and a folder.

A medium lists names and reads bytes at offsets. Nobody vouches for either: two reads of
one place may differ, and names are whatever somebody wrote there. What cannot be read
is a VolumeError, since another copy may be whole.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import islice
from pathlib import Path
from typing import Protocol

from gosync.errors import VolumeError
from gosync.store.staging import read_at

OWN_FOLDER = "put the bundle's own files into a folder of their own"
COPY_AGAIN = "copy the bundle to the medium again, or use another copy"
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class MediumFile(Protocol):
    """An open file of a medium.

    Attributes:
        name: What messages call it.
        size_bytes: Its size as it was opened.
    """

    name: str
    size_bytes: int

    def read_at(self, offset: int, size_bytes: int) -> bytes:
        """Return the bytes there; fewer only at the end.

        Raises:
            VolumeError: they cannot be read.
        """
        ...


class Medium(Protocol):
    """The files of one bundle, and whatever else lies there.

    Attributes:
        name: What messages call it.
    """

    name: str

    def names(self, limit: int) -> list[str]:
        """Return the names of what lies there, so many at the most, sorted.

        Raises:
            VolumeError: they cannot be listed.
        """
        ...

    def open(self, name: str) -> AbstractContextManager[MediumFile]:
        """Open a file by a name that was listed.

        Raises:
            VolumeError: it is not there, no plain file, or cannot be read.
        """
        ...


class ReopenedFile(MediumFile):
    """A file that is open only while it is read: of many, few are open at a time."""

    def __init__(self, medium: Medium, name: str) -> None:
        """Name it, by a name that was listed.

        Raises:
            VolumeError: it is not there, no plain file, or cannot be read.
        """
        self._medium, self._listed = medium, name
        with medium.open(name) as opened:
            self.name, self.size_bytes = opened.name, opened.size_bytes

    def read_at(self, offset: int, size_bytes: int) -> bytes:
        """See MediumFile."""
        with self._medium.open(self._listed) as opened:
            return opened.read_at(offset, size_bytes)


class FolderMedium(Medium):
    """A folder. What is not a plain file is not read at all, links neither."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._path = path

    def names(self, limit: int) -> list[str]:
        """See Medium."""
        with _medium_errors(self._path):
            return sorted(each.name for each in islice(self._path.iterdir(), limit))

    @contextmanager
    def open(self, name: str) -> Iterator[MediumFile]:
        """See Medium."""
        path = self._path / name
        with _medium_errors(path):
            descriptor = os.open(path, _FLAGS)
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise VolumeError(f"{path}: not a plain file", hint=OWN_FOLDER)
            yield _OpenFile(path, descriptor, found.st_size)
        finally:
            os.close(descriptor)


class _OpenFile(MediumFile):
    def __init__(self, path: Path, descriptor: int, size_bytes: int) -> None:
        self.name = str(path)
        self.size_bytes = size_bytes
        self._path = path
        self._descriptor = descriptor

    def read_at(self, offset: int, size_bytes: int) -> bytes:
        with _medium_errors(self._path):
            return read_at(self._descriptor, offset, size_bytes)


@contextmanager
def _medium_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise VolumeError(f"{path}: {reason}", hint=COPY_AGAIN) from error
