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
    vulnerable         modules here of which versions have known vulnerabilities
    jobs               each job: started_at ended_at exit_code error next_run_at
                       succeeded_at failures
    upstreams          how each has answered of late: url state success_rate
                       p50_seconds p95_seconds requests reason gaps lag
    volume             month, received_bytes from upstreams, limit_bytes (0: none)

What tunasync calls an update is a run that ended well; how old the data is says
``freshness``. ``status`` is of the job ``sync``: none, syncing, success, failed,
``paused`` when a signal ended it.
"""

from __future__ import annotations

from signal import SIGTERM
from typing import Any

import msgspec

from gosync.catalog.findings import FindingKind
from gosync.catalog.jobs import JobRow
from gosync.clock import format_time, parse_time
from gosync.errors import InterruptedRunError
from gosync.site.volume import MonthVolume
from gosync.status.facts import MirrorFacts
from gosync.sync.completeness import CompletenessReport
from gosync.sync.freshness import Freshness
from gosync.text import encode_json
from gosync.upstream.kept import UpstreamState

SCHEMA = 1
_TUNASYNC_TIME = "%Y-%m-%d %H:%M:%S %z"
_INTERRUPTED = InterruptedRunError(SIGTERM).exit_code
_NEVER = "0001-01-01 00:00:00 +0000"


class JobReport(msgspec.Struct, frozen=True, kw_only=True):
    """A job, as status.json, ``gosync status`` and ``gosync run --once`` tell it.

    Attributes:
        started_at: When its last run began.
        ended_at: When that ended, or None.
        exit_code: How it ended, or None.
        error: Why it failed, "" when it did not.
        next_run_at: When it is due next, or None where others run it.
        succeeded_at: When a run last ended well, whatever it found, or None.
        failures: How many runs in a row have failed.
    """

    started_at: str
    ended_at: str | None
    exit_code: int | None
    error: str
    next_run_at: str | None
    succeeded_at: str | None
    failures: int

    @classmethod
    def of(cls, row: JobRow) -> JobReport:
        """Return what is told of a job."""
        names = JobReport.__struct_fields__
        return JobReport(**{name: getattr(row, name) for name in names})


class TunasyncStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What directories of mirrors read; the module says what it is."""

    name: str
    is_master: bool = True
    status: str
    last_update: str
    last_update_ts: int
    last_started: str
    last_started_ts: int
    last_ended: str
    last_ended_ts: int
    next_schedule: str
    next_schedule_ts: int
    upstream: str
    size: str
    error_msg: str


class MirrorStatus(TunasyncStatus, frozen=True, kw_only=True):
    """``status.json``; its fields are the keys that the module lists."""

    schema: int = SCHEMA
    written_at: str
    freshness: Freshness
    versions: dict[str, int]
    missing: int
    selection: CompletenessReport
    failures: dict[str, int]
    findings: dict[FindingKind, int]
    vulnerable: int
    jobs: dict[str, JobReport]
    upstreams: tuple[UpstreamState, ...]
    volume: MonthVolume


def format_status(facts: MirrorFacts, *, name: str, upstream: str) -> bytes:
    """Return the file.

    Args:
        facts: How the mirror is.
        name: What it is called.
        upstream: Where its modules come from, without secrets.
    """
    row = facts.jobs.get("sync")
    report = MirrorStatus(
        name=name,
        status=_status(row),
        **_times(row),
        upstream=upstream,
        size=_size(facts.carried_bytes),
        error_msg=row.error if row else "",
        written_at=format_time(facts.now),
        freshness=facts.freshness,
        versions=facts.versions.document(),
        missing=facts.completeness.missing,
        selection=facts.completeness.report(),
        failures=dict(facts.failures),
        findings=dict(facts.findings),
        vulnerable=facts.vulnerable,
        jobs={job: JobReport.of(each) for job, each in facts.jobs.items()},
        upstreams=facts.upstreams,
        volume=facts.volume,
    )
    return msgspec.json.format(encode_json(report), indent=2) + b"\n"


def _status(row: JobRow | None) -> str:
    if row is None:
        return "none"
    if row.exit_code is None:
        return "syncing"
    if row.exit_code == _INTERRUPTED:
        return "paused"
    return "failed" if row.failures else "success"


def _times(row: JobRow | None) -> dict[str, Any]:
    """Return the times of the job, each as text and in seconds."""
    times = {
        "last_update": row and row.succeeded_at,
        "last_started": row and row.started_at,
        "last_ended": row and row.ended_at,
        "next_schedule": row and row.next_run_at,
    }
    found: dict[str, Any] = {}
    for key, at in times.items():
        moment = parse_time(at) if at else None
        found[key] = moment.strftime(_TUNASYNC_TIME) if moment else _NEVER
        found[f"{key}_ts"] = int(moment.timestamp()) if moment else 0
    return found


def _size(size_bytes: int) -> str:
    """Return a size as tunasync writes it: 1.2G."""
    size = float(size_bytes)
    for unit in ("", "K", "M", "G"):
        if size < 1024:
            return f"{size:.1f}{unit}" if unit else f"{size:.0f}"
        size /= 1024
    return f"{size:.1f}T"
