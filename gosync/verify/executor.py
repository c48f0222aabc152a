"""What is done about findings, whatever the target is: planned, limited, done.

Nothing is done at all where the target's kind is not certain, or no version was
recognised, and nothing to what lies beside something that could not be read: what is
good or bad there is not known. After it, what had findings is looked at again, so
that what remains is what is there and not what was hoped for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from gosync.clock import Clock
from gosync.errors import UsageError
from gosync.folder.foreign import recognised
from gosync.folder.layouts import Kind
from gosync.folder.tree import Tree
from gosync.gomod.module import ModuleVersion
from gosync.text import shown
from gosync.verify.act.fetching import NOTHING_AT_HAND, can_fetch, trust_for_log
from gosync.verify.act.folder import Carrying
from gosync.verify.act.gosum import act_on_sums, plan_sums
from gosync.verify.act.plan import Action, make_plan
from gosync.verify.act.quarantine import Quarantine
from gosync.verify.act.restore import put_all_back
from gosync.verify.look.gosum import SumTarget
from gosync.verify.look.targets import FolderTarget, Target
from gosync.verify.ownstore.actions import act_on_store
from gosync.verify.ownstore.plan import plan_store
from gosync.verify.ownstore.restore import restore_store
from gosync.verify.ownstore.target import StoreTarget
from gosync.verify.prove.answers import Answer
from gosync.verify.remedy import undo_command
from gosync.verify.report import Report
from gosync.verify.verdicts import Finding, Fix
from gosync.work.progress import NoProgress, Progress

if TYPE_CHECKING:
    from gosync.verify.request import Request
    from gosync.verify.session import Session


class TooManyError(UsageError):
    """More would go than is allowed."""


class UncertainError(UsageError):
    """It is not certain that the target is a cache itself."""


async def act(
    session: Session,
    report: Report,
    action: Action,
    *,
    clock: Clock,
    max_delete: int,
    consent: Callable[[Sequence[str]], bool] | None = None,
    progress: Progress | None = None,
) -> None:
    """Do something about what was found, and note it in the report.

    Before anything is done ``consent`` is asked, given the plan; it may say no.

    Raises:
        UncertainError: if the target is not certainly a cache itself.
        TooManyError: if more would go than ``max_delete``; the report has the plan.
        StoreError: if what is moved aside cannot be kept.
    """
    if session.detection.doubt:
        raise UncertainError(session.detection.doubt, hint=session.detection.advice)
    if _is_nothing(session.target):
        report.outcome.remarks.append(
            "nothing was done: no module version was recognised in it"
        )
        return
    answers = await _answers(session, report)
    carry_out = _plan(session, report, action, answers, clock, progress or NoProgress())
    removals = carry_out.removals
    if removals > max_delete:
        raise TooManyError(
            f"{removals} things would go or be replaced, more than {max_delete}",
            hint=f"look at the plan, then give --max-delete {removals}",
        )
    if not report.plan or (consent is not None and not consent(report.plan)):
        return
    await carry_out.run()
    if report.quarantine:
        name = report.quarantine
        report.undo = undo_command(session.request, report.target, name)
    await recheck(session, report)


def _is_nothing(target: Target) -> bool:
    """Return whether a folder has no version of its kind: it may be anybody's."""
    return isinstance(target, FolderTarget) and not recognised(target.inventory)


class _Ready(msgspec.Struct, frozen=True):
    """A plan that only waits for a word.

    Attributes:
        removals: How many things it lets go or replaces.
        run: Carries it out.
    """

    removals: int
    run: Callable[[], Awaitable[None]]


def _plan(
    session: Session,
    report: Report,
    action: Action,
    answers: Mapping[ModuleVersion, Answer],
    clock: Clock,
    progress: Progress,
) -> _Ready:
    """Make the plan for a target, and put it into the report."""
    target, findings = session.target, report.outcome.findings
    if isinstance(target, SumTarget):
        sums_plan = plan_sums(target, findings, action)
        report.plan = [shown(line) for line in sums_plan.text(action)]

        async def run_sums() -> None:
            state = session.request.state_folder
            act_on_sums(target, sums_plan, report, action, state=state, clock=clock)

        return _Ready(sums_plan.removals, run_sums)
    if isinstance(target, StoreTarget):
        store_plan = plan_store(
            target,
            findings,
            action,
            can_ask_log=trust_for_log(session.request, session.trust) is not None,
        )
        report.plan = [shown(line) for line in store_plan.lines(action)]
        run_store = partial(
            act_on_store, session, target, store_plan, report, action, clock, progress
        )
        return _Ready(store_plan.removals, run_store)
    if not isinstance(target, FolderTarget):
        raise UsageError(f"{target.name}: nothing can be done about a proxy from here")
    plan = make_plan(
        target.layout,
        target.inventory,
        findings,
        answers,
        action,
        can_fetch=can_fetch(session.request),
        can_ask_log=trust_for_log(session.request, session.trust) is not None,
    )
    report.plan = [shown(line) for line in plan.lines(action)]
    if plan.unknown:
        report.outcome.remarks.append(
            f"{len(plan.unknown)} findings are left, beside what could not be read"
        )
    if action is Action.REPAIR and not can_fetch(session.request):
        lacking = sum(each.fix is Fix.FETCH for each in plan.left)
        report.outcome.remarks += [f"{lacking} left: {NOTHING_AT_HAND}"] * bool(lacking)
    doing = Carrying(session, target, plan, action, clock)
    return _Ready(plan.removals, partial(doing.run, report, progress))


async def _answers(session: Session, report: Report) -> dict[ModuleVersion, Answer]:
    """Return what vouches for each version that has a finding; it stays known."""
    known = report.outcome.answers
    for finding in report.outcome.findings:
        mv = finding.mv
        if mv is not None and mv.version and mv not in known:
            known[mv] = await session.prover.ask(mv)
    return known


async def recheck(session: Session, report: Report) -> None:
    """Look again at what had findings; what is left of them remains."""
    target = session.reopen()
    there = target.versions()
    remaining: list[Finding] = []
    for mv, answer in report.outcome.answers.items():
        if mv in there:
            now = await _answer_now(target, mv, answer)
            remaining += target.check(mv, now).findings
    if not report.outcome.left:
        remaining += target.rest()
    report.remaining = remaining


async def _answer_now(target: Target, mv: ModuleVersion, answer: Answer) -> Answer:
    """Return an answer once more, where it rests on what was changed."""
    own = await target.source.ask(mv) if isinstance(target, StoreTarget) else None
    if own is None:
        return answer
    return replace(answer, doubt=own.doubt) if own.doubt else own


def restore(request: Request, name: str, clock: Clock) -> list[tuple[str, str]]:
    """Put all back from a quarantine; return each thing, and why it could not be.

    Raises:
        UsageError: if there is no such quarantine, or it is another target's.
        LockedError: if it is gosync's own store, and another one holds its lock.
        StoreError: if gosync's own store cannot be written.
    """
    folder = request.path if request.path.is_dir() else request.path.parent
    tree, quarantine = Tree(folder), Quarantine(request.state_folder, name)
    if quarantine.read().kind == Kind.STORE:
        return restore_store(request, tree, quarantine, clock)
    return put_all_back(tree, quarantine)
