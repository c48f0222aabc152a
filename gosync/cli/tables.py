"""Lines and tables that several commands print."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gosync.catalog.findings import Finding
from gosync.catalog.withdrawn import Withdrawal, how_to_undo
from gosync.config.sizes import format_size
from gosync.publish.report import PublishReport
from gosync.sumdb.tile import FULL_TILE_BYTES
from gosync.text import printable


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
