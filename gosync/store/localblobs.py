"""Blobs as files: ``blobs/sha256/ab/abcd…``, mode 0444; the contract is ``blobs``'s.

Admission, in this order (I1):

    1. length and digest are what was wanted
    2. fchmod 0444, fsync of the staged file
    3. rename to blobs/sha256/ab/abcd…, or drop the staged file if the blob is there
    4. the folder is remembered as dirty, its parent too unless that was synced since
    5. ``sync`` fsyncs every dirty folder, before the journal and the catalog

The last step is apart so that a batch of versions pays for each folder once. A
blob that was there already is kept only if its size is right, and its folder is
synced again all the same: the run that wrote it may have died before its sync.

Admissions and reads run in many threads at once.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

from gosync.errors import BlobCorruptError, NoSpaceError
from gosync.store.blobs import BlobStore, missing
from gosync.store.digest import Digest, digest_of, is_digest
from gosync.store.durable import (
    disk_errors,
    sweep_temporary,
    sync_filesystem,
    sync_folder,
)
from gosync.store.layout import BLOBS, STAGING, blob_path, is_staged_name
from gosync.store.scratch import ScratchFolder
from gosync.store.staging import LocalStaged, Staged, read_at, seal_all

_MANY = 32  # folders whose syncs cost more than that of their filesystem


class LocalOpenBlob:
    """An open file of a blob.

    Attributes:
        size_bytes: The blob's size.
        descriptor: The file's.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self.descriptor = descriptor
        self.size_bytes = os.fstat(descriptor).st_size

    def read_at(self, offset: int, size_bytes: int) -> bytes:
        """Return the bytes there; see Readable."""
        with disk_errors(self._path):
            return read_at(self.descriptor, offset, size_bytes)


