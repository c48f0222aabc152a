"""Blobs: verbatim bytes under their digest, mode 0444, never changed.

Admission, in this order (I1):

    1. length and digest are what was wanted
    2. fchmod 0444, fsync of the staged file
    3. rename to blobs/sha256/ab/abcd…, or drop the staged file if the blob is there
    4. the folder is remembered as dirty, its parent too when it was made now
    5. ``sync_folders`` fsyncs every dirty folder, before the journal and the catalog

The last step is apart so that a batch of versions pays for each folder once. A
blob that was there already is kept only if its size is right, and its folder is
synced again all the same: the run that wrote it may have died before its sync.

Admissions and reads run in many threads at once.
"""

from __future__ import annotations

import hashlib
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from gosync.errors import (
    BlobCorruptError,
    BlobMissingError,
    NoSpaceError,
)
from gosync.hint import advise, command
from gosync.store.digest import Digest, digest_of, is_digest
from gosync.store.durable import disk_errors, sync_folder
from gosync.store.layout import BLOBS, STAGING, blob_path, is_staged_name
from gosync.store.staging import Staged, read_at

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from pathlib import Path

SYNC_THREADS = 8
_PIECE_BYTES = 1 << 20


class BlobReader:
    """An open blob: bytes at any offset.

    Attributes:
        size_bytes: The blob's size.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor
        self.size_bytes = os.fstat(descriptor).st_size

    def read_at(self, offset: int, size_bytes: int) -> bytes:
        """Return the bytes there; fewer only at the end of the blob.

        Raises:
            StoreError: they cannot be read.
        """
        with disk_errors(self._path):
            return read_at(self._descriptor, offset, size_bytes)


class BlobStore:
    """The blobs and the staging folder of one store, which ``open_store`` made."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._dirty: set[Path] = set()
        self._lock = threading.Lock()

    def stage(self) -> Staged:
        """Begin a staged file.

        Raises:
            NoSpaceError: the disk is full.
            StoreError: it cannot be made.
        """
        return Staged(self._root / STAGING)

    def put_bytes(self, data: bytes) -> Digest:
        """Admit bytes that are in memory; bytes that are there cost no write.

        Raises:
            NoSpaceError: the disk is full.
            StoreError: the blob cannot be written.
        """
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
        """Make a staged file a blob; durable once ``sync_folders`` returned.

        Args:
            staged: The file; settled by this, and by an error left as it is.
            want: The digest it must have, if one is known.
            size_bytes: The size it must have, if one is known.
            replace: Whether it takes the place of a blob that is there: one whose
                bytes proved to be others.

        Raises:
            BlobCorruptError: digest or size are not what was wanted.
            NoSpaceError: the disk is full.
            StoreError: the blob cannot be written.
        """
        digest = staged.digest
        _check_wanted(staged, want=want, size_bytes=size_bytes)
        if not replace and self._keep(digest, staged.size_bytes):
            staged.discard()
            return digest
        staged.seal()
        path = self.path(digest)
        with disk_errors(path):
            self._make_shard(path.parent)
            staged.path.replace(path)
        staged.settle()
        self._mark(path.parent)
        return digest

    def _keep(self, digest: Digest, size_bytes: int) -> bool:
        """Whether the blob is there whole; debris of another size is replaced."""
        path = self.path(digest)
        with disk_errors(path):
            try:
                if path.stat().st_size != size_bytes:
                    return False
            except FileNotFoundError:
                return False
        self._mark(path.parent)
        return True

    def _make_shard(self, shard: Path) -> None:
        if shard.is_dir():
            return
        with suppress(FileExistsError):
            shard.mkdir()
        self._mark(shard.parent)

    def _mark(self, folder: Path) -> None:
        with self._lock:
            self._dirty.add(folder)

    def sync_folders(self) -> int:
        """Make every admission so far durable; return how many folders it took.

        Raises:
            StoreError: a folder cannot be synced; all are tried again next time.
        """
        with self._lock:
            dirty, self._dirty = self._dirty, set()
        try:
            with disk_errors(self._root / BLOBS):
                _sync_all(sorted(dirty))
        except BaseException:
            with self._lock:
                self._dirty |= dirty
            raise
        return len(dirty)

    def path(self, digest: Digest) -> Path:
        """Return where a blob lies, or would lie.

        Raises:
            MalformedError: it is no digest.
        """
        return self._root / blob_path(digest)

    def size(self, digest: Digest) -> int:
        """Return a blob's size in bytes.

        Raises:
            BlobMissingError: it is not there.
            StoreError: the disk refuses.
        """
        path = self.path(digest)
        with disk_errors(path):
            try:
                return path.stat().st_size
            except FileNotFoundError:
                raise _missing(digest) from None

    def exists(self, digest: Digest, *, size_bytes: int | None = None) -> bool:
        """Whether a blob is there, with that size if one is given.

        Raises:
            StoreError: the disk refuses.
        """
        try:
            found = self.size(digest)
        except BlobMissingError:
            return False
        return size_bytes is None or found == size_bytes

    def read(self, digest: Digest, *, limit_bytes: int | None = None) -> bytes:
        """Return a blob's bytes, proven by their digest.

        Raises:
            BlobMissingError: it is not there.
            BlobCorruptError: its bytes have another digest, or exceed the limit.
            StoreError: the disk refuses.
        """
        with self.open(digest) as blob:
            if limit_bytes is not None and blob.size_bytes > limit_bytes:
                raise BlobCorruptError(
                    f"blob {digest}: {blob.size_bytes} bytes, limit {limit_bytes}"
                )
            data = blob.read_at(0, blob.size_bytes)
        if (got := digest_of(data)) != digest:
            raise BlobCorruptError(
                f"blob {digest}: its bytes have the digest {got}",
                hint=advise(
                    "remove the file and run {} to fetch it anew", command("sync")
                ),
            )
        return data

    def pieces(self, digest: Digest) -> Iterator[bytes]:
        """Yield a blob's bytes; after the last they are proven by their digest.

        Raises:
            BlobMissingError: it is not there.
            BlobCorruptError: its bytes have another digest.
            StoreError: the disk refuses.
        """
        found = hashlib.sha256()
        with self.open(digest) as blob:
            for offset in range(0, blob.size_bytes, _PIECE_BYTES):
                piece = blob.read_at(offset, _PIECE_BYTES)
                found.update(piece)
                yield piece
        if found.hexdigest() != digest:
            raise BlobCorruptError(
                f"blob {digest}: its bytes have the digest {found.hexdigest()}",
                hint=advise("run {}", command("verify", "--repair")),
            )

    @contextmanager
    def open(self, digest: Digest) -> Iterator[BlobReader]:
        """Open a blob to read parts of it; nothing is proven by this.

        Raises:
            BlobMissingError: it is not there.
            StoreError: the disk refuses.
        """
        path = self.path(digest)
        with disk_errors(path):
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                raise _missing(digest) from None
        try:
            yield BlobReader(path, descriptor)
        finally:
            os.close(descriptor)

    def sweep_staging(self) -> int:
        """Remove what killed runs left in staging; only under the store's lock.

        What is called otherwise than what is staged is somebody else's, and stays.

        Raises:
            StoreError: a file cannot be removed.
        """
        folder = self._root / STAGING
        with disk_errors(folder):
            leftovers = [
                entry
                for entry in folder.iterdir()
                if is_staged_name(entry.name) and entry.is_file()
            ]
            for leftover in leftovers:
                leftover.unlink()
        return len(leftovers)

    def others(self, keep: Container[str]) -> dict[Digest, int]:
        """Return every blob but these, with its size.

        A folder that is a link is somebody's other place, and not looked into.

        Raises:
            StoreError: the disk refuses.
        """
        with disk_errors(self._root / BLOBS):
            return {
                Digest(blob.name): blob.stat().st_size
                for folder in (self._root / BLOBS).glob("??")
                if not folder.is_symlink()
                for blob in folder.glob("*")
                if blob.name not in keep and is_digest(blob.name)
            }

    def remove_others(self, keep: Container[str]) -> tuple[int, int]:
        """Remove every blob but these; only under the store's lock.

        Nothing may name what goes: neither a row nor a tree that is still to be
        published (I1).

        Returns:
            How many blobs were removed, and their sizes together.

        Raises:
            StoreError: a blob cannot be removed.
        """
        others = self.others(keep)
        with disk_errors(self._root / BLOBS):
            for path in map(self.path, others):
                path.unlink()
                self._mark(path.parent)
        self.sync_folders()
        return len(others), sum(others.values())

    def check_space(self, needed_bytes: int, *, min_free_bytes: int) -> None:
        """Check that the reserve stays free after so many more bytes.

        Raises:
            NoSpaceError: it would not.
            StoreError: the disk refuses.
        """
        with disk_errors(self._root):
            room = os.statvfs(self._root)
        free = room.f_bavail * room.f_frsize
        if free - needed_bytes < min_free_bytes:
            raise NoSpaceError(
                f"{self._root}: {free} bytes free; {needed_bytes} more would go"
                f" below the reserve of {min_free_bytes}",
                hint="free some space, or lower store.min_free",
            )


def _missing(digest: Digest) -> BlobMissingError:
    return BlobMissingError(
        f"blob {digest}: not in the store",
        hint=advise("run {} to fetch it anew", command("sync")),
    )


def _check_wanted(
    staged: Staged, *, want: Digest | None, size_bytes: int | None
) -> None:
    if size_bytes is not None and staged.size_bytes != size_bytes:
        raise BlobCorruptError(
            f"{staged.path}: {staged.size_bytes} bytes, want {size_bytes}"
        )
    if want is not None and staged.digest != want:
        raise BlobCorruptError(f"{staged.path}: digest {staged.digest}, want {want}")


def _sync_all(folders: list[Path]) -> None:
    """Sync them, many side by side: the filesystem joins their commits."""
    if len(folders) < SYNC_THREADS:
        for folder in folders:
            sync_folder(folder)
        return
    with ThreadPoolExecutor(SYNC_THREADS) as pool:
        list(pool.map(sync_folder, folders))
