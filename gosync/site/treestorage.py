"""Storage of the published tree: from what a configuration names to what is opened.

The one place that knows that a tree is a folder, or objects of a bucket. Whoever reads
or writes the tree's files goes through the contract of ``gosync.publish.storage.tree``.
"""

from __future__ import annotations

import os
from functools import lru_cache, partial
from pathlib import Path

from gosync.clock import SystemClock
from gosync.folder.routes import OBJECTS
from gosync.publish.changelog import ChangeLog
from gosync.publish.storage.localtree import LocalTree
from gosync.publish.storage.notedtree import NotedTree
from gosync.publish.storage.objecttree import ObjectTree
from gosync.publish.storage.packedtree import PackedTree, noted_codings
from gosync.publish.storage.tree import TreeReader, TreeStorage
from gosync.publish.storage.treelease import TreeLease
from gosync.site.options import SiteOptions, TreePlace
from gosync.store.objects.lease import BucketLease
from gosync.store.objects.location import BucketLocation, is_location, parse_location
from gosync.store.objects.machine import holder_of, is_conditional
from gosync.store.objects.opening import open_bucket
from gosync.store.objects.options import BucketOptions

_WRITER = f"{OBJECTS}/writer"


def tree_storage(options: SiteOptions) -> TreeStorage:
    """Return the configured tree's storage.

    Raises:
        UsageError: it is in a bucket, and what opens buckets is not installed.
        StoreError: the bucket's options are none.
    """
    return named_tree(options, str(options.tree_path))


def named_tree(options: SiteOptions, name: str) -> TreeStorage:
    """Return the storage of a tree by the name that leases and the catalog have.

    What changes of the configured one is noted, where hooks are to be told. What is
    raised is ``tree_storage``'s.
    """
    storage = _storage(name, options)
    if options.notes_changes and name == str(options.tree_path):
        return NotedTree(storage, ChangeLog(options.store_path))
    return storage


def read_folder(folder: Path) -> TreeReader:
    """Return a reader of a tree that is a folder, whoever published it."""
    return LocalTree(folder).reader()


def tree_place(name: str) -> TreePlace:
    """Return where a tree is, by the name that leases and the catalog have.

    Raises:
        MalformedError: it looks like a bucket's location, and is none.
    """
    return parse_location(name) if is_location(name) else Path(name)


def _storage(name: str, options: SiteOptions) -> TreeStorage:
    place = tree_place(name)
    if isinstance(place, Path):
        codings = options.page_options.precompress
        if codings or noted_codings(place):
            return PackedTree(place, codings)
        return LocalTree(place)
    return _object_tree(place, options.buckets, options.store_path, os.getpid())


@lru_cache(maxsize=16)
def _object_tree(
    place: BucketLocation, buckets: BucketOptions, local: Path, _process: int
) -> ObjectTree:
    """Open a bucket once a process: its connections are kept, and a fork has none."""
    bucket = open_bucket(place, buckets)
    lease = TreeLease(bucket.name, partial(_open_lease, place, buckets, local))
    return ObjectTree(bucket, lease)


def _open_lease(
    place: BucketLocation, buckets: BucketOptions, local: Path
) -> BucketLease:
    bucket, clock = open_bucket(place.below(_WRITER), buckets), SystemClock()
    return BucketLease(
        bucket,
        holder=holder_of(local),
        clock=clock,
        conditional=is_conditional(
            bucket, local, endpoint=buckets.endpoint, clock=clock
        ),
        is_behind=lambda: False,  # the marker's generation says that
    )
