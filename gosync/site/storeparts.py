"""A store's parts: in its folder, or in a bucket, as a configuration says.

The one place that knows which. The folder always has the catalog, staging, tiles and
locks; of a store in a bucket it has a copy of the journal, too.
"""

from __future__ import annotations

import logging
from contextlib import ExitStack

import msgspec

from gosync.clock import Clock
from gosync.site.catalogcopies import CatalogCopies
from gosync.site.options import SiteOptions
from gosync.store.blobs import BlobStore
from gosync.store.identity import read_store_id
from gosync.store.journal import Journal
from gosync.store.layout import BLOBS, JOURNAL, QUARANTINE, STAGING
from gosync.store.localblobs import LocalBlobStore
from gosync.store.localjournal import LocalJournal
from gosync.store.localquarantine import LocalQuarantine
from gosync.store.lock import LocalWriterLock
from gosync.store.objects.blobs import ObjectBlobStore
from gosync.store.objects.bucket import Bucket
from gosync.store.objects.identity import check_bucket, claim_bucket, read_bucket_store
from gosync.store.objects.journal import ObjectJournal
from gosync.store.objects.keptblobs import KeptBlobs
from gosync.store.objects.lease import BucketLease
from gosync.store.objects.machine import holder_of, is_conditional
from gosync.store.objects.opening import open_bucket
from gosync.store.objects.parts import catch_up, is_behind
from gosync.store.objects.quarantine import ObjectQuarantine
from gosync.store.objects.writerlock import ObjectWriterLock
from gosync.store.quarantine import Quarantine
from gosync.store.root import open_store
from gosync.store.scratch import ScratchFolder
from gosync.store.shared import SharedStore

_IN_MEMORY_BYTES = 64 << 20
_ON_DISK_BYTES = 512 << 20
_log = logging.getLogger(__name__)


class StoreParts(msgspec.Struct, frozen=True):
    """What a store is opened with to be written.

    Attributes:
        writer: The writer lock.
        blobs: Its blobs.
        journal: Its journal, which holds the writer lock as it writes.
        quarantine: Its evidence.
        bucket: The bucket that has them, None for the folder.
        lease: The bucket's lease.
    """

    writer: LocalWriterLock
    blobs: BlobStore
    journal: Journal
    quarantine: Quarantine
    bucket: Bucket | None = None
    lease: BucketLease | None = None

    def take_lease(self, *, wait_seconds: float) -> None:
        """Be the one machine that writes the store; nothing to do for a folder.

        Raises:
            LockedError: another machine writes it.
            StoreError: the bucket refuses.
        """
        if self.lease is not None:
            self.lease.take(wait_seconds=wait_seconds)

    def claim(self, store: str) -> None:
        """Say in the bucket which store it has.

        Raises:
            IdentityError: it has another.
            StoreError: the bucket refuses.
        """
        if self.bucket is not None and read_bucket_store(self.bucket) != store:
            claim_bucket(self.bucket, store)


def store_bucket(options: SiteOptions) -> Bucket | None:
    """Return the store's bucket, None where it is in a folder.

    Raises:
        UsageError: what opens buckets is not installed.
        StoreError: the bucket's options are none.
    """
    if options.bucket is None:
        return None
    return open_bucket(options.bucket, options.buckets)


def store_blobs(options: SiteOptions) -> BlobStore:
    """Return the store's blobs, to be read; nothing is asked of a bucket yet.

    Raises:
        UsageError: what opens buckets is not installed.
        StoreError: the bucket's options are none.
    """
    return bucket_blobs(options) or LocalBlobStore(options.store_path)


def bucket_blobs(options: SiteOptions) -> ObjectBlobStore | None:
    """Return the blobs of the store's bucket, None where it is in a folder.

    Raises:
        UsageError: what opens buckets is not installed.
        StoreError: the bucket's options are none.
    """
    bucket = store_bucket(options)
    return None if bucket is None else ObjectBlobStore(bucket, options.store_path)


def shared_store(options: SiteOptions) -> SharedStore:
    """Return what a worker of a sweep opens the store by.

    Raises:
        StoreError: the disk refuses.
    """
    root = options.store_path.resolve()
    return SharedStore(str(root), read_store_id(root), options.bucket, options.buckets)


