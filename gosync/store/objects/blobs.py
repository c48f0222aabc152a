"""Blobs as objects: ``blobs/ab/abcd…``, written once; the contract is ``blobs``'s.

Staging is a folder of the local disk. What is admitted there is sent behind the
caller's back, many blobs at once, and read from here until it has arrived; ``sync``
waits for all of them, before the journal and the catalog (I1). What failed is sent
again by the next ``sync``.

A small blob is created where none is, in one request. A large one is looked for first
and then sent in parts: it may be sent twice by two runs at once, with the same bytes.
One that is there with another size is debris, and replaced.

A reader gets a small blob with the request that opens it. Of a large one it gets
blocks, of which the last few are kept: whoever reads on, or goes back a little, asks
once.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Container, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from gosync.errors import (
    ObjectChangedError,
    ObjectMissingError,
    StoreError,
)
from gosync.store.blobs import BlobStore, OpenBlob, missing
from gosync.store.digest import Digest, digest_of, is_digest, parse_digest
from gosync.store.durable import disk_errors
from gosync.store.layout import STAGING
from gosync.store.localblobs import LocalBlobStore, check_wanted
from gosync.store.objects.bucket import Bucket, ObjectInfo
from gosync.store.staging import LocalStaged, Staged, read_at

BLOBS_PREFIX = "blobs"
SENT_AT_ONCE = 16
SMALL_BYTES = 1 << 20  # created, opened and kept in memory whole
BLOCK_BYTES = 4 << 20
BLOCKS_KEPT = 4
_WAITING_BYTES = 64 << 20  # of small blobs in memory, before a caller waits for them
_SMALLEST_BYTES = 4096  # what a blob is reckoned with at least


def blob_key(digest: Digest) -> str:
    """Return a blob's key.

    Raises:
        MalformedError: it is no digest.
    """
    parse_digest(digest)
    return f"{BLOBS_PREFIX}/{digest[:2]}/{digest}"


class MemoryBlob:
    """A small blob, read whole when it was opened."""

    descriptor = None

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size_bytes = len(data)

    def read_at(self, offset: int, size_bytes: int) -> bytes:
        """Return the bytes there; see Readable."""
        return self._data[offset : offset + size_bytes]


class RemoteBlob:
    """A large blob, read in blocks; threads may share it.

    Attributes:
        size_bytes: The blob's size.
    """

    descriptor = None

    def __init__(self, bucket: Bucket, digest: Digest, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self._bucket = bucket
        self._digest = digest
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def read_at(self, offset: int, size_bytes: int) -> bytes:
        """Return the bytes there; see Readable."""
        end = min(offset + size_bytes, self.size_bytes)
        pieces = []
        while offset < end:
            number, start = divmod(offset, BLOCK_BYTES)
            piece = self._block(number)[start : start + end - offset]
            if not piece:
                raise StoreError(f"blob {self._digest}: it ends before its size")
            pieces.append(piece)
            offset += len(piece)
        return b"".join(pieces)

    def _block(self, number: int) -> bytes:
        with self._lock:
            block = self._blocks.get(number)
            if block is None:
                block = self._ask(number)
                self._blocks[number] = block
                if len(self._blocks) > BLOCKS_KEPT:
                    self._blocks.popitem(last=False)
            self._blocks.move_to_end(number)
            return block

    def _ask(self, number: int) -> bytes:
        try:
            return self._bucket.get_range(
                blob_key(self._digest), number * BLOCK_BYTES, BLOCK_BYTES
            )
        except ObjectMissingError:
            raise missing(self._digest) from None


class LocalBlob:
    """A blob on its way, read from the file that is sent."""

    def __init__(self, descriptor: int, size_bytes: int) -> None:
        self.descriptor = descriptor
        self.size_bytes = size_bytes

    def read_at(self, offset: int, size_bytes: int) -> bytes:
        """Return the bytes there; see Readable."""
        with disk_errors("staged blob"):
            return read_at(self.descriptor, offset, size_bytes)


class _Waiting:
    """A blob that was admitted and is not known to have arrived."""

    def __init__(self, content: bytes | LocalStaged, *, replace: bool) -> None:
        self.content = content
        self.replace = replace
        self.sent: Future[None] | None = None

    @property
    def size_bytes(self) -> int:
        if isinstance(self.content, bytes):
            return len(self.content)
        return self.content.size_bytes

    @property
    def memory_bytes(self) -> int:
        """What it is reckoned with while it waits."""
        if isinstance(self.content, bytes):
            return max(len(self.content), _SMALLEST_BYTES)
        return _SMALLEST_BYTES

    def let_go(self) -> None:
        if not isinstance(self.content, bytes):
            self.content.discard()


class ObjectBlobStore(BlobStore):
    """The blobs of a bucket, with a staging folder on the local disk.

    Attributes:
        bucket: Where they are, as ``blob_key`` says.
    """

    def __init__(self, bucket: Bucket, local: Path) -> None:
        self.bucket = bucket
        self._local = LocalBlobStore(local)
        self._staging = local / STAGING
        self._waiting: dict[Digest, _Waiting] = {}
        self._memory_bytes = 0
        self._count = 0  # what was sent, or looked for, since the last sync
        self._lock = threading.Lock()
        self._room = threading.Condition(self._lock)
        self._pool: ThreadPoolExecutor | None = None
        self._listed: dict[Digest, ObjectInfo] | None = None

    def __str__(self) -> str:
        return self.bucket.name

    def key(self, digest: Digest) -> str:
        """Return a blob's key in the bucket, once it has arrived there.

        Raises:
            MalformedError: it is no digest.
        """
        return blob_key(digest)

    def stage(self) -> LocalStaged:
        """Begin a staged file on the local disk; see BlobWriter."""
        return self._local.stage()

    def scratch_file(self, *, memory_bytes: int = 0) -> IO[bytes]:
        """Open a file without a name on the local disk; see BlobWriter."""
        return self._local.scratch_file(memory_bytes=memory_bytes)

    def sweep_staging(self) -> int:
        """Remove what killed runs left in staging; see BlobWriter."""
        return self._local.sweep_staging()

    def check_space(self, needed_bytes: int, *, min_free_bytes: int) -> None:
        """Check that the local disk keeps the reserve: all passes through it."""
        self._local.check_space(needed_bytes, min_free_bytes=min_free_bytes)

    def put_bytes(self, data: bytes) -> Digest:
        """Admit bytes that are in memory; see BlobWriter."""
        digest = digest_of(data)
        if len(data) > SMALL_BYTES:
            with self.stage() as staged:
                staged.write(data)
                return self.admit(staged, want=digest, size_bytes=len(data))
        self._send(digest, _Waiting(data, replace=False))
        return digest

    def admit(
        self,
        staged: Staged,
        *,
        want: Digest | None = None,
        size_bytes: int | None = None,
        replace: bool = False,
    ) -> Digest:
        """Send a staged file; see BlobWriter."""
        if not isinstance(staged, LocalStaged):
            raise TypeError(f"{staged!r}: staged elsewhere")
        check_wanted(staged, want=want, size_bytes=size_bytes)
        staged.check_whole()
        digest = staged.digest
        if staged.size_bytes <= SMALL_BYTES:
            data = staged.read_at(0, staged.size_bytes)
            self._send(digest, _Waiting(data, replace=replace))
            staged.discard()
        else:
            self._send(digest, _Waiting(staged.handed_over(), replace=replace))
        return digest

    def _send(self, digest: Digest, waiting: _Waiting) -> None:
        with self._room:
            while self._memory_bytes > _WAITING_BYTES:
                self._room.wait()
            self._count += 1
            there = self._waiting.get(digest)
            if there is not None and not waiting.replace:
                waiting.let_go()  # the same bytes are on their way
                return
            self._waiting[digest] = waiting
            self._memory_bytes += waiting.memory_bytes
            self._submit(digest, waiting, after=there)

    def _submit(
        self, digest: Digest, waiting: _Waiting, *, after: _Waiting | None = None
    ) -> None:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(SENT_AT_ONCE, "blobs")
        before = after.sent if after is not None else None
        waiting.sent = self._pool.submit(self._deliver, digest, waiting, before)

    def _deliver(
        self, digest: Digest, waiting: _Waiting, before: Future[None] | None
    ) -> None:
        if before is not None:
            wait([before])
        try:
            self._store(digest, waiting)
        except BaseException:
            with self._room:
                self._memory_bytes -= waiting.memory_bytes
                self._room.notify_all()
            raise
        with self._room:
            self._memory_bytes -= waiting.memory_bytes
            if self._waiting.get(digest) is waiting:
                del self._waiting[digest]
            self._room.notify_all()
        waiting.let_go()

    def _store(self, digest: Digest, waiting: _Waiting) -> None:
        """See to it that the blob is in the bucket."""
        key, content = blob_key(digest), waiting.content
        if isinstance(content, bytes) and not waiting.replace:
            try:
                self.bucket.create(key, content)
            except ObjectChangedError:
                pass  # another run's; or bytes that rotted, which a verify finds
            else:
                return
        if not waiting.replace:
            info = self.bucket.head(key)
            if info is not None and info.size_bytes == waiting.size_bytes:
                return
        path = content if isinstance(content, bytes) else content.path
        self.bucket.put(key, path)

    def sync(self) -> int:
        """Wait until all has arrived; return how many blobs that were."""
        with self._lock:
            count, self._count = self._count, 0
            for digest, each in self._waiting.items():
                if each.sent is None or (each.sent.done() and each.sent.exception()):
                    self._memory_bytes += each.memory_bytes
                    self._submit(digest, each)
            sent = [each.sent for each in self._waiting.values() if each.sent]
        wait(sent)
        for each_sent in sent:
            failure = each_sent.exception()
            if failure is not None:
                with self._lock:
                    self._count += count
                raise failure
        return count

    def close(self) -> None:
        """End the threads; what has not arrived is not durable, and named by nobody."""
        with self._lock:
            pool, self._pool = self._pool, None
            waiting, self._waiting = self._waiting, {}
        if pool is not None:
            pool.shutdown(cancel_futures=True)
        for each in waiting.values():
            each.let_go()

    def size(self, digest: Digest) -> int:
        """Return a blob's size in bytes; see BlobReader."""
        key = blob_key(digest)
        with self._lock:
            waiting = self._waiting.get(digest)
        if waiting is not None:
            return waiting.size_bytes
        listed = self._listed
        info = self.bucket.head(key) if listed is None else listed.get(digest)
        if info is None:
            raise missing(digest)
        return info.size_bytes

    @contextmanager
    def open(self, digest: Digest) -> Iterator[OpenBlob]:
        """Open a blob; one request has all of a small one; see BlobReader."""
        local = self._open_waiting(digest)
        if local is None:
            yield self._open_remote(digest)
            return
        try:
            yield local
        finally:
            if isinstance(local, LocalBlob):
                os.close(local.descriptor)

    def _open_waiting(self, digest: Digest) -> OpenBlob | None:
        with self._lock:
            waiting = self._waiting.get(digest)
            if waiting is None:
                return None
            if isinstance(waiting.content, bytes):
                return MemoryBlob(waiting.content)
            with disk_errors(waiting.content.path):
                descriptor = os.dup(waiting.content.descriptor)
            return LocalBlob(descriptor, waiting.size_bytes)

    def _open_remote(self, digest: Digest) -> OpenBlob:
        try:
            start = self.bucket.get_start(blob_key(digest), SMALL_BYTES)
        except ObjectMissingError:
            raise missing(digest) from None
        if start.info.size_bytes == len(start.data):
            return MemoryBlob(start.data)
        return RemoteBlob(self.bucket, digest, start.info.size_bytes)

    def others(self, keep: Container[str]) -> dict[Digest, int]:
        """Return every blob but these, with its size; see BlobStore."""
        return {
            digest: info.size_bytes
            for digest, info in self.infos().items()
            if digest not in keep
        }

    def infos(self) -> dict[Digest, ObjectInfo]:
        """Return what the bucket's list says of every blob that has arrived.

        Raises:
            StoreError: the bucket refuses.
        """
        found: dict[Digest, ObjectInfo] = {}
        for info in self.bucket.list(BLOBS_PREFIX):
            name = info.key.rpartition("/")[2]
            if is_digest(name) and info.key == blob_key(Digest(name)):
                found[Digest(name)] = info
        return found

    def list_once(self) -> None:
        """Take sizes from one list from here on: for who asks for all of them.

        Raises:
            StoreError: the bucket refuses.
        """
        self._listed = self.infos()

    def has_any(self) -> bool:
        """Return whether there is any blob."""
        return next(iter(self.bucket.list(BLOBS_PREFIX)), None) is not None

    def remove(self, digests: Iterable[Digest]) -> int:
        """Remove blobs; see BlobStore."""
        asked = list(digests)
        with ThreadPoolExecutor(SENT_AT_ONCE) as pool:
            found = zip(asked, pool.map(self.exists, asked), strict=True)
            there = [digest for digest, is_there in found if is_there]
        self._settle(there)
        self.bucket.delete(map(blob_key, there))
        with self._lock:
            self._count += len(there)
        return len(there)

    def _settle(self, digests: Iterable[Digest]) -> None:
        """Wait for those that are on their way: they would arrive afterwards."""
        with self._lock:
            waiting = [self._waiting.get(digest) for digest in digests]
        wait([each.sent for each in waiting if each is not None and each.sent])
