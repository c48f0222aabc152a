"""``gosync init --probe``: what answers from here, within seconds, is written down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import anyio

from gosync.cli.init import PROBE_SECONDS
from gosync.mirrors.known import KnownMirror, known_mirrors
from gosync.mirrors.probing import Probe, ProbeReport
from gosync.sumdb.names import Database, parse_gosumdb
from gosync.upstream.address import MASK, make_logins
from gosync.upstream.goproxy import ProxyList
from gosync.upstream.http import Fetcher
from gosync.upstream.options import HttpOptions


def probe_upstreams(
    index: str, sumdb: str, lists: Sequence[Path], listed: ProxyList | None
) -> tuple[dict[str, str], list[str]]:
    """Return what of ``[upstream]`` to write, by key, and what to say.

    Args:
        index: The module index that is asked for, "" for none.
        sumdb: The checksum database, as GOSUMDB names it.
        lists: Files of mirrors besides the known ones.
        listed: The proxies to ask instead of these; None for the known ones.
    """
    addresses = () if listed is None else listed.addresses
    mirrors = [KnownMirror(each.url.rstrip("/")) for each in addresses]
    database = parse_gosumdb(sumdb)
    name = "" if database is None or database.url else database.name
    http = HttpOptions(
        timeout_seconds=PROBE_SECONDS,
        total_seconds=PROBE_SECONDS,
        retries=0,
        logins=make_logins(addresses),
    )

    async def run() -> ProbeReport:
        probe = Probe(mirrors or known_mirrors(lists), name)
        async with Fetcher(http) as fetcher:
            return await probe.run(fetcher, index, seconds=PROBE_SECONDS)

    found = anyio.run(run)
    written = {"index": found.index}
    if found.proxies and not (listed and MASK in listed.masked):  # a login stays
        written["proxies"] = "|".join(found.proxies)
    way = _way_to(database, found)
    if database is not None and way not in (None, f"https://{database.name}"):
        written["sumdb"] = f"{sumdb.split(maxsplit=1)[0]} {way}"
    return written, list(_told(found, index, database, way))


def _way_to(database: Database | None, found: ProbeReport) -> str | None:
    """Return where the database is asked, None where that is not to be written."""
    if database is None or database.url or found.relays:
        return None
    own = f"https://{database.name}"
    return own if own in found.sumdb else next(iter(found.sumdb), None)


def _told(
    found: ProbeReport, index: str, database: Database | None, way: str | None
) -> Iterator[str]:
    if found.proxies:
        yield f"answered: {', '.join(found.proxies)}"
    else:
        yield "no mirror answered: upstream.proxies stays what it is by default"
    if not found.index:
        yield (
            f"{index} did not answer" if index else "no index"
        ) + ": patterns like example.com/* cannot be selected, a new version is found"
        yield "when its module's list is asked again, and how far behind you are nobody"
        yield "can tell; a proxy with an index, like another gosync, would be one"
    if database is None or database.url:
        return
    if found.relays:
        yield f"{database.name} is relayed by {', '.join(found.relays)}"
    elif way is not None:
        yield f"{database.name} is asked at {way}"
    else:
        yield f"{database.name} cannot be reached: nothing can be proven until it can"
