"""The network half of a site: whom it asks, and the gate that admits the answers.

The HTTP client is imported by ``connect``: what works on the disk alone (bundles,
prune) need not wait for that.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import msgspec

from gosync.errors import StoreError
from gosync.ingest.admitter import Admitter
from gosync.ingest.gate import Gate
from gosync.ingest.scanner import ZipScanner
from gosync.ingest.sumops import SumOps
from gosync.site.followed import FollowedFiles, FollowedIndex
from gosync.site.options import SiteOptions
from gosync.site.site import Site
from gosync.store.layout import GIT
from gosync.sumdb.client import SumClient
from gosync.upstream.http import Fetcher
from gosync.upstream.index import IndexClient
from gosync.upstream.kept import KeptUpstream, decode_kept, encode_kept, resumed
from gosync.upstream.proxy import ProxyClient
from gosync.upstream.source import breaker_policy
from gosync.upstream.sources import Sources
from gosync.upstream.sumdb import SumDBRemote
from gosync.work.pool import PoolConcurrency


class Upstreams(msgspec.Struct, frozen=True):
    """Who is asked, and how.

    Attributes:
        fetcher: Counts the traffic.
        sources: Who is asked for these.
        proxy: Lists, infos, go.mods and zips.
        index: The module index, None where none is configured.
        sums: The checksum database's client, None where it is off.
        gate: Admits what they serve.
    """

    fetcher: Fetcher
    sources: Sources
    proxy: ProxyClient
    index: IndexClient | None
    sums: SumClient | None
    gate: Gate


@asynccontextmanager
async def connect(site: Site) -> AsyncIterator[Upstreams]:
    """Open the network; no request is sent yet."""
    async with Fetcher(site.options.http, clock=site.clock) as fetcher:
        sources = Sources(site.options.proxies, fetcher, site.options.routing)
        add_own(site.options, sources, fetcher)
        with _kept(site, sources), ZipScanner() as scanner:
            yield _upstreams(site, sources, fetcher, scanner)


def add_own(options: SiteOptions, sources: Sources, fetcher: Fetcher) -> None:
    """Let the repositories of the site's own be asked for what is theirs."""
    if not options.routing.own:
        return
    # Who has no such repositories need not wait for it.
    from gosync.git.source import GitSource  # noqa: PLC0415

    policy = breaker_policy(fetcher.options)
    folder = options.store_path / GIT
    for each in options.routing.own:
        source = GitSource(each, folder, fetcher.clock, policy)
        sources.add(each.entry.url, source)


@contextmanager
def _kept(site: Site, sources: Sources) -> Iterator[None]:
    """Begin with what the last run knew of upstreams; keep what this one learned."""
    now = site.clock.now()
    for url, text in site.catalog.upstreams.all().items():
        if url in (each.url.rstrip("/") for each in site.options.proxies.entries):
            kept, circuit = decode_kept(text), sources.at(url).circuit
            circuit.breaker = resumed(kept.breaker, now)
            circuit.gaps, circuit.lag = set(kept.gaps), kept.lag
    before = {each.name: each.circuit.health.requests for each in sources.known}
    try:
        yield
    finally:
        found = {
            each.name: encode_kept(
                KeptUpstream(
                    each.circuit.breaker,
                    tuple(sorted(each.circuit.gaps)),
                    each.circuit.lag,
                )
            )
            for each in sources.known
            if each.circuit.health.requests != before.get(each.name, 0)
        }
        if found:
            with suppress(StoreError):  # it is worth no more than a good beginning
                site.catalog.upstreams.put(found, site.clock.now())


def _upstreams(
    site: Site, sources: Sources, fetcher: Fetcher, scanner: ZipScanner
) -> Upstreams:
    options = site.options
    sums = _sum_client(site, sources)
    index = open_index(options, fetcher)
    gate = Gate(
        holder=site.holder,
        blobs=site.blobs,
        quarantine=site.quarantine,
        pins=site.catalog.pins,
        sums=sums,
        clock=site.clock,
        scanner=scanner,
    )
    gate.admitter = scanners_of(site)
    return Upstreams(fetcher, sources, ProxyClient(sources), index, sums, gate)


def scanners_of(site: Site) -> Admitter | None:
    """Return who is shown each new version, None for nobody."""
    if not site.options.scanners:
        return None
    # Who has none need not wait for it.
    from gosync.site.admitting import ScannersAdmission  # noqa: PLC0415

    return ScannersAdmission(site)


def open_index(options: SiteOptions, fetcher: Fetcher) -> IndexClient | None:
    """Return the configured index, None for none; nothing is asked yet."""
    if options.follow_url:
        files = FollowedFiles(options.store_path)
        return FollowedIndex(options.follow_url, fetcher, files)
    return IndexClient(options.index_url, fetcher) if options.index_url else None


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
