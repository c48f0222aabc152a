"""Hedged request: a second one is sent when the first takes longer than most do.

The first answer counts, and what is still under way then is given up. A failure of one
lets the other go on; only when both have failed is there none.

Where both would go to one host, time that the first one waits in our own line is none
that the host took: the second one is due that long after the first one was sent, and
then waits behind nobody. Where hedges are spent it is due late, and one of the retries:
what a line has lost does not come, however long it is waited for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

import anyio
import msgspec
from anyio.abc import TaskGroup
from msgspec.structs import replace

from gosync.errors import GosyncError
from gosync.upstream.turn import Turn, taking
from gosync.work.pool import first_error

T = TypeVar("T")
Ask = Callable[[], Awaitable[T]]

UNKNOWN_SECONDS: Final = 0.5
UNKNOWN_SECONDS_SAME: Final = 5.0
_LEAST_SECONDS_OTHER: Final = 0.2
_LEAST_SECONDS_SAME: Final = 1.0
_OF_P95: Final = 1.5
_LOOK_AGAIN_SECONDS: Final = 0.1


class Due(msgspec.Struct, frozen=True):
    """When a second request is due.

    Attributes:
        seconds: After the first one.
        may_send: Whether there may be one, asked then.
    """

    seconds: float
    may_send: Callable[[], bool] = lambda: True


class HedgedAnswer(msgspec.Struct, Generic[T], frozen=True):
    """How two requests ended.

    Attributes:
        answer: What was answered; None if neither was.
        by_second: Whether it came from the second one.
        first_error: What the first one raised, if it did.
        second_error: What the second one raised, if it did.
    """

    answer: T | None = None
    by_second: bool = False
    first_error: GosyncError | None = None
    second_error: GosyncError | None = None


def hedge_delay_seconds(late_seconds: float | None, *, has_other: bool) -> float:
    """Return after how long a second request is due.

    Args:
        late_seconds: How long the answers of the source that is asked first take, at
            their P95; None where too little is known.
        has_other: Whether another source can be asked, or the same one alone.
    """
    if late_seconds is None:
        return UNKNOWN_SECONDS if has_other else UNKNOWN_SECONDS_SAME
    least = _LEAST_SECONDS_OTHER if has_other else _LEAST_SECONDS_SAME
    return max(least, _OF_P95 * late_seconds)


async def ask_hedged(
    first: Ask[T],
    second: Ask[T],
    *,
    due: Sequence[Due],
    once_sent: bool = False,
) -> HedgedAnswer[T]:
    """Ask once and, if that takes so long, a second time; return the first answer.

    Whether there may be a second request is asked when it is due: those that were
    sent together would else all have found that there might be one.

    A first request that fails before the second one was sent has the last word. The
    first one runs in the caller's own task: most need no second one, nor a task.

    Args:
        first: Asks.
        second: Asks once more.
        due: When the second one is, at first, and where there was none then.
        once_sent: Whether that counts from when the first one had a lane.
    """
    race = _Race(second, deque(due), once_sent=once_sent)
    try:
        async with anyio.create_task_group() as tasks:
            race.arm(tasks, due[0].seconds)
            try:
                with race.first_scope, taking(race.first_turn):
                    await race.run_first(first)
                if race.is_second_sent:
                    await race.decided.wait()
            finally:
                race.disarm()
            if race.is_second_sent:
                tasks.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        raise first_error(group) from None
    return race.outcome


class _Race(Generic[T]):
    """Two requests, and how they end."""

    def __init__(self, second: Ask[T], due: deque[Due], *, once_sent: bool) -> None:
        self.outcome: HedgedAnswer[T] = HedgedAnswer()
        self.first_scope = anyio.CancelScope()
        self.first_turn = Turn()
        self.decided = anyio.Event()
        self.is_second_sent = False
        self._second = second
        self._due = due
        self._once_sent = once_sent
        self.disarm: Callable[[], None] = lambda: None

    def arm(self, tasks: TaskGroup, seconds: float) -> None:
        """Look in so many seconds whether a second one is due."""
        import asyncio  # noqa: PLC0415 - many a command comes here and asks nobody

        loop = asyncio.get_running_loop()
        self.disarm = loop.call_later(seconds, self._look, tasks).cancel

    def _look(self, tasks: TaskGroup) -> None:
        missing = self._missing_seconds()
        if missing > 0:
            self.arm(tasks, missing)
            return
        due = self._due.popleft()
        if due.may_send():
            self.is_second_sent = True
            tasks.start_soon(self._run_second)
        elif self._due:
            self.arm(tasks, self._due[0].seconds - due.seconds)

    def _missing_seconds(self) -> float:
        """Return how much earlier than due it is: 0 if it is due."""
        turn, due = self.first_turn, self._due[0].seconds
        if self._once_sent and turn.in_line:
            return max(due, _LOOK_AGAIN_SECONDS)
        if not self._once_sent or turn.sent_at is None:
            return 0
        return max(0, due - (anyio.current_time() - turn.sent_at))

    async def run_first(self, ask: Ask[T]) -> None:
        try:
            self._win(HedgedAnswer(await ask()))
        except GosyncError as exc:
            self._lose(replace(self.outcome, first_error=exc))

    async def _run_second(self) -> None:
        try:
            with taking(Turn(goes_first=self._once_sent)):
                self._win(HedgedAnswer(await self._second(), by_second=True))
        except GosyncError as exc:
            self._lose(replace(self.outcome, second_error=exc))
        else:
            self.first_scope.cancel()

    def _win(self, outcome: HedgedAnswer[T]) -> None:
        if self.outcome.answer is None:
            errors = self.outcome
            self.outcome = replace(
                outcome,
                first_error=errors.first_error,
                second_error=errors.second_error,
            )
        self.decided.set()

    def _lose(self, outcome: HedgedAnswer[T]) -> None:
        self.outcome = outcome
        if outcome.first_error is not None and outcome.second_error is not None:
            self.decided.set()
