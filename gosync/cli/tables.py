"""Lines and tables that several commands print."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gosync.catalog.findings import Finding
from gosync.catalog.withdrawn import Withdrawal, how_to_undo
from gosync.cli.ages import format_age
from gosync.cli.policylines import policy_lines
from gosync.cli.troublelines import (
    completeness_lines,
    selection_line,
    trouble_lines,
)
from gosync.config.sizes import format_size
from gosync.publish.report import PublishReport
from gosync.sumdb.tile import FULL_TILE_BYTES
from gosync.sync.freshness import Freshness
from gosync.sync.report import PassReport
from gosync.text import printable


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
            f"index read up to {fresh.index_cursor},"
            f" at most {format_age(behind)} behind"
        )
    return ", ".join(parts)


def alone_text(go_mods: int, of: str = "") -> str:
    """Return how many go.mod files there are alone, behind a comma; "" for none."""
    return f", {of}{go_mods} go.mod files alone" if go_mods else ""


def tree_lines(report: PublishReport) -> Iterator[str]:
    """Yield what a publish did, and what it left alone, for people."""
    done = f"{report.changes} files changed" if report.changes else "as it was"
    counts = (
        f"{report.modules} modules, {report.versions} versions,"
        f" {report.go_mods} go.mod files alone"
    )
    yield f"tree {report.root}: {counts}, {done}"
    if report.unknown:
        yield (
            f"{report.unknown} versions in the tree that this store does not know;"
            " they stay. next: gosync adopt"
        )
    yield from old_head_lines(report)


def withdrawal_lines(withdrawals: Iterable[Withdrawal]) -> Iterator[str]:
    """Yield withdrawn versions for people: why, who needs them, the way back."""
    for each in withdrawals:
        yield f"withdrawn {each.path}@{each.version} {each.withdrawn_at[:10]}"
        yield f"         {printable(each.reason)}"
        yield f"         if it may come back: {how_to_undo(each)}"
        if each.needed_by:
            yield f"         needed by {', '.join(map(printable, each.needed_by))}"


def old_head_lines(report: PublishReport) -> Iterator[str]:
    """Yield which clients a tree serves that remember a tree head from elsewhere."""
    if report.upper_tiles or report.leaf_tiles:
        upper = "all tiles above level 0 and " if report.upper_tiles else ""
        size = format_size(report.leaf_tiles * FULL_TILE_BYTES)
        yield f"older tree heads: {upper}{report.leaf_tiles} of level 0, {size}"
    if report.unserved:
        yield f"older tree heads: not all are served: {printable(report.unserved)}"
    if report.ahead:
        some = ", ".join(map(str, report.ahead[:3]))
        yield f"tree heads that are newer than this tree's are known: {some}"


def finding_lines(findings: Iterable[Finding]) -> Iterator[str]:
    """Yield findings for people, with both sides' evidence."""
    for finding in findings:
        place = f" at {finding.source}" if finding.source else ""
        yield f"finding {finding.id}  {finding.kind} {finding.subject}{place}"
        yield f"         {printable(finding.summary)}"
        seen = f"{finding.first_seen[:10]} to {finding.last_seen[:10]}"
        yield f"         {_state(finding)}; seen {seen}"
        for side, facts in (("here", finding.ours), ("there", finding.theirs)):
            for name, value in facts.items():
                yield f"         {side}: {name} {printable(value)}"


def _state(finding: Finding) -> str:
    said = f" ({printable(finding.note)})" if finding.note else ""
    return f"{finding.state}{said}"
