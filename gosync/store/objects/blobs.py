"""Blobs as objects: ``blobs/ab/abcd…``, written once; the contract is ``blobs``'s.

Staging is a folder of the local disk. What is admitted there is sent behind the
caller's back, many blobs at once, and read from here until it has arrived; ``sync``
waits for all of them, before the journal and the catalog (I1). What failed is sent
again by the next ``sync``.

How they are sent is ``sending``'s, how they are read ``openblobs``'.
"""

from __future__ import annotations

import os
from collections.abc import Container, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from gosync.errors import ObjectMissingError
from gosync.store.blobs import BlobStore, OpenBlob, missing
from gosync.store.digest import Digest, digest_of, is_digest
from gosync.store.localblobs import LocalBlobStore, check_wanted
from gosync.store.objects.bucket import Bucket, ObjectInfo
from gosync.store.objects.keptblobs import KeptBlobs
from gosync.store.objects.openblobs import (
    BLOBS_PREFIX,
    MemoryBlob,
    RemoteBlob,
    StagedBlob,
    blob_key,
)
from gosync.store.objects.sending import SENT_AT_ONCE, BlobSender, SentBlob
from gosync.store.staging import LocalStaged, Staged

SMALL_BYTES = 1 << 20  # opened whole
_FILE_BYTES = 256 << 10  # more than that is sent and kept as the file it is staged in


class ObjectBlobStore(BlobStore):
    """The blobs of a bucket, with a staging folder on the local disk.

    Attributes:
        bucket: Where they are, as ``blob_key`` says.
    """

    def __init__(
        self, bucket: Bucket, local: Path, *, kept: KeptBlobs | None = None
    ) -> None:
        """Take a bucket and a folder.

        Args:
            bucket: The store's.
            local: The store's folder.
            kept: What is kept at hand of what is put and read, None for nothing.
        """
        self.bucket = bucket
        self._local = LocalBlobStore(local)
        self._kept = kept or KeptBlobs(0)
        self._sender = BlobSender(bucket, self._kept)
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
        if len(data) > _FILE_BYTES:
            with self.stage() as staged:
                staged.write(data)
                return self.admit(staged, want=digest, size_bytes=len(data))
        self._send(digest, data)
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
        if staged.size_bytes <= _FILE_BYTES:
            self._send(digest, staged.read_at(0, staged.size_bytes), replace=replace)
            staged.discard()
        else:
            self._sender.send(digest, SentBlob(staged.handed_over(), replace=replace))
        return digest

    def _send(self, digest: Digest, data: bytes, *, replace: bool = False) -> None:
        self._sender.send(digest, SentBlob(data, replace=replace))
        self._kept.add(digest, data)

    def sync(self) -> int:
        """Wait until all has arrived; return how many blobs that were."""
        return self._sender.wait()

    def close(self) -> None:
        """End the threads; what has not arrived is not durable, and named by nobody."""
        self._sender.close()
        self._kept.close()

    def size(self, digest: Digest) -> int:
        """Return a blob's size in bytes; see BlobReader."""
        key = blob_key(digest)
        on_its_way = self._sender.size(digest)
        if on_its_way is not None:
            return on_its_way
        listed = self._listed
        info = self.bucket.head(key) if listed is None else listed.get(digest)
        if info is None:
            raise missing(digest)
        return info.size_bytes

    @contextmanager
    def open(self, digest: Digest) -> Iterator[OpenBlob]:
        """Open a blob; one request has all of a small one; see BlobReader."""
        here = self._sender.open(digest) or self._kept.open(digest)
        blob = here or self._open_remote(digest)
        try:
            yield blob
        finally:
            if isinstance(blob, StagedBlob):
                os.close(blob.descriptor)

    def _open_remote(self, digest: Digest) -> OpenBlob:
        try:
            start = self.bucket.get_start(blob_key(digest), SMALL_BYTES)
        except ObjectMissingError:
            raise missing(digest) from None
        if start.info.size_bytes == len(start.data):
            if digest_of(start.data) == digest:
                self._kept.add(digest, start.data)
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
        self._sender.wait_for(there)  # they would arrive afterwards
        for digest in there:
            self._kept.drop(digest)
        self.bucket.delete(map(blob_key, there))
        self._sender.note(len(there))
        return len(there)
