"""Store as a worker elsewhere opens it: where it is, and which it must be.

A store's folder is mounted at the same path there; a bucket is met with what the
worker's own environment has of credentials, since nothing secret travels. A worker
that finds another store there, or none, does nothing.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import gettempdir

import msgspec

from gosync.errors import UsageError
from gosync.store.blobs import BlobReader
from gosync.store.identity import read_store_id
from gosync.store.localblobs import LocalBlobStore
from gosync.store.objects.blobs import ObjectBlobStore
from gosync.store.objects.bucket import Bucket
from gosync.store.objects.identity import read_bucket_store
from gosync.store.objects.location import BucketLocation
from gosync.store.objects.opening import open_bucket
from gosync.store.objects.options import BucketOptions
from gosync.work.sweep import UnsharedError


class SharedStore(msgspec.Struct, frozen=True):
    """A store, told to a worker.

    Attributes:
        root: Its folder.
        store: Its id.
        bucket: Where its blobs are, None for its folder.
        buckets: How that is reached.
    """

    root: str
    store: str
    bucket: BucketLocation | None = None
    buckets: BucketOptions = BucketOptions()


def open_shared_blobs(shared: SharedStore) -> BlobReader:
    """Open a store's blobs, on a worker.

    Raises:
        UnsharedError: it is not there, or is another one.
        StoreError: disk or bucket refuse.
    """
    if shared.bucket is not None:
        return open_shared_objects(shared)
    root = Path(shared.root)
    _check(shared, str(root), read_store_id(root))
    return LocalBlobStore(root)


def open_shared_objects(shared: SharedStore) -> ObjectBlobStore:
    """Open the blobs of a store in a bucket, on a worker.

    Raises:
        UnsharedError: another store is there, or obstore is not installed.
        StoreError: the bucket refuses.
    """
    return ObjectBlobStore(_bucket(shared), Path(gettempdir()))


@cache
def _bucket(shared: SharedStore) -> Bucket:
    """Open a bucket once in a process, and ask once which store it has."""
    assert shared.bucket is not None
    try:
        bucket = open_bucket(shared.bucket, shared.buckets)
    except UsageError as exc:
        raise UnsharedError(str(exc)) from exc
    _check(shared, str(shared.bucket), read_bucket_store(bucket))
    return bucket


def _check(shared: SharedStore, place: str, found: str) -> None:
    if not shared.store or found != shared.store:
        raise UnsharedError(f"{place}: is not the store {shared.store or '(no id)'}")
