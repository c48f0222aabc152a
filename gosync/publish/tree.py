"""Putting files into a tree so that a reader sees each whole or not at all.

A file's name appears in one step, by ``link`` or ``rename``, when its bytes are
complete; until then they lie under ``.gosync/staging/``, which nobody is sent to.
An admitted blob is linked, so that a tree costs folders and names; where the
file system refuses (another device, too many links, a foreign owner) the bytes
are copied. A file that already says what it should is left alone, inode, time
stamps and all.

Links carry the blobs' own mode, 0444; copies and generated files have 0644 and
folders 0755, whatever the umask is: a web server runs as somebody else.

Generated files wait in staging until ``commit``: one barrier for all of them,
then the renames in the order in which they were written. So bytes are durable
before their names are, and a power cut leaves each file old or new, on any file
system; a rename without a barrier would make ext4 write out file by file, ten
times as slowly, and others leave files of zeros. Links need no such care: blobs
are durable. ``commit`` is also the barrier for links made before it.
"""

# Paths are strings here: a tree has hundreds of thousands of them.
# ruff: noqa: PTH101, PTH102, PTH104, PTH106, PTH108, PTH116, PTH120, PTH123, PTH208

from __future__ import annotations

import errno
import filecmp
import os
import shutil
import stat
from typing import TYPE_CHECKING

from gosync.errors import BlobCorruptError, BlobMissingError
from gosync.folder import routes
from gosync.hint import advise, command
from gosync.store.tiles import sync_filesystem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FILE_MODE = 0o644
_FOLDER_MODE = 0o755
_WAITING_FILES = 10_000  # what staging holds at most, 40 MB of small files
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_NO_LINKS_HERE = frozenset(
    {errno.EXDEV, errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.ENOSYS}
)


