"""Lanes to one host: at most as many requests at once as its limit allows.

Who finds no lane free waits in line. Refusals for load narrow the limit, answers widen
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
        await self._enter()
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

    async def _enter(self) -> None:
        if self.in_flight < self.limit.slots and not self._line:
            self.in_flight += 1
            return
        turn = anyio.Event()
        self._line.append(turn)
        try:
            await turn.wait()
        except BaseException:
            if turn.is_set():  # called, and cancelled at once: the next one goes
                self.in_flight -= 1
                self._call_next()
            else:
                self._line.remove(turn)
            raise

    def _call_next(self) -> None:
        while self._line and self.in_flight < self.limit.slots:
            self.in_flight += 1
            self._line.popleft().set()
