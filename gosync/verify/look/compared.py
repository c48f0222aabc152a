"""Comparison of an extracted folder's files with their zip's entries.

While a zip is scanned, the contents of each entry are at hand, with their SHA-256. The
file that ``go`` made of the entry has the same bytes, so to compare it takes the place
of hashing it, and is several times as fast. What is not found to be equal, for whatever
reason, is left to be hashed and judged by ``hash_folder``; so this knows no errors, and
finds nothing.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Final

import msgspec

from gosync.folder.cursor import FolderCursor, cursor_below
from gosync.folder.tree import FILE_FLAGS, DamagedFileError, FileTree
from gosync.gomod.contentsink import ContentSink
from gosync.gomod.module import ModuleVersion
from gosync.gomod.zipdir import ZipEntry


class SameFile(msgspec.Struct, frozen=True, gc=False):
    """A file that has the bytes of its entry.

    Attributes:
        digest: Their SHA-256, in hex.
        stat: What the system said of the file as it was read.
    """

    digest: str
    stat: os.stat_result


Same = Mapping[str, SameFile]
NONE_SAME: Final[Same] = {}


@contextmanager
def comparing(tree: FileTree, path: str, mv: ModuleVersion) -> Iterator[FolderCompared]:
    """Compare the files of a folder with what a scan in the block reads.

    Args:
        tree: Where the folder is.
        path: The folder, as extracted from the zip.
        mv: The version that the zip is of.
    """
    with ExitStack() as stack:
        cursor = None
        with suppress(OSError, DamagedFileError):
            cursor = stack.enter_context(cursor_below(tree, path))
        yield FolderCompared(cursor, mv)


class FolderCompared(ContentSink):
    """The files of one folder, as far as they were compared.

    Attributes:
        same: Those that have the bytes of their entries, by their path in the folder.
    """

    def __init__(self, cursor: FolderCursor | None, mv: ModuleVersion) -> None:
        """Take the folder, None for one that cannot be opened."""
        self.same: dict[str, SameFile] = {}
        self._cursor = cursor
        self._prefix = f"{mv}/".encode()
        self._last: os.stat_result | None = None

    def take(self, entry: ZipEntry, contents: bytes, digest: str) -> None:
        """See ContentSink."""
        handle = self._open(entry)
        if handle is None:
            return
        try:
            found = os.fstat(handle)
            if _may_be(found, entry) and _has_next(handle, contents):
                self.same[self._path_of(entry)] = SameFile(digest, found)
        finally:
            os.close(handle)

    def pass_on(
        self, entry: ZipEntry, chunks: Iterable[memoryview | bytes]
    ) -> Iterator[memoryview | bytes]:
        """See ContentSink."""
        self._last = None
        handle = self._open(entry)
        if handle is None:
            yield from chunks
            return
        try:
            found = os.fstat(handle)
            is_same = _may_be(found, entry)
            for chunk in chunks:
                is_same = is_same and _has_next(handle, chunk)
                yield chunk
        finally:
            os.close(handle)
        self._last = found if is_same else None

    def end(self, entry: ZipEntry, digest: str) -> None:
        """See ContentSink."""
        if self._last is not None:
            self.same[self._path_of(entry)] = SameFile(digest, self._last)

    def _path_of(self, entry: ZipEntry) -> str:
        return os.fsdecode(entry.name[len(self._prefix) :])

    def _open(self, entry: ZipEntry) -> int | None:
        if self._cursor is None or not entry.name.startswith(self._prefix):
            return None
        folder, _, name = self._path_of(entry).rpartition("/")
        with suppress(OSError, ValueError):  # hash_folder says what it is
            above = self._cursor.enter(folder)
            if self._cursor.has_file(name):
                return os.open(name, FILE_FLAGS, dir_fd=above)
        return None


def _may_be(found: os.stat_result, entry: ZipEntry) -> bool:
    return stat.S_ISREG(found.st_mode) and found.st_size == entry.size_bytes


def _has_next(handle: int, chunk: memoryview | bytes) -> bool:
    try:
        return os.read(handle, len(chunk)) == bytes(chunk)
    except OSError:
        return False
