"""What to do about findings: what to run next. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from gosync.verify.report import Report
from gosync.verify.verdicts import Cause, Finding, Fix, Verdict

if TYPE_CHECKING:
    from gosync.verify.request import Request

_SHOWN = 3


def next_steps(report: Report) -> Iterator[str]:
    """Yield lines that say what to do about what remains."""
    remaining = report.remaining
    target = shlex.quote(report.target)
    if report.outcome.misbehaved:
        yield "believe nothing that rests on this database's answers; ask from another"
        yield "place whether it says the same there"
    # Whoever was served it has it still, whatever became of the file since.
    found = (*report.outcome.findings, *remaining)
    polluted = [each for each in found if each.verdict is Verdict.POLLUTED]
    if polluted:
        yield from _about_polluted(polluted)
    if any(_can_act(each) for each in remaining):
        yield f"gosync verify {target} --repair --dry-run, with this run's options,"
        yield "shows what would be done; then without --dry-run; or --quarantine, which"
        yield "can be undone"
    causes = {each.cause for each in remaining}
    if causes & {Cause.UNKNOWN, Cause.UNASKED}:
        yield "name what is private: --private PATTERN; --sums go.sum vouches for it"
    if Cause.UNASKED in causes:
        yield "ask the log: without --offline, or through --proxy URL; or name a tree"
        yield "that proves with --proofs DIR"
    if report.outcome.left:
        yield f"gosync verify {target}, to go on with the {report.outcome.left} left"


def _about_polluted(polluted: list[Finding]) -> Iterator[str]:
    """Yield what must be done by people: somebody was given other code."""
    names = sorted({str(each.mv) for each in polluted})
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    yield f"find out who used {', '.join(names[:_SHOWN])}{more}: what was built with it"
    yield "is not what everybody else gets; `gosync verify go.sum` in their projects"
    yield 'and `gosync verify "$(go env GOMODCACHE)"` show where else it lies'


def undo_command(request: Request, target: str, name: str) -> str:
    """Return what undoes an action, run from wherever.

    Args:
        request: What was asked for.
        target: What was acted on.
        name: The quarantine's id.
    """
    words = ["gosync", "verify", str(Path(target).absolute())]
    if request.state is not None:
        words += ["--state", str(request.state.absolute())]
    return shlex.join([*words, "--restore", name])


def _can_act(finding: Finding) -> bool:
    return finding.fix is not Fix.NOTHING and finding.cause is None
