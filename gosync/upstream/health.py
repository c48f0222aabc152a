"""Health of a source: how its last requests ended and how long they took. Pure.

An outcome is one of

    answered     a status that says something: yes, no, unchanged, forbidden
    failed       no such answer; the source or what was asked for may be at fault
    unreachable  no connection at all, which is never the question's fault
    busy         refused for its load, where fewer requests at once may help
    slow         given up, since another one had answered meanwhile

The last ``KEPT`` outcomes are kept. What is no request's outcome (a full disk, a
cancelled run) is none of them, and neither is what an answer's bytes are worth.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec
from msgspec.structs import replace

from gosync.errors import (
    GosyncError,
    NotFoundError,
    OfflineError,
    PageError,
    RejectedError,
    SourceDownError,
    UnavailableError,
    UpstreamStatusError,
)

KEPT: Final = 64
_TOO_MANY_REQUESTS: Final = 429
_LATER: Final = frozenset({408, 425, _TOO_MANY_REQUESTS})


class RequestOutcome(StrEnum):
    """How a request ended."""

    ANSWERED = "answered"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    BUSY = "busy"
    SLOW = "slow"


_NO_FAILURES: Final = frozenset({RequestOutcome.ANSWERED, RequestOutcome.SLOW})


class Sample(msgspec.Struct, frozen=True):
    """One request.

    Attributes:
        outcome: How it ended.
        seconds: How long it took.
    """

    outcome: RequestOutcome
    seconds: float


class Health(msgspec.Struct, frozen=True):
    """The last requests of one source.

    Attributes:
        samples: The last ``KEPT`` requests, oldest first.
        requests: How many there ever were.
        failures: How many of these were not answered, but for the slow ones.
        failures_in_row: How many were not answered since the last answer, busy ones
            not counted.
        slow: How many were given up for an answer of another one.
    """

    samples: tuple[Sample, ...] = ()
    requests: int = 0
    failures: int = 0
    failures_in_row: int = 0
    slow: int = 0

    def after(self, outcome: RequestOutcome, seconds: float) -> Health:
        """Return the health after one more request."""
        failed = outcome not in _NO_FAILURES
        return Health(
            samples=(*self.samples, Sample(outcome, seconds))[-KEPT:],
            requests=self.requests + 1,
            failures=self.failures + failed,
            slow=self.slow + (outcome is RequestOutcome.SLOW),
            failures_in_row=self._in_row(outcome),
        )

    def _in_row(self, outcome: RequestOutcome) -> int:
        if outcome is RequestOutcome.ANSWERED:
            return 0
        return self.failures_in_row + (outcome is not RequestOutcome.BUSY)

    def vouched(self) -> Health:
        """Return the health of a source that was shown to answer just now."""
        return replace(self, failures_in_row=0)

    @property
    def answered(self) -> int:
        """How many requests were answered."""
        return self.requests - self.failures - self.slow

    def failure_rate(self, last: int = KEPT) -> float:
        """Return the share of the last requests without an answer, 0 to 1."""
        recent = self.samples[-last:]
        failed = sum(each.outcome not in _NO_FAILURES for each in recent)
        return failed / len(recent) if recent else 0.0

    def latency_seconds(self, quantile: float) -> float | None:
        """Return a quantile (0 to 1) of how long answers took; None without any."""
        took = sorted(
            each.seconds
            for each in self.samples
            if each.outcome is RequestOutcome.ANSWERED
        )
        return took[min(len(took) - 1, int(quantile * len(took)))] if took else None


def outcome_of(error: GosyncError | None) -> RequestOutcome | None:
    """Return how a request ended that raised this; None if that tells nothing."""
    if error is None or isinstance(error, NotFoundError | RejectedError):
        is_page = isinstance(error, PageError)
        return RequestOutcome.FAILED if is_page else RequestOutcome.ANSWERED
    if isinstance(error, OfflineError | SourceDownError):
        return None
    if isinstance(error, UpstreamStatusError):
        if error.may_ease:
            return RequestOutcome.BUSY
        is_answer = error.status < 500 and error.status not in _LATER
        return RequestOutcome.ANSWERED if is_answer else RequestOutcome.FAILED
    if isinstance(error, UnavailableError):
        return (
            RequestOutcome.FAILED if error.was_reached else RequestOutcome.UNREACHABLE
        )
    return None


def asked_pause_seconds(error: GosyncError, *, unnamed: float) -> float | None:
    """Return how long a source asks to be left alone, None where it does not.

    Args:
        error: What it answered.
        unnamed: The pause of a 429 that names none.
    """
    if not isinstance(error, UpstreamStatusError):
        return None
    if error.retry_after_seconds is None and error.status == _TOO_MANY_REQUESTS:
        return unnamed
    return error.retry_after_seconds
