"""Flights: what is being brought now, each thing once however many ask.

A flight looks first whether the thing has come meanwhile: who asks may have seen that
it was not there before the last flight ended. Who stops waiting ends no flight.

A definite no is remembered for a short time, so that a build that tries every prefix
of an import path asks upstream once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from gosync.clock import Clock
from gosync.serve.origin import Fate, OriginAnswer

NO_SECONDS: Final = 60.0
_REMEMBERED: Final = 50_000


class Flights:
    """The flights of one owner."""

    def __init__(self, clock: Clock, *, at_once: int) -> None:
        """Make none yet.

        Args:
            clock: What time it is.
            at_once: How many are under way at once; others wait for their turn.
        """
        self._clock = clock
        self._room = asyncio.Semaphore(at_once)
        self._flying: dict[str, asyncio.Task[OriginAnswer]] = {}
        self._refused: dict[str, tuple[float, OriginAnswer]] = {}

    @property
    def count(self) -> int:
        """How many are under way."""
        return len(self._flying)

    async def fly(
        self, key: str, bring: Callable[[], Awaitable[OriginAnswer]]
    ) -> OriginAnswer:
        """Return what becomes of something, brought by one flight for all.

        Args:
            key: What it is.
            bring: Looks whether it is here, else brings it.
        """
        if (known := self._known_no(key)) is not None:
            return known
        task = self._flying.get(key)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._run(key, bring))
            self._flying[key] = task
        return await asyncio.shield(task)

    async def _run(
        self, key: str, bring: Callable[[], Awaitable[OriginAnswer]]
    ) -> OriginAnswer:
        try:
            async with self._room:
                answer = await bring()
            if answer.fate is Fate.NO:
                self._remember(key, answer)
            return answer
        finally:
            del self._flying[key]

    def _known_no(self, key: str) -> OriginAnswer | None:
        until, answer = self._refused.get(key, (0.0, None))
        if answer is not None and self._clock.monotonic() < until:
            return answer
        self._refused.pop(key, None)
        return None

    def _remember(self, key: str, answer: OriginAnswer) -> None:
        now = self._clock.monotonic()
        self._refused.pop(key, None)  # the one remembered last is last
        self._refused[key] = now + NO_SECONDS, answer
        while len(self._refused) > _REMEMBERED or self._oldest_until() <= now:
            self._refused.pop(next(iter(self._refused)))

    def _oldest_until(self) -> float:
        return next(iter(self._refused.values()))[0]

    async def close(self) -> None:
        """End what is under way; whoever fetches what it brought begins anew."""
        for task in list(self._flying.values()):
            task.cancel()
        await asyncio.gather(*self._flying.values(), return_exceptions=True)
