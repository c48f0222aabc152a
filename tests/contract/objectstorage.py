"""A store in a bucket, and the faults of its service and of its local folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gosync.clock import SystemClock
from gosync.store.blobs import BlobStore
from gosync.store.digest import Digest
from gosync.store.journal import Journal
from gosync.store.objects.blobs import ObjectBlobStore
from gosync.store.objects.bucket import Bucket
from gosync.store.objects.journal import ObjectJournal
from gosync.store.objects.lease import BucketLease
from gosync.store.objects.machine import holder_of
from gosync.store.objects.openblobs import blob_key
from gosync.store.objects.parts import is_behind
from gosync.store.objects.quarantine import ObjectQuarantine
from gosync.store.objects.writerlock import ObjectWriterLock
from gosync.store.quarantine import Quarantine
from gosync.store.writerlock import WriterLock
from tests.contract.storages import LocalStorage

TORN = "0f" * 16


class ObjectStorage(LocalStorage):
    """Blobs, journal and quarantine of a bucket; a folder that has the rest."""

    def __init__(
        self,
        folder: Path,
        patch: pytest.MonkeyPatch,
        bucket: Bucket,
        fill: Callable[[bool], None],
    ) -> None:
        super().__init__(folder, patch)
        self.bucket = bucket
        self._fill = fill
        self._opened: list[ObjectBlobStore] = []

    @property
    def local(self) -> Path:
        return self.root / "store"

    def blobs(self) -> BlobStore:
        self._opened.append(ObjectBlobStore(self.bucket, self.local))
        return self._opened[-1]

    def arrive(self) -> None:
        """Wait for what is on its way, as whoever looks a moment later."""
        for each in self._opened:
            each.sync()

    def close(self) -> None:
        for each in self._opened:
            each.close()

    def quarantine(self) -> Quarantine:
        return ObjectQuarantine(self.bucket, self.local)

    def lock(self) -> WriterLock:
        return ObjectWriterLock(self.lease(), self.local)

    def lease(self) -> BucketLease:
        return BucketLease(
            self.bucket,
            holder=holder_of(self.local),
            clock=SystemClock(),
            conditional=True,
            is_behind=lambda: is_behind(self.bucket, self.local / "journal"),
        )

    def journal(self) -> Journal:
        return ObjectJournal(
            self.bucket, self.local, rotate_bytes=200, writing=self.lock().held
        )

    def tear_evidence(self) -> None:
        folder = self.local / "quarantine" / f".{'0f' * 8}.tmp"
        folder.mkdir()
        (folder / "entry").write_text(TORN)
        self.bucket.put(f"quarantine/{TORN}/zip", b"half of it")

    def cut_power(self) -> None:
        """Lose what is on its way, and of the folder what is not durable."""
        opened, self._opened = self._opened, []
        for each in opened:
            each.close()
        super().cut_power()

    def full(self, *, yes: bool) -> None:
        super().full(yes=yes)
        if yes:
            self.arrive()
        self._fill(yes)

    def lose(self, digest: Digest) -> None:
        self.arrive()
        self.bucket.delete([blob_key(digest)])

    def rot(self, digest: Digest, data: bytes) -> None:
        self.arrive()
        self.bucket.put(blob_key(digest), data)
