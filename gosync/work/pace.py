"""Pace of long work: how much is done, how quickly, and how long the rest takes. Pure.

What is left is weighed by bytes where the sum of them is known, with something for each
item, as a small file costs its request; else by items. The time that is left follows
from the mean pace since the work began. It is told anew only when something was
finished, and a pause counts for no more than half a minute, so one item that hangs
does not make it run away.
"""

from __future__ import annotations

ITEM_BYTES = 32 * 1024  # a request takes as long as so many bytes
LONGEST_PAUSE_SECONDS = 30.0
SLOW_SECONDS = 10.0
_TOLD_FROM_SHARE = 0.05
_TOLD_FROM_SECONDS = 2.0


class Pace:
    """Pace of one phase.

    Attributes:
        items: Items that are finished.
        bytes: Bytes that these moved.
        total: All items, None where nobody knows.
        total_bytes: All bytes, None where nobody knows.
    """

    def __init__(
        self, now: float, total: int | None = None, total_bytes: int | None = None
    ) -> None:
        """Begin at a time in seconds of a clock that never goes back."""
        self.items = 0
        self.bytes = 0
        self.total = total
        self.total_bytes = total_bytes
        self._last = now
        self._busy_seconds = 0.0
        self._left_seconds: float | None = None
        self._begun: dict[str, float] = {}

    def begin(self, now: float, item: str) -> None:
        """Say that an item is begun."""
        self._begun[item] = now

    def end(self, item: str) -> None:
        """Say that it is at its end."""
        self._begun.pop(item, None)

    def slowest(self, now: float) -> tuple[str, float] | None:
        """Return the item that is worked on for longest, and for how many seconds.

        None as long as nothing takes long.
        """
        begun = list(self._begun.items())  # in the order of their begin
        if not begun or now - begun[0][1] < SLOW_SECONDS:
            return None
        item, since = begun[0]
        return item, now - since

    def advance(self, now: float, items: int = 1, size_bytes: int = 0) -> None:
        """Count finished items and the bytes that they moved."""
        if not (items or size_bytes):
            return
        self.items += items
        self.bytes += size_bytes
        self._busy_seconds += min(max(now - self._last, 0.0), LONGEST_PAUSE_SECONDS)
        self._last = now
        self._left_seconds = self._estimate()

    @property
    def share(self) -> float | None:
        """What part is done, from 0 to 1; None where nobody knows how much there is."""
        if not self.total:
            return None
        if self.total_bytes is None:
            return min(self.items / self.total, 1.0)
        done = min(self.bytes, self.total_bytes) + ITEM_BYTES * self.items
        return min(done / (self.total_bytes + ITEM_BYTES * self.total), 1.0)

    @property
    def left_seconds(self) -> float | None:
        """How long the rest takes; None as long as that would be a guess."""
        return self._left_seconds

    @property
    def bytes_per_second(self) -> float | None:
        """The mean rate, None where nothing was moved yet."""
        if not self.bytes or self._busy_seconds <= 0:
            return None
        return self.bytes / self._busy_seconds

    def _estimate(self) -> float | None:
        share = self.share
        if share is None or share < _TOLD_FROM_SHARE:
            return None
        if self._busy_seconds < _TOLD_FROM_SECONDS:
            return None
        return self._busy_seconds * (1 - share) / share
