"""HTML report: one page that needs no other file, for whoever signs things off.

What was checked, against which tree head, by which key; what was found, with the
evidence; what was done. Every text goes through ``html.escape``: names and reasons
are other people's. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Final

from gosync.clock import format_time
from gosync.publish.pages.style import STYLE
from gosync.text import shown
from gosync.verify.act.done import DoneAction
from gosync.verify.report import VerifyReport, sorted_heads
from gosync.verify.verdicts import CacheFinding, Verdict

_MORE_STYLE: Final = """\
.polluted, .corrupt { color: #a3161a; font-weight: 600; }
@media (prefers-color-scheme: dark) { .polluted, .corrupt { color: #ff9b96; } }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.2rem; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
"""
_PROMISES: Final = {
    0: "Everything that was checked is as it should be.",
    4: "Something was found, and it remains.",
    5: "Something was found, and all of it was dealt with.",
    6: "The checksum database was caught misbehaving; believe nothing yet.",
    75: "Nothing was found, but the checksum database could not be asked.",
}


def format_page(report: VerifyReport) -> str:
    """Return the page."""
    title = f"Verification of {shown(report.target)}"
    body = "".join(_sections(report, title))
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{_text(title)}</title>\n<style>\n{STYLE}{_MORE_STYLE}</style>\n"
        f"{body}</html>\n"
    )


def _sections(report: VerifyReport, title: str) -> Iterator[str]:
    yield f"<h1 class=path>{_text(title)}</h1>\n"
    promise = _PROMISES.get(report.exit_code, "The run did not end well.")
    yield f"<p>{_text(promise)}</p>\n"
    yield _facts(_checked(report))
    yield "<h2>What vouches for it</h2>\n"
    yield _facts(_trusted(report))
    yield "<h2>What was found</h2>\n"
    yield _counts(report)
    findings = report.outcome.findings
    if findings:
        yield _table(
            ("verdict", "file", "module version", "what is the matter", "evidence"),
            (_finding_cells(each) for each in findings),
        )
    yield from _unread(report)
    yield from _done(report)
    if steps := report.next_steps:
        yield "<h2>What to do next</h2>\n"
        yield f"<p>{'<br>'.join(_text(str(step)) for step in steps)}</p>\n"


def _checked(report: VerifyReport) -> Iterator[tuple[str, str]]:
    outcome = report.outcome
    yield "kind", report.kind.value
    yield "begun", format_time(outcome.begun_at)
    yield "ended", format_time(outcome.ended_at or outcome.begun_at)
    yield "versions", str(outcome.versions)
    yield "checked now", f"{outcome.checked}, {outcome.read_bytes} bytes read"
    if outcome.earlier:
        yield "proven by earlier runs", str(outcome.earlier)
    if outcome.outside:
        yield "outside this subset", str(outcome.outside)
    if outcome.left:
        yield "left for another run", str(outcome.left)
    if report.kept_in:
        yield "results kept in", report.kept_in
    for remark in outcome.remarks:
        yield "remark", remark


def _trusted(report: VerifyReport) -> Iterator[tuple[str, str]]:
    database = report.database
    yield "checksum database", database.name if database else "none was asked"
    if database is not None:
        yield "key", database.verifier_key
    for head in sorted_heads(report.outcome):
        text = head.source
        if head.tree_size is not None:
            text += f": tree of {head.tree_size} records, root {head.tree_hash}"
        yield "vouched for by", text
    for mv, why in report.outcome.misbehaved.items():
        yield "SECURITY", f"{mv}: {why}"


def _counts(report: VerifyReport) -> str:
    cells = [(each.value, str(report.counts[each])) for each in Verdict]
    return _facts((name, count) for name, count in cells if count != "0")


def _finding_cells(finding: CacheFinding) -> Sequence[str]:
    cause = f"{finding.cause.value}: " if finding.cause else ""
    evidence = [f"expected {finding.expected}"] if finding.expected else []
    evidence += [f"found {finding.found}"] if finding.found else []
    evidence += [f"by {finding.evidence}"] if finding.evidence else []
    verdict = finding.verdict.value
    return (
        f'<span class="{verdict}">{verdict}</span>',
        _text(finding.path),
        _text(str(finding.mv or "").removesuffix("@")),
        _text(cause + finding.reason),
        "<br>".join(f'<span class="hash">{_text(each)}</span>' for each in evidence),
    )


def _unread(report: VerifyReport) -> Iterator[str]:
    unread = report.outcome.unread
    if unread:
        yield "<h2>What could not be looked at</h2>\n"
        rows = ((_text(each.path), _text(each.reason)) for each in unread)
        yield _table(("file", "why"), rows)


def _done(report: VerifyReport) -> Iterator[str]:
    yield "<h2>What was done</h2>\n"
    if not report.done:
        planned = "".join(f"<li>{_text(line)}\n" for line in report.plan)
        yield f"<p>Nothing but looking.</p>\n<ul>{planned}</ul>\n"
        return
    rows = (
        (_text(each.action), _text(each.path), _text(_outcome(each)))
        for each in report.done
    )
    yield _table(("action", "file", "outcome"), rows)
    if report.undo:
        yield f"<p>It can be undone: <code>{_text(str(report.undo))}</code></p>\n"
    yield f"<p>{len(report.remaining)} findings remain.</p>\n"


def _outcome(done: DoneAction) -> str:
    return f"failed: {done.failed}" if done.failed else "done"


def _facts(facts: Iterable[tuple[str, str]]) -> str:
    rows = "".join(f"<dt>{_text(k)}<dd>{_text(v)}\n" for k, v in facts)
    return f"<dl>\n{rows}</dl>\n"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of cells that are HTML already."""
    head = "".join(f"<th>{_text(each)}" for each in columns)
    body = "".join(f"<tr>{''.join(f'<td>{c}' for c in row)}\n" for row in rows)
    table = f"<table>\n<thead><tr>{head}\n<tbody>\n{body}</table>"
    return f'<div class="scroll">{table}</div>\n'


def _text(text: str) -> str:
    """Return text as HTML; what cannot be printed is escaped as Python does."""
    printable = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in shown(text))
    return escape(printable)
