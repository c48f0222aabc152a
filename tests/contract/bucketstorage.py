"""A tree that is objects: of a service in memory, and of a real one behind a line."""

from __future__ import annotations

from collections.abc import Callable

from gosync.publish.objecttree import ObjectTree
from gosync.publish.tree import TreeStorage
from gosync.store.blobs import BlobStore
from gosync.store.digest import Digest
from gosync.store.objects.bucket import Bucket
from tests.contract.memory import MemoryBlobStore, MemoryDisk
from tests.contract.memorybucket import MemoryBucket, MemoryService
from tests.contract.storages import MemoryStorage
from tests.simulator.objectfaults import Asked, Fault, ObjectFaults

_CHANGES = ("PUT", "DELETE", "POST")


class BlobObjects(MemoryBlobStore):
    """Blobs in memory that are objects as well, so that the service can copy them."""

    def __init__(self, disk: MemoryDisk, bucket: Bucket) -> None:
        super().__init__(disk)
        self.bucket = bucket

    def key(self, digest: Digest) -> str:
        return f"blobs/{digest}"

    def put_bytes(self, data: bytes) -> Digest:
        digest = super().put_bytes(data)
        self.bucket.put(self.key(digest), data)
        return digest


class BucketStorage(MemoryStorage):
    """A tree in a bucket; all else is in memory."""

    def __init__(self, store: Bucket, tree: Bucket) -> None:
        super().__init__()
        self._store = store
        self._tree = tree

    def blobs(self) -> BlobStore:
        return BlobObjects(self.disk, self._store)

    def tree_storage(self) -> TreeStorage:
        return ObjectTree(self._tree)


class MemoryBucketStorage(BucketStorage):
    """Of a service in memory."""

    def __init__(self) -> None:
        self._service = MemoryService()
        super().__init__(
            MemoryBucket(self._service, "store"), MemoryBucket(self._service, "public")
        )

    def full(self, *, yes: bool) -> None:
        self._service.full = yes

    def watch(self, look: Callable[[], None]) -> None:
        def after(verb: str, _key: str) -> None:
            if verb in _CHANGES:
                look()

        self._service.after = after


class RealBucketStorage(BucketStorage):
    """Of a real service, behind a line that can be told to fail."""

    def __init__(self, store: Bucket, tree: Bucket, line: ObjectFaults) -> None:
        super().__init__(store, tree)
        self._line = line

    def full(self, *, yes: bool) -> None:
        def refuse(asked: Asked) -> Fault | None:
            is_put = asked.method == "PUT"
            return Fault(status=400, code="QuotaExceeded") if is_put else None

        self._line.clear()
        if yes:
            self._line.fault = refuse

    def watch(self, look: Callable[[], None]) -> None:
        watched = Fault(after=look)
        self._line.fault = lambda asked: watched if asked.method in _CHANGES else None
