"""Fetching for a repair: from upstreams, or from trees and folders when offline.

With ``--offline`` that is the folders and ``file://`` proxies that were named: trees
for ``--proofs``, and entries of the list of proxies. What vouches for a version was
asked before; its h1 are what comes is held against, so that no database is asked.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Container, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from gosync.clock import Clock
from gosync.errors import GosyncError, LockedError
from gosync.folder.routes import SUMDB_FOLDER
from gosync.gomod.module import ModuleVersion
from gosync.site.options import SiteOptions
from gosync.upstream.address import Address
from gosync.upstream.goproxy import ProxyEntry, ProxyList
from gosync.upstream.urls import file_path
from gosync.verify.act.scratch import Fetched, fetch_anew
from gosync.verify.prove.answers import ProofAnswer
from gosync.verify.prove.sources import ProofTrust
from gosync.verify.request import VerifyRequest
from gosync.work.progress import Progress

_FILE: Final = "file:"
NOTHING_AT_HAND: Final = (
    "it must be fetched, and with --offline neither a --proofs tree nor a file:// proxy"
    " was named"
)


@asynccontextmanager
async def fetch_all(
    request: VerifyRequest,
    wanted: Mapping[ModuleVersion, ProofAnswer],
    mods: Container[ModuleVersion],
    clock: Clock,
    progress: Progress,
) -> AsyncIterator[Fetched]:
    """Fetch versions, and have them at hand while the block runs.

    Where that cannot even begin, as on a full disk, each of them has failed so.

    Args:
        request: What was asked for.
        wanted: The versions, with what vouches for each.
        mods: Of which versions the ``.mod`` alone is wanted.
        clock: What time it is.
        progress: Is told how far it is.

    Raises:
        LockedError: if another gosync fetches for the same target.
    """
    async with AsyncExitStack() as stack:
        fetched = Fetched(None, {}, {})
        if not can_fetch(request):
            fetched = Fetched(None, {}, dict.fromkeys(wanted, NOTHING_AT_HAND))
        elif wanted:
            work = fetch_anew(
                wanted,
                site=_site_of(request),
                private=request.private,
                folder=request.state_folder,
                clock=clock,
                progress=progress,
                mods=mods,
            )
            try:
                fetched = await stack.enter_async_context(work)
            except LockedError:
                raise
            except GosyncError as exc:
                fetched = Fetched(None, {}, dict.fromkeys(wanted, str(exc)))
        yield fetched


def can_fetch(request: VerifyRequest) -> bool:
    """Return whether there is anybody to fetch a version from."""
    return not request.offline or _local_proxies(request) is not None


def trust_for_log(request: VerifyRequest, trust: ProofTrust) -> ProofTrust | None:
    """Return whom lookups and tiles are fetched from, None for nobody."""
    if not request.offline:
        return trust
    local, database = _local_proxies(request), trust.database
    if local is None or database is None:
        return None
    for entry in local.entries:
        url = f"{entry.url.rstrip('/')}/{SUMDB_FOLDER}/{database.name}"
        if Path(file_path(f"{url}/supported")).is_file():
            there = replace(database, url=url)
            return replace(trust, database=there, proxies=local, state=None)
    return None


def _site_of(request: VerifyRequest) -> SiteOptions:
    local = _local_proxies(request) if request.offline else None
    if local is None:
        return request.site
    return replace(request.site, proxies=local, database=None)


def _local_proxies(request: VerifyRequest) -> ProxyList | None:
    """Return what can be had without any network, each asked for what others lack."""
    urls = [e.url for e in request.site.proxies.entries if e.url.startswith(_FILE)]
    urls += [folder.resolve().as_uri() for folder in request.proofs]
    if not urls:
        return None
    last = len(urls) - 1
    return ProxyList(
        tuple(
            ProxyEntry(Address(url), fall_back_on_error=True, is_last=number == last)
            for number, url in enumerate(urls)
        )
    )
