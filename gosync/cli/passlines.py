"""Lines about a pass: what it did, how fresh and how complete that is."""

from __future__ import annotations

from collections.abc import Iterator

from gosync.cli.ages import ago, format_age
from gosync.cli.policylines import policy_lines
from gosync.cli.tables import tree_lines, withdrawal_lines
from gosync.cli.troublelines import (
    completeness_lines,
    selection_line,
    trouble_lines,
)
from gosync.config.sizes import format_size
from gosync.sync.freshness import Freshness
from gosync.sync.report import PassReport


def sync_lines(report: PassReport) -> Iterator[str]:
    """Yield what a pass did, for people."""
    tally, published = report.tally, report.published
    yield (
        f"synced {len(tally.modules)} modules, {tally.admitted} versions,"
        f" {tally.go_mods} go.mod files alone, {format_size(tally.admitted_bytes)};"
        f" {report.requests} requests, {report.seconds:.1f} s"
    )
    if tally.unselected:
        yield f"{tally.unselected} versions are selected no more; see `gosync plan`"
    if tally.omitted:
        yield f"{tally.omitted} zips are larger than max_zip and stay out"
    if tally.index_skipped:
        yield f"index: {tally.index_skipped.total()} rows are no events"
    if tally.index_overtaken:
        yield (
            "index: another run moved its cursor meanwhile; what was read is kept, and"
            " the next sync goes on from where that cursor is"
        )
    elif tally.index_unread:
        yield "index: not read to its end; the next sync goes on where this one stopped"
    for reason, count in sorted(tally.list_skipped.items()):
        yield f"lists: {count} versions left out: {reason}"
    if published is not None:
        yield from tree_lines(published)
    yield f"fresh: {freshness_line(report.freshness)}"
    yield f"selection: {selection_line(report.completeness)}"
    yield from withdrawal_lines(report.withdrawn)
    yield from policy_lines(report.policy)
    if report.is_named:
        yield from trouble_lines(report.missing, report.empty_modules)
    else:
        yield from completeness_lines(report.completeness)


def freshness_line(fresh: Freshness) -> str:
    """Say how old what is known is, not when gosync ran."""
    oldest, behind = fresh.oldest_list_seconds, fresh.index_behind_seconds
    parts = [
        "no list was had yet"
        if oldest is None
        else f"lists at most {format_age(oldest)} old"
    ]
    if fresh.lists_never_had and oldest is not None:
        parts.append(f"{fresh.lists_never_had} never had")
    if behind is not None:
        parts.append(
            f"index read up to {ago(fresh.index_cursor or '')},"
            f" at most {format_age(behind)} behind"
        )
    return ", ".join(parts)
