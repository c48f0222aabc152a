"""A tree as a folder; the contract is ``tree``'s.

A file's name appears in one step, by ``link`` or ``rename``, when its bytes are
complete; until then they lie under ``.gosync/staging/``, which nobody is sent to.

A blob of a ``LocalBlobStore`` is linked, so that a tree costs folders and names;
where the file system refuses (another device, too many links, a foreign owner) the
bytes are copied. Those of any other blob storage are fetched; where it has them in a
file of its own, as what a run has just brought into a bucket, that is linked. A file
that already says what it should is left alone, inode, time stamps and all.

Links carry the blobs' own mode, 0444; copies and generated files have 0644 and
folders 0755, whatever the umask is: a web server runs as somebody else.

Generated files wait in staging until ``commit``: one barrier for all of them, then the
renames in the order in which they were written, so that each file is a wave. Bytes are
durable before their names are, and a power cut leaves each file old or new, on any file
system; a rename without a barrier would make ext4 write out file by file, ten
times as slowly, and others leave files of zeros. Links need no such care: blobs
are durable. ``commit`` is also the barrier for links made before it.
"""

# Paths are strings here: a tree has hundreds of thousands of them.
# ruff: noqa: PTH101, PTH102, PTH104, PTH106, PTH108, PTH116, PTH120, PTH123, PTH208

from __future__ import annotations

import errno
import filecmp
import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeAlias, TypeVar, cast

from gosync.errors import BlobCorruptError, BlobMissingError
from gosync.folder import routes
from gosync.hint import advise, command
from gosync.publish.storage.tree import TreeReader, TreeStorage, TreeWriter
from gosync.store.blobs import BlobReader, OpenBlob, proven_pieces
from gosync.store.digest import Digest
from gosync.store.durable import disk_error, disk_errors, sync_filesystem, write_all
from gosync.store.localblobs import LocalBlobStore

_FILE_MODE = 0o644
_FOLDER_MODE = 0o755
_BESIDE = "beside-"
_WAITING_FILES = 10_000  # what staging holds at most, 40 MB of small files
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_NO_LINKS_HERE = frozenset(
    {errno.EXDEV, errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.ENOSYS}
)


P = ParamSpec("P")
R = TypeVar("R")
Method: TypeAlias = "Callable[Concatenate[LocalTreeWriter, P], R]"


