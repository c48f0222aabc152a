"""What one gosync works on: its store and its catalog, on disks of its own.

``open_site`` opens everything; it is a context manager, and nothing outlives it. Others
may have the same site open meanwhile: what a run must have for itself it takes as a
lease, at the opening or later (``hold``, ``holding``), and what it writes it writes
under the store's writer lock (``writing``). The network is ``upstreams``'.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    ExitStack,
    asynccontextmanager,
    contextmanager,
)

import anyio
import msgspec

from gosync.catalog.db import Catalog
from gosync.catalog.lease_holder import POLL_SECONDS, LeaseHolder, refusal
from gosync.catalog.leases import Lease, modules_lease, publish_lease
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
from gosync.site.storeparts import (
    StoreParts,
    bring_journal,
    check_together,
    open_parts,
    store_blobs,
)
from gosync.store.blobs import BlobReader, BlobStore
from gosync.store.journal import Journal
from gosync.store.layout import CATALOG
from gosync.store.localtiles import LocalTileStore
from gosync.store.lock import share_store
from gosync.store.quarantine import Quarantine
from gosync.store.root import open_store
from gosync.store.tiles import TileStore
from gosync.store.writerlock import WRITE_WAIT_SECONDS
from gosync.upstream.urls import strip_secrets

PATIENCE_SECONDS = 3600.0
_AS_USUAL = Opening()


class Site(msgspec.Struct, frozen=True):
    """Open, and swept of what a killed run left behind.

    Attributes:
        holder: What this run holds, and which blobs it relies on.
        wait_lock_seconds: How long it waits for a lease of another run's.
    """

    options: SiteOptions
    clock: Clock
    catalog: Catalog
    blobs: BlobStore
    journal: Journal
    quarantine: Quarantine
    tiles: TileStore | None
    standing: Standing
    holder: LeaseHolder
    wait_lock_seconds: float = 0.0

    def writing(self) -> AbstractContextManager[None]:
        """Hold the store's writer lock; around journal and catalog: one order in both.

        Raises:
            LockedError: another gosync writes for far longer than a batch takes.
            StoreError: the lock cannot be taken.
        """
        return self.journal.writing()

    def hold(
        self, name: str, *, wait_seconds: float | None = None
    ) -> AbstractContextManager[Lease]:
        """Hold a lease in a thread; inside of a task use ``holding``.

        Args:
            name: What for (``gosync.catalog.leases``).
            wait_seconds: How long to wait; None for as long as the run was told.

        Raises:
            LockedError: another run holds it.
            StoreError: the catalog cannot be written.
        """
        wait = self.wait_lock_seconds if wait_seconds is None else wait_seconds
        return self.holder.held(name, wait_seconds=wait)

    @asynccontextmanager
    async def holding(
        self, name: str, *, wait_seconds: float | None = None
    ) -> AsyncIterator[None]:
        """Hold a lease in a task; waiting for it can be cancelled.

        Args:
            name: What for.
            wait_seconds: How long to wait; None for as long as the run was told.

        Raises:
            LockedError: another run holds it.
            StoreError: the catalog cannot be written.
        """
        wait = self.wait_lock_seconds if wait_seconds is None else wait_seconds
        await self._take(name, wait)
        try:
            yield
        finally:
            self.holder.release(name)

    def holding_at_last(self, name: str) -> AbstractAsyncContextManager[None]:
        """Hold a lease in a task that has done its work, and waits far longer for it.

        Raises:
            LockedError: another run holds it for far too long.
            StoreError: the catalog cannot be written.
        """
        return self.holding(name, wait_seconds=self._patience)

    @asynccontextmanager
    async def holding_tree(self) -> AsyncIterator[None]:
        """Hold the leases of the configured tree and of its modules in a task.

        Raises:
            LockedError: another run writes it for far too long.
            StoreError: the catalog cannot be written.
        """
        tree = self.options.tree_path
        async with (
            self.holding_at_last(publish_lease(tree)),
            self.holding_at_last(modules_lease(tree)),
        ):
            yield

    @contextmanager
    def try_hold_tree(self) -> Iterator[None]:
        """Hold the same in a thread, without waiting.

        Raises:
            LockedError: another run writes it.
            StoreError: the catalog cannot be written.
        """
        tree = self.options.tree_path
        with (
            self.hold(publish_lease(tree), wait_seconds=0),
            self.hold(modules_lease(tree), wait_seconds=0),
        ):
            yield

    def hold_modules(self, root: object) -> AbstractContextManager[Lease]:
        """Hold the lease to write files of a tree's modules, in a thread.

        Who brings the whole tree up gives way to it within a module's time.

        Raises:
            LockedError: another run writes them for far too long.
            StoreError: the catalog cannot be written.
        """
        return self.hold(modules_lease(root), wait_seconds=self._patience)

    def give_way(self, show: Callable[[], None]) -> None:
        """Let another run write a module of the tree, if one waits for that.

        Args:
            show: Called before: shows all that waits in the tree's staging.

        Raises:
            LockedError: the lease did not come back in time.
            StoreError: the catalog or the tree cannot be written.
        """
        lease = modules_lease(self.options.tree_path)
        if self.holder.is_wanted(lease):
            show()
            self.holder.give_way(lease)

    @property
    def _patience(self) -> float:
        """Longer than for what is still to begin: who comes here has done its work."""
        return max(self.wait_lock_seconds, PATIENCE_SECONDS)

    async def _take(self, name: str, wait_seconds: float) -> None:
        found = self.holder.try_take(name)
        if isinstance(found, Lease):
            return
        deadline = self.clock.monotonic() + wait_seconds
        with self.holder.waiting(name):
            while self.clock.monotonic() < deadline:
                await anyio.sleep(POLL_SECONDS)
                found = self.holder.try_take(name)
                if isinstance(found, Lease):
                    return
        raise refusal(name, found)

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
    leases: Collection[str] = (),
    wait_lock_seconds: float = 0.0,
    clock: Clock | None = None,
    opening: Opening = _AS_USUAL,
) -> Iterator[Site]:
    """Open the store to work on it, and sweep what a killed run left behind.

    Store, catalog, journal and tree are held against each other first; nothing is
    made, written or swept where they do not belong together.

    Args:
        options: Where it is.
        command: Who works on it, for whoever finds a lease held.
        leases: What the run holds from its beginning to its end.
        wait_lock_seconds: How long to wait for a lease of another run's.
        clock: What time it is.
        opening: What may be made, and what need not fit.

    Raises:
        LockedError: if another gosync holds a lease, or makes the catalog anew.
        StoreAwayError: if store, blobs or tree are not there and were.
        IdentityError: if store, catalog, journal and tree do not belong together.
        StoreError: if the store or its catalog cannot be used.
        NoSpaceError: if less than the reserve is free.
    """
    clock = clock or SystemClock()
    root = options.store_path
    check_together(options)
    if check_before(options, opening):
        open_store(root)
    with ExitStack() as stack:
        stack.enter_context(share_store(root, command=command, clock=clock))
        parts = open_parts(options, command=command, clock=clock, stack=stack)
        parts.take_lease(wait_seconds=wait_lock_seconds)
        # What is looked at while it is opened stands still.
        wait = max(wait_lock_seconds, WRITE_WAIT_SECONDS)
        with parts.writer.held(wait_seconds=wait):
            bring_journal(options, parts)
            site = _open(options, command, clock, opening, parts, stack)
        site = msgspec.structs.replace(site, wait_lock_seconds=wait_lock_seconds)
        for name in leases:
            stack.enter_context(site.hold(name))
        yield site
        with site.writing():  # the tree is there now
            note_place(options, site.standing.generation.store)


def _open(
    options: SiteOptions,
    command: str,
    clock: Clock,
    opening: Opening,
    parts: StoreParts,
    stack: ExitStack,
) -> Site:
    root = options.store_path
    is_new = check_before(options, opening)
    blobs, journal, quarantine = parts.blobs, parts.journal, parts.quarantine
    blobs.check_space(0, min_free_bytes=options.min_free_bytes)
    catalog = stack.enter_context(Catalog.open(root / CATALOG, create=is_new))
    standing = settle(options, opening, journal, catalog)
    parts.claim(standing.generation.store)
    blobs.sweep_staging()
    quarantine.sweep()
    note_place(options, standing.generation.store)
    # Older ones kept an index's place under its URL with the password in it.
    catalog.cursors.rename_indexes(strip_secrets)
    catalog.write_under(parts.writer.held)
    name = options.database.name if options.database else None
    return Site(
        options=options,
        clock=clock,
        catalog=catalog,
        blobs=blobs,
        journal=journal,
        quarantine=quarantine,
        tiles=LocalTileStore(root, name) if name else None,
        standing=standing,
        holder=stack.enter_context(catalog.hold(command=command, clock=clock)),
    )


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


@contextmanager
def read_store(options: SiteOptions) -> Iterator[tuple[Catalog, BlobReader]]:
    """Open the catalog as ``read_catalog`` does, and the blobs to read them.

    Raises:
        StoreError: as ``read_catalog``.
    """
    with read_catalog(options) as catalog:
        yield catalog, store_blobs(options)
