"""The network half of a site: whom it asks, and the gate that admits the answers.

The HTTP client is imported by ``connect``: what works on the disk alone (bundles,
prune) need not wait for that.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import msgspec

from gosync.ingest.gate import Gate
from gosync.ingest.scanner import ZipScanner
from gosync.ingest.sumops import SumOps
from gosync.site.site import Site
from gosync.sumdb.client import SumClient
from gosync.upstream.index import IndexClient
from gosync.upstream.proxy import ProxyClient
from gosync.upstream.sources import Sources
from gosync.upstream.sumdb import SumDBRemote
from gosync.work.pool import PoolConcurrency

if TYPE_CHECKING:
    from gosync.upstream.http import Fetcher


class Upstreams(msgspec.Struct, frozen=True):
    """Who is asked, and how.

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


@asynccontextmanager
async def connect(site: Site) -> AsyncIterator[Upstreams]:
    """Open the network; no request is sent yet."""
    # Only whoever asks waits for an HTTP client to be imported.
    from gosync.upstream.http import Fetcher  # noqa: PLC0415

    async with Fetcher(site.options.http, clock=site.clock) as fetcher:
        with ZipScanner() as scanner:
            yield _upstreams(site, fetcher, scanner)


def _upstreams(site: Site, fetcher: Fetcher, scanner: ZipScanner) -> Upstreams:
    options = site.options
    sources = Sources(options.proxies, fetcher, options.routing)
    sums = _sum_client(site, sources)
    index = IndexClient(options.index_url, fetcher) if options.index_url else None
    gate = Gate(
        holder=site.holder,
        blobs=site.blobs,
        quarantine=site.quarantine,
        pins=site.catalog.pins,
        sums=sums,
        clock=site.clock,
        scanner=scanner,
    )
    return Upstreams(fetcher, ProxyClient(sources), index, sums, gate)


def _sum_client(site: Site, sources: Sources) -> SumClient | None:
    database = site.options.database
    if database is None or site.tiles is None:
        return None
    ops = SumOps(
        database.name,
        SumDBRemote(database, sources),
        catalog=site.catalog,
        tiles=site.tiles,
        journal=site.journal,
        quarantine=site.quarantine,
    )
    concurrency = PoolConcurrency(site.options.concurrency)
    return SumClient(ops, database, concurrency=concurrency)
