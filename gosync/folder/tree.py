"""Reading files below one folder, with limits and without following links.

What stands where a file should be and is none (a link, a pipe, a device, a
folder) is never opened, so that nothing can be waited for for ever. Neither are
links followed on the way: a tree that is copied must not lose what it points to.
Each folder on the way is opened from the one above, so that not even a tree that
changes meanwhile leads outside. The root itself may be reached by links; it is held
from then on, whatever takes its place, or that of a folder above it.
"""

from __future__ import annotations

import os
import stat
import threading
import weakref
from collections.abc import Iterator
from contextlib import (
    AbstractContextManager,
    ExitStack,
    contextmanager,
    nullcontext,
    suppress,
)
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gosync.errors import MalformedError, NotFoundError, UsageError

if TYPE_CHECKING:
    from gosync.gomod.window import ReadAt

FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_HELD = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC  # read or not
_PIECE_BYTES = 1 << 20
_NO_NAMES = frozenset({"", ".", ".."})
_KINDS = {
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFDIR: "a folder",
    stat.S_IFBLK: "a device",
    stat.S_IFCHR: "a device",
}


class NotInTreeError(NotFoundError):
    """The tree has no such file.

    Attributes:
        path: Its path in the tree.
    """

    def __init__(self, path: str) -> None:
        super().__init__(f"{path}: not in the tree")
        self.path = path


class DamagedFileError(MalformedError):
    """Something is there that cannot be the file.

    Attributes:
        path: Its path in the tree.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__("file", path, reason)
        self.path = path


class UnreadableFileError(DamagedFileError):
    """The system does not let us read what is there."""


class FileTree:
    """Files below one folder, which is held open.

    Attributes:
        root: The folder, without links.
    """

    def __init__(self, folder: Path) -> None:
        """Take a folder.

        Raises:
            UsageError: if it is none.
        """
        if not folder.is_dir():
            raise UsageError(f"{folder}: not a folder")
        self.root = folder.resolve()
        with _border(str(folder)):
            self._held = os.open(self.root, _HELD)
        weakref.finalize(self, os.close, self._held)
        self._folders: dict[str, str | None] = {"": None}
        self._near = _Near()

    def stat(self) -> os.stat_result:
        """Return what the system says of the folder itself."""
        return os.fstat(self._held)

    def lstat(self, path: str) -> os.stat_result:
        """Return what the system says of something, links not followed.

        Raises:
            OSError: it is not there, or cannot be looked at.
        """
        return (self.root / path).lstat()

    def read(self, path: str, *, limit_bytes: int) -> bytes:
        """Return a file's bytes.

        Raises:
            NotInTreeError: if there is none.
            DamagedFileError: if it is no file, too large, or cannot be read.
        """
        with self.open(path) as (read_at, size_bytes):
            if size_bytes > limit_bytes:
                raise DamagedFileError(path, f"larger than {limit_bytes} bytes")
            return read_at(0, size_bytes)

    def require(self, path: str) -> int:
        """Return a file's size, which is not 0.

        Raises:
            NotInTreeError: if there is none.
            DamagedFileError: if it is no file, or empty.
        """
        size_bytes = self._stat(path).st_size
        if not size_bytes:
            raise DamagedFileError(path, "is empty")
        return size_bytes

    @contextmanager
    def open(self, path: str) -> Iterator[tuple[ReadAt, int]]:
        """Open a file: what reads it at an offset, and its size.

        Raises:
            NotInTreeError: if there is none.
            DamagedFileError: if it is no file, or cannot be read; from the
                reader too.
        """
        with self.open_file(path) as (handle, size_bytes):
            yield partial(_read_at, handle, path), size_bytes

    @contextmanager
    def open_file(self, path: str) -> Iterator[tuple[int, int]]:
        """Open a file: its descriptor, to be read at offsets, and its size.

        Raises:
            NotInTreeError: if there is none.
            DamagedFileError: if it is no file, or cannot be opened.
        """
        self._stat(path)
        folder, _, name = path.rpartition("/")
        with _border(path), self._above(folder) as above:
            handle = os.open(name, FILE_FLAGS, dir_fd=above)
        try:
            yield handle, _size_of(handle, path)
        finally:
            os.close(handle)

    @contextmanager
    def near(self, folder: str) -> Iterator[None]:
        """Keep a folder open in this thread, for files in it that the block opens.

        To be used where nobody moves the folder away meanwhile. If it cannot be
        opened, each of the files says why.
        """
        with ExitStack() as stack:
            with suppress(OSError, DamagedFileError):
                self._near.handle = stack.enter_context(self.folder(folder))
                self._near.folder = folder
            try:
                yield
            finally:
                self._near.folder = None

    def _above(self, folder: str) -> AbstractContextManager[int]:
        if self._near.folder == folder:
            return nullcontext(self._near.handle)
        return self.folder(folder)

    @contextmanager
    def folder(self, path: str) -> Iterator[int]:
        """Open a folder, "" for the root, each one on the way from the one above.

        Raises:
            OSError: as from open; ELOOP or ENOTDIR for a link.
            DamagedFileError: if the path is not one of names alone.
        """
        names = path.split("/") if path else []
        if not _NO_NAMES.isdisjoint(names):
            raise DamagedFileError(path, "does not stay in the tree")
        handle = os.open(".", FOLDER_FLAGS, dir_fd=self._held)
        try:
            for name in names:
                below = os.open(name, FOLDER_FLAGS, dir_fd=handle)
                os.close(handle)
                handle = below
            yield handle
        finally:
            os.close(handle)

    def _stat(self, path: str) -> os.stat_result:
        reason = self._trouble_above(path.rpartition("/")[0])
        if reason is not None:
            raise DamagedFileError(path, reason)
        with _border(path):
            found = os.lstat(os.path.join(self.root, path))  # noqa: PTH118 - twice as fast
        _check_mode(path, found.st_mode)
        return found

    def _trouble_above(self, folder: str) -> str | None:
        """Return why a file's folder is none that could be copied, or None."""
        if folder not in self._folders:
            reason = self._trouble_above(folder.rpartition("/")[0])
            if reason is None and (self.root / folder).is_symlink():
                reason = f"{folder} is a link"
            self._folders[folder] = reason
        return self._folders[folder]