class TreeWriter:
    """Writes below one root, by paths that ``routes`` made, and counts.

    Attributes:
        root: The tree's folder.
        written: Generated files written.
        linked: Blobs linked.
        copied: Blobs copied, because they could not be linked.
        removed: Files removed.
        blob_bytes: Bytes of the blobs linked or copied.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.written = 0
        self.linked = 0
        self.copied = 0
        self.removed = 0
        self.blob_bytes = 0
        self._prefix = f"{os.fspath(root)}/"
        self._staging = f"{self._prefix}{routes.STAGING}/"
        self._number = 0
        self._waiting: list[tuple[str, str]] = []
        self._can_link = True
        self._mask = 0

    def open(self) -> None:
        """Make the root and a staging folder with nothing of ours in it."""
        staging = self._staging.rstrip("/")
        self._make_folder(staging)
        for name in os.listdir(staging):
            if name.isdecimal():
                os.unlink(self._staging + name)
        probe = self._stage(b"")
        self._mask = _FILE_MODE & ~os.stat(probe).st_mode
        os.unlink(probe)

    @property
    def changes(self) -> int:
        """How many files were written, linked, copied or removed."""
        return self.written + self.linked + self.copied + self.removed

    def write(self, path: str, data: bytes, *, compare: bool = True) -> bool:
        """Stage a generated file for ``commit``; return whether anything changed.

        Without ``compare`` the file is known to be new or different.
        """
        if compare and self.read(path) == data:
            return False
        self._waiting.append((self._stage(data), self._prefix + path))
        self.written += 1
        if len(self._waiting) >= _WAITING_FILES:
            self.commit()
        return True

    def commit(self) -> None:
        """Make everything so far durable, then put the staged files in place."""
        sync_filesystem(self.root)
        for staged, target in self._waiting:
            self._rename(staged, target)
        self._waiting.clear()

    def link(self, path: str, blob: Path, size_bytes: int) -> bool:
        """Put a blob in place; return whether anything changed.

        Args:
            path: Where to.
            blob: The blob.
            size_bytes: Its size, 0 if that is not known.

        Raises:
            BlobMissingError: if the blob is not there.
            BlobCorruptError: if it is of another size.
        """
        target = self._prefix + path
        try:
            found = os.stat(blob).st_size
            if size_bytes and found != size_bytes:
                raise BlobCorruptError(
                    f"{path}: its blob {blob.name} has {found} bytes, not {size_bytes}",
                    hint=advise("run {}", command("verify", "--repair")),
                )
            changed = self._place(os.fspath(blob), target)
        except FileNotFoundError as exc:
            raise BlobMissingError(
                f"{path}: its blob {blob.name} is not in the store",
                hint=advise("sync again, or run {}", command("catalog rebuild")),
            ) from exc
        if changed:
            self.blob_bytes += size_bytes
        return changed

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes, or None when it is not there."""
        try:
            with open(self._prefix + path, "rb", buffering=0) as file:
                return file.read()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def size(self, path: str) -> int | None:
        """Return a file's size, or None when it is not there."""
        try:
            return os.stat(self._prefix + path).st_size
        except (FileNotFoundError, NotADirectoryError):
            return None

    def names(self, folder: str) -> list[str]:
        """Return the names in a folder, sorted; none when it is not there."""
        try:
            return sorted(os.listdir(self._prefix + folder))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def remove(self, path: str) -> bool:
        """Remove a file and the folders that this leaves empty."""
        try:
            os.unlink(self._prefix + path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        self.removed += 1
        self.remove_empty(path.rpartition("/")[0])
        return True

    def remove_empty(self, folder: str) -> None:
        """Remove a folder and the ones above it while they are empty."""
        while folder:
            try:
                os.rmdir(self._prefix + folder)
            except OSError:  # not empty, or not there
                return
            folder = folder.rpartition("/")[0]

    def walk(self, folder: str = "") -> Iterator[str]:
        """Yield the path of every file below a folder, links not followed."""
        below = f"{folder}/" if folder else ""
        try:
            with os.scandir(self._prefix + folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except (FileNotFoundError, NotADirectoryError):
            return
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                yield from self.walk(below + entry.name)
            else:
                yield below + entry.name

    def _place(self, source: str, target: str) -> bool:
        if self._can_link:
            try:
                return self._place_link(source, target)
            except OSError as exc:
                if exc.errno in _NO_LINKS_HERE:
                    self._can_link = False
                elif exc.errno != errno.EMLINK:
                    raise
        return self._place_copy(source, target)

    def _place_link(self, source: str, target: str) -> bool:
        try:
            self._link(source, target)
        except FileExistsError:
            if os.path.samestat(os.stat(source), os.lstat(target)):
                return False  # rename() would leave both names where they are
            staged = self._next_name()
            os.link(source, staged)
            self._rename(staged, target)
        self.linked += 1
        return True

    def _place_copy(self, source: str, target: str) -> bool:
        blob = os.stat(source)
        if _is_copy(source, blob, target):
            return False
        staged = self._next_name()
        shutil.copyfile(source, staged)
        os.chmod(staged, _FILE_MODE)
        os.utime(staged, ns=(blob.st_atime_ns, blob.st_mtime_ns))
        self._rename(staged, target)
        self.copied += 1
        return True

    def _stage(self, data: bytes) -> str:
        staged = self._next_name()
        file = os.open(staged, _CREATE, _FILE_MODE)
        try:
            left = memoryview(data)
            while left:
                left = left[os.write(file, left) :]
            if self._mask:
                os.fchmod(file, _FILE_MODE)
        finally:
            os.close(file)
        return staged

    def _next_name(self) -> str:
        self._number += 1
        return f"{self._staging}{self._number}"

    def _link(self, source: str, target: str) -> None:
        """Link, making the folder when it is not there: most often it is."""
        try:
            os.link(source, target)
        except FileNotFoundError:
            self._make_folder(os.path.dirname(target))
            os.link(source, target)

    def _rename(self, staged: str, target: str) -> None:
        """Rename, making the folder when it is not there: most often it is."""
        try:
            os.rename(staged, target)
        except FileNotFoundError:
            self._make_folder(os.path.dirname(target))
            os.rename(staged, target)

    def _make_folder(self, folder: str) -> None:
        """Make a folder and its parents, readable by everybody."""
        try:
            os.mkdir(folder, _FOLDER_MODE)
        except FileNotFoundError:
            self._make_folder(os.path.dirname(folder))
            os.mkdir(folder, _FOLDER_MODE)
        except FileExistsError:
            return
        mode = os.stat(folder).st_mode
        if mode & _FOLDER_MODE != _FOLDER_MODE:
            os.chmod(folder, stat.S_IMODE(mode) | _FOLDER_MODE)


def _is_copy(source: str, blob: os.stat_result, target: str) -> bool:
    """Return whether the target is the blob's copy: time stamp and size, or bytes."""
    try:
        there = os.lstat(target)
    except (FileNotFoundError, NotADirectoryError):
        return False
    if not stat.S_ISREG(there.st_mode) or there.st_size != blob.st_size:
        return False
    if there.st_mtime_ns == blob.st_mtime_ns:
        return True
    return filecmp.cmp(source, target, shallow=False)
