"""Concurrency limit of one host: how many requests it is sent at once. Pure.

Additive increase, multiplicative decrease: an answer while at least half of the limit
is in use adds 1/limit, so that a whole round of answers adds one; a refusal for load
(429, 503) takes a tenth off, at most once in ``PAUSE_SECONDS``, since what was sent
together is refused together. It stays between 1 and a ceiling. Until the first such
refusal each answer adds one (TCP's slow start): what a host bears is found within two
rounds, not within forty, in which all that comes would wait in line.

A host that has too many refuses many: what counts is the share of refusals among its
last answers, of which the newest weighs ``1/32``. Below a tenth they come from a bad
line or a broken machine behind it, whatever is sent, and fewer at once would only mean
that all wait: 3 % of refusals would keep 200 ms answers at 18 at once.

Time-outs and broken connections say nothing of load: they are the breaker's.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

from gosync.errors import GosyncError, UpstreamStatusError

PAUSE_SECONDS: Final = 0.1
_AT_FIRST: Final = 20
_DECREASE: Final = 0.9
_NEVER: Final = float("-inf")
_WEIGHT: Final = 1 / 32
_LOAD_SHARE: Final = 0.1
_LOAD_STATUSES: Final = frozenset({429, 503})


class Limit(msgspec.Struct, frozen=True):
    """A limit, a value that answers replace.

    Attributes:
        ceiling: The most that it may become.
        size: What it is now, with its fraction.
        lowered_at: When it was taken down last, in monotonic seconds.
        refused: The share of refusals among the last answers.
    """

    ceiling: int
    size: float
    lowered_at: float = _NEVER
    refused: float = 0.0

    @property
    def slots(self) -> int:
        """How many requests may be under way, at least one."""
        return int(self.size)

    def answered(self, in_flight: int) -> Limit:
        """Return the limit after an answer; it grows only where it is used.

        Args:
            in_flight: How many requests were under way, this one included.
        """
        size, refused = self.size, self.refused * (1 - _WEIGHT)
        if size < self.ceiling and 2 * in_flight >= self.slots:
            step = 1.0 if self.lowered_at == _NEVER else 1 / size
            size = min(self.ceiling, size + step)
        return replace(self, size=size, refused=refused)

    def overloaded(self, now: float) -> Limit:
        """Return the limit after a refusal for load, at this monotonic time."""
        refused = self.refused * (1 - _WEIGHT) + _WEIGHT
        if refused < _LOAD_SHARE or now - self.lowered_at < PAUSE_SECONDS:
            return replace(self, refused=refused)
        size = max(1.0, self.size * _DECREASE)
        return replace(self, size=size, lowered_at=now, refused=refused)


def new_limit(ceiling: int) -> Limit:
    """Return the limit of a host of which nothing is known."""
    return Limit(ceiling, float(min(ceiling, _AT_FIRST)))


def says_overloaded(error: GosyncError) -> bool:
    """Whether an answer says that there were too many requests."""
    return isinstance(error, UpstreamStatusError) and error.status in _LOAD_STATUSES
