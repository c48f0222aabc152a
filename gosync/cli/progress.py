"""Progress of long work: a bar on a terminal, a line now and then elsewhere.

Always on standard error. ``--no-progress`` and ``--quiet`` show nothing.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import click

from gosync.cli.ages import format_age
from gosync.config.sizes import format_size
from gosync.text import printable
from gosync.work.pace import Pace
from gosync.work.progress import NoProgress, Progress

if TYPE_CHECKING:
    from gosync.cli.bars import BarProgress

_LINE_EVERY_SECONDS = 10.0
_shown: list[BarProgress] = []


class LineProgress:
    """A line every ten seconds, for logs."""

    def __init__(self) -> None:
        self._name = ""
        self._last = time.monotonic()
        self._pace = Pace(self._last)

    def phase(
        self, name: str, total: int | None = None, *, total_bytes: int | None = None
    ) -> None:
        """Begin a phase of so many items and bytes, or of an unknown number."""
        self._last = time.monotonic()  # a short phase says nothing
        self._name, self._pace = name, Pace(self._last, total, total_bytes)

    def advance(self, items: int = 1, *, size_bytes: int = 0) -> None:
        """Count finished items and the bytes they moved."""
        now = time.monotonic()
        self._pace.advance(now, items, size_bytes)
        if now - self._last >= _LINE_EVERY_SECONDS:
            self._last = now
            of_all = "" if self._pace.total is None else f"/{self._pace.total}"
            parts = (
                f"{self._name}: {self._pace.items}{of_all}",
                *pace_parts(self._pace, now),
            )
            click.echo(", ".join(parts), err=True)

    def begin(self, item: str) -> None:
        """Say that an item is begun, beside others."""
        self._pace.begin(time.monotonic(), item)

    def end(self, item: str) -> None:
        """Say that it is at its end."""
        self._pace.end(item)


def pace_parts(pace: Pace, now: float) -> Iterator[str]:
    """Yield bytes done of bytes planned, rate, time that is left, and what takes long.

    Args:
        pace: The pace.
        now: The time, by the clock that the pace goes by.
    """
    if pace.bytes or pace.total_bytes:
        planned = ""
        if pace.total_bytes is not None and pace.bytes <= pace.total_bytes:
            planned = f" of {format_size(pace.total_bytes)}"
        yield f"{format_size(pace.bytes)}{planned}"
    if pace.total_bytes is not None and pace.bytes_per_second is not None:
        yield f"{format_size(int(pace.bytes_per_second))}/s"
    if pace.left_seconds is not None and pace.total_bytes is not None:
        yield f"about {format_age(pace.left_seconds)} left"
    slowest = pace.slowest(now)
    if slowest is not None:
        item, seconds = slowest
        yield f"{printable(item)} takes {format_age(seconds)} so far"


@contextmanager
def progress(*, show: bool) -> Iterator[Progress]:
    """Show progress while the block runs."""
    if not show:
        yield NoProgress()
    elif not sys.stderr.isatty():
        yield LineProgress()
    else:
        # Importing rich takes longer than a pass with nothing new.
        from gosync.cli.bars import bar_progress  # noqa: PLC0415

        with bar_progress() as bars:
            _shown.append(bars)
            try:
                yield bars
            finally:
                _shown.remove(bars)


@contextmanager
def paused() -> Iterator[None]:
    """Show no bars while the block asks somebody; they would hide the question."""
    with ExitStack() as stack:
        for bars in _shown:
            stack.enter_context(bars.paused())
        yield
