"""The executor asks a target's actor, and knows nothing else of the target."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import anyio
import msgspec
import pytest
from msgspec.structs import replace

from gosync.clock import SystemClock
from gosync.errors import UsageError
from gosync.folder.layouts import TargetKind
from gosync.verify.act.actor import Acted
from gosync.verify.act.plan import Action
from gosync.verify.executor import act
from gosync.verify.report import VerifyReport
from gosync.verify.request import VerifyRequest
from gosync.verify.session import open_session
from gosync.work.progress import NoProgress, Progress
from tests.unit.verify.caches import World


class _Planned(msgspec.Struct):
    removals: int = 2
    carried_out: int = 0

    def lines(self) -> Iterator[str]:
        yield "two things"

    def remarks(self) -> Iterator[str]:
        yield "one is left"

    async def carry_out(self, progress: Progress) -> Acted:
        del progress
        self.carried_out += 1
        return Acted([], quarantine="", remarks=["both went"])


class _Actor(msgspec.Struct):
    actions: frozenset[Action]
    planned: _Planned
    reason: str = ""

    def refusal(self) -> str:
        return self.reason

    def plan(self, *_: object) -> _Planned:
        return self.planned


def _act(world: World, folder: Path, actor: _Actor, action: Action) -> VerifyReport:
    """Let an actor act on a tree."""
    request = VerifyRequest(
        path=world.pristine[TargetKind.TREE],
        site=world.site(folder),
        offline=True,
        state=folder / "state",
    )

    async def main() -> VerifyReport:
        clock = SystemClock()
        async with open_session(request, clock) as session:
            report = await session.run(clock, NoProgress(), lambda: False)
            other = replace(session, actor=lambda _: actor)
            await act(other, report, action, clock=clock, max_delete=2)
            return report

    return anyio.run(main)


def test_what_an_actor_plans_is_shown_and_done(world: World, tmp_path: Path):
    actor = _Actor(frozenset({Action.REPAIR}), _Planned())

    report = _act(world, tmp_path, actor, Action.REPAIR)

    assert report.plan == ["two things"]
    assert report.outcome.remarks[-2:] == ["one is left", "both went"]
    assert actor.planned.carried_out == 1


def test_what_an_actor_cannot_do_is_refused(world: World, tmp_path: Path):
    actor = _Actor(frozenset({Action.REPAIR}), _Planned())

    with pytest.raises(UsageError, match="no delete is known for it"):
        _act(world, tmp_path, actor, Action.DELETE)

    assert not actor.planned.carried_out


def test_an_actor_that_refuses_is_asked_for_no_plan(world: World, tmp_path: Path):
    actor = _Actor(frozenset({Action.REPAIR}), _Planned(), "it is a picture")

    report = _act(world, tmp_path, actor, Action.REPAIR)

    assert report.outcome.remarks[-1] == "nothing was done: it is a picture"
    assert (report.plan, actor.planned.carried_out) == ((), 0)
