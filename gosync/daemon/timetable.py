"""Timetable: when each job is due; it is told the time, and asks no clock.

What was missed is caught up once, however often it was missed. The clock may jump:
forward, and everything is due once; back, and no job waits for the time that the
clock once showed: none is planned for later than its schedule says from now on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from gosync.config.duties import JobSpec


class Timetable:
    """The next run of each job.

    Args:
        specs: The jobs; among those due at once the first goes first.
        planned: The next runs that are known, as after a restart. A job that is
            not in there is due at once.
        now: The time.
    """

    def __init__(
        self,
        specs: Iterable[JobSpec],
        planned: Mapping[str, datetime],
        now: datetime,
    ) -> None:
        self._specs = _scheduled(specs)
        self._next = {name: planned.get(name, now) for name in self._specs}

    def replace(self, specs: Iterable[JobSpec], now: datetime) -> None:
        """Go on with other schedules; a job that is new is due at once."""
        self._specs = _scheduled(specs)
        self._next = {name: self._next.get(name, now) for name in self._specs}

    def next_runs(self) -> dict[str, datetime]:
        """Return when each job is due next."""
        return dict(self._next)

    def due(
        self, now: datetime, *, can_begin: Callable[[str], bool] = lambda _: True
    ) -> JobSpec | None:
        """Return the job that has been due for longest, None when none is.

        Args:
            now: The time.
            can_begin: Which jobs are looked at.
        """
        name = self._next_of(now, can_begin)
        due = name is not None and self._next[name] <= now
        return self._specs[name] if name is not None and due else None

    def wait_seconds(
        self, now: datetime, *, can_begin: Callable[[str], bool] = lambda _: True
    ) -> float | None:
        """Return how long nothing is due; None when nothing ever is."""
        name = self._next_of(now, can_begin)
        if name is None:
            return None
        return max(0.0, (self._next[name] - now).total_seconds())

    def _next_of(self, now: datetime, can_begin: Callable[[str], bool]) -> str | None:
        self._settle(now)
        names = filter(can_begin, self._next)
        return min(names, key=self._next.__getitem__, default=None)

    def plan(self, name: str, at: datetime) -> None:
        """Plan a job's next run; one that was taken off the timetable stays off."""
        if name in self._specs:
            self._next[name] = at

    def _settle(self, now: datetime) -> None:
        """Plan anew what was planned when the clock was ahead."""
        for name, spec in self._specs.items():
            assert spec.schedule is not None, "only such jobs are in here"
            if self._next[name] > spec.schedule.latest_after(now):
                self._next[name] = spec.schedule.next_after(now, now)


def _scheduled(specs: Iterable[JobSpec]) -> dict[str, JobSpec]:
    return {spec.name: spec for spec in specs if spec.schedule is not None}
