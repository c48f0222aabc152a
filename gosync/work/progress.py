"""Who watches long work: the command line's bar, a log, or nobody."""

from __future__ import annotations

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


class NoProgress:
    """Nobody watches."""

    def phase(
        self, name: str, total: int | None = None, *, total_bytes: int | None = None
    ) -> None:
        """Do nothing."""

    def advance(self, items: int = 1, *, size_bytes: int = 0) -> None:
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