class LocalBlobStore(BlobStore):
    """The blobs and the staging folder of one store, which ``open_store`` made."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._dirty: set[Path] = set()
        self._durable_shards: set[Path] = set()  # whose own names are durable
        self._lock = threading.Lock()
        self._scratch = ScratchFolder(root / STAGING)

    def __str__(self) -> str:
        return str(self._root)

    def stage(self) -> LocalStaged:
        """Begin a staged file; see BlobWriter."""
        return LocalStaged(self._root / STAGING)

    def scratch_file(self, *, memory_bytes: int = 0) -> IO[bytes]:
        """Open a file without a name in the staging folder; see BlobWriter."""
        return self._scratch.scratch_file(memory_bytes=memory_bytes)

    def put_bytes(self, data: bytes) -> Digest:
        """Admit bytes that are in memory; see BlobWriter."""
        digest = digest_of(data)
        if self._keep(digest, len(data)):
            return digest
        with self.stage() as staged:
            staged.write(data)
            return self.admit(staged, want=digest, size_bytes=len(data))

    def admit(
        self,
        staged: Staged,
        *,
        want: Digest | None = None,
        size_bytes: int | None = None,
        replace: bool = False,
    ) -> Digest:
        """Make a staged file a blob by renaming it; see BlobWriter."""
        if not isinstance(staged, LocalStaged):
            raise TypeError(f"{staged!r}: staged elsewhere")
        digest = staged.digest
        check_wanted(staged, want=want, size_bytes=size_bytes)
        if not replace and self._keep(digest, staged.size_bytes):
            staged.discard()
            return digest
        staged.seal()
        self._place(staged, digest)
        return digest

    def admit_all(self, parts: Sequence[bytes | Staged]) -> list[Digest]:
        """Admit many small ones together, with one sync before all are renamed."""
        new: dict[Digest, LocalStaged] = {}
        digests = []
        with ExitStack() as ours:
            for part in parts:
                digest = digest_of(part) if isinstance(part, bytes) else part.digest
                digests.append(digest)
                size_bytes = len(part) if isinstance(part, bytes) else part.size_bytes
                if digest not in new and not self._keep(digest, size_bytes):
                    new[digest] = self._staged(part, ours)
                elif not isinstance(part, bytes):
                    part.discard()
            seal_all(list(new.values()))
            for digest, staged in new.items():
                self._place(staged, digest)
        return digests

    def _staged(self, part: bytes | Staged, ours: ExitStack) -> LocalStaged:
        """Return a part as a staged file; what is made here is dropped in the end."""
        if isinstance(part, bytes):
            staged = ours.enter_context(self.stage())
            staged.write(part)
            return staged
        if not isinstance(part, LocalStaged):
            raise TypeError(f"{part!r}: staged elsewhere")
        return part

    def _place(self, staged: LocalStaged, digest: Digest) -> None:
        """Let what is sealed be the blob of its digest."""
        path = self.path(digest)
        with disk_errors(path):
            self._make_shard(path.parent)
            staged.path.replace(path)
        staged.settle()
        self._mark_shard(path.parent)

    def _keep(self, digest: Digest, size_bytes: int) -> bool:
        """Whether the blob is there whole; debris of another size is replaced."""
        path = self.path(digest)
        with disk_errors(path):
            try:
                if path.stat().st_size != size_bytes:
                    return False
            except FileNotFoundError:
                return False
        self._mark_shard(path.parent)
        return True

    def _make_shard(self, shard: Path) -> None:
        if not shard.is_dir():
            with suppress(FileExistsError):
                shard.mkdir()

    def _mark_shard(self, shard: Path) -> None:
        """Mark a shard, and where it lies: who made it may have died before a sync."""
        self._mark(shard)
        if shard not in self._durable_shards:
            self._mark(shard.parent)

    def _mark(self, folder: Path) -> None:
        with self._lock:
            self._dirty.add(folder)

    def sync(self) -> int:
        """Fsync what admissions changed; return how many folders that took."""
        with self._lock:
            dirty, self._dirty = self._dirty, set()
        try:
            with disk_errors(self._root / BLOBS):
                _sync_all(sorted(dirty))
        except BaseException:
            with self._lock:
                self._dirty |= dirty
            raise
        if self._root / BLOBS in dirty:
            with self._lock:
                self._durable_shards |= dirty
        return len(dirty)

    def path(self, digest: Digest) -> Path:
        """Return where a blob lies, or would lie: for the local tree alone.

        Raises:
            MalformedError: it is no digest.
        """
        return self._root / blob_path(digest)

    def size(self, digest: Digest) -> int:
        """Return a blob's size in bytes; see BlobReader."""
        path = self.path(digest)
        with disk_errors(path):
            try:
                return path.stat().st_size
            except FileNotFoundError:
                raise missing(digest) from None

    @contextmanager
    def open(self, digest: Digest) -> Iterator[LocalOpenBlob]:
        """Open a blob's file; see BlobReader."""
        path = self.path(digest)
        with disk_errors(path):
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                raise missing(digest) from None
        try:
            yield LocalOpenBlob(path, descriptor)
        finally:
            os.close(descriptor)

    def sweep_staging(self) -> int:
        """Remove what killed runs left in staging; see BlobWriter."""
        folder = self._root / STAGING
        with disk_errors(folder):
            leftovers = [
                entry
                for entry in folder.iterdir()
                if is_staged_name(entry.name) and entry.is_file()
            ]
            return sum(map(sweep_temporary, leftovers))

    def others(self, keep: Container[str]) -> dict[Digest, int]:
        """Return every blob but these, with its size.

        A folder that is a link is somebody's other place, and not looked into.
        """
        found: dict[Digest, int] = {}
        with disk_errors(self._root / BLOBS):
            for folder in (self._root / BLOBS).glob("??"):
                for blob in () if folder.is_symlink() else folder.glob("*"):
                    if blob.name not in keep and is_digest(blob.name):
                        with suppress(FileNotFoundError):  # somebody removed it now
                            found[Digest(blob.name)] = blob.stat().st_size
        return found

    def remove(self, digests: Iterable[Digest]) -> int:
        """Remove blobs; see BlobStore."""
        removed = 0
        with disk_errors(self._root / BLOBS):
            for path in map(self.path, digests):
                with suppress(FileNotFoundError):
                    path.unlink()
                    removed += 1
                self._mark(path.parent)
        return removed

    def check_space(self, needed_bytes: int, *, min_free_bytes: int) -> None:
        """Check that the disk keeps the reserve; see BlobWriter."""
        with disk_errors(self._root):
            room = os.statvfs(self._root)
        free = room.f_bavail * room.f_frsize
        if free - needed_bytes < min_free_bytes:
            raise NoSpaceError(
                f"{self._root}: {free} bytes free; {needed_bytes} more would go"
                f" below the reserve of {min_free_bytes}",
                hint="free some space, or lower store.min_free",
            )


def check_wanted(
    staged: LocalStaged, *, want: Digest | None, size_bytes: int | None
) -> None:
    """Check that what is staged is what is wanted.

    Raises:
        BlobCorruptError: digest or size are others.
    """
    if size_bytes is not None and staged.size_bytes != size_bytes:
        raise BlobCorruptError(
            f"{staged.path}: {staged.size_bytes} bytes, want {size_bytes}"
        )
    if want is not None and staged.digest != want:
        raise BlobCorruptError(f"{staged.path}: digest {staged.digest}, want {want}")


def _sync_all(folders: list[Path]) -> None:
    """Sync them: many by one commit of their filesystem in place of one each."""
    if len(folders) >= _MANY:
        sync_filesystem(folders[0])
        return
    for folder in folders:
        sync_folder(folder)
