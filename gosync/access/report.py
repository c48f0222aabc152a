"""Report of an audit of access logs: the fields are the keys of its JSON document.

Times are as ``format_time`` writes them, None before any line.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from heapq import nlargest
from typing import Final

import msgspec

from gosync.access.agents import AgentKind
from gosync.access.audit import AccessAudit
from gosync.access.missing import MissingRequest
from gosync.access.served import ServedFinding
from gosync.access.tally import AccessTally
from gosync.access.windows import Alert
from gosync.clock import format_time

_TOP: Final = 20
_LONGEST: Final = 300
_MOST_MISSING: Final = 1_000
_MOST_OLD: Final = 1_000


class OutcomeCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many requests ended how."""

    hit: int = 0
    miss: int = 0
    missing: int = 0
    refused: int = 0
    failed: int = 0
    other: int = 0

    @classmethod
    def of(cls, outcomes: dict[str, dict[str, int]]) -> OutcomeCounts:
        """Return the sums over all kinds of requests."""
        return cls(
            **{
                end: sum(each.get(end, 0) for each in outcomes.values())
                for end in cls.__struct_fields__
            }
        )


class ClientTotal(msgspec.Struct, frozen=True, rename={"size_bytes": "bytes"}):
    """What an address asked for.

    Attributes:
        address: The address.
        count: Its requests.
        size_bytes: How much it was sent ("bytes" in JSON).
    """

    address: str
    count: int
    size_bytes: int


class ClientTotals(msgspec.Struct, frozen=True, kw_only=True):
    """All addresses.

    Attributes:
        count: How many there are.
        exact: Whether all are kept.
        error: By how much a count may be too low.
        top: Those with the most requests.
    """

    count: int
    exact: bool
    error: int
    top: list[ClientTotal]

    @classmethod
    def of(cls, tally: AccessTally, top: int) -> ClientTotals:
        """Return what was counted of addresses."""
        loudest = nlargest(top, tally.clients.items(), key=lambda item: item[1].count)
        return cls(
            count=tally.client_count,
            exact=not tally.clients_error,
            error=tally.clients_error,
            top=[
                ClientTotal(shown_bytes(key), each.count, each.size_bytes)
                for key, each in loudest
            ],
        )


class UserTotal(msgspec.Struct, frozen=True):
    """How many requests a user made."""

    user: str
    count: int

    @classmethod
    def busiest(cls, tally: AccessTally, top: int) -> list[UserTotal]:
        """Return those with the most requests."""
        users = nlargest(top, tally.users.items(), key=lambda item: item[1].count)
        return [cls(shown_bytes(user), each.count) for user, each in users]


class BusyModule(msgspec.Struct, frozen=True):
    """How many requests were for a module."""

    module: str
    count: int


class NewModule(msgspec.Struct, frozen=True):
    """When a module was asked for first, and how often."""

    module: str
    first: str | None
    count: int


class ModuleTotals(msgspec.Struct, frozen=True, kw_only=True):
    """All modules.

    Attributes:
        count: How many there are.
        exact: Whether all are kept.
        error: By how much a count may be too low.
        busiest: Those with the most requests.
        newest: Those that were asked for last for the first time.
    """

    count: int
    exact: bool
    error: int
    busiest: list[BusyModule]
    newest: list[NewModule]

    @classmethod
    def of(cls, tally: AccessTally, top: int) -> ModuleTotals:
        """Return what was counted of modules."""
        modules = tally.modules
        busiest = nlargest(top, modules.items(), key=lambda item: item[1].count)
        newest = nlargest(top, modules.items(), key=lambda item: item[1].first)
        return cls(
            count=tally.module_count,
            exact=not tally.modules_error,
            error=tally.modules_error,
            busiest=[BusyModule(path, each.count) for path, each in busiest],
            newest=[
                NewModule(path, _time(each.first), each.count) for path, each in newest
            ],
        )


class AgentTotals(msgspec.Struct, frozen=True):
    """Which User-Agents there were.

    Attributes:
        addresses: How many addresses sent one, by kind.
        old_go: The addresses that sent one of an old go.
    """

    addresses: dict[str, int]
    old_go: list[str]

    @classmethod
    def of(cls, tally: AccessTally) -> AgentTotals:
        """Return what was counted of User-Agents."""
        found: dict[str, int] = {}
        old: list[str] = []
        for kind, clients in tally.agents():
            found[kind.value] = len(clients)
            if kind is AgentKind.OLD_GO:
                old = sorted(map(shown_bytes, clients))[:_MOST_OLD]
        return cls(found, old)


class ServedReport(msgspec.Struct, frozen=True, kw_only=True):
    """A version with a finding that was given out; as in ServedFinding."""

    module: str
    version: str
    client: str
    user: str
    count: int
    first: str | None
    last: str | None

    @classmethod
    def of(cls, served: ServedFinding) -> ServedReport:
        """Return what is told of it."""
        return cls(
            module=served.module,
            version=served.version,
            client=shown_bytes(served.client),
            user=shown_bytes(served.user),
            count=served.count,
            first=_time(served.first),
            last=_time(served.last),
        )


