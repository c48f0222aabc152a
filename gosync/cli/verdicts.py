"""Lines that ``gosync verify`` prints for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from gosync.cli.classlines import page_lines
from gosync.cli.output import Output
from gosync.config.sizes import format_size
from gosync.diagnose.ownerrors import class_of_error
from gosync.errors import SecurityError, UnavailableError
from gosync.text import printable, shown
from gosync.verify.act.done import DoneAction
from gosync.verify.report import VerifyReport
from gosync.verify.verdicts import CacheFinding, Verdict

_SHOWN: Final = 100


def show_report(output: Output, report: VerifyReport) -> None:
    """Write what was found for people, the worst first, and what to run next."""
    for line in (_summary(report), *_counts(report)):
        output.say(printable(shown(line)))
    findings = report.outcome.findings
    if findings:
        rows = (_cells(each) for each in findings[:_SHOWN])
        output.table(("verdict", "file", "what is the matter"), rows)
        if len(findings) > _SHOWN:
            output.note(f"... and {len(findings) - _SHOWN} more; --json shows all")
    for line in _remarks(report):
        output.say(printable(shown(line)))


def _summary(report: VerifyReport) -> str:
    outcome = report.outcome
    text = (
        f"{report.target} ({report.kind.value}):"
        f" {outcome.versions} versions, {outcome.checked} checked,"
        f" {format_size(outcome.read_bytes)} read"
    )
    if outcome.earlier:
        text += f", {outcome.earlier} proven earlier"
    if outcome.left:
        text += f", {outcome.left} left for the next run"
    return text


def _counts(report: VerifyReport) -> Iterator[str]:
    counts = report.counts
    found = [f"{counts[each]} {each.value}" for each in Verdict if counts[each]]
    yield f"  {', '.join(found) or 'nothing to check'}"
    for head in report.outcome.heads:
        root = f", root {head.tree_hash}" if head.tree_hash else ""
        yield f"  vouched for by {head}{root}"
    if report.kept_in:
        yield f"  results are kept in {report.kept_in}"


def _cells(finding: CacheFinding) -> tuple[str, ...]:
    return (
        finding.verdict.value,
        printable(shown(finding.path)),
        printable(shown("; ".join(_sentences(finding)))),
    )


def _sentences(finding: CacheFinding) -> Iterator[str]:
    """Yield what is the matter: of what, the reason, then the evidence."""
    cause = f"{finding.cause.value}: " if finding.cause is not None else ""
    yield f"{_name_of(finding)}{cause}{finding.reason}"
    if finding.expected:
        source = f" ({finding.evidence})" if finding.evidence else ""
        yield f"expected {finding.expected}{source}"
    if finding.found:
        yield f"found {finding.found}"


def _name_of(finding: CacheFinding) -> str:
    """Return the module version, where the file's path does not name it."""
    mv = finding.mv
    if mv is None or not mv.version or mv.version in finding.path:
        return ""
    return f"{mv}: "


def _pages_of(report: VerifyReport) -> Iterator[str]:
    """Yield the classes of failures that explain what was found."""
    yield from map(_page_of, report.outcome.findings)
    for why in report.outcome.misbehaved.values():
        yield class_of_error(SecurityError.__name__, why)
    for each in report.outcome.unread[:_SHOWN]:
        yield class_of_error(UnavailableError.__name__, each.reason)


def _page_of(finding: CacheFinding) -> str:
    """Return the class of failures that explains a finding, "" for none."""
    polluted = finding.verdict is Verdict.POLLUTED
    proven = polluted and finding.evidence is not None and finding.evidence.tree_size
    return finding.failure_class or ("sum.sumdb_mismatch" if proven else "")


def _worth_showing(done: Sequence[DoneAction]) -> Sequence[DoneAction]:
    """Return what failed, all of it, and the beginning of what did not."""
    failed = [each for each in done if each.failed]
    return [*[each for each in done if not each.failed][:_SHOWN], *failed]


def _remarks(report: VerifyReport) -> Iterator[str]:
    for line in report.plan[:_SHOWN] if not report.done else ():
        yield f"plan: {line}"
    yield from (str(done) for done in _worth_showing(report.done))
    if report.undo:
        yield f"undo: {report.undo}"
    for each in report.outcome.unread[:_SHOWN]:
        yield f"not looked at: {each.path}: {each.reason}"
    for mv, why in report.outcome.misbehaved.items():
        yield f"SECURITY: the checksum database about {mv}: {why}"
    for remark in report.outcome.remarks:
        yield f"remark: {remark}"
    yield from page_lines(_pages_of(report))
    for number, step in enumerate(report.next_steps):
        yield f"{'      ' if number else 'next: '}{step}"
