"""Progress bar on a terminal, by rich; imported where there is one.

Bars are drawn when something has moved, not by a thread of their own: beside a thread
``gosync verify`` could not fork.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TextColumn,
)
from rich.progress import (
    Progress as Bars,
)

from gosync.cli.progress import pace_parts
from gosync.work.pace import Pace

_DRAWN_EVERY_SECONDS = 0.1


class BarProgress:
    """One bar a phase."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._task = bars.add_task("starting", total=None, transferred="")
        self._pace = Pace(time.monotonic())
        self._drawn = 0.0

    def phase(
        self, name: str, total: int | None = None, *, total_bytes: int | None = None
    ) -> None:
        """Begin a phase of so many items and bytes, or of an unknown number."""
        self._pace = Pace(time.monotonic(), total, total_bytes)
        self._bars.remove_task(self._task)  # a total cannot be made unknown again
        self._task = self._bars.add_task(name, total=total, transferred="")
        self._bars.refresh()

    def advance(self, items: int = 1, *, size_bytes: int = 0) -> None:
        """Count finished items and the bytes they moved."""
        now = time.monotonic()
        self._pace.advance(now, items, size_bytes)
        told = ", ".join(pace_parts(self._pace, now))
        self._bars.update(self._task, advance=items, transferred=told)
        if now - self._drawn >= _DRAWN_EVERY_SECONDS:
            self._drawn = now
            self._bars.refresh()

    def begin(self, item: str) -> None:
        """Say that an item is begun, beside others."""
        self._pace.begin(time.monotonic(), item)

    def end(self, item: str) -> None:
        """Say that it is at its end."""
        self._pace.end(item)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave the terminal to somebody else while the block runs."""
        self._bars.stop()
        try:
            yield
        finally:
            self._bars.start()


@contextmanager
def bar_progress() -> Iterator[BarProgress]:
    """Show bars on standard error while the block runs."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[transferred]}"),
    )
    console = Console(stderr=True)
    with Bars(*columns, console=console, transient=True, auto_refresh=False) as bars:
        yield BarProgress(bars)
