"""Checkers: who checks versions, here or elsewhere.

``LocalCheckers`` are two processes where that pays, else two threads.
``SweepCheckers`` are the workers of a sweep, which is asked for with --scheduler.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Final, Protocol, Self, TypeAlias

import msgspec

from gosync.gomod.module import ModuleVersion
from gosync.verify.look.checks import Checked
from gosync.verify.look.portions import Portion, check_forked, check_portion
from gosync.verify.prove.answers import ProofAnswer
from gosync.work.processes import Hands
from gosync.work.sweep import (
    PORTION_BYTES,
    PORTION_ITEMS,
    HereSweep,
    Pending,
    Sweep,
    in_flight,
)

_COUNT: Final = 2

Answers: TypeAlias = Mapping[ModuleVersion, ProofAnswer]


class Checkable(Protocol):
    """What a checker needs of a target; see Target."""

    is_still: bool
    by_portions: bool

    def check(self, mv: ModuleVersion, answer: ProofAnswer) -> Checked:
        """Check one version; many threads do so at once."""
        ...

    def portion(self, answers: Answers) -> Portion | None:
        """Return what a worker needs; None where it can be checked here alone."""
        ...


class BatchShape(msgspec.Struct, frozen=True):
    """How large the batches of versions are, and the groups that one worker gets.

    Attributes:
        versions: The most versions of a batch.
        size_bytes: A batch that has so many bytes is full.
        group_versions: The most versions of a group.
        group_bytes: A group that has so many bytes is full.
    """

    versions: int
    size_bytes: int
    group_versions: int
    group_bytes: int


class Checkers(Protocol):
    """Who checks versions.

    Attributes:
        shape: How they like their work.
    """

    shape: BatchShape

    @property
    def ahead(self) -> int:
        """How many batches may wait while the next one is asked about."""
        ...

    def check(self, answers: Answers) -> Pending[list[Checked]]:
        """Begin to check some versions, one after the other."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, failed: object, *_: object) -> None: ...


class LocalCheckers:
    """Two checkers of this machine, as long as they are needed.

    Attributes:
        shape: Batches that are small enough to be kept and stopped often; groups are
            mostly versions of one module, which have files in common.
        ahead: One batch is checked while the next one is asked about.
    """

    shape = BatchShape(64, 64 << 20, group_versions=8, group_bytes=4 << 20)
    ahead = 1

    def __init__(self, target: Checkable, size_bytes: int) -> None:
        """Make them ready; no thread of this process may begin before.

        Args:
            target: What is checked. Processes have it as it stands now, or get
                portions of it.
            size_bytes: How much there is to do.
        """
        self._target = target
        worth_bytes = size_bytes if target.is_still or target.by_portions else 0
        self._hands: Hands[Answers | Portion, list[Checked]] = Hands(
            self._check_given, count=_COUNT, size_bytes=worth_bytes
        )
        self._threads = ThreadPoolExecutor(_COUNT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        self._threads.shutdown(cancel_futures=failed is not None)
        self._hands.close()

    def check(self, answers: Answers) -> Future[list[Checked]]:
        """Begin to check some versions, one after the other.

        Raises:
            StoreError: from the future, if a process was killed.
        """
        return self._threads.submit(self._check, answers)

    def _check(self, answers: Answers) -> list[Checked]:
        given = self._target.portion(answers) if self._target.by_portions else answers
        checked = None
        if given is not None:
            checked = self._hands.offer(given, subject=str(next(iter(answers))))
        return _check_all(self._target, answers) if checked is None else checked

    def _check_given(self, given: Answers | Portion, _: int | None) -> list[Checked]:
        """Check what a process was given."""
        if isinstance(given, Portion):
            return check_forked(given)
        return _check_all(self._target, given)


class SweepCheckers:
    """The workers of a sweep.

    Attributes:
        shape: Batches of which each is one step.
    """

    shape = BatchShape(
        PORTION_ITEMS,
        PORTION_BYTES,
        group_versions=PORTION_ITEMS,
        group_bytes=PORTION_BYTES,
    )

    def __init__(self, target: Checkable, sweep: Sweep) -> None:
        self._target = target
        self._sweep = sweep
        self._begun: list[Pending[list[Checked | None]]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        for each in self._begun:
            each.cancel()

    @property
    def ahead(self) -> int:
        """As many as keep the workers busy."""
        return in_flight(self._sweep.width)

    def check(self, answers: Answers) -> Pending[list[Checked]]:
        """Begin to check some versions.

        Raises:
            UnsharedError: from its result, if a worker does not see the target.
            UnavailableError: likewise, if the scheduler is gone.
        """
        portion = self._target.portion(answers)
        if portion is None:
            return HereSweep().begin(partial(_check_all, self._target), answers)
        pending = self._sweep.begin(check_portion, portion)
        self._begun.append(pending)
        return _Elsewhere(self._target, answers, pending, self._begun)


class _Elsewhere(Pending[list[Checked]]):
    """What a worker checks; what it leaves, or finds, is checked here."""

    def __init__(
        self,
        target: Checkable,
        answers: Answers,
        pending: Pending[list[Checked | None]],
        begun: list[Pending[list[Checked | None]]],
    ) -> None:
        self._target = target
        self._answers = answers
        self._pending = pending
        self._begun = begun

    def result(self) -> list[Checked]:
        found = self._pending.result()
        self._begun.remove(self._pending)
        return [
            self._target.check(mv, answer) if done is None else done
            for done, (mv, answer) in zip(found, self._answers.items(), strict=True)
        ]

    def cancel(self) -> object:
        return self._pending.cancel()


def _check_all(target: Checkable, answers: Answers) -> list[Checked]:
    return [target.check(mv, answer) for mv, answer in answers.items()]
