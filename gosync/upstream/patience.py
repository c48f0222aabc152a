"""Patience with a download: how long its next bytes are waited for.

For whoever has another source to ask. At first that is a short time; a body on its way
is given as long as it took so far, since what came of it would have to come again. So
leaving costs at most twice what staying could have. Time in which we are busy ourselves
(a rate, a slow disk) is not counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import anyio

from gosync.errors import UpstreamTimeoutError

_LEAST_SECONDS: Final = 1.0
_OF_P95: Final = 1.5


def first_wait_seconds(late_seconds: float | None) -> float:
    """Return how long the first byte is waited for.

    Args:
        late_seconds: How long the late ones of a source's answers take (P95); None
            where too little is known.
    """
    return max(_LEAST_SECONDS, _OF_P95 * (late_seconds or 0.0))


class BodyPatience:
    """Ends a download whose bytes do not come.

    Attributes:
        has_left: Whether it did.
    """

    def __init__(self, first_seconds: float) -> None:
        """Begin with so long a wait."""
        self.has_left = False
        self._first_seconds = first_seconds
        self._scope: anyio.CancelScope | None = None
        self._begun = 0.0

    @contextmanager
    def watching(self, subject: str) -> Iterator[None]:
        """End what is done inside once nothing came for too long.

        Args:
            subject: What messages name.

        Raises:
            UpstreamTimeoutError: It was ended.
        """
        self._begun = anyio.current_time()
        with anyio.move_on_after(self._first_seconds) as scope:
            self._scope = scope
            yield
        if scope.cancelled_caught:
            self.has_left = True
            waited = anyio.current_time() - self._begun
            raise UpstreamTimeoutError(
                f"{subject}: left for another source after {waited:.1f} s"
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
