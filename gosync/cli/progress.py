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

from gosync.config.sizes import format_size
from gosync.work.progress import NoProgress, Progress

if TYPE_CHECKING:
    from gosync.cli.bars import BarProgress

_LINE_EVERY_SECONDS = 10.0
_shown: list[BarProgress] = []


class LineProgress:
    """A line every ten seconds, for logs."""

    def __init__(self) -> None:
        self._name = ""
        self._total: int | None = None
        self._done = 0
        self._bytes = 0
        self._last = time.monotonic()

    def phase(self, name: str, total: int | None = None) -> None:
        """Begin a phase of so many items, or of an unknown number."""
        self._name, self._total, self._done, self._bytes = name, total, 0, 0
        self._last = time.monotonic()  # a short phase says nothing

    def advance(self, items: int = 1, *, size_bytes: int = 0) -> None:
        """Count finished items and the bytes they moved."""
        self._done += items
        self._bytes += size_bytes
        if time.monotonic() - self._last >= _LINE_EVERY_SECONDS:
            self._last = time.monotonic()
            of_all = f"/{self._total}" if self._total is not None else ""
            moved = f", {format_size(self._bytes)}" if self._bytes else ""
            click.echo(f"{self._name}: {self._done}{of_all}{moved}", err=True)


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
