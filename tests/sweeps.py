"""A sweep whose steps travel as they do to another machine, in this process.

Step, item and outcome are pickled, and ``gosync.scale.remote`` does the step, so that
what cannot travel, or is not the same there, is seen without a cluster.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest

from gosync.scale.remote import StepCall, StepOutcome, run_step
from gosync.work.sweep import Pending, Sweep, UnsharedError

T = TypeVar("T")
R = TypeVar("R")


def shared_by(monkeypatch: pytest.MonkeyPatch, command: str) -> PickledSweep:
    """Give a command, by its module, such a sweep when it is given --scheduler."""
    sweep = PickledSweep()

    @contextmanager
    def sharing(address: object, _config: object) -> Iterator[Sweep | None]:
        yield None if address is None else sweep

    monkeypatch.setattr(f"{command}.sharing", sharing)
    return sweep


class NotPickled:
    """In pickle's place, for a step of a test's own, which cannot be."""

    @staticmethod
    def dumps(value: Any) -> Any:
        return value

    loads = dumps


class PickledSweep(Sweep):
    """Workers that are this process.

    Attributes:
        width: How many workers it says to have.
        steps: How many steps were begun.
        here: How many a worker left to be done here.
        most: How many were begun and neither taken nor given up, at most.
    """

    def __init__(self, width: int = 2) -> None:
        self._width = width
        self.steps = 0
        self.here = 0
        self.open = 0
        self.most = 0

    @property
    def width(self) -> int:
        return self._width

    def begin(self, step: Callable[[T], R], item: T) -> Pending[R]:
        self.steps += 1
        self.open += 1
        self.most = max(self.most, self.open)
        return _PickledPending(self, pickle.dumps(StepCall(step, item)))


class _PickledPending(Pending[Any]):
    def __init__(self, sweep: PickledSweep, call: bytes) -> None:
        self._sweep, self._call = sweep, call

    def result(self) -> Any:
        self._sweep.open -= 1
        outcome: StepOutcome = pickle.loads(
            pickle.dumps(run_step(pickle.loads(self._call)))
        )
        if outcome.refusal:
            raise UnsharedError(outcome.refusal)
        if outcome.is_done:
            return outcome.value
        self._sweep.here += 1
        call: StepCall = pickle.loads(self._call)
        return call.step(call.item)

    def cancel(self) -> None:
        self._sweep.open -= 1
