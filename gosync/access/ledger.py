"""Ledger of requests: from logs into the catalog, and what of them is carried by now.

A log is known by the digest of its first line, and how far it was read is written in
the same transaction as what was found, so that no line counts twice: not after
rotation, nor after a kill. A last line without its end waits for the next reading.
Standard input has no such place; it counts as often as it is read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

import msgspec

from gosync.access.files import STANDARD_INPUT, read_blocks
from gosync.access.lines import LogReader, WholeLines
from gosync.access.missing import LATEST, MissingRequest, MissingRequests
from gosync.access.requestfile import RequestDecision
from gosync.access.rows import MISSING
from gosync.access.tally import AccessTally
from gosync.access.tries import TRIED_KINDS
from gosync.access.watch import Watch
from gosync.catalog.db import Catalog
from gosync.catalog.requests import ModuleRequest, RequestState
from gosync.catalog.versions import Need
from gosync.clock import format_time
from gosync.errors import RejectedError
from gosync.gomod.module import ModuleVersion
from gosync.site.site import Site
from gosync.work.progress import Progress

CARRIED: Final = "carried"
_MOST_HEAD: Final = 1 << 20


class ReadRequests(msgspec.Struct):
    """What was read.

    Attributes:
        lines: How many requests the logs had that were not read before.
        unread: How many lines were none.
        missing: How many of them were for what is not carried.
        damaged: Why logs were not read to their end.
    """

    lines: int = 0
    unread: int = 0
    missing: int = 0
    damaged: list[str] = msgspec.field(default_factory=list)


def read_requests(
    site: Site,
    names: Iterable[str],
    progress: Progress,
    *,
    prefix: str = "",
    anonymous: bool = False,
    statuses: frozenset[int] = MISSING,
) -> ReadRequests:
    """Take requests for what is not carried out of logs.

    Args:
        site: Where they are kept.
        names: The logs.
        progress: Watches.
        prefix: What the tree is served below; "" for the root.
        anonymous: Whether nobody's address is kept.
        statuses: Which HTTP statuses tell that something is not carried.

    Raises:
        UsageError: a log is not there, or cannot be read.
        StoreError: the catalog cannot be written.
    """
    report = ReadRequests()
    for name in names:
        missing = MissingRequests(prefix, anonymous=anonymous, statuses=statuses)
        position = _read(site.catalog, name, missing, prefix, report, progress)
        found = missing.found()
        report.missing += sum(each.count for each in found)
        with site.catalog.transaction():
            for each in found:
                site.catalog.requests.add(_request(each), each.askers)
            if position is not None:
                site.catalog.read_logs.put(*position, site.clock.now())
    return report


def _read(
    catalog: Catalog,
    name: str,
    missing: MissingRequests,
    prefix: str,
    report: ReadRequests,
    progress: Progress,
) -> tuple[str, int] | None:
    """Read one log from where it was read before; return its digest and how far."""
    digest = None if name == STANDARD_INPUT else log_digest(name)
    start = catalog.read_logs.read_bytes(digest) if digest else 0
    reader, lines = LogReader(), WholeLines()
    tally = AccessTally([Watch(missing.see, TRIED_KINDS)], prefix)
    read = start
    try:
        for block in read_blocks(name, skip_bytes=start):
            read += len(block)
            tally.see(reader.lines(lines.add(block)))
            progress.advance()
    except RejectedError as exc:
        report.damaged.append(str(exc))
    if digest is None:
        tally.see(reader.lines(lines.end()))
    report.lines += reader.read
    report.unread += reader.unread + tally.unread + lines.too_long
    return None if digest is None else (digest, read - lines.pending)


def log_digest(name: str) -> str | None:
    """Return the digest of a log's first line, None where it has none yet."""
    head = b""
    try:
        for block in read_blocks(name):
            head += block
            if b"\n" in head or len(head) > _MOST_HEAD:
                break
    except RejectedError:
        return None
    line, end, _ = head.partition(b"\n")
    return hashlib.sha256(line).hexdigest() if end else None


def _request(missing: MissingRequest) -> ModuleRequest:
    return ModuleRequest(
        module=missing.module,
        query=missing.query,
        count=missing.count,
        first=_time(missing.first),
        last=_time(missing.last),
    )


def _time(seconds: int) -> str:
    return format_time(datetime.fromtimestamp(seconds, UTC))


class RequestStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A request and what became of it.

    Attributes:
        module: The module path, or a checksum database's name.
        query: A version, "latest", a branch or commit, or a tile's path.
        count: How often it was asked for.
        first: When first.
        last: When last.
        state: "open", "approved", "refused", or "carried" by now.
        reason: Why it was refused, "" for no reason.
        askers: Who asked, and how often; nobody where that is not kept.
    """

    module: str
    query: str
    count: int
    first: str
    last: str
    state: str
    reason: str
    askers: Mapping[str, int]


def statuses(
    catalog: Catalog, decisions: Iterable[RequestDecision] = ()
) -> list[RequestStatus]:
    """Return all requests, the most asked first.

    Args:
        catalog: Where they are kept.
        decisions: What came back from outside, which counts before what is here.

    Raises:
        CatalogError: the catalog cannot be read.
    """
    decided = {(each.module, each.query): each for each in decisions}
    askers = catalog.requests.askers()
    found = []
    for each in catalog.requests.all():
        decision = decided.get(each.key)
        state, reason = (each.state, each.reason)
        if decision is not None:
            state, reason = decision.request_state, decision.reason
        carried = is_carried(catalog, each)
        found.append(
            RequestStatus(
                module=each.module,
                query=each.query,
                count=each.count,
                first=each.first,
                last=each.last,
                state=CARRIED if carried else state.value,
                reason="" if carried else reason,
                askers=askers.get(each.key, {}),
            )
        )
    return found


def is_carried(catalog: Catalog, request: ModuleRequest) -> bool:
    """Whether what was asked for is here by now.

    Raises:
        CatalogError: the catalog cannot be read.
    """
    if request.query == LATEST:
        rows = catalog.versions.carried(request.module)
        return any(row.carried is Need.ZIP for row in rows)
    row = catalog.versions.get(ModuleVersion(request.module, request.query))
    return row is not None and row.carried is not None


def open_requests(found: Iterable[RequestStatus]) -> list[RequestStatus]:
    """Return those that nobody has decided."""
    return [each for each in found if each.state == RequestState.OPEN.value]