class MissingReport(msgspec.Struct, frozen=True, kw_only=True):
    """A request for what is not carried; as in MissingRequest."""

    module: str
    query: str
    count: int
    first: str | None
    last: str | None

    @classmethod
    def of(cls, missing: MissingRequest) -> MissingReport:
        """Return what is told of it."""
        return cls(
            module=missing.module,
            query=missing.query,
            count=missing.count,
            first=_time(missing.first),
            last=_time(missing.last),
        )


class AlertReport(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that fired for a key; as in Alert."""

    rule: str
    key: str
    count: int
    since: str | None
    until: str | None
    last: str

    @classmethod
    def of(cls, alert: Alert) -> AlertReport:
        """Return what is told of it."""
        return cls(
            rule=alert.rule,
            key=shown_bytes(alert.key),
            count=alert.count,
            since=_time(alert.since),
            until=_time(alert.until),
            last=shown_bytes(alert.last),
        )


class AccessReport(
    msgspec.Struct, frozen=True, kw_only=True, rename={"size_bytes": "bytes"}
):
    """What some logs tell.

    Attributes:
        lines: How many requests were read.
        unread: How many lines were none.
        forms: Which forms of logs they have.
        since: The time of the oldest request.
        until: Of the newest.
        size_bytes: How much was sent ("bytes" in JSON).
        outcomes: How the requests ended.
        requests: The same, by kind of request.
        clients: Addresses.
        users: Users, the busiest first.
        modules: Modules.
        agents: User-Agents.
        toolchains: How often toolchains were fetched, by version.
        findings: Versions with findings that were given out.
        not_carried: What was asked for and is not carried.
        alerts: Rules that fired.
        remarks: What the report does not have, or not exactly.
    """

    lines: int
    unread: int
    forms: list[str]
    since: str | None
    until: str | None
    size_bytes: int
    outcomes: OutcomeCounts
    requests: dict[str, dict[str, int]]
    clients: ClientTotals
    users: list[UserTotal]
    modules: ModuleTotals
    agents: AgentTotals
    toolchains: dict[str, int]
    findings: list[ServedReport]
    not_carried: list[MissingReport]
    alerts: list[AlertReport]
    remarks: list[str]

    @classmethod
    def of(cls, audit: AccessAudit, *, top: int = _TOP) -> AccessReport:
        """Return what is told of an audit.

        Args:
            audit: What was read.
            top: How many clients, users and modules are named.
        """
        tally, outcomes = audit.tally, audit.tally.outcomes()
        missing = audit.missing.found()
        return cls(
            lines=audit.reader.read,
            unread=audit.unread,
            forms=[form.value for form in audit.reader.forms],
            since=_time(tally.first),
            until=_time(tally.last),
            size_bytes=sum(each.size_bytes for each in tally.clients.values()),
            outcomes=OutcomeCounts.of(outcomes),
            requests=outcomes,
            clients=ClientTotals.of(tally, top),
            users=UserTotal.busiest(tally, top),
            modules=ModuleTotals.of(tally, top),
            agents=AgentTotals.of(tally),
            toolchains=dict(audit.toolchains.counts.most_common(top)),
            findings=list(map(ServedReport.of, audit.served.found())),
            not_carried=list(map(MissingReport.of, missing[:_MOST_MISSING])),
            alerts=list(map(AlertReport.of, audit.alerts.alerts)),
            remarks=list(_remarks(audit, len(missing))),
        )


def shown_bytes(data: bytes) -> str:
    """Return bytes of a log as text: no UTF-8 is escaped, what is long is cut."""
    text = data[:_LONGEST].decode("utf-8", "backslashreplace")
    return f"{text}…" if len(data) > _LONGEST else text


def _remarks(audit: AccessAudit, missing: int) -> Iterator[str]:
    """Say what the report does not have, or not exactly."""
    if audit.unread:
        yield f"{audit.unread} lines are no requests that are known here"
    yield from map(str, audit.damaged)
    if audit.tally.clients_error:
        yield _inexact("addresses", audit.tally.clients_error)
    if audit.tally.modules_error:
        yield _inexact("modules", audit.tally.modules_error)
    if missing > _MOST_MISSING:
        yield f"{missing - _MOST_MISSING} more modules and queries are not carried"
    if audit.missing.left_out or audit.served.left_out:
        left = audit.missing.left_out + audit.served.left_out
        yield f"{left} requests were for more than is kept"
    if audit.alerts.left_out:
        yield f"{audit.alerts.left_out} more alerts"
    for rule, count in audit.alerts.forgotten.items():
        yield f"{rule}: {count} of its quietest keys were forgotten"


def _inexact(what: str, error: int) -> str:
    return (
        f"more {what} than are kept: a count is at least what it says,"
        f" and at most {error} more"
    )


def _time(seconds: int | None) -> str | None:
    return (
        None if seconds is None else format_time(datetime.fromtimestamp(seconds, UTC))
    )
