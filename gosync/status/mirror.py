"""``status.json``: how the mirror is, in the tree, for whoever serves or uses it.

The first block of keys is what mirror directories read: the fields that tunasync's
manager serves for a mirror, with its formats (``*_ts`` are Unix seconds, 0 for
never). The rest is gosync's own::

    name is_master status last_update last_started last_ended next_schedule
    upstream size error_msg
    schema             1
    written_at         when this file was written
    freshness          index_cursor, index_behind_seconds, oldest_list_at,
                       oldest_list_seconds, lists_never_had
    versions           how many there are by state; "present" are whole,
                       "go_mod_only" those of which the .mod alone is needed
    missing            selected versions that are not here, and named modules of
                       which there is nothing
    selection          how much of what is selected is here, and why not all
    failures           what stands open, by class of error
    findings           what stands open of what audits found, by kind
    jobs               each job: started_at ended_at exit_code error next_run_at
                       succeeded_at failures

What tunasync calls an update is a run that ended well; how old the data is says
``freshness``. ``status`` is of the job ``sync``: none, syncing, success, failed,
``paused`` when a signal ended it.
"""

from __future__ import annotations

from collections.abc import Iterator
from signal import SIGTERM

import msgspec

from gosync.catalog.jobs import JobRow
from gosync.clock import format_time, parse_time
from gosync.errors import InterruptedRunError
from gosync.status.facts import MirrorFacts
from gosync.text import encode_json

SCHEMA = 1
_TUNASYNC_TIME = "%Y-%m-%d %H:%M:%S %z"
_INTERRUPTED = InterruptedRunError(SIGTERM).exit_code
_NEVER = "0001-01-01 00:00:00 +0000"


def format_status(facts: MirrorFacts, *, name: str, upstream: str) -> bytes:
    """Return the file.

    Args:
        facts: How the mirror is.
        name: What it is called.
        upstream: Where its modules come from, without secrets.
    """
    document = {
        **_tunasync(facts, name, upstream),
        "schema": SCHEMA,
        "written_at": format_time(facts.now),
        "freshness": msgspec.to_builtins(facts.freshness),
        "versions": facts.versions.document(),
        "missing": facts.completeness.missing,
        "selection": facts.completeness.report(),
        "failures": dict(facts.failures),
        "findings": {kind.value: n for kind, n in facts.findings.items()},
        "jobs": {job: job_document(row) for job, row in facts.jobs.items()},
    }
    return msgspec.json.format(encode_json(document), indent=2) + b"\n"


def job_document(row: JobRow) -> dict[str, object]:
    """Return a job as JSON."""
    names = (
        "started_at",
        "ended_at",
        "exit_code",
        "error",
        "next_run_at",
        "succeeded_at",
        "failures",
    )
    return {name: getattr(row, name) for name in names}


def _tunasync(facts: MirrorFacts, name: str, upstream: str) -> dict[str, object]:
    row = facts.jobs.get("sync")
    return {
        "name": name,
        "is_master": True,
        "status": _status(row),
        **dict(_times("last_update", row.succeeded_at if row else None)),
        **dict(_times("last_started", row.started_at if row else None)),
        **dict(_times("last_ended", row.ended_at if row else None)),
        **dict(_times("next_schedule", row.next_run_at if row else None)),
        "upstream": upstream,
        "size": _size(facts.carried_bytes),
        "error_msg": row.error if row else "",
    }


def _status(row: JobRow | None) -> str:
    if row is None:
        return "none"
    if row.exit_code is None:
        return "syncing"
    if row.exit_code == _INTERRUPTED:
        return "paused"
    return "failed" if row.failures else "success"


def _times(key: str, at: str | None) -> Iterator[tuple[str, object]]:
    moment = parse_time(at) if at else None
    yield key, moment.strftime(_TUNASYNC_TIME) if moment else _NEVER
    yield f"{key}_ts", int(moment.timestamp()) if moment else 0


def _size(size_bytes: int) -> str:
    """Return a size as tunasync writes it: 1.2G."""
    size = float(size_bytes)
    for unit in ("", "K", "M", "G"):
        if size < 1024:
            return f"{size:.1f}{unit}" if unit else f"{size:.0f}"
        size /= 1024
    return f"{size:.1f}T"
