"""Executor: acts on findings, whatever the target is: plans, limits, does.

Nothing is done at all where the target's kind is not certain, or no version was
recognised, and nothing to what lies beside something that could not be read: what is
good or bad there is not known. After it, what had findings is looked at again, so
that what remains is what is there and not what was hoped for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from gosync.clock import Clock
from gosync.errors import UsageError
from gosync.folder.layouts import TargetKind
from gosync.folder.tree import FileTree
from gosync.gomod.module import ModuleVersion
from gosync.hint import Command
from gosync.store.objects.location import is_location
from gosync.text import shown
from gosync.verify.act.actor import Actor, ActSetting
from gosync.verify.act.plan import Action
from gosync.verify.act.quarantine import TargetQuarantine
from gosync.verify.act.restore import put_all_back
from gosync.verify.look.targets import Target
from gosync.verify.ownstore.restore import restore_store
from gosync.verify.prove.answers import ProofAnswer
from gosync.verify.remedy import undo_command
from gosync.verify.report import VerifyReport
from gosync.verify.request import VerifyRequest
from gosync.verify.session import Session
from gosync.verify.verdicts import CacheFinding
from gosync.work.progress import NoProgress, Progress

_AGAIN: Final = "name the TARGET that the action was done to"


class TooManyError(UsageError):
    """More would go than is allowed."""


class UncertainError(UsageError):
    """It is not certain that the target is a cache itself."""


async def act(
    session: Session,
    report: VerifyReport,
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
    actor = _actor_of(session, action, clock)
    if reason := actor.refusal():
        report.outcome.remarks.append(f"nothing was done: {reason}")
        return
    answers = await _answers(session, report)
    planned = actor.plan(report.outcome.findings, answers, action)
    report.plan = [shown(line) for line in planned.lines()]
    report.outcome.remarks += planned.remarks()
    if (removals := planned.removals) > max_delete:
        raise TooManyError(
            f"{removals} things would go or be replaced, more than {max_delete}",
            hint=f"look at the plan, then give --max-delete {removals}",
        )
    if not report.plan or (consent is not None and not consent(report.plan)):
        return
    acted = await planned.carry_out(progress or NoProgress())
    report.outcome.remarks += acted.remarks
    report.done, report.quarantine = acted.done, acted.quarantine
    if acted.quarantine:
        report.undo = _undo(session, report)
    await recheck(session, report)


def _undo(session: Session, report: VerifyReport) -> Command:
    """Return what undoes what was done, run from wherever."""
    state, target = session.request.state, report.target
    return undo_command(
        target if is_location(target) else str(Path(target).absolute()),
        None if state is None else str(state.absolute()),
        report.quarantine,
    )


def _actor_of(session: Session, action: Action, clock: Clock) -> Actor:
    """Return who acts on the target.

    Raises:
        UncertainError: if the target is not certainly a cache itself.
        UsageError: if nobody can do this to it from here.
    """
    if session.detection.doubt:
        raise UncertainError(session.detection.doubt, hint=session.detection.advice)
    if session.actor is None:
        name = session.target.name
        raise UsageError(f"{name}: nothing can be done about a proxy from here")
    actor = session.actor(ActSetting(session.request, session.trust, clock))
    if action not in actor.actions:
        raise UsageError(f"{session.target.name}: no {action} is known for it")
    return actor


async def _answers(
    session: Session, report: VerifyReport
) -> dict[ModuleVersion, ProofAnswer]:
    """Return what vouches for each version that has a finding; it stays known."""
    known = report.outcome.answers
    for finding in report.outcome.findings:
        mv = finding.mv
        if mv is not None and mv.version and mv not in known:
            known[mv] = await session.prover.ask(mv)
    return known


async def recheck(session: Session, report: VerifyReport) -> None:
    """Look again at what had findings; what is left of them remains."""
    target = session.reopen()
    answers = report.outcome.answers
    await target.prepare([*answers])
    remaining: list[CacheFinding] = []
    for mv, answer in answers.items():
        if target.has(mv):
            now = await _answer_now(target, mv, answer)
            remaining += target.check(mv, now).findings
    if not report.outcome.left:
        remaining += target.rest()
    report.remaining = remaining


async def _answer_now(
    target: Target, mv: ModuleVersion, answer: ProofAnswer
) -> ProofAnswer:
    """Return an answer once more, where it rests on what was changed."""
    own = await target.source.ask(mv) if target.source is not None else None
    if own is None:
        return answer
    return replace(answer, doubt=own.doubt) if own.doubt else own


def restore(request: VerifyRequest, name: str, clock: Clock) -> list[tuple[str, str]]:
    """Put all back from a quarantine; return each thing, and why it could not be.

    Raises:
        UsageError: if there is no such quarantine, or it is another target's.
        LockedError: if it is gosync's own store, and another one holds its lock.
        StoreError: if gosync's own store cannot be written.
    """
    if not os.path.lexists(request.path):
        raise UsageError(f"{request.path}: there is nothing", hint=_AGAIN)
    folder = request.path if request.path.is_dir() else request.path.parent
    tree, quarantine = FileTree(folder), TargetQuarantine(request.state_folder, name)
    if quarantine.read().kind == TargetKind.STORE:
        return restore_store(request, tree, quarantine, clock)
    return put_all_back(tree, quarantine)
