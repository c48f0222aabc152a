"""Store as a worker elsewhere opens it: where it is, and which it must be.

The store's folder is mounted at the same path there. A worker whose folder is another
store, or none, does nothing.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from gosync.store.blobs import BlobReader
from gosync.store.identity import read_store_id
from gosync.store.localblobs import LocalBlobStore
from gosync.work.sweep import UnsharedError


class SharedStore(msgspec.Struct, frozen=True):
    """A store, told to a worker.

    Attributes:
        root: Its folder.
        store: Its id.
    """

    root: str
    store: str


def share_blobs(root: Path) -> SharedStore:
    """Return what a worker opens a store's blobs by.

    Raises:
        StoreError: the disk refuses.
    """
    return SharedStore(str(root.resolve()), read_store_id(root))


def open_shared_blobs(shared: SharedStore) -> BlobReader:
    """Open a store's blobs, on a worker.

    Raises:
        UnsharedError: it is not there, or is another one.
        StoreError: the disk refuses.
    """
    root = Path(shared.root)
    if not shared.store or read_store_id(root) != shared.store:
        raise UnsharedError(f"{root}: is not the store {shared.store or '(no id)'}")
    return LocalBlobStore(root)
