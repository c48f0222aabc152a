"""Hedged request: a second one is sent when the first takes longer than most do.

The first answer counts, and what is still under way then is given up. A failure of one
lets the other go on; only when both have failed is there none.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

import anyio
import msgspec
from anyio.abc import TaskGroup
from msgspec.structs import replace

from gosync.errors import GosyncError
from gosync.work.pool import first_error

T = TypeVar("T")
Ask = Callable[[], Awaitable[T]]

UNKNOWN_SECONDS: Final = 0.5
UNKNOWN_SECONDS_SAME: Final = 5.0
_LEAST_SECONDS_OTHER: Final = 0.2
_LEAST_SECONDS_SAME: Final = 1.0
_OF_P95: Final = 1.5


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
    after_seconds: float,
    may_send: Callable[[], bool] = lambda: True,
) -> HedgedAnswer[T]:
    """Ask once and, if that takes so long, a second time; return the first answer.

    Whether there may be a second request is asked when it is due: those that were
    sent together would else all have found that there might be one.

    A first request that fails before the second one was sent has the last word. The
    first one runs in the caller's own task: most need no second one, nor a task.
    """
    import asyncio  # noqa: PLC0415 - many a command comes here and asks nobody

    race = _Race(second, may_send)
    loop = asyncio.get_running_loop()
    try:
        async with anyio.create_task_group() as tasks:
            timer = loop.call_later(after_seconds, race.send_second, tasks)
            try:
                with race.first_scope:
                    await race.run_first(first)
                if race.is_second_sent:
                    await race.decided.wait()
            finally:
                timer.cancel()
            if race.is_second_sent:
                tasks.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        raise first_error(group) from None
    return race.outcome


class _Race(Generic[T]):
    """Two requests, and how they end."""

    def __init__(self, second: Ask[T], may_send: Callable[[], bool]) -> None:
        self.outcome: HedgedAnswer[T] = HedgedAnswer()
        self.first_scope = anyio.CancelScope()
        self.decided = anyio.Event()
        self.is_second_sent = False
        self._second = second
        self._may_send = may_send

    def send_second(self, tasks: TaskGroup) -> None:
        if self._may_send():
            self.is_second_sent = True
            tasks.start_soon(self._run_second)

    async def run_first(self, ask: Ask[T]) -> None:
        try:
            self._win(HedgedAnswer(await ask()))
        except GosyncError as exc:
            self._lose(replace(self.outcome, first_error=exc))

    async def _run_second(self) -> None:
        try:
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
