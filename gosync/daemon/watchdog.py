"""Watchdog: fed only while a job makes progress.

It is fed by the scheduler's own progress: at every look that it takes at
its timetable, and while a job runs only as long as that job makes progress: a
phase, an item, bytes of a zip. A timer of its own would go on feeding beside a job
that hangs. So a job that stands still for ``stuck_seconds`` costs the feed, whatever
moves beside it, and the manager starts the daemon anew; what it had admitted is in the
store.
"""

from __future__ import annotations

import logging

import anyio
import msgspec

from gosync.daemon.notify import Notifier

_log = logging.getLogger(__name__)


class JobProgress:
    """Progress of a job: counts its steps, for the watchdog.

    Attributes:
        beats: How many steps there were: phases, items, bytes.
    """

    def __init__(self) -> None:
        self.beats = 0
        self._name = "starting"
        self._total: int | None = None
        self._done = 0

    def phase(
        self,
        name: str,
        total: int | None = None,
        *,
        total_bytes: int | None = None,  # noqa: ARG002 - Progress has it
    ) -> None:
        """Begin a phase of so many items, or of an unknown number."""
        self._name, self._total, self._done = name, total, 0
        self.beats += 1

    def advance(self, items: int = 1, *, size_bytes: int = 0) -> None:  # noqa: ARG002 - Progress has it
        """Count finished items; none at all is progress, too."""
        self._done += items
        self.beats += 1

    def begin(self, item: str) -> None:  # noqa: ARG002 - Progress has it
        """Count it as a step."""
        self.beats += 1

    def end(self, item: str) -> None:  # noqa: ARG002 - Progress has it
        """Count it as a step."""
        self.beats += 1

    def line(self) -> str:
        """Return how far the job is."""
        if self._total is None:
            return f"{self._name} {self._done}" if self._done else self._name
        return f"{self._name} {self._done}/{self._total}"


class Watchdog(msgspec.Struct):
    """Watchdog: feeds the service manager as long as a job makes progress.

    Attributes:
        notifier: Whom to tell.
        stuck_seconds: How long a job may make no progress.
        most_seconds: The longest time between two looks.
        lines: How far each job is that is watched.
        stuck: Which of these stand still.
    """

    notifier: Notifier
    stuck_seconds: float
    most_seconds: float = 5.0
    lines: dict[int, str] = msgspec.field(default_factory=dict)
    stuck: set[int] = msgspec.field(default_factory=set)

    @property
    def look_seconds(self) -> float:
        """Time between two looks: at least four before the service manager's limit."""
        limit = self.notifier.watchdog_seconds
        return self.most_seconds if limit is None else min(self.most_seconds, limit / 4)

    def feed(self) -> None:
        """Feed the watchdog, unless a job stands still."""
        if not self.stuck:
            self.notifier.watchdog()

    async def over(self, progress: JobProgress, name: str) -> None:
        """Watch a job until cancelled; others may be watched beside it."""
        beats, moved, key = progress.beats, anyio.current_time(), id(progress)
        try:
            while True:
                await anyio.sleep(self.look_seconds)
                now = anyio.current_time()
                if progress.beats != beats:
                    beats, moved = progress.beats, now
                self._look(key, name, progress.line(), still_seconds=now - moved)
        finally:
            self.stuck.discard(key)
            self.lines.pop(key, None)

    def _look(self, key: int, name: str, line: str, *, still_seconds: float) -> None:
        self.lines[key] = f"{name}: {line}"
        if still_seconds < self.stuck_seconds:
            self.stuck.discard(key)
        elif key not in self.stuck:
            self.stuck.add(key)
            text = f"{name}: stuck at {line}"
            _log.error("%s for %.0f s; no longer feeding", text, still_seconds)
        if key in self.stuck:
            self.lines[key] = f"{name}: stuck at {line}"
        self.feed()
        self.notifier.status("; ".join(self.lines.values()))
