"""A tree as objects of a bucket; the contract is ``tree``'s.

A file's path is its key, so that the bucket's website, or a CDN before it, is a
GOPROXY. Each object has the media type and the Cache-Control of its kind, as
`gosync serve` and the sample for nginx say them.

**Waves.** What is put waits in memory; a wave's objects are put side by side, and
nothing of the next wave is asked for before each of them has its answer. Where one
fails, none that has not begun is put. ``remove`` asks at once, so that what is removed
goes in the order in which it was said.

**Blobs.** One that is large, of a store in the same bucket, is copied by the service
and does not come here; all others are read from the store, which proves them, and put.
Which are there already is told by listing the folder, and by the notes that
``objectfolder`` keeps: what a publish asks for follows what changed. The service copies
what the blob was put with: such an object's media type is the blob's.

**One publisher.** A tree has a lease (``treelease``), and a generated file that was
read is put only where it is as it was read, by its ETag: of two that would write it one
gets ``LockedError``, though it slept beyond its lease.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from gosync.errors import (
    ObjectMissingError,
)
from gosync.folder import routes
from gosync.publish.storage.objectfolder import ObjectFolder
from gosync.publish.storage.objectput import (
    BlobObject,
    ObjectPutter,
    Upload,
    may_be_copied,
)
from gosync.publish.storage.tree import TreeReader, TreeStorage, TreeWriter
from gosync.publish.storage.treelease import TreeLease
from gosync.store.blobs import BlobReader
from gosync.store.digest import Digest, parse_digest
from gosync.store.objects.bucket import Bucket

_AT_ONCE = 32
_WAITING_BYTES = 64 << 20
_WAITING_FILES = 2_000
_SEEN_FILES = 10_000
_OPEN_FOLDERS = 500
_ASKED_ONE_BY_ONE = 2
_FEW = 3  # requests that are not worth threads

T = TypeVar("T")
R = TypeVar("R")


class ObjectTree(TreeStorage):
    """A tree that is the objects of a bucket below a prefix."""

    is_remote = True

    def __init__(self, bucket: Bucket, lease: TreeLease | None = None) -> None:
        """Take what keeps the tree.

        Args:
            bucket: Its objects.
            lease: Who may write it; None where nobody else can.
        """
        self.name = bucket.name
        self._bucket = bucket
        self._lease = lease

    def reader(self) -> TreeReader:
        """Return what reads the objects, each time anew."""
        return ObjectTreeWriter(self._bucket, keeps=False)

    def writer(self, *, beside: bool = False) -> TreeWriter:  # noqa: ARG002 - a contract
        """Return what puts objects; nobody beside it has staged any."""
        return ObjectTreeWriter(self._bucket, self._lease)


class ObjectTreeWriter(TreeWriter):
    """Puts the objects of one tree.

    Until a commit it keeps what it learned of folders, since nobody else writes.
    """

    def __init__(
        self, bucket: Bucket, lease: TreeLease | None = None, *, keeps: bool = True
    ) -> None:
        """Take what keeps the tree.

        Args:
            bucket: Its objects.
            lease: Who may write it; None where nobody else can.
            keeps: Whether what is learned of a folder is kept.
        """
        self.name = bucket.name
        self.written = 0
        self.linked = 0
        self.copied = 0
        self.removed = 0
        self.blob_bytes = 0
        self._bucket = bucket
        self._lease = lease
        self._keeps = keeps
        self._waiting: dict[str, Upload | BlobObject] = {}
        self._waiting_bytes = 0
        self._folders: dict[str, ObjectFolder] = {}
        self._asked: Counter[str] = Counter()
        self._seen: dict[str, str] = {}
        self._putter = ObjectPutter(bucket)

    def open(self) -> None:
        """Take the tree's lease; what a publish before left is not in the bucket."""
        self._hold()
        self._waiting = {}
        self._waiting_bytes = 0
        self._forget()

    def _forget(self) -> None:
        self._folders.clear()
        self._asked.clear()
        self._seen.clear()

    def read(self, path: str, *, limit_bytes: int = -1) -> bytes | None:
        """Return an object's bytes, or None when it is not there."""
        if limit_bytes >= 0:
            return self._read_beginning(path, limit_bytes)
        if len(self._seen) > _SEEN_FILES:
            self._seen.clear()
        folder, _, name = path.rpartition("/")
        known = self._learned(folder)
        if known is not None and known.info(name) is None:
            self._seen[path] = ""
            return None
        try:
            found = self._bucket.get(path)
        except ObjectMissingError:
            self._seen[path] = ""
            return None
        self._seen[path] = found.etag
        return found.data

    def _read_beginning(self, path: str, limit_bytes: int) -> bytes | None:
        if limit_bytes == 0:
            return None if self._bucket.head(path) is None else b""
        try:
            return self._bucket.get_range(path, 0, limit_bytes)
        except ObjectMissingError:
            return None

    def size(self, path: str) -> int | None:
        """Return an object's size, or None when it is not there."""
        folder, _, name = path.rpartition("/")
        known = self._learned(folder)
        info = self._bucket.head(path) if known is None else known.info(name)
        return None if info is None else info.size_bytes

    def _learned(self, folder: str) -> ObjectFolder | None:
        """Return what a folder has, if that is known, or worth a question by now.

        Who asks for a few objects of a folder is going to ask for more of them.
        """
        if folder in self._folders:
            return self._folders[folder]
        self._asked[folder] += 1
        if not self._keeps or self._asked[folder] <= _ASKED_ONE_BY_ONE:
            return None
        return self._folder(folder)

    def names(self, folder: str) -> list[str]:
        """Return the names in a folder, sorted; none when it is not there."""
        found = self._folder(folder)
        if not folder:
            found.drop_empty()  # what is at the top says whether there is a tree
        return [name for name in found.names() if not _is_own(folder, name)]

    def walk(self, folder: str = "") -> Iterator[str]:
        """Yield the path of every object below a folder, sorted."""
        for info in self._bucket.list(folder):
            if not info.key.startswith(f"{routes.OBJECTS}/"):
                yield info.key

    def write(self, path: str, data: bytes, *, compare: bool = True) -> bool:
        """Let a generated file wait for its wave; see TreeWriter."""
        if compare and self._says(path, data):
            return False
        self._wait(path, Upload(path, data, self._seen.get(path)), len(data))
        self.written += 1
        return True

    def _says(self, path: str, data: bytes) -> bool:
        """Return whether a file is there with these bytes."""
        parent, _, name = path.rpartition("/")
        folder = self._folders.get(parent)
        if folder is not None:
            info = folder.info(name)
            self._seen[path] = "" if info is None else info.etag
            if info is None or info.size_bytes != len(data):
                return False
        return self.read(path) == data

    def link(
        self, path: str, blobs: BlobReader, digest: Digest, size_bytes: int
    ) -> bool:
        """Let a blob wait for its wave; see TreeWriter."""
        parse_digest(digest)
        folder, _, name = path.rpartition("/")
        if self._folder(folder).has_blob(name, digest):
            return False
        self._wait(path, BlobObject(path, blobs, digest, size_bytes), size_bytes)
        if may_be_copied(blobs, size_bytes):
            self.linked += 1
        else:
            self.copied += 1
        self.blob_bytes += size_bytes
        return True

    def _folder(self, path: str) -> ObjectFolder:
        folder = self._folders.get(path) or ObjectFolder(self._bucket, path)
        if self._keeps:
            self._folders[path] = folder
        return folder

    def _wait(self, path: str, waiting: Upload | BlobObject, size_bytes: int) -> None:
        """Let it wait; end the wave when that is enough to be put."""
        self._waiting[path] = waiting
        self._waiting_bytes += size_bytes
        if (
            len(self._waiting) >= _WAITING_FILES
            or self._waiting_bytes >= _WAITING_BYTES
            or len(self._folders) >= _OPEN_FOLDERS
        ):
            self.commit()

    def then(self) -> None:
        """End a wave: put all that waits, and wait for it."""
        if not self._waiting:
            return
        self._hold()
        waiting, self._waiting = list(self._waiting.values()), {}
        self._waiting_bytes = 0
        for put, info in zip(
            waiting, self._side_by_side(self._putter.put, waiting), strict=True
        ):
            folder = self._folders.get(put.path.rpartition("/")[0])
            if folder is not None:
                blob = put.digest if isinstance(put, BlobObject) else None
                folder.put(info, blob)
            self._seen.pop(put.path, None)
        self.linked -= len(self._putter.not_copied)
        self.copied += len(self._putter.not_copied)
        self._putter.not_copied.clear()
        if self._lease is not None:
            self._lease.check()

    def _hold(self) -> None:
        if self._lease is not None:
            self._lease.take()

    def commit(self) -> None:
        """End a wave, and save the notes of the folders that have other blobs now."""
        self.then()
        changed = [each for each in self._folders.values() if each.is_changed]
        self._side_by_side(ObjectFolder.save, changed)
        self._forget()

    def remove(self, path: str) -> bool:
        """Remove an object; folders are names, and go with their last one."""
        if self.size(path) is None:
            return False
        self._hold()
        self._bucket.delete([path])
        parent, _, name = path.rpartition("/")
        if parent in self._folders:
            self._folders[parent].remove(name)
        self._seen.pop(path, None)
        self.removed += 1
        return True

    def _side_by_side(self, call: Callable[[T], R], each: Sequence[T]) -> list[R]:
        """Return what a call answers for each; after an error none is begun anew."""
        if len(each) < _FEW:
            return list(map(call, each))
        pool = ThreadPoolExecutor(min(_AT_ONCE, len(each)))
        try:
            return list(pool.map(call, each))
        finally:
            pool.shutdown(cancel_futures=True)


def _is_own(folder: str, name: str) -> bool:
    """Return whether a name is one of what the tree's storage keeps for itself."""
    return f"{folder}/{name}" == routes.OBJECTS
