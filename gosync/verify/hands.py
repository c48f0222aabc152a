"""Who checks: two processes where that pays, else two threads.

Modules consist of small files, and of what one of them costs Python holds its lock
for about half, so that two threads are hardly faster than one. Two processes are:
300 zips take 1.5 s alone, 1.27 s with two threads and 0.88 s with two processes.

A process is forked, and has the target as it stood when it was opened. That needs

- a target that does not change in memory while it is checked (``Target.is_still``);
- no other thread in this process, as in the daemon: a lock that one of them holds
  would never open in the child;
- enough to do, since a fork takes some milliseconds.

A process ends when its pipe does, so none outlives a gosync that was killed.
"""

from __future__ import annotations

import multiprocessing
import signal
import threading
import traceback
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.connection import Connection
from queue import SimpleQueue
from types import TracebackType
from typing import Final, Protocol, Self, TypeAlias

from gosync.errors import StoreError
from gosync.gomod.module import ModuleVersion
from gosync.verify.answers import Answer
from gosync.verify.checks import Checked

WORTH_BYTES: Final = 8 << 20  # 60 ms of checking
_HANDS: Final = 2
_FORK: Final = multiprocessing.get_context("fork")

Answers: TypeAlias = Mapping[ModuleVersion, Answer]


class Checkable(Protocol):
    """What a hand needs of a target."""

    is_still: bool

    def check(self, mv: ModuleVersion, answer: Answer) -> Checked:
        """Check one version; many threads do so at once."""
        ...


class Hands:
    """Two of them, as long as they are needed."""

    def __init__(self, target: Checkable, size_bytes: int) -> None:
        """Make them ready; no thread of this process may begin before.

        Args:
            target: What is checked.
            size_bytes: How much there is to do.
        """
        self._target = target
        self._apart: list[_Apart] = []
        self._idle: SimpleQueue[_Apart] = SimpleQueue()
        alone = threading.active_count() == 1
        if target.is_still and alone and size_bytes >= WORTH_BYTES:
            for _ in range(_HANDS):
                self._hire()
        self._threads = ThreadPoolExecutor(_HANDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._threads.shutdown(cancel_futures=error is not None)
        for each in self._apart:
            each.end()

    def check(self, answers: Answers) -> Future[list[Checked]]:
        """Begin to check some versions, one after the other.

        Raises:
            StoreError: from the future, if the process was killed.
        """
        return self._threads.submit(self._check, answers)

    def _hire(self) -> None:
        hand = _Apart(self._target, [each.pipe for each in self._apart])
        self._apart.append(hand)
        self._idle.put(hand)

    def _check(self, answers: Answers) -> list[Checked]:
        if not self._apart:
            return _check_all(self._target, answers)
        hand = self._idle.get()
        try:
            return hand.check(answers)
        finally:
            self._idle.put(hand)


class _Apart:
    """A process that checks.

    Attributes:
        pipe: This end of what leads to it.
    """

    def __init__(self, target: Checkable, others: Sequence[Connection]) -> None:
        """Fork it.

        Args:
            target: What it checks.
            others: Ends of pipes that it inherits and is not to keep open.
        """
        self.pipe, there = _FORK.Pipe()
        self._process = _FORK.Process(
            target=_serve, args=(target, there, [*others, self.pipe]), daemon=True
        )
        self._process.start()
        there.close()

    def check(self, answers: Answers) -> list[Checked]:
        """Have some versions checked."""
        try:
            self.pipe.send(answers)
            done, trouble = self.pipe.recv()
        except (EOFError, OSError) as exc:
            first = next(iter(answers))
            raise StoreError(
                f"{first}: the process that checked it was killed",
                hint="was there enough memory? what was checked before it is kept",
            ) from exc
        if trouble:
            raise RuntimeError(trouble)
        return list(done)

    def end(self) -> None:
        """Let it go."""
        self.pipe.close()
        self._process.join()


def _serve(target: Checkable, there: Connection, inherited: list[Connection]) -> None:
    """Check what comes in, until nothing more can."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the parent decides, and then hangs up
    for pipe in inherited:
        pipe.close()
    while True:
        try:
            answers = there.recv()
        except EOFError:
            return
        try:
            there.send((_check_all(target, answers), ""))
        except Exception:  # noqa: BLE001 - raised where somebody sees it
            there.send(([], traceback.format_exc()))


def _check_all(target: Checkable, answers: Answers) -> list[Checked]:
    return [target.check(mv, answer) for mv, answer in answers.items()]
