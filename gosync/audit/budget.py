"""How much may be asked of one source, now.

No hour, wherever it begins, sees more requests than the budget: a request is
written down before it leaves, minute by minute, and a minute counts until it is
an hour old. Redirects are known only afterwards and count then.

A source that gives no answers is left alone: at once for the time that it asks for
(429 or 503 with Retry-After), else after a few failures in a row for ``REST_SECONDS``,
doubling up to a day. The first question after that is a probe. ``order`` sees to it
that failing modules alone do not bring it to that.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from gosync.audit.options import AuditOptions
from gosync.audit.order import Doubt
from gosync.catalog.db import Catalog
from gosync.catalog.looks import Rest
from gosync.clock import Clock, format_time, shift
from gosync.errors import GosyncError, UpstreamStatusError

STRIKES: Final = 3
REST_SECONDS: Final = 300.0
MAX_REST_SECONDS: Final = 86_400.0
_TOO_MANY_REQUESTS: Final = 429


class BudgetSpentError(Exception):
    """No further request may be sent within this hour; never leaves the room."""


class Budget:
    """One source's budget and patience.

    Attributes:
        source: Who is asked.
    """

    def __init__(
        self, source: str, options: AuditOptions, catalog: Catalog, clock: Clock
    ) -> None:
        self.source = source
        self._options = options
        self._looks = catalog.looks
        self._clock = clock
        self._strikes = 0

    @property
    def resting(self) -> Rest | None:
        """The rest that the source is left, if it is not over."""
        rest = self._looks.rest(self.source)
        now = self._clock.now()
        ends_at_most = shift(now, timedelta(seconds=2 * MAX_REST_SECONDS))
        if rest is None or not format_time(now) < rest.until < format_time(
            ends_at_most
        ):
            return None
        return rest

    @property
    def doubt(self) -> Doubt:
        """Whether the source gives answers, for all that is known."""
        last_strike = self._strikes + 1 >= STRIKES
        if last_strike or self._looks.rest(self.source) is not None:
            return Doubt.GRAVE
        return Doubt.SOME if self._strikes else Doubt.NONE

    @property
    def has_bytes(self) -> bool:
        """Whether a zip may be asked for."""
        spent = self._looks.spent(self.source, self._clock.now())
        return spent.bytes < self._options.bytes_per_hour

    def take(self) -> None:
        """Take one request, before it is sent.

        Raises:
            BudgetSpentError: if none is left within this hour.
            CatalogError: if it cannot be written down.
        """
        now = self._clock.now()
        spent = self._looks.spent(self.source, now)
        if spent.requests >= self._options.requests_per_hour:
            raise BudgetSpentError
        self._looks.spend(self.source, now, requests=1)

    def charge(self, *, requests: int, size_bytes: int) -> None:
        """Count what turned out to have come on top.

        Raises:
            CatalogError: if it cannot be written down.
        """
        if requests or size_bytes:
            self._looks.spend(
                self.source,
                self._clock.now(),
                requests=requests,
                size_bytes=size_bytes,
            )

    def answered(self) -> None:
        """Remember that the source answers.

        Raises:
            CatalogError: if it cannot be written down.
        """
        self._strikes = 0
        if self._looks.rest(self.source) is not None:
            self._looks.end_rest(self.source)

    def failed(self, error: GosyncError) -> bool:
        """Remember that it did not; return whether it is left alone from now on.

        Raises:
            CatalogError: if it cannot be written down.
        """
        self._strikes += 1
        before = self._looks.rest(self.source)
        asked_for = _asked_for_seconds(error)
        if before is None and asked_for is None and self._strikes < STRIKES:
            return False
        failures = 1 if before is None else before.failures + 1
        seconds = max(asked_for or 0.0, REST_SECONDS * 2.0 ** min(failures - 1, 20))
        rest = timedelta(seconds=min(seconds, MAX_REST_SECONDS))
        until = shift(self._clock.now(), rest)
        self._looks.set_rest(
            Rest(self.source, failures, format_time(until), str(error)[:500])
        )
        return True


def _asked_for_seconds(error: GosyncError) -> float | None:
    """Return the pause that a source asks for, None where it does not."""
    if not isinstance(error, UpstreamStatusError):
        return None
    if error.retry_after_seconds is None and error.status == _TOO_MANY_REQUESTS:
        return REST_SECONDS
    return error.retry_after_seconds
