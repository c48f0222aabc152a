"""Checkers: two processes where that pays, else two threads."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Final, Protocol, Self, TypeAlias

from gosync.gomod.module import ModuleVersion
from gosync.verify.look.checks import Checked
from gosync.verify.prove.answers import ProofAnswer
from gosync.work.processes import Hands

_COUNT: Final = 2

Answers: TypeAlias = Mapping[ModuleVersion, ProofAnswer]


class Checkable(Protocol):
    """What a checker needs of a target."""

    is_still: bool

    def check(self, mv: ModuleVersion, answer: ProofAnswer) -> Checked:
        """Check one version; many threads do so at once."""
        ...


class Checkers:
    """Two checkers, as long as they are needed."""

    def __init__(self, target: Checkable, size_bytes: int) -> None:
        """Make them ready; no thread of this process may begin before.

        Args:
            target: What is checked. Processes have it as it stands now.
            size_bytes: How much there is to do.
        """
        self._check_all = partial(_check_all, target)
        worth_bytes = size_bytes if target.is_still else 0
        self._hands: Hands[Answers, list[Checked]] = Hands(
            lambda answers, _: self._check_all(answers),
            count=_COUNT,
            size_bytes=worth_bytes,
        )
        self._threads = ThreadPoolExecutor(_COUNT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, *__: object) -> None:
        self._threads.shutdown(cancel_futures=error is not None)
        self._hands.close()

    def check(self, answers: Answers) -> Future[list[Checked]]:
        """Begin to check some versions, one after the other.

        Raises:
            StoreError: from the future, if a process was killed.
        """
        return self._threads.submit(self._check, answers)

    def _check(self, answers: Answers) -> list[Checked]:
        checked = self._hands.offer(answers, subject=str(next(iter(answers))))
        return self._check_all(answers) if checked is None else checked


def _check_all(target: Checkable, answers: Answers) -> list[Checked]:
    return [target.check(mv, answer) for mv, answer in answers.items()]
