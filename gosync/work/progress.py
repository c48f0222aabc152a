"""Who watches long work: the command line's bar, a log, or nobody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Progress(Protocol):
    """Told of phases and finished items; must return at once."""

    def phase(
        self, name: str, total: int | None = None, *, total_bytes: int | None = None
    ) -> None:
        """Begin a phase of so many items and bytes, or of an unknown number."""
        ...

    def advance(self, items: int = 1, *, size_bytes: int = 0) -> None:
        """Count finished items and the bytes they moved."""
        ...

    def begin(self, item: str) -> None:
        """Say that an item is begun, beside others."""
        ...

    def end(self, item: str) -> None:
        """Say that it is at its end, well or not; ``advance`` counts it."""
        ...


@contextmanager
def at_work(progress: Progress, item: str) -> Iterator[None]:
    """Say that an item is worked on while the block runs."""
    progress.begin(item)
    try:
        yield
    finally:
        progress.end(item)


class NoProgress:
    """Nobody watches."""

    def phase(
        self, name: str, total: int | None = None, *, total_bytes: int | None = None
    ) -> None:
        """Do nothing."""

    def advance(self, items: int = 1, *, size_bytes: int = 0) -> None:
        """Do nothing."""

    def begin(self, item: str) -> None:
        """Do nothing."""

    def end(self, item: str) -> None:
        """Do nothing."""


class BytesOnly:
    """Counts the bytes of another phase's parts, which are none of its items."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def phase(
        self, name: str, total: int | None = None, *, total_bytes: int | None = None
    ) -> None:
        """Stay in the other phase."""

    def advance(
        self,
        items: int = 1,  # noqa: ARG002 - who advances counts its own
        *,
        size_bytes: int = 0,
    ) -> None:
        """Count the bytes."""
        self._progress.advance(0, size_bytes=size_bytes)

    def begin(self, item: str) -> None:
        """Say it of the part."""
        self._progress.begin(item)

    def end(self, item: str) -> None:
        """Say it of the part."""
        self._progress.end(item)
