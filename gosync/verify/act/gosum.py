"""Actions on a go.sum: its wrong lines are rewritten or removed.

``--repair`` writes the ``h1:`` that the log has in place of a line's own, and sets a
mode; quarantine and delete leave the line out, as a repair does with one that nobody
can read, and ``go`` asks the checksum database again for it. The file as it was is in
quarantine, except after a deletion.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import msgspec

from gosync.errors import GosyncError, UsageError
from gosync.folder.placing import FILE_MODE, stat_of
from gosync.gomod.gosum import MAX_GO_SUM_BYTES
from gosync.gomod.module import ModuleVersion
from gosync.hint import advise, command
from gosync.verify.act.access import Mending, pieces_of, plan_access
from gosync.verify.act.actor import ALL, Acted, ActSetting
from gosync.verify.act.done import DoneActions
from gosync.verify.act.plan import Action
from gosync.verify.act.quarantine import Moved, TargetQuarantine
from gosync.verify.look.gosum import SumTarget
from gosync.verify.prove.answers import ProofAnswer
from gosync.verify.verdicts import CacheFinding, Fix
from gosync.work.progress import Progress

_CHANGED = "has changed since it was looked at"
_PERMISSIONS = 0o777
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

    lines: dict[str, dict[int, CacheFinding]] = msgspec.field(default_factory=dict)
    access: dict[str, CacheFinding] = msgspec.field(default_factory=dict)

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
    target: SumTarget, findings: Sequence[CacheFinding], action: Action
) -> SumsPlan:
    """Return what can be done about the findings.

    Raises:
        UsageError: if all files are links; what they lead to has no place here.
    """
    plan = SumsPlan()
    for finding in findings:
        if finding.fix is Fix.ACCESS and action is Action.REPAIR:
            plan.access[finding.path] = finding
        elif finding.fix in {Fix.REWRITE, Fix.DROP}:
            name, _, number = finding.path.rpartition(":")
            plan.lines.setdefault(name, {})[int(number)] = finding
    links = [name for name in plan.lines if (target.tree.root / name).is_symlink()]
    if links and len(links) == len(plan.lines):
        file = target.tree.root / links[0]
        raise UsageError(
            f"{file}: is a link, which is left as it is",
            hint=advise("name what it leads to: {}", command("verify", file.resolve())),
        )
    return plan  # of several, a link fails by itself


class SumsActor(msgspec.Struct, frozen=True):
    """Acts on go.sum files; see Actor.

    Attributes:
        target: The files.
        setting: Of the run.
        actions: All of them.
    """

    target: SumTarget
    setting: ActSetting
    actions: frozenset[Action] = ALL

    def refusal(self) -> str:
        """See Actor."""
        return ""

    def plan(
        self,
        findings: Sequence[CacheFinding],
        answers: Mapping[ModuleVersion, ProofAnswer],
        action: Action,
    ) -> SumsActions:
        """See Actor: what is to be written is in the findings."""
        del answers
        plan = plan_sums(self.target, findings, action)
        return SumsActions(self.target, self.setting, plan, action)


class SumsActions(msgspec.Struct, frozen=True):
    """A plan for go.sum files; see PlannedActions.

    Attributes:
        target: The files.
        setting: Of the run.
        plan: What is to be done.
        action: What is wanted.
    """

    target: SumTarget
    setting: ActSetting
    plan: SumsPlan
    action: Action

    @property
    def removals(self) -> int:
        """See PlannedActions."""
        return self.plan.removals

    def lines(self) -> Iterator[str]:
        """See PlannedActions."""
        return self.plan.text(self.action)

    def remarks(self) -> Iterator[str]:
        """See PlannedActions."""
        yield from ()

    async def carry_out(self, progress: Progress) -> Acted:
        """See PlannedActions."""
        del progress
        target, plan, action = self.target, self.plan, self.action
        done, keep = DoneActions(), action is not Action.DELETE
        puts = dict(_rewritten(target, plan, action, done))
        access = {name: each for name, each in plan.access.items() if name not in puts}
        mending = plan_access(target.tree, access)
        for name, each in mending.copies.items():
            data = b"".join(pieces_of(target.tree, name))
            puts[name] = _Put([each.finding], data, each.mode)
        quarantine, moved = _quarantine(target, puts, mending, action, self.setting)
        for name, put in puts.items():
            owner = stat_of(target.tree, name) if name not in plan.access else None
            replace = partial(quarantine.replace, target.tree, moved[name], [put.data])
            work = partial(replace, keep=keep, mode=put.mode, owner=owner)
            first, *others = put.findings
            done.attempt(_DONE[action], first.path, first, work)
            for finding in others:  # the file is written once
                done.note(_DONE[action], finding.path, finding, done.actions[-1].failed)
        done.change_access(target.tree, mending)
        can_be_undone = done.can_be_undone(action)
        return Acted(done.actions, quarantine.id if can_be_undone else "")


class _Put(msgspec.Struct, frozen=True):
    """A file that is written anew.

    Attributes:
        findings: Why.
        data: Its bytes.
        mode: Its mode.
    """

    findings: list[CacheFinding]
    data: bytes
    mode: int


def _rewritten(
    target: SumTarget, plan: SumsPlan, action: Action, done: DoneActions
) -> Iterator[tuple[str, _Put]]:
    """Yield what files will be; what cannot be read is noted, and the others go on."""
    for name, lines in plan.lines.items():
        findings = list(lines.values())
        data = b""
        try:
            data = target.tree.read(name, limit_bytes=MAX_GO_SUM_BYTES)
        except GosyncError as exc:
            reason = str(exc)
        else:  # else its lines are others by now
            reason = "" if target.is_unchanged(name, data) else _CHANGED
        if reason:
            for finding in findings:
                done.note(_DONE[action], finding.path, finding, reason)
            continue
        new = rewritten(data, lines, action)
        yield name, _Put(findings, new, _mode_of(target, name, plan))


def _mode_of(target: SumTarget, name: str, plan: SumsPlan) -> int:
    """Return the mode that a file has, or is to have."""
    found = stat_of(target.tree, name)
    if found is None or name in plan.access:
        return FILE_MODE
    return found.st_mode & _PERMISSIONS


def _quarantine(
    target: SumTarget,
    puts: Mapping[str, _Put],
    mending: Mending,
    action: Action,
    setting: ActSetting,
) -> tuple[TargetQuarantine, Mapping[str, Moved]]:
    moved = {
        name: Moved.of(
            number,
            name,
            put.findings[0],
            hashlib.sha256(put.data).hexdigest(),
        )
        for number, (name, put) in enumerate(puts.items(), 1)
    }
    quarantine = TargetQuarantine.build(
        setting.request.state_folder,
        target.tree,
        moved.values(),
        kind=target.kind,
        action=action,
        now=setting.clock.now(),
        access=[changed for changed, _ in mending.changes],
    )
    return quarantine, moved


def _findings(
    lines: Mapping[str, Mapping[int, CacheFinding]],
) -> Iterator[CacheFinding]:
    for each in lines.values():
        yield from each.values()


def rewritten(data: bytes, plan: Mapping[int, CacheFinding], action: Action) -> bytes:
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
