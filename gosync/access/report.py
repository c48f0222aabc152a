"""Report of an audit of access logs, as one document."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from heapq import nlargest
from typing import Any, Final

from gosync.access.agents import AgentKind
from gosync.access.audit import AccessAudit
from gosync.access.missing import MissingRequest
from gosync.access.windows import Alert
from gosync.clock import format_time

_TOP: Final = 20
_LONGEST: Final = 300
_MOST_MISSING: Final = 1_000
_MOST_OLD: Final = 1_000


def report_document(audit: AccessAudit, *, top: int = _TOP) -> dict[str, Any]:
    """Return the report as JSON.

    Args:
        audit: What was read.
        top: How many clients, users and modules are named.
    """
    tally, outcomes = audit.tally, audit.tally.outcomes()
    ends = {
        end: sum(each.get(end, 0) for each in outcomes.values())
        for end in ("hit", "miss", "missing", "refused", "failed", "other")
    }
    missing = audit.missing.found()
    return {
        "lines": audit.reader.read,
        "unread": audit.unread,
        "forms": [form.value for form in audit.reader.forms],
        "since": _time(tally.first),
        "until": _time(tally.last),
        "bytes": sum(each.size_bytes for each in tally.clients.values()),
        "outcomes": ends,
        "requests": outcomes,
        "clients": _clients(audit, top),
        "users": [
            {"user": shown_bytes(user), "count": each.count}
            for user, each in nlargest(
                top, tally.users.items(), key=lambda item: item[1].count
            )
        ],
        "modules": _modules(audit, top),
        "agents": _agents(audit),
        "toolchains": dict(audit.toolchains.counts.most_common(top)),
        "findings": [
            {
                "module": each.module,
                "version": each.version,
                "client": shown_bytes(each.client),
                "user": shown_bytes(each.user),
                "count": each.count,
                "first": _time(each.first),
                "last": _time(each.last),
            }
            for each in audit.served.found()
        ],
        "not_carried": [missing_document(each) for each in missing[:_MOST_MISSING]],
        "alerts": [alert_document(each) for each in audit.alerts.alerts],
        "remarks": list(_remarks(audit, len(missing))),
    }


def alert_document(alert: Alert) -> dict[str, object]:
    """Return an alert as JSON."""
    return {
        "rule": alert.rule,
        "key": shown_bytes(alert.key),
        "count": alert.count,
        "since": _time(alert.since),
        "until": _time(alert.until),
        "last": shown_bytes(alert.last),
    }


def missing_document(missing: MissingRequest) -> dict[str, object]:
    """Return a request for what is not carried as JSON."""
    return {
        "module": missing.module,
        "query": missing.query,
        "count": missing.count,
        "first": _time(missing.first),
        "last": _time(missing.last),
    }


def shown_bytes(data: bytes) -> str:
    """Return bytes of a log as text: no UTF-8 is escaped, what is long is cut."""
    text = data[:_LONGEST].decode("utf-8", "backslashreplace")
    return f"{text}…" if len(data) > _LONGEST else text


def _clients(audit: AccessAudit, top: int) -> dict[str, object]:
    tally = audit.tally
    loudest = nlargest(top, tally.clients.items(), key=lambda item: item[1].count)
    return {
        "count": tally.client_count,
        "exact": not tally.clients_error,
        "error": tally.clients_error,
        "top": [
            {
                "address": shown_bytes(key),
                "count": each.count,
                "bytes": each.size_bytes,
            }
            for key, each in loudest
        ],
    }


def _modules(audit: AccessAudit, top: int) -> dict[str, object]:
    tally, modules = audit.tally, audit.tally.modules()
    busiest = nlargest(top, modules.items(), key=lambda item: item[1].count)
    newest = nlargest(top, modules.items(), key=lambda item: item[1].first)
    return {
        "count": tally.module_count,
        "exact": not tally.modules_error,
        "error": tally.modules_error,
        "busiest": [{"module": path, "count": each.count} for path, each in busiest],
        "newest": [
            {"module": path, "first": _time(each.first), "count": each.count}
            for path, each in newest
        ],
    }


def _agents(audit: AccessAudit) -> dict[str, object]:
    found: dict[str, object] = {}
    old: list[str] = []
    for kind, clients in audit.tally.agents():
        found[kind.value] = len(clients)
        if kind is AgentKind.OLD_GO:
            old = sorted(map(shown_bytes, clients))[:_MOST_OLD]
    return {"addresses": found, "old_go": old}


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
