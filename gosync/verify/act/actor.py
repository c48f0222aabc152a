"""Actor: what can be done about findings of one kind of target, planned and done.

A target's actor says which actions it can do, plans them, and carries the plan out.
The executor asks for both, whatever the target is, and keeps the limits in between.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import msgspec

from gosync.clock import Clock
from gosync.gomod.module import ModuleVersion
from gosync.verify.act.done import DoneAction
from gosync.verify.act.plan import Action
from gosync.verify.prove.answers import ProofAnswer
from gosync.verify.prove.sources import ProofTrust
from gosync.verify.request import VerifyRequest
from gosync.verify.verdicts import CacheFinding
from gosync.work.progress import Progress


class ActSetting(msgspec.Struct, frozen=True):
    """What an actor is given of a run.

    Attributes:
        request: What was asked for.
        trust: Whom the run believes.
        clock: What time it is.
    """

    request: VerifyRequest
    trust: ProofTrust
    clock: Clock


class Acted(msgspec.Struct, frozen=True):
    """What became of a plan.

    Attributes:
        done: Each thing that was done, or failed.
        quarantine: The id under which it can be undone, "" if it cannot.
        remarks: What else should be known.
    """

    done: Sequence[DoneAction]
    quarantine: str = ""
    remarks: Sequence[str] = ()


class PlannedActions(Protocol):
    """A plan for one target, not yet carried out."""

    @property
    def removals(self) -> int:
        """How many things go or are replaced."""
        ...

    def lines(self) -> Iterator[str]:
        """Yield what is to be done, for people; nothing where that is nothing."""
        ...

    def remarks(self) -> Iterator[str]:
        """Yield why something is left."""
        ...

    async def carry_out(self, progress: Progress) -> Acted:
        """Do everything; one thing that fails does not stop the others.

        What goes or is replaced is in quarantine first, unless it is deleted. It may
        be killed anywhere: what was moved aside can be put back, and planning anew
        plans the rest.

        Raises:
            LockedError: if somebody else changes the target.
            StoreError: if what is moved aside cannot be kept; then nothing was done.
        """
        ...


class Actor(Protocol):
    """Who acts on a target."""

    @property
    def actions(self) -> frozenset[Action]:
        """What can be done to it."""
        ...

    def refusal(self) -> str:
        """Return why nothing may be done to this target, "" if it may."""
        ...

    def plan(
        self,
        findings: Sequence[CacheFinding],
        answers: Mapping[ModuleVersion, ProofAnswer],
        action: Action,
    ) -> PlannedActions:
        """Return what can be done about findings.

        Args:
            findings: What is to be met.
            answers: What vouches for each version that has a finding.
            action: One of ``actions``.

        Raises:
            UsageError: if the target as it was named is nothing that can be changed.
        """
        ...


ALL: frozenset[Action] = frozenset({Action.QUARANTINE, Action.REPAIR, Action.DELETE})
