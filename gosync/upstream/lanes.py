"""Lanes to one host: at most as many requests at once as its limit allows.

Who finds no lane free waits in line; a second request for what was asked long ago goes
first (``turn``). Refusals for load narrow the limit, answers widen
it again (``limit``); a retry waits, besides, until the host's allowance has one
(``budget``).
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from gosync.clock import Clock
from gosync.errors import (
    GosyncError,
    NotFoundError,
    RejectedError,
    UpstreamStatusError,
)
from gosync.upstream.budget import RETRIES
from gosync.upstream.limit import Limit, new_limit, says_overloaded
from gosync.upstream.turn import Turn, own_turn


class Lanes:
    """Lets requests to one host through.

    Attributes:
        limit: How many may be under way at once.
        in_flight: How many are.
    """

    def __init__(self, ceiling: int, clock: Clock) -> None:
        """Begin with all lanes open."""
        self.limit: Limit = new_limit(ceiling)
        self.in_flight = 0
        self._budget = RETRIES
        self._clock = clock
        self._line: deque[anyio.Event] = deque()

    @asynccontextmanager
    async def lane(self) -> AsyncIterator[None]:
        """Hold a lane for one request, and learn from how it ends."""
        await self._enter(own_turn() or Turn())
        try:
            yield
        except (NotFoundError, RejectedError):
            self.limit = self.limit.answered(self.in_flight)
            raise
        except GosyncError as exc:
            if says_overloaded(exc):
                self.limit = self.limit.overloaded(self._clock.monotonic())
            raise
        else:
            self.limit = self.limit.answered(self.in_flight)
        finally:
            self.in_flight -= 1
            self._call_next()

    @property
    def load(self) -> float:
        """How full the lanes are: 1 where one more would have to wait."""
        return (self.in_flight + len(self._line) + 1) / self.limit.slots

    def first_try(self) -> None:
        """Note a request that is no retry."""
        self._budget = self._budget.asked()

    def may_retry(self) -> bool:
        """Spend a retry, if the budget has one now."""
        if not self._budget.has_one():
            return False
        self._budget = self._budget.spent(self._clock.monotonic())
        return True

    async def wait_for_retry(self) -> None:
        """Wait until the budget has a retry to spend."""
        self._budget = self._budget.spent(self._clock.monotonic())
        await anyio.sleep(self._budget.wait_seconds())

    def note_load(self, error: UpstreamStatusError) -> None:
        """Mark a refusal that a smaller limit may end: the breaker need not open."""
        error.may_ease = (
            says_overloaded(error)
            and error.retry_after_seconds is None
            and self.limit.slots > 1
        )

    async def _enter(self, turn: Turn) -> None:
        if self.in_flight < self.limit.slots and not self._line:
            self.in_flight += 1
        else:
            turn.in_line = True
            try:
                await self._stand_in_line(goes_first=turn.goes_first)
            finally:
                turn.in_line = False
        if turn.sent_at is None:
            turn.sent_at = anyio.current_time()

    async def _stand_in_line(self, *, goes_first: bool) -> None:
        called = anyio.Event()
        if goes_first:
            self._line.appendleft(called)
        else:
            self._line.append(called)
        try:
            await called.wait()
        except BaseException:
            if called.is_set():  # called, and cancelled at once: the next one goes
                self.in_flight -= 1
                self._call_next()
            else:
                self._line.remove(called)
            raise

    def _call_next(self) -> None:
        while self._line and self.in_flight < self.limit.slots:
            self.in_flight += 1
            self._line.popleft().set()
