"""What one gosync works on: its store and its catalog, on disks of its own.

``open_site`` takes the store's lock and opens everything; it is a context manager, and
nothing outlives it. The network is ``upstreams``'.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from gosync.catalog.db import Catalog
from gosync.clock import Clock, SystemClock
from gosync.store.blobs import BlobStore
from gosync.store.journal import Journal
from gosync.store.lock import StoreLock
from gosync.store.quarantine import Quarantine
from gosync.store.root import open_store
from gosync.store.tiles import TileStore
from gosync.sync.options import SiteOptions

CATALOG_FILE = "catalog.sqlite"


class Site(msgspec.Struct, frozen=True):
    """Open, locked, swept of what a killed run left behind."""

    options: SiteOptions
    clock: Clock
    catalog: Catalog
    blobs: BlobStore
    journal: Journal
    quarantine: Quarantine
    tiles: TileStore | None


@contextmanager
def open_site(
    options: SiteOptions,
    *,
    command: str,
    wait_lock_seconds: float = 0.0,
    clock: Clock | None = None,
    create: bool = True,
) -> Iterator[Site]:
    """Lock the store, open it, and sweep what a killed run left behind.

    Args:
        options: Where it is.
        command: Who holds the lock, for whoever finds it held.
        wait_lock_seconds: How long to wait for it.
        clock: What time it is.
        create: Whether to make a store where there is none. A daemon must not: its
            store may be on a disk that went away.

    Raises:
        LockedError: if another gosync holds the lock.
        StoreError: if the store or its catalog cannot be used.
        NoSpaceError: if less than the reserve is free.
    """
    clock = clock or SystemClock()
    root = options.store_path
    open_store(root, create=create)
    lock = StoreLock(root, command=command, clock=clock)
    with lock.acquire(wait_seconds=wait_lock_seconds):
        blobs = BlobStore(root)
        blobs.check_space(0, min_free_bytes=options.min_free_bytes)
        blobs.sweep_staging()
        quarantine = Quarantine(root)
        quarantine.sweep()
        name = options.database.name if options.database else None
        with Catalog.open(root / CATALOG_FILE, create=create) as catalog:
            yield Site(
                options=options,
                clock=clock,
                catalog=catalog,
                blobs=blobs,
                journal=Journal(root),
                quarantine=quarantine,
                tiles=TileStore(root, name) if name else None,
            )


@contextmanager
def read_catalog(options: SiteOptions) -> Iterator[Catalog]:
    """Open the catalog alone, without the lock and without writing anything.

    Raises:
        CatalogError: if there is none, or it cannot be read.
    """
    path = options.store_path / CATALOG_FILE
    with Catalog.open(path, create=False, readonly=True) as catalog:
        yield catalog
