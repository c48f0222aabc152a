"""Files of a store whose blobs are in a bucket: these are read there, all else here.

What the system would say of a blob's file is what the bucket's list says, taken once:
its size, and when it was written. A blob has no owner and no mode that could be wrong.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir
from threading import Lock
from typing import TYPE_CHECKING, Final

import msgspec

from gosync.errors import BlobMissingError, MalformedError
from gosync.folder.layouts import OWN
from gosync.folder.tree import DamagedFileError, FileTree, NotInTreeError
from gosync.folder.walk import Entry
from gosync.store.blobs import OpenBlob
from gosync.store.digest import Digest
from gosync.store.layout import BLOBS, blob_path, parse_blob_path
from gosync.store.objects.blobs import ObjectBlobStore
from gosync.store.objects.bucket import ObjectInfo
from gosync.store.shared import SharedStore, open_shared_objects

if TYPE_CHECKING:
    from gosync.gomod.window import ReadAt

_MODE: Final = stat.S_IFREG | 0o444
_KEPT: Final = 32  # small ones, read more than once for one version
_SMALL_BYTES: Final = 1 << 20


class BucketTree(FileTree):
    """A store's folder, with its blobs as if they were there.

    Attributes:
        bucket: Where they are.
    """

    def __init__(
        self,
        folder: Path,
        blobs: ObjectBlobStore,
        infos: Mapping[Digest, ObjectInfo] | None = None,
    ) -> None:
        """Take a folder and its blobs.

        Args:
            folder: The store's folder.
            blobs: Its blobs.
            infos: What the bucket's list says of them; None to ask for it.

        Raises:
            UsageError: it is no folder.
            StoreError: the bucket refuses.
        """
        super().__init__(folder)
        self.bucket = blobs.bucket
        self._blobs = blobs
        self._like = self.stat()
        self._infos = blobs.infos() if infos is None else infos
        self._kept: OrderedDict[str, OpenBlob] = OrderedDict()
        self._lock = Lock()

    def entries(self) -> Iterator[Entry]:
        """Yield what there is of blobs."""
        for digest in self._infos:
            path = blob_path(digest)
            yield Entry(path, OWN, self.lstat(path))

    def share(self, shared: SharedStore, digests: Iterable[Digest]) -> SharedBucketTree:
        """Return some of its blobs as a worker opens them, as they were listed."""
        infos = {each: self._infos[each] for each in digests if each in self._infos}
        return SharedBucketTree(shared, infos)

    def lstat(self, path: str) -> os.stat_result:
        """Return what the list says of a blob, of others what the system does."""
        digest = digest_at(path)
        if digest is None:
            return super().lstat(path)
        info = self._infos.get(digest)
        if info is None:
            raise FileNotFoundError(path)
        return _stat_of(self._like, info)

    def require(self, path: str) -> int:
        """Return a file's size, which is not 0; see FileTree."""
        if digest_at(path) is None:
            return super().require(path)
        try:
            size = self.lstat(path).st_size
        except FileNotFoundError:
            raise NotInTreeError(path) from None
        if not size:
            raise DamagedFileError(path, "is empty")
        return size

    @contextmanager
    def open(self, path: str) -> Iterator[tuple[ReadAt, int]]:
        """Open a file: what reads it at an offset, and its size; see FileTree.

        Raises:
            StoreError: the bucket refuses: that says nothing of the blob.
        """
        digest = digest_at(path)
        if digest is None:
            with super().open(path) as found:
                yield found
            return
        try:
            with self._open(digest) as blob:
                yield blob.read_at, blob.size_bytes
        except BlobMissingError:
            raise NotInTreeError(path) from None

    @contextmanager
    def _open(self, digest: Digest) -> Iterator[OpenBlob]:
        with self._lock:
            kept = self._kept.get(digest)
        if kept is not None:
            yield kept
            return
        with self._blobs.open(digest) as blob:
            if blob.size_bytes <= _SMALL_BYTES:
                with self._lock:
                    self._kept[digest] = blob
                    if len(self._kept) > _KEPT:
                        self._kept.popitem(last=False)
            yield blob


class SharedBucketTree(msgspec.Struct, frozen=True):
    """Blobs of a store in a bucket, told to a worker.

    Attributes:
        shared: The store.
        infos: What the bucket's list said of the blobs.
    """

    shared: SharedStore
    infos: Mapping[Digest, ObjectInfo]

    def open(self) -> BucketTree:
        """Open them, on a worker.

        Raises:
            UnsharedError: another store is there, or obstore is not installed.
            StoreError: the bucket refuses.
        """
        blobs = open_shared_objects(self.shared)
        return BucketTree(Path(gettempdir()), blobs, self.infos)


def digest_at(path: str) -> Digest | None:
    """Return the digest that a blob's path in a store says, None for another one."""
    if not path.startswith(f"{BLOBS}/"):
        return None
    try:
        return parse_blob_path(path)
    except MalformedError:
        return None


def _stat_of(like: os.stat_result, info: ObjectInfo) -> os.stat_result:
    """Return what the system would say of a blob in a folder like this."""
    # Another number for other bytes: what was proven of a blob is of its ETag.
    inode = int.from_bytes(hashlib.sha256(info.etag.encode()).digest()[:7], "big")
    owner = (like.st_uid, like.st_gid)
    when = int(info.modified)
    fields = (_MODE, inode, like.st_dev, 1, *owner, info.size_bytes, when, when, when)
    ns = when * 1_000_000_000
    return os.stat_result(fields, {"st_mtime_ns": ns, "st_ctime_ns": ns})
