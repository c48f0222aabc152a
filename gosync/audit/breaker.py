"""Breaker of one source over many audits: kept in the catalog while it is open.

A source that gives no answers is left alone: at once for the time that it asks for
(429 or 503 with Retry-After), else after a few questions in a row for
``OPEN_SECONDS``, doubling up to a day. The first question after that is the probe.
What counts is questions, not requests: an answer that makes no sense is none.
``order`` sees to it that failing modules alone do not bring it to that.
"""

from __future__ import annotations

from typing import Final

from gosync.catalog.look_table import Looks
from gosync.catalog.looks import Rest
from gosync.clock import Clock, format_time, parse_time
from gosync.errors import GosyncError, MalformedTimeError
from gosync.upstream.breaker import Breaker, BreakerPolicy, BreakerState, Doubt
from gosync.upstream.health import RequestOutcome, asked_pause_seconds

OPEN_SECONDS: Final = 300.0
MAX_OPEN_SECONDS: Final = 86_400.0
POLICY: Final = BreakerPolicy(
    failures_in_row=3,
    open_seconds=OPEN_SECONDS,
    max_open_seconds=MAX_OPEN_SECONDS,
    max_asked_seconds=MAX_OPEN_SECONDS,
)


class SourceBreaker:
    """One source's breaker.

    Attributes:
        source: Who is asked.
    """

    def __init__(self, source: str, looks: Looks, clock: Clock) -> None:
        self.source = source
        self._looks = looks
        self._clock = clock
        self._breaker = self._load()

    @property
    def resting(self) -> Rest | None:
        """The rest that the source is left, if it is not over."""
        state = self._breaker.state(self._clock.now(), POLICY)
        return self._rest() if state is BreakerState.OPEN else None

    @property
    def doubt(self) -> Doubt:
        """Whether the source gives answers, for all that is known."""
        return self._breaker.doubt(POLICY)

    def answered(self) -> None:
        """Remember that the source answers.

        Raises:
            CatalogError: if it cannot be written down.
        """
        if self._breaker.until is not None:
            self._looks.end_rest(self.source)
        self._breaker = self._breaker.answered()

    def failed(self, error: GosyncError) -> bool:
        """Remember that it did not; return whether it is left alone from now on.

        Raises:
            CatalogError: if it cannot be written down.
        """
        is_probe = self._breaker.until is not None
        is_asked = asked_pause_seconds(error, unnamed=OPEN_SECONDS) is not None
        self._breaker = self._breaker.failed(error, RequestOutcome.FAILED)
        if not (is_probe or is_asked or self._breaker.is_due(POLICY)):
            return False
        self._breaker = self._breaker.opened(error, self._clock.now(), POLICY)
        if (rest := self._rest()) is not None:
            self._looks.set_rest(rest)
        return True

    def _rest(self) -> Rest | None:
        breaker = self._breaker
        if breaker.until is None:
            return None
        until = format_time(breaker.until)
        return Rest(self.source, breaker.openings, until, breaker.reason)

    def _load(self) -> Breaker:
        rest = self._looks.rest(self.source)
        if rest is None:
            return Breaker()
        try:
            until = parse_time(rest.until)
        except MalformedTimeError:
            until = self._clock.now()  # it ends at once: the next question is a probe
        return Breaker(openings=rest.failures, until=until, reason=rest.reason)
