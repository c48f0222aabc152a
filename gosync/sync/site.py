"""What one gosync works on: its store, its catalog, its upstreams.

``open_site`` takes the store's lock and opens everything local; ``connect`` adds
the network. Both are context managers, and nothing outlives them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from gosync.catalog.db import Catalog
from gosync.clock import Clock, SystemClock
from gosync.ingest.gate import Gate
from gosync.ingest.sumops import SumOps
from gosync.store.blobs import BlobStore
from gosync.store.journal import Journal
from gosync.store.lock import StoreLock
from gosync.store.quarantine import Quarantine
from gosync.store.root import open_store
from gosync.store.tiles import TileStore
from gosync.sumdb.client import SumClient
from gosync.sync.options import SiteOptions
from gosync.sync.pool import PoolConcurrency
from gosync.upstream.http import Fetcher
from gosync.upstream.index import IndexClient
from gosync.upstream.proxy import ProxyClient
from gosync.upstream.sumdb import SumDBRemote

CATALOG_FILE = "catalog.sqlite"


@dataclass(frozen=True, slots=True)
class Site:
    """The local half: open, locked, swept of what a killed run left behind."""

    options: SiteOptions
    clock: Clock
    catalog: Catalog
    blobs: BlobStore
    journal: Journal
    quarantine: Quarantine
    tiles: TileStore | None


@dataclass(frozen=True, slots=True)
class Upstreams:
    """The network half.

    Attributes:
        fetcher: Counts the traffic.
        proxy: Lists, infos, go.mods and zips.
        index: The module index, None where none is configured.
        sums: The checksum database's client, None where it is off.
        gate: Admits what they serve.
    """

    fetcher: Fetcher
    proxy: ProxyClient
    index: IndexClient | None
    sums: SumClient | None
    gate: Gate


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


@asynccontextmanager
async def connect(site: Site) -> AsyncIterator[Upstreams]:
    """Open the network; no request is sent yet."""
    options = site.options
    async with Fetcher(options.http, clock=site.clock) as fetcher:
        sums = _sum_client(site, fetcher)
        index = IndexClient(options.index_url, fetcher) if options.index_url else None
        gate = Gate(
            blobs=site.blobs,
            quarantine=site.quarantine,
            pins=site.catalog.pins,
            sums=sums,
            clock=site.clock,
        )
        proxy = ProxyClient(options.proxies, fetcher)
        yield Upstreams(fetcher, proxy, index, sums, gate)


def _sum_client(site: Site, fetcher: Fetcher) -> SumClient | None:
    database = site.options.database
    if database is None or site.tiles is None:
        return None
    ops = SumOps(
        database.name,
        SumDBRemote(database, site.options.proxies, fetcher),
        catalog=site.catalog,
        tiles=site.tiles,
        journal=site.journal,
        quarantine=site.quarantine,
    )
    concurrency = PoolConcurrency(site.options.concurrency)
    return SumClient(ops, database, concurrency=concurrency)