def has_blobs(options: SiteOptions) -> bool:
    """Return whether the store has any blob.

    Raises:
        StoreError: disk or bucket refuse.
    """
    blobs = bucket_blobs(options)
    if blobs is not None:
        return blobs.has_any()
    return next((options.store_path / BLOBS).glob("??/*"), None) is not None


def store_quarantine(options: SiteOptions) -> Quarantine | None:
    """Return the store's quarantine, None where there is no store.

    Raises:
        StoreError: the bucket's options are none.
    """
    if not (options.store_path / QUARANTINE).is_dir():
        return None
    bucket = store_bucket(options)
    if bucket is None:
        return LocalQuarantine(options.store_path)
    return ObjectQuarantine(bucket, options.store_path)


def check_together(options: SiteOptions) -> None:
    """Check that a store's bucket and its folder are of one store.

    Raises:
        IdentityError: they are not.
        StoreError: disk or bucket refuse.
    """
    bucket = store_bucket(options)
    if bucket is not None:
        check_bucket(bucket, options.store_path)


def open_parts(
    options: SiteOptions, *, command: str, clock: Clock, stack: ExitStack
) -> StoreParts:
    """Open a store's parts; its folder is there.

    Args:
        options: Where it is.
        command: Who works on it, for messages.
        clock: What time it is.
        stack: What closes them.

    Raises:
        StoreError: disk or bucket refuse.
    """
    root, bucket = options.store_path, store_bucket(options)
    if bucket is None:
        writer = LocalWriterLock(root, command=command, clock=clock)
        stack.callback(writer.close)
        return StoreParts(
            writer=writer,
            blobs=LocalBlobStore(root),
            journal=LocalJournal(root, writing=writer.held),
            quarantine=LocalQuarantine(root),
        )
    return _open_in(bucket, options, command=command, clock=clock, stack=stack)


def _open_in(
    bucket: Bucket,
    options: SiteOptions,
    *,
    command: str,
    clock: Clock,
    stack: ExitStack,
) -> StoreParts:
    root = options.store_path
    lease = open_lease(bucket, options, clock=clock)
    writer = ObjectWriterLock(lease, root, command=command, clock=clock)
    stack.callback(writer.close)
    scratch = ScratchFolder(root / STAGING)
    kept = KeptBlobs(_IN_MEMORY_BYTES, _ON_DISK_BYTES, scratch)
    blobs = ObjectBlobStore(bucket, root, kept=kept)
    stack.callback(blobs.close)
    journal = ObjectJournal(bucket, root, writing=writer.held)
    copies = CatalogCopies(bucket, root, appended=lambda: journal.appended, clock=clock)
    writer.watch = copies.watch
    stack.push(copies.finish)
    return StoreParts(
        writer=writer,
        blobs=blobs,
        journal=journal,
        quarantine=ObjectQuarantine(bucket, root),
        bucket=bucket,
        lease=lease,
    )


def open_lease(bucket: Bucket, options: SiteOptions, *, clock: Clock) -> BucketLease:
    """Return the lease of a store's bucket, not taken yet.

    Raises:
        StoreError: disk or bucket refuse.
    """
    root, endpoint = options.store_path, options.buckets.endpoint
    conditional = is_conditional(bucket, root, endpoint=endpoint, clock=clock)
    if not conditional:
        _log.warning(
            "%s: the service ignores conditions (If-Match, If-None-Match): one machine"
            " alone may write this store",
            bucket.name,
        )
    return BucketLease(
        bucket,
        holder=holder_of(root),
        clock=clock,
        conditional=conditional,
        is_behind=lambda: is_behind(bucket, root / JOURNAL),
    )


def bring_journal(options: SiteOptions, parts: StoreParts) -> None:
    """Let the folder's copy of the journal say what the bucket's does.

    The caller holds the writer lock.

    Raises:
        IdentityError: the folder says what the bucket does not.
        StoreError: disk or bucket refuse.
    """
    if parts.bucket is not None:
        open_store(options.store_path)
        catch_up(parts.bucket, options.store_path / JOURNAL)
