"""Circuit breaker of a source: whether it is asked now. Pure.

    closed     it is asked
    open       it is not, until a time
    half-open  that time has come: one request is the probe, all others wait for it

A closed breaker opens for as long as the source asks for (Retry-After), else when
requests fail: so many in a row, or such a share of the last ones. Since any of that may
be the fault of what was asked for, whoever asks first asks something whose answer is
known to come (a witness); ``doubt`` tells when. A probe that fails opens it again,
each time for twice as long; an answer closes it.

Times are a wall clock's. An opening that ends later than any could is of a clock that
ran ahead, and is over.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Final

import msgspec
from msgspec.structs import replace

from gosync.clock import shift
from gosync.errors import GosyncError
from gosync.upstream.health import (
    Health,
    RequestOutcome,
    asked_pause_seconds,
)

_REASON_CHARACTERS: Final = 500
_MOST_DOUBLINGS: Final = 20


class BreakerState(StrEnum):
    """Whether a source is asked."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Doubt(IntEnum):
    """How much speaks for it that a source gives no answers at all."""

    NONE = 0
    SOME = 1
    GRAVE = 2


class BreakerPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """When a breaker opens, and for how long.

    Attributes:
        failures_in_row: So many failures in a row open it.
        failure_rate: Such a share of the last requests does; above 1 for never.
        rate_requests: How many last requests the share is taken of.
        open_seconds: How long it is open at first; doubles with each failed probe.
        max_open_seconds: The longest time.
        max_asked_seconds: The longest time that a source may ask for.
    """

    failures_in_row: int
    failure_rate: float = 2.0
    rate_requests: int = 32
    open_seconds: float
    max_open_seconds: float
    max_asked_seconds: float = 86_400.0


NEVER_OPEN: Final = BreakerPolicy(
    failures_in_row=2**31, open_seconds=0.0, max_open_seconds=0.0, max_asked_seconds=0.0
)


class Breaker(msgspec.Struct, frozen=True):
    """The breaker of one source, a value that each request replaces.

    Attributes:
        health: The last requests.
        forgiven: How many requests there had been when its witness answered last.
        openings: How often in a row it opened without an answer since.
        until: Until when it is open; None while it is closed.
        asked: Whether the source asked for that itself.
        reason: What it said last, in at most 500 characters.
    """

    health: Health = Health()
    forgiven: int = 0
    openings: int = 0
    until: datetime | None = None
    asked: bool = False
    reason: str = ""

    def state(self, now: datetime, policy: BreakerPolicy) -> BreakerState:
        """Return whether the source is asked now."""
        if self.until is None:
            return BreakerState.CLOSED
        longest = max(policy.max_open_seconds, policy.max_asked_seconds)
        latest = shift(now, timedelta(seconds=2 * longest))
        is_open = now < self.until < latest
        return BreakerState.OPEN if is_open else BreakerState.HALF_OPEN

    def doubt(self, policy: BreakerPolicy) -> Doubt:
        """Return whether the source answers, for all that is known.

        Grave is the doubt of which one more failure would open the breaker.
        """
        in_row = self.health.failures_in_row
        if self.until is not None or in_row + 1 >= policy.failures_in_row:
            return Doubt.GRAVE
        return Doubt.SOME if in_row else Doubt.NONE

    def answered(self, seconds: float = 0.0) -> Breaker:
        """Return the breaker after an answer: closed."""
        health = self.health.after(RequestOutcome.ANSWERED, seconds)
        return Breaker(health=health, forgiven=self.forgiven)

    def vouched(self) -> Breaker:
        """Return the breaker of a source whose witness answered: failures are forgiven.

        The failures were those of what was asked for, and say nothing of the source.
        """
        return Breaker(health=self.health.vouched(), forgiven=self.health.requests)

    def failed(
        self, error: GosyncError, outcome: RequestOutcome, seconds: float = 0.0
    ) -> Breaker:
        """Return the breaker after a request without an answer; it opens nothing."""
        return replace(
            self,
            health=self.health.after(outcome, seconds),
            reason=str(error)[:_REASON_CHARACTERS],
        )

    def is_due(self, policy: BreakerPolicy) -> bool:
        """Return whether a closed breaker is to open for the failures it counts."""
        health = self.health
        if health.failures_in_row >= policy.failures_in_row:
            return True
        if health.requests - self.forgiven < policy.rate_requests:
            return False
        return health.failure_rate(policy.rate_requests) >= policy.failure_rate

    def opened(
        self, error: GosyncError, now: datetime, policy: BreakerPolicy
    ) -> Breaker:
        """Return the breaker, open."""
        openings = self.openings + 1
        doubled = policy.open_seconds * 2.0 ** min(openings - 1, _MOST_DOUBLINGS)
        seconds = min(doubled, policy.max_open_seconds)
        asked = asked_pause_seconds(error, unnamed=policy.open_seconds)
        if asked is not None:
            seconds = max(seconds, min(asked, policy.max_asked_seconds))
        return replace(
            self,
            openings=openings,
            until=shift(now, timedelta(seconds=seconds)),
            asked=asked is not None,
            reason=str(error)[:_REASON_CHARACTERS],
        )
