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
from gosync.site.opening import (
    Opening,
    Standing,
    check_before,
    check_readable,
    check_still_there,
    settle,
)
from gosync.site.options import SiteOptions
from gosync.site.places import note_place
from gosync.store.blobs import BlobStore
from gosync.store.journal import Journal
from gosync.store.layout import CATALOG
from gosync.store.localblobs import LocalBlobStore
from gosync.store.lock import StoreLock
from gosync.store.quarantine import Quarantine
from gosync.store.root import open_store
from gosync.store.tiles import TileStore
from gosync.upstream.urls import strip_secrets

_AS_USUAL = Opening()


class Site(msgspec.Struct, frozen=True):
    """Open, locked, swept of what a killed run left behind."""

    options: SiteOptions
    clock: Clock
    catalog: Catalog
    blobs: BlobStore
    journal: Journal
    quarantine: Quarantine
    tiles: TileStore | None
    standing: Standing

    def check_still_there(self) -> None:
        """Check that no disk went away since it was opened.

        Raises:
            StoreAwayError: if the store or the tree is not there.
            IdentityError: if it is another one.
        """
        check_still_there(self.options, self.standing, self.catalog)


@contextmanager
def open_site(
    options: SiteOptions,
    *,
    command: str,
    wait_lock_seconds: float = 0.0,
    clock: Clock | None = None,
    opening: Opening = _AS_USUAL,
) -> Iterator[Site]:
    """Lock the store, open it, and sweep what a killed run left behind.

    Store, catalog, journal and tree are held against each other first; nothing is
    made, written or swept where they do not belong together.

    Args:
        options: Where it is.
        command: Who holds the lock, for whoever finds it held.
        wait_lock_seconds: How long to wait for it.
        clock: What time it is.
        opening: What may be made, and what need not fit.

    Raises:
        LockedError: if another gosync holds the lock.
        StoreAwayError: if store, blobs or tree are not there and were.
        IdentityError: if store, catalog, journal and tree do not belong together.
        StoreError: if the store or its catalog cannot be used.
        NoSpaceError: if less than the reserve is free.
    """
    clock = clock or SystemClock()
    root = options.store_path
    is_new = check_before(options, opening)
    if is_new:
        open_store(root)
    lock = StoreLock(root, command=command, clock=clock)
    with lock.acquire(wait_seconds=wait_lock_seconds):
        blobs, journal = LocalBlobStore(root), Journal(root)
        blobs.check_space(0, min_free_bytes=options.min_free_bytes)
        name = options.database.name if options.database else None
        with Catalog.open(root / CATALOG, create=is_new) as catalog:
            standing = settle(options, opening, journal, catalog)
            blobs.sweep_staging()
            quarantine = Quarantine(root)
            quarantine.sweep()
            note_place(options, standing.generation.store)
            # Older ones kept an index's place under its URL with the password in it.
            catalog.cursors.rename_indexes(strip_secrets)
            yield Site(
                options=options,
                clock=clock,
                catalog=catalog,
                blobs=blobs,
                journal=journal,
                quarantine=quarantine,
                tiles=TileStore(root, name) if name else None,
                standing=standing,
            )
            note_place(options, standing.generation.store)  # the tree is there now


@contextmanager
def read_catalog(options: SiteOptions, *, blobs: bool = False) -> Iterator[Catalog]:
    """Open the catalog alone, without the lock and without writing anything.

    Args:
        options: Where it is.
        blobs: Whether to look that its blobs are there.

    Raises:
        StoreAwayError: if store, blobs or tree are not there.
        IdentityError: if store, catalog, journal and tree do not belong together.
        CatalogError: if the catalog cannot be read.
    """
    check_before(options, Opening(create=False))
    path = options.store_path / CATALOG
    with Catalog.open(path, create=False, readonly=True) as catalog:
        check_readable(options, catalog, blobs=blobs)
        yield catalog
