"""Actor of gosync's own store: plans what can be done to it, and has it done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from gosync.gomod.module import ModuleVersion
from gosync.verify.act.actor import ALL, Acted, ActSetting
from gosync.verify.act.fetching import trust_for_log
from gosync.verify.act.plan import Action
from gosync.verify.ownstore.actions import StoreWork
from gosync.verify.ownstore.holding import open_to_act
from gosync.verify.ownstore.plan import StorePlan, plan_store
from gosync.verify.ownstore.target import StoreTarget
from gosync.verify.prove.answers import ProofAnswer
from gosync.verify.verdicts import CacheFinding
from gosync.work.progress import Progress


class StoreActor(msgspec.Struct, frozen=True):
    """Acts on gosync's own store; see Actor.

    Attributes:
        target: The store.
        setting: Of the run.
        actions: All of them.
    """

    target: StoreTarget
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
    ) -> StoreActions:
        """See Actor."""
        trust = trust_for_log(self.setting.request, self.setting.trust)
        can_ask_log = trust is not None
        rows, unread = self.target.carried(), self.target.unread()
        plan = plan_store(rows, unread, findings, action, can_ask_log=can_ask_log)
        self.target.keep(plan.versions)
        return StoreActions(self.target, self.setting, plan, answers, action)


class StoreActions(msgspec.Struct, frozen=True):
    """A plan for a store; see PlannedActions.

    Attributes:
        target: The store.
        setting: Of the run.
        plan: What is to be done.
        answers: What vouches for each version.
        action: What is wanted.
    """

    target: StoreTarget
    setting: ActSetting
    plan: StorePlan
    answers: Mapping[ModuleVersion, ProofAnswer]
    action: Action

    @property
    def removals(self) -> int:
        """See PlannedActions."""
        return self.plan.removals

    def lines(self) -> Iterator[str]:
        """See PlannedActions."""
        return self.plan.lines(self.action)

    def remarks(self) -> Iterator[str]:
        """See PlannedActions."""
        yield from ()

    async def carry_out(self, progress: Progress) -> Acted:
        """See PlannedActions."""
        with open_to_act(self.setting.request, self.setting.clock) as site:
            work = StoreWork(
                self.target, self.plan, self.answers, self.action, self.setting, site
            )
            with work.held():
                if self.action is Action.REPAIR:
                    await work.repair(progress)
                else:
                    work.remove()
            return work.acted()
