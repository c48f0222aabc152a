"""Patience with a download: how long its next bytes are waited for.

At first that is a short time, less where another source has the same; a body on its way
is given as long as it took so far, since what came of it may have to come again. So
leaving costs at most twice what staying could have. A next try of the same source is
waited for twice as long, and the one after it as options say. Time in which we are busy
ourselves (a rate, a slow disk) is not counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import anyio

from gosync.errors import UpstreamTimeoutError

_LEAST_SECONDS: Final = 1.0
_OF_P95: Final = 1.5
_LEAST_SECONDS_ALONE: Final = 5.0
_OF_P95_ALONE: Final = 3.0
_MOST_LEFT: Final = 2


def first_wait_seconds(late_seconds: float | None, *, has_other: bool = True) -> float:
    """Return how long the first byte is waited for.

    Args:
        late_seconds: How long the late ones of a source's answers take (P95); None
            where too little is known.
        has_other: Whether another source can be asked.
    """
    late = late_seconds or 0.0
    if has_other:
        return max(_LEAST_SECONDS, _OF_P95 * late)
    return max(_LEAST_SECONDS_ALONE, _OF_P95_ALONE * late)


class BodyPatience:
    """Ends a download whose bytes do not come."""

    def __init__(self, first_seconds: float) -> None:
        """Begin with so long a wait."""
        self._left = 0
        self._first_seconds = first_seconds
        self._scope: anyio.CancelScope | None = None
        self._begun = 0.0

    @property
    def has_left(self) -> bool:
        """Whether it was ended."""
        return self._left > 0

    @contextmanager
    def watching(self, subject: str) -> Iterator[None]:
        """End what is done inside once nothing came for too long.

        Args:
            subject: What messages name.

        Raises:
            UpstreamTimeoutError: It was ended.
        """
        if self._left >= _MOST_LEFT:
            self._scope = None
            yield
            return
        self._begun = anyio.current_time()
        with anyio.move_on_after(self._first_seconds) as scope:
            self._scope = scope
            yield
        if scope.cancelled_caught:
            self._left += 1
            self._first_seconds *= 2
            waited = anyio.current_time() - self._begun
            raise UpstreamTimeoutError(
                f"{subject}: left for another try after {waited:.1f} s"
            )

    def pause(self) -> None:
        """Wait for nothing: bytes are here."""
        if self._scope is not None:
            self._scope.deadline = float("inf")

    def go_on(self) -> None:
        """Wait for the next bytes."""
        if self._scope is not None:
            now = anyio.current_time()
            wait = max(self._first_seconds, now - self._begun)
            self._scope.deadline = now + wait