def _ours(method: Method[P, R]) -> Method[P, R]:
    """Let a method raise our errors; ``disk_errors`` costs too much a file."""

    @wraps(method)
    def wrapped(self: LocalTreeWriter, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(self, *args, **kwargs)
        except OSError as error:
            raise disk_error(self.name, error) from error

    return cast("Method[P, R]", wrapped)


class LocalTree(TreeStorage):
    """A tree that is a folder of this disk."""

    is_remote = False

    def __init__(self, root: Path) -> None:
        self.name = os.fspath(root)
        self._root = root

    def reader(self) -> TreeReader:
        """Return what reads the folder."""
        return LocalTreeWriter(self._root)

    def writer(self, *, beside: bool = False) -> TreeWriter:
        """Return what writes below the folder."""
        return LocalTreeWriter(self._root, beside=beside)


class LocalTreeWriter(TreeWriter):
    """Writes below one folder."""

    def __init__(self, root: Path, *, beside: bool = False) -> None:
        """Write below a folder.

        Args:
            root: The folder.
            beside: Whether another writer, that gave way, may have files staged.
        """
        self.name = os.fspath(root)
        self.written = 0
        self.linked = 0
        self.copied = 0
        self.removed = 0
        self.blob_bytes = 0
        self._root = root
        self._prefix = f"{os.fspath(root)}/"
        self._staging = f"{self._prefix}{routes.STAGING}/"
        self._staged_as = _BESIDE if beside else ""
        self._number = 0
        self._waiting: list[tuple[str, str]] = []
        self._can_link = True
        self._mask = 0

    @_ours
    def open(self) -> None:
        """Make the root and a staging folder with nothing of ours in it."""
        staging = self._staging.rstrip("/")
        self._make_folder(staging)
        for name in os.listdir(staging):
            if self._is_left_over(name):
                os.unlink(self._staging + name)
        probe = self._stage(())
        self._mask = _FILE_MODE & ~os.stat(probe).st_mode
        os.unlink(probe)

    def _is_left_over(self, name: str) -> bool:
        """Return whether nobody who writes now can have staged a file so named."""
        if name.startswith(_BESIDE):
            return name.removeprefix(_BESIDE).isdecimal()
        return not self._staged_as and name.isdecimal()

    @_ours
    def write(self, path: str, data: bytes, *, compare: bool = True) -> bool:
        """Stage a generated file for ``commit``; see TreeWriter."""
        if compare and self.read(path) == data:
            return False
        self._wait(self._stage((data,)), self._prefix + path)
        self.written += 1
        return True

    def _wait(self, staged: str, target: str) -> None:
        self._waiting.append((staged, target))
        if len(self._waiting) >= _WAITING_FILES:
            self.commit()

    def then(self) -> None:
        """End a wave: there is nothing to do, each file is one."""

    @_ours
    def commit(self) -> None:
        """Make everything so far durable, then put the staged files in place."""
        waiting, self._waiting = self._waiting, []
        sync_filesystem(self._root)
        for staged, target in waiting:
            self._rename(staged, target)

    @_ours
    def link(
        self, path: str, blobs: BlobReader, digest: Digest, size_bytes: int
    ) -> bool:
        """Link a blob into place, or copy it; see TreeWriter."""
        target = self._prefix + path
        try:
            if isinstance(blobs, LocalBlobStore):
                changed = self._place_file(blobs.path(digest), target, size_bytes)
            else:
                changed = self._place_fetched(blobs, digest, target, size_bytes)
        except (FileNotFoundError, BlobMissingError) as exc:
            raise BlobMissingError(
                f"{path}: its blob {digest} is not in the store",
                hint=advise("sync again, or run {}", command("catalog rebuild")),
            ) from exc
        if changed:
            self.blob_bytes += size_bytes
        return changed

    def _place_file(self, blob: Path, target: str, size_bytes: int) -> bool:
        self._check_size(target, blob.name, os.stat(blob).st_size, size_bytes)
        return self._place(os.fspath(blob), target)

    def _place_fetched(
        self, blobs: BlobReader, digest: Digest, target: str, size_bytes: int
    ) -> bool:
        """Let a copy of a blob of another storage wait for its barrier."""
        with blobs.open(digest) as blob:
            self._check_size(target, digest, blob.size_bytes, size_bytes)
            if _has_digest(target, digest):
                return False
            linked = self._linked(blob)
            staged = linked or self._stage(proven_pieces(blob, digest))
        self._wait(staged, target)
        if linked:
            self.linked += 1
        else:
            self.copied += 1
        return True

    def _linked(self, blob: OpenBlob) -> str:
        """Stage a link to an open blob's file; return "" where there can be none."""
        if blob.descriptor is None or not self._can_link:
            return ""
        staged = self._next_name()
        try:
            # An absolute path ignores src_dir_fd; with one, linkat follows the link.
            os.link(
                f"/proc/self/fd/{blob.descriptor}",
                staged,
                src_dir_fd=blob.descriptor,
                follow_symlinks=True,
            )
        except OSError:  # another device, or the file has no name any more
            return ""
        return staged

    def _check_size(self, target: str, blob: str, found: int, want: int) -> None:
        if want and found != want:
            raise BlobCorruptError(
                f"{target.removeprefix(self._prefix)}: its blob {blob} has {found}"
                f" bytes, not {want}",
                hint=advise("run {}", command("verify", "--repair")),
            )

    @_ours
    def read(self, path: str, *, limit_bytes: int = -1) -> bytes | None:
        """Return a file's bytes, or None when it is not there."""
        try:
            with open(self._prefix + path, "rb", buffering=0) as file:
                return file.read(limit_bytes)
        except (FileNotFoundError, NotADirectoryError):
            return None

    @_ours
    def size(self, path: str) -> int | None:
        """Return a file's size, or None when it is not there."""
        try:
            return os.stat(self._prefix + path).st_size
        except (FileNotFoundError, NotADirectoryError):
            return None

    @_ours
    def names(self, folder: str) -> list[str]:
        """Return the names in a folder, sorted; none when it is not there."""
        try:
            return sorted(os.listdir(self._prefix + folder))
        except (FileNotFoundError, NotADirectoryError):
            return []

    @_ours
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
        """Yield the path of every file below a folder; see TreeReader."""
        with disk_errors(self.name):
            yield from self._walk(folder)

    def _walk(self, folder: str) -> Iterator[str]:
        below = f"{folder}/" if folder else ""
        try:
            with os.scandir(self._prefix + folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except (FileNotFoundError, NotADirectoryError):
            return
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                yield from self._walk(below + entry.name)
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

    def _stage(self, pieces: Iterable[bytes]) -> str:
        staged = self._next_name()
        file = os.open(staged, _CREATE, _FILE_MODE)
        try:
            for piece in pieces:
                write_all(file, piece)
            if self._mask:
                os.fchmod(file, _FILE_MODE)
        except BaseException:
            os.unlink(staged)
            raise
        finally:
            os.close(file)
        return staged

    def _next_name(self) -> str:
        self._number += 1
        return f"{self._staging}{self._staged_as}{self._number}"

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


def _has_digest(path: str, digest: Digest) -> bool:
    """Return whether a file, and no link to one, has the bytes of a blob."""
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return False
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == digest
    except (FileNotFoundError, NotADirectoryError):
        return False
