"""``gosync status``: fresh, complete, proven, at a glance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

import click

from gosync.audit.state import AuditState
from gosync.catalog.findings import Finding
from gosync.cli.ages import ago
from gosync.cli.durations import Duration
from gosync.cli.notelines import told_notes
from gosync.cli.options import CommonOptions, common_options
from gosync.cli.passlines import freshness_line
from gosync.cli.policylines import policy_lines
from gosync.cli.tables import finding_lines, withdrawal_lines
from gosync.cli.troublelines import completeness_lines, selection_line
from gosync.cli.vulnlines import vulnerable_line
from gosync.clock import SystemClock
from gosync.config.sizes import format_size
from gosync.site.site import read_catalog
from gosync.site.volume import MonthVolume
from gosync.status.late import Late
from gosync.status.report import (
    JobState,
    NewestBundle,
    RunReport,
    StatusReport,
    read_status,
)
from gosync.sync.completeness import Completeness
from gosync.upstream.kept import UpstreamState

_SHOWN = 20
_STATES = {
    "present": "whole",
    "go_mod_only": "go.mod only",
    "go_mod_read": "go.mod files read to select",
}


@click.command()
@click.option(
    "--max-age",
    type=Duration(),
    metavar="TIME",
    help="Exit 3 if sync, lists, index or bundle are older: 90m, 36h, 2d.",
)
@common_options
def status(options: CommonOptions, max_age: timedelta | None) -> int:
    """Show how fresh, how complete and how proven the mirror is.

    For monitors, with --quiet and its exit code: 3 while something selected is
    missing or what is known is older than --max-age, 4 while a finding stands open, 6
    for evidence of misbehaviour that is no finding, 7 if the catalog cannot be read,
    else 0.
    """
    config = options.load_config()
    site, now = config.site_options(), SystemClock().now()
    with read_catalog(site, blobs=True) as catalog:
        audit = config.audit_options()
        facts, report = read_status(catalog, site, audit, now, max_age=max_age)
    completeness = facts.completeness
    options.output.result(
        "status",
        report,
        [
            *_lines(report, completeness),
            *withdrawal_lines(report.withdrawn),
            *policy_lines(report.policy),
            *map(_late_line, report.late),
            *completeness_lines(completeness),
            *told_notes(report.notes),
            *_first_findings(report.findings),
        ],
    )
    return report.exit_code


def _late_line(late: Late) -> str:
    if late.at is None:
        return f"late       {late.what}: never"
    return f"late       {late.what}: {ago(late.at)}, older than --max-age"


def _first_findings(findings: list[Finding]) -> Iterator[str]:
    yield from finding_lines(findings[:_SHOWN])
    if len(findings) > _SHOWN:
        more = len(findings) - _SHOWN
        yield f"... and {more} more; `gosync audit --list` shows all"


def _unknown_words(count: int) -> str:
    if not count:
        return ""
    return f"; {count} versions in it are unknown here, next: gosync adopt"


def _kept_lines(report: StatusReport) -> Iterator[str]:
    """Yield what is here besides what is selected and proven."""
    if count := report.selection.unselected:
        yield f"unselected {count} versions, kept for `gosync prune`"
    if report.unproven:
        yield f"unproven   {report.unproven} versions from caches wait for their proof"


def _bundle_line(bundle: NewestBundle) -> str:
    """Return where the selection came from."""
    waits = f"; {bundle.waiting} more wait" if bundle.waiting else ""
    return (
        f"bundle     selection of number {bundle.sequence} for {bundle.target},"
        f" made {ago(bundle.created_at)}, taken in {ago(bundle.moved_at)}{waits}"
    )


def _lines(report: StatusReport, completeness: Completeness) -> Iterator[str]:
    counts = (f"{n} {_STATES.get(s, s)}" for s, n in report.versions.items() if n)
    yield f"store      {report.store}"
    yield f"tree       {report.tree}{_unknown_words(report.tree_unknown)}"
    yield f"modules    {report.modules_followed} followed"
    if report.bundle is None:
        yield f"fresh      {freshness_line(report.freshness)}"
    yield f"versions   {', '.join(counts) or 'none'}"
    if report.bundle is not None:
        yield _bundle_line(report.bundle)
    yield f"selection  {selection_line(completeness)}"
    yield from _kept_lines(report)
    for pattern, at in report.index_cursors.items():
        if at:
            yield f"index {pattern}  {ago(at)}"
    for name, size in report.tree_heads.items():
        if size:
            yield f"tree head {name}  {size}"
    if (run := report.last_run) is not None:
        yield f"last run   {run.command}, {_how_it_ended(run)}, {_when(run)}"
    if report.at_work:
        yield f"at work    {report.at_work}"
    yield from _found_lines(report)
    yield from map(_upstream_line, report.upstreams)
    if report.volume.limit_bytes:
        yield f"volume     {_volume_line(report.volume)}"
    yield from _job_lines(report.jobs)


def _found_lines(report: StatusReport) -> Iterator[str]:
    yield f"findings   {_findings_line(report.audit)}"
    if report.vulnerable:
        yield (
            f"vulnerable {report.vulnerable} modules, in versions that are here:"
            " `gosync vulns` names them"
        )
    for each in report.vulnerable_newest:
        yield f"known      {ago(each.since)}: {vulnerable_line(each)}"


def _upstream_line(each: UpstreamState) -> str:
    parts = ["not asked now" if each.state == "open" else "asked"]
    if each.success_rate is not None:
        parts.append(f"{100 * each.success_rate:.0f} % answered")
    if each.p50_seconds is not None and each.p95_seconds is not None:
        median, late = 1000 * each.p50_seconds, 1000 * each.p95_seconds
        parts.append(f"{median:.0f} ms, P95 {late:.0f} ms")
    if (lag := each.lag) is not None:
        parts.append(
            f"{lag.minutes:.0f} ± {lag.bound_minutes:.0f} min behind the index"
        )
    told = ", ".join([*parts, *each.gaps])
    return f"upstream   {each.url}: {told}{f': {each.reason}' if each.reason else ''}"


def _volume_line(volume: MonthVolume) -> str:
    received, most = volume.received_bytes, volume.limit_bytes
    spent = "; no zips until the month ends" if received >= most else ""
    return f"{format_size(received)} of {format_size(most)} in {volume.month}{spent}"


def _job_lines(jobs: Mapping[str, JobState]) -> Iterator[str]:
    for name, job in jobs.items():
        after = f", next {ago(job.next_run_at)}" if job.next_run_at else ""
        yield f"job {name:8} {_how_it_ended(job)}, {_when(job)}{after}"


def _when(run: RunReport | JobState) -> str:
    return ago(run.ended_at) if run.ended_at else f"begun {ago(run.started_at)}"


def _how_it_ended(run: RunReport | JobState) -> str:
    if run.ended_at is None:
        return "killed" if run.killed else "at work"
    return "stopped, as it was asked to" if run.stopped else f"exit {run.exit_code}"


def _findings_line(audit: AuditState) -> str:
    opened = ", ".join(f"{n} {kind.value}" for kind, n in audit.open.items() if n)
    oldest = audit.oldest_answer_at
    if oldest is None:
        return f"{opened or 'none'}; nothing was audited yet"
    asked = (
        f"oldest answer {ago(oldest)}" if oldest else "some questions are unanswered"
    )
    due = f"; {audit.waiting} questions are due" if audit.waiting else ""
    spent = ", ".join(each.source for each in audit.budget_spent)
    ended = f"; this hour's budget is spent for {spent}" if spent else ""
    return f"{opened or 'none'}; {asked}{due}{ended}"
