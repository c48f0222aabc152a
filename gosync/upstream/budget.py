"""Allowance for requests beyond the first one: retries and hedges of a host. Pure.

Each first request earns a part of one more, so that these are at most that part of
all requests. Since few requests earn little, a reserve may be spent before anything was
earned, and time adds some; what has to wait for that waits ``LONGEST_SECONDS`` at most.
An upstream that fails everybody is not sent twice as much at once, and a bad line
still gets through.

==========  ======  =======  ==========
for         earned  reserve  per second
==========  ======  =======  ==========
retries       20 %       32           2
hedges         5 %       16           0
==========  ======  =======  ==========
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

LONGEST_SECONDS: Final = 5.0


class Allowance(msgspec.Struct, frozen=True):
    """What may be sent besides first requests; a value that requests replace.

    Attributes:
        earned: What part of one a first request adds.
        reserve: The most that is saved, and what there is at first.
        per_second: How many each second adds.
        saved: How many may be sent now; below zero, those that wait.
        at: As of which monotonic second.
    """

    earned: float
    reserve: float
    per_second: float
    saved: float
    at: float = float("-inf")

    def asked(self) -> Allowance:
        """Return what is left after a first request."""
        return replace(self, saved=min(self.reserve, self.saved + self.earned))

    def has_one(self) -> bool:
        """Whether one may be sent without waiting."""
        return self.saved >= 1

    def spent(self, now: float) -> Allowance:
        """Return what is left after one more was promised, at a monotonic time."""
        passed = min(max(0.0, now - self.at), self.reserve)
        saved = min(self.reserve, self.saved + passed * self.per_second) - 1
        least = -LONGEST_SECONDS * self.per_second
        return replace(self, saved=max(saved, least), at=now)

    def wait_seconds(self) -> float:
        """Return how long the one that was promised last must wait."""
        return min(max(0.0, -self.saved / self.per_second), LONGEST_SECONDS)


RETRIES: Final = Allowance(earned=0.2, reserve=32, per_second=2, saved=32)
HEDGES: Final = Allowance(earned=0.05, reserve=16, per_second=0, saved=16)
