"""What can be done to a go.sum: its wrong lines are written anew, or go.

``--repair`` writes the ``h1:`` that the log has in place of a line's own, and sets a
mode; quarantine and delete leave the line out, as a repair does with one that nobody
can read, and ``go`` asks the checksum database again for it. The file as it was is on
the shelf, except after a deletion.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec

from gosync.clock import Clock
from gosync.errors import UsageError
from gosync.gomod.gosum import MAX_GO_SUM_BYTES
from gosync.verify.deeds import Deeds
from gosync.verify.plan import Action
from gosync.verify.report import Report, finding_document
from gosync.verify.shelf import Moved, Shelf
from gosync.verify.sumlines import SumTarget
from gosync.verify.targets import access_of
from gosync.verify.verdicts import Finding, Fix

_CHANGED = "has changed since it was looked at"
_DONE = {
    Action.REPAIR: "repaired",
    Action.QUARANTINE: "quarantined",
    Action.DELETE: "deleted",
}


class SumsPlan(msgspec.Struct):
    """What is to be done to go.sum files.

    Attributes:
        lines: By file and number, the lines that are written anew or go.
        access: Whose mode is set, by file.
    """

    lines: dict[str, dict[int, Finding]] = msgspec.field(default_factory=dict)
    access: dict[str, Finding] = msgspec.field(default_factory=dict)

    @property
    def removals(self) -> int:
        """How many lines go or are replaced."""
        return sum(len(each) for each in self.lines.values())

    def text(self, action: Action) -> Iterator[str]:
        """Yield the plan for people."""
        for finding in _findings(self.lines):
            anew = action is Action.REPAIR and finding.fix is Fix.REWRITE
            todo = f"write {finding.expected} into" if anew else "leave out"
            yield f"{todo} line {finding.path}"
        yield from (f"set mode and owner of {name}" for name in self.access)


def plan_sums(
    target: SumTarget, findings: Sequence[Finding], action: Action
) -> SumsPlan:
    """Return what can be done about the findings.

    Raises:
        UsageError: if a file is reached by a link; what it leads to has no place here.
    """
    plan = SumsPlan()
    for finding in findings:
        if finding.fix is Fix.ACCESS and action is Action.REPAIR:
            plan.access[finding.path] = finding
        elif finding.fix in {Fix.REWRITE, Fix.DROP}:
            name, _, number = finding.path.rpartition(":")
            plan.lines.setdefault(name, {})[int(number)] = finding
    for name in plan.lines:
        file = target.tree.root / name
        if file.is_symlink():
            raise UsageError(
                f"{file}: is a link, which is left as it is",
                hint=f"name what it leads to: gosync verify {file.resolve()}",
            )
    return plan


def act_on_sums(
    target: SumTarget,
    plan: SumsPlan,
    report: Report,
    action: Action,
    *,
    state: Path,
    clock: Clock,
) -> None:
    """Carry a plan out, and note it in the report.

    Raises:
        StoreError: if the shelf cannot be made; then nothing was done.
    """
    deeds, keep = Deeds(), action is not Action.DELETE
    new = {}
    for name, lines in plan.lines.items():
        data = target.tree.read(name, limit_bytes=MAX_GO_SUM_BYTES)
        if target.is_unchanged(name, data):
            new[name] = rewritten(data, lines, action)
        else:  # its lines are others by now
            for each in lines.values():
                deeds.note(_DONE[action], each.path, each, _CHANGED)
    shelf, moved = _shelf(target, plan, new, action, state=state, clock=clock)
    report.quarantine = shelf.id
    for name, data in new.items():
        put = partial(shelf.replace, target.tree, moved[name], [data], keep=keep)
        first, *others = plan.lines[name].values()
        deeds.attempt(_DONE[action], first.path, first, put)
        for each in others:  # the file is written once
            deeds.note(_DONE[action], each.path, each, deeds.done[-1].failed)
    for name, finding in plan.access.items():
        work = partial(access_of, target.tree, name)
        deeds.attempt(_DONE[action], name, finding, work)
    report.done = deeds.done


def _shelf(
    target: SumTarget,
    plan: SumsPlan,
    new: Mapping[str, bytes],
    action: Action,
    *,
    state: Path,
    clock: Clock,
) -> tuple[Shelf, Mapping[str, Moved]]:
    moved = {
        name: Moved(
            number,
            name,
            finding_document(next(iter(plan.lines[name].values()))),
            hashlib.sha256(data).hexdigest(),
        )
        for number, (name, data) in enumerate(new.items(), 1)
    }
    shelf = Shelf.build(
        state,
        target.tree,
        moved.values(),
        kind=target.kind,
        action=action,
        now=clock.now(),
    )
    return shelf, moved


def _findings(lines: Mapping[str, Mapping[int, Finding]]) -> Iterator[Finding]:
    for each in lines.values():
        yield from each.values()


def rewritten(data: bytes, plan: Mapping[int, Finding], action: Action) -> bytes:
    """Return a go.sum with what is planned done to its lines. Pure."""
    rows = data.split(b"\n")
    kept = []
    for number, row in enumerate(rows, 1):
        finding = plan.get(number)
        if finding is None:
            kept.append(row)
        elif action is Action.REPAIR and finding.fix is Fix.REWRITE:
            kept.append(row.replace(finding.found.encode(), finding.expected.encode()))
    return b"\n".join(kept)
