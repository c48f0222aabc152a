"""What an owner remembers of definite noes: so many, and none past its time."""

from __future__ import annotations

import anyio
import pytest

from gosync.clock import SystemClock
from gosync.serve import flights
from gosync.serve.flights import NO_SECONDS, Flights
from gosync.serve.origin import Fate, OriginAnswer


class _Clock(SystemClock):
    """One that is set by hand."""

    seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds


async def _no() -> OriginAnswer:
    return OriginAnswer(Fate.NO, "not found\n")


def test_noes_are_let_go_when_their_time_is_over():
    async def ask() -> None:
        for key in ("a", "b"):
            await known.fly(key, _no)
        clock.seconds = NO_SECONDS / 2
        await known.fly("c", _no)
        clock.seconds = NO_SECONDS
        await known.fly("d", _no)

    clock = _Clock()
    known = Flights(clock, at_once=1)
    anyio.run(ask)
    assert list(known._refused) == ["c", "d"]


def test_no_more_noes_are_kept_than_the_limit(monkeypatch: pytest.MonkeyPatch):
    async def ask() -> None:
        for number in range(5):
            await known.fly(str(number), _no)

    monkeypatch.setattr(flights, "_REMEMBERED", 3)
    known = Flights(_Clock(), at_once=1)
    anyio.run(ask)
    assert list(known._refused) == ["2", "3", "4"]
