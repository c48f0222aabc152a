"""Blobs on their way into a bucket: sent side by side, behind the caller's back.

A blob is put without a condition, in one request: under a digest there is one content,
so that whoever comes second writes what is there, or mends it. What goes in parts is
looked for first, and sent where it is not there with its size.

What failed stays, and is sent again by the next ``wait``. Callers wait where too many
bytes of small blobs are in memory.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait

from gosync.store.blobs import OpenBlob
from gosync.store.digest import Digest
from gosync.store.durable import disk_errors
from gosync.store.objects.bucket import Bucket
from gosync.store.objects.keptblobs import KeptBlobs
from gosync.store.objects.openblobs import MemoryBlob, StagedBlob, blob_key
from gosync.store.staging import LocalStaged

SENT_AT_ONCE = 16
_WAITING_BYTES = 64 << 20
_ONE_REQUEST_BYTES = 8 << 20  # more goes in parts
_SMALLEST_BYTES = 4096  # what a blob is reckoned with at least


class SentBlob:
    """A blob that was admitted and is not known to have arrived.

    Attributes:
        content: Its bytes, or the staged file that has them, to be discarded then.
        replace: Whether it takes the place of a blob that is there.
        sent: Its request.
    """

    def __init__(self, content: bytes | LocalStaged, *, replace: bool) -> None:
        self.content = content
        self.replace = replace
        self.sent: Future[None] | None = None

    @property
    def size_bytes(self) -> int:
        """Its size."""
        if isinstance(self.content, bytes):
            return len(self.content)
        return self.content.size_bytes

    @property
    def memory_bytes(self) -> int:
        """What it is reckoned with while it waits."""
        if isinstance(self.content, bytes):
            return max(len(self.content), _SMALLEST_BYTES)
        return _SMALLEST_BYTES

    @property
    def has_failed(self) -> bool:
        """Whether it is to be sent again."""
        return self.sent is None or (
            self.sent.done() and self.sent.exception() is not None
        )

    def let_go(self, *, is_kept: bool = False) -> None:
        """Discard the staged file; or close it alone, whose name somebody has."""
        if isinstance(self.content, bytes):
            return
        if is_kept:
            self.content.settle()
        else:
            self.content.discard()


class BlobSender:
    """Sends blobs; threads may share it."""

    def __init__(self, bucket: Bucket, kept: KeptBlobs) -> None:
        """Take the bucket, and who keeps what has arrived.

        Threads begin with the first blob.
        """
        self._bucket = bucket
        self._kept = kept
        self._blobs: dict[Digest, SentBlob] = {}
        self._memory_bytes = 0
        self._count = 0  # what was sent since the last wait
        self._lock = threading.Lock()
        self._room = threading.Condition(self._lock)
        self._pool: ThreadPoolExecutor | None = None

    def send(self, digest: Digest, blob: SentBlob) -> None:
        """Send a blob; of the same bytes on their way one is enough."""
        with self._room:
            while self._memory_bytes > _WAITING_BYTES:
                self._room.wait()
            self._count += 1
            there = self._blobs.get(digest)
            if there is not None and not blob.replace:
                blob.let_go()
                return
            self._blobs[digest] = blob
            self._submit(digest, blob, after=there)

    def _submit(
        self, digest: Digest, blob: SentBlob, *, after: SentBlob | None = None
    ) -> None:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(SENT_AT_ONCE, "blobs")
        before = after.sent if after is not None else None
        self._memory_bytes += blob.memory_bytes
        blob.sent = self._pool.submit(self._deliver, digest, blob, before)

    def _deliver(
        self, digest: Digest, blob: SentBlob, before: Future[None] | None
    ) -> None:
        if before is not None:
            wait([before])
        arrived = is_kept = False
        try:
            self._store(digest, blob)
            if not isinstance(blob.content, bytes):
                is_kept = self._kept.add_staged(digest, blob.content)
            arrived = True
        finally:
            with self._room:
                self._memory_bytes -= blob.memory_bytes
                if arrived and self._blobs.get(digest) is blob:
                    del self._blobs[digest]
                self._room.notify_all()
        blob.let_go(is_kept=is_kept)

    def _store(self, digest: Digest, blob: SentBlob) -> None:
        """See to it that the blob is in the bucket."""
        key, content = blob_key(digest), blob.content
        if blob.size_bytes > _ONE_REQUEST_BYTES and not blob.replace:
            info = self._bucket.head(key)
            if info is not None and info.size_bytes == blob.size_bytes:
                return
        self._bucket.put(key, content if isinstance(content, bytes) else content.path)

    def note(self, count: int) -> None:
        """Count so many more that ``wait`` tells of."""
        with self._lock:
            self._count += count

    def wait(self) -> int:
        """Wait until all has arrived; return how many blobs that were.

        Raises:
            StoreError: one has not; all of it is sent again next time.
        """
        with self._lock:
            count, self._count = self._count, 0
            for digest, each in self._blobs.items():
                if each.has_failed:
                    self._submit(digest, each)
            requests = [each.sent for each in self._blobs.values() if each.sent]
        wait(requests)
        for request in requests:
            failure = request.exception()
            if failure is not None:
                self.note(count)
                raise failure
        return count

    def wait_for(self, digests: Iterable[Digest]) -> None:
        """Wait for the requests of some blobs, however they end."""
        with self._lock:
            blobs = [self._blobs.get(digest) for digest in digests]
        wait([each.sent for each in blobs if each is not None and each.sent])

    def size(self, digest: Digest) -> int | None:
        """Return the size of a blob that is on its way, None for another one."""
        with self._lock:
            blob = self._blobs.get(digest)
        return None if blob is None else blob.size_bytes

    def open(self, digest: Digest) -> OpenBlob | None:
        """Return a blob that is on its way, None for another one.

        Raises:
            StoreError: the system refuses.
        """
        with self._lock:
            blob = self._blobs.get(digest)
            if blob is None:
                return None
            if isinstance(blob.content, bytes):
                return MemoryBlob(blob.content)
            with disk_errors(blob.content.path):
                descriptor = os.dup(blob.content.descriptor)
            return StagedBlob(descriptor, blob.size_bytes)

    def close(self) -> None:
        """End the threads; what has not arrived is not durable, and named by nobody."""
        with self._lock:
            pool, self._pool = self._pool, None
            blobs, self._blobs = self._blobs, {}
        if pool is not None:
            pool.shutdown(cancel_futures=True)
        for each in blobs.values():
            each.let_go()
