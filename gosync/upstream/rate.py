"""Rate of all downloads together: so many bytes a second, over every lane. Pure.

What is received is paid for after the fact: whoever took bytes waits until the rate
allows them. Idle time saves up at most ``SAVED_SECONDS`` worth, so that no burst
follows a pause, and over any longer time the rate holds.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

SAVED_SECONDS: Final = 0.25


class ByteRate(msgspec.Struct, frozen=True):
    """A rate, a value that bytes replace.

    Attributes:
        per_second: Bytes a second; 0 for any number.
        paid_until: The monotonic second as of which what came is paid for.
    """

    per_second: float
    paid_until: float = float("-inf")

    def spent(self, size_bytes: int, now: float) -> ByteRate:
        """Return the rate after so many bytes came at a time."""
        if not self.per_second:
            return self
        begin = max(self.paid_until, now - SAVED_SECONDS)
        return replace(self, paid_until=begin + size_bytes / self.per_second)

    def wait_seconds(self, now: float) -> float:
        """Return how long whoever took the last bytes waits."""
        return max(0.0, self.paid_until - now) if self.per_second else 0.0
