"""Tries of one request, with pauses that grow, up to a sum of seconds."""

from __future__ import annotations

import random
import time

_FIRST_SECONDS = 0.05
_MOST_SECONDS = 5.0


class Tries:
    """Counts what one request takes."""

    def __init__(self, seconds: float) -> None:
        """Begin to count; after so many seconds there is no further try."""
        self._end = time.monotonic() + seconds
        self._pause = _FIRST_SECONDS

    def pause(self, error: Exception) -> None:
        """Wait before the next try, or raise why there is none.

        Args:
            error: What the last one ended with.
        """
        if time.monotonic() + self._pause > self._end:
            raise error
        time.sleep(self._pause * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
        self._pause = min(2 * self._pause, _MOST_SECONDS)