def read_pieces(folder: int, path: str) -> Iterator[bytes]:
    """Yield the bytes of a file, a MiB at a time.

    Args:
        folder: The descriptor of the folder that it is in; it must stay open.
        path: Its path; the last element is its name there, the rest is for errors.

    Raises:
        NotInTreeError: if there is none.
        DamagedFileError: if it is no file, or cannot be read.
    """
    try:  # as _border does, which takes longer than to read a small file
        handle = os.open(path.rpartition("/")[2], FILE_FLAGS, dir_fd=folder)
        try:
            left = _size_of(handle, path)
            while left > 0 and (piece := os.read(handle, min(left, _PIECE_BYTES))):
                left -= len(piece)
                yield piece
        finally:
            os.close(handle)
    except OSError as exc:
        raise _told(path, exc) from exc


def _size_of(handle: int, path: str) -> int:
    found = os.fstat(handle)
    _check_mode(path, found.st_mode)
    return found.st_size


class _Near(threading.local):
    """The folder that a thread keeps open, None for none, and its handle."""

    folder: str | None = None
    handle: int = -1


def _check_mode(path: str, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise DamagedFileError(path, f"is {kind_of(mode)}, not a file")


def kind_of(mode: int) -> str:
    """Return what a mode says that something is, for people."""
    return _KINDS.get(stat.S_IFMT(mode), "something else")


def _read_at(handle: int, path: str, offset: int, size_bytes: int) -> bytes:
    with _border(path):
        parts = []
        while size_bytes > 0 and (part := os.pread(handle, size_bytes, offset)):
            parts.append(part)
            offset += len(part)
            size_bytes -= len(part)
        return b"".join(parts)


@contextmanager
def reading(path: str) -> Iterator[None]:
    """Say of a file's own errors, as it is read by its descriptor, that they are its.

    Raises:
        UnreadableFileError: It cannot be read.
    """
    with _border(path):
        yield


@contextmanager
def _border(path: str) -> Iterator[None]:
    """Make the operating system's errors ours."""
    try:
        yield
    except OSError as exc:
        raise _told(path, exc) from exc


def _told(path: str, error: OSError) -> NotInTreeError | UnreadableFileError:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return NotInTreeError(path)
    return UnreadableFileError(path, f"cannot be read: {error.strerror}")
